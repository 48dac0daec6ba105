"""The arrangement of pieces, as a table."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from functions.arrange.arrangement import arrangement, common_target, nearest_rate, nothing_left, within
from functions.make_piece.conform import chain, frames
from functions.studio.clips import ClipStatus
from functions.studio.media import Piece, Target
from tests.scripted import a_clip, a_job, a_kept, a_picture


def arranged(pictures: dict[int, dict[str, Any]]) -> list[Piece]:
    """The pieces of clips whose pictures differ from the usual one in this."""
    survivors = {number: a_kept(number, **changes) for number, changes in pictures.items()}
    return arrangement(survivors, [f"piece-{turn}" for turn in range(len(pictures))])


def test_survivors_that_fit_each_other_are_copied_in_order_with_gaps_left_out() -> None:
    pieces = arranged({5: {}, 1: {"frames": 96}, 3: {"packets": "q"}})
    assert [(piece.number, piece.clip, piece.key) for piece in pieces] == [
        (1, 1, "clip-1"),
        (2, 3, "clip-3"),
        (3, 5, "clip-5"),
    ]
    assert all(piece.picture and piece.target is None for piece in pieces)


DIFFERENCES: list[dict[str, Any]] = [
    {"extradata": "b"},
    {"width": 1920, "height": 1080},
    {"timescale": 90_000, "ticks": 3750},
    {"ticks": 410},
    {"lead": 512},
    {"profile": "Main"},
    {"colour": ""},
    {"index": 1},
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=str)
def test_one_survivor_that_differs_has_all_of_them_conformed(difference: dict[str, Any]) -> None:
    pieces = arranged({1: {}, 2: {}, 3: difference})
    assert [piece.key for piece in pieces] == ["piece-0", "piece-1", "piece-2"]
    assert all(piece.target == pieces[0].target and piece.target and piece.picture is None for piece in pieces)


UNFIT: list[dict[str, Any]] = [
    {"codec": "hevc"},
    {"pixel_format": "yuv444p"},
    {"pixel_format": "yuv420p10le"},
    {"sample_aspect": "4:3"},
    {"rotation": 90},
    {"field_order": "top first"},
    {"ticks": None},
    {"extradata": ""},
]


@pytest.mark.parametrize("unfit", UNFIT, ids=str)
def test_what_browsers_do_not_play_as_it_is_gets_conformed_even_alone(unfit: dict[str, Any]) -> None:
    (piece,) = arranged({1: unfit})
    assert piece.target


def test_the_target_is_what_most_seconds_of_the_survivors_have() -> None:
    small = a_picture(width=640, height=360, ticks=410, span=192 * 512)
    assert common_target([small, small, a_picture(span=3 * 192 * 512)]) == Target(width=1280, height=720, fps=24)
    assert common_target([small, small, a_picture()]) == Target(width=640, height=360, fps=30)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (Fraction(24000, 1001), 24),
        (Fraction(24), 24),
        (Fraction(25), 25),
        (Fraction(30000, 1001), 30),
        (Fraction(50), 25),
        (Fraction(60), 30),
        (Fraction(12), 24),
        (Fraction(240), 30),
    ],
)
def test_a_films_rate_is_a_common_one(fps: Fraction, rate: int) -> None:
    assert nearest_rate(fps) == rate


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((1280, 720), (1280, 720)),
        ((3840, 2160), (1920, 1080)),
        ((2160, 3840), (1080, 1920)),
        ((1440, 1440), (1080, 1080)),
        ((853, 480), (852, 480)),
    ],
)
def test_a_conformed_film_is_even_and_within_full_hd(size: tuple[int, int], fits: tuple[int, int]) -> None:
    assert within(*size) == fits


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, (1280, 720)),
        ({"rotation": 90}, (720, 1280)),
        ({"rotation": 180}, (1280, 720)),
        ({"width": 720, "height": 576, "sample_aspect": "16:15"}, (768, 576)),
        ({"width": 1279}, (1280, 720)),
        ({"sample_aspect": "0:1"}, (1280, 720)),
    ],
)
def test_a_picture_is_shown_upright_with_square_pixels(changes: dict[str, Any], shown: tuple[int, int]) -> None:
    assert a_picture(**changes).shown == shown


def test_a_conformed_piece_keeps_its_length_to_the_nearest_frame_and_never_vanishes() -> None:
    target = Target(width=1280, height=720, fps=30)
    assert frames(a_picture(), target) == 240
    assert frames(a_picture(frames=1, span=100), target) == 1


def test_only_interlaced_pictures_are_deinterlaced_and_only_hdr_is_tone_mapped() -> None:
    target = Target(width=1280, height=720, fps=24)
    plain = chain(a_picture(), target)
    assert "bwdif" not in plain
    assert "tonemap" not in plain
    assert chain(a_picture(field_order="top first"), target).startswith("bwdif")
    assert "tonemap" in chain(a_picture(colour="tv, bt2020nc/bt2020/smpte2084"), target)


def test_a_job_without_survivors_says_what_most_of_them_died_of() -> None:
    job = a_job()
    failed = [
        a_clip(job, number, status=ClipStatus.FAILED, error_message=reason)
        for number, reason in enumerate(["Prediction timed out", "Nudity", "Nudity"], 1)
    ]
    assert nothing_left(failed) == "All 3 clips failed: Nudity"
    assert nothing_left(failed[:1]) == "The only clip failed: Prediction timed out"
