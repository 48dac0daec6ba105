"""Films of parts of clips in any order, and in other formats: frame for frame, and sample for sample."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from functions.studio.cut import Cut, Format, Take, Transition, TransitionKind
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from tests.media import FFMPEG, Studio
from tests.seen import frames_of, heard, loudest, near, pixels
from tests.shelf import Shelf

RED, GREEN, BLUE = (254, 0, 0), (0, 128, 0), (0, 0, 254)
SIZE = (320, 180)
MIDDLE = [(160, 90)]
FRAME = 48_000 // 24

Cutting = Callable[..., Shelf]


@pytest.fixture
def cutting(jobs: JobStore, ledger: Ledger, media: MediaStore) -> Cutting:
    return lambda **cut: Shelf(jobs, ledger, media, Cut(**cut))


def film_of(shelf: Shelf, folder: Path) -> Path:
    shelf.make_pieces()
    film = shelf.assemble()
    path = shelf.fetched(film.key, folder)
    assert film.frames == sum(piece.frames for piece in shelf.pieces) == frames_of(path)
    return path


def test_a_film_shows_its_takes_in_their_order_each_from_its_first_frame_to_its_last(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    """Clip 1 is red until frame 12, then white, and sounds from there on; clip 2 is green and silent."""
    half = studio.clip(colour="red", seconds=1, filters="drawbox=t=fill:c=white:enable='gte(n,12)'")
    takes = [
        Take(clip=2, starts_at=Decimal("0.25")),
        Take(clip=1, starts_at=Decimal("0.25"), ends_at=Decimal("0.75")),
        Take(clip=2, ends_at=Decimal("0.5")),
    ]
    shelf = cutting(takes=takes).keeps(half, studio.clip(colour="green", sound=False))
    film = film_of(shelf, tmp_path)
    assert [(piece.clips, piece.frames) for piece in shelf.pieces] == [([2], 18), ([1], 12), ([2], 12)]
    assert shelf.film.clips == [2, 1]
    white = (255, 255, 255)
    for frame, colour in ((0, GREEN), (17, GREEN), (18, RED), (23, RED), (24, white), (29, white), (30, GREEN)):
        assert near(pixels(film, frame, MIDDLE, SIZE)[0], colour, 24), frame
    samples = heard(film)
    assert loudest(samples[: 2 * (18 * FRAME - 2000)]) < 50
    assert loudest(samples[2 * 19 * FRAME : 2 * 29 * FRAME]) > 1000
    assert loudest(samples[2 * (30 * FRAME + 2000) :]) < 50


def test_a_join_of_two_parts_takes_their_ends_and_not_the_clips(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    takes = [Take(clip=1, ends_at=Decimal("0.5")), Take(clip=2, starts_at=Decimal("0.5"))]
    fade = Transition(kind=TransitionKind.CROSSFADE, seconds=Decimal("0.25"))
    red = studio.clip(colour="red", filters="drawbox=t=fill:c=white:enable='gte(n,12)'")
    green = studio.clip(colour="green", filters="drawbox=t=fill:c=white:enable='lt(n,12)'")
    shelf = cutting(takes=takes, transition=fade).keeps(red, green)
    film = film_of(shelf, tmp_path)
    assert [(piece.kind, piece.frames) for piece in shelf.pieces] == [("clip", 6), ("join", 6), ("clip", 6)]
    seen = [pixels(film, frame, MIDDLE, SIZE)[0] for frame in range(18)]
    assert all(near(one, RED, 24) for one in seen[:7])
    assert all(near(one, GREEN, 24) for one in seen[12:])
    assert all(blue < 40 for _, _, blue in seen), "nothing white, which lies outside of the takes"


def test_whole_clips_in_another_order_are_copied_as_they_are(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    takes = [Take(clip=2, starts_at=Decimal(0), ends_at=Decimal(1)), Take(clip=1), Take(clip=2)]
    shelf = cutting(takes=takes).keeps(studio.clip(colour="red"), studio.clip(colour="green"))
    film = film_of(shelf, tmp_path)
    assert shelf.arrange() == []
    assert [near(pixels(film, frame, MIDDLE, SIZE)[0], GREEN, 24) for frame in (0, 24, 48)] == [True, False, True]


def test_a_take_of_what_a_shorter_clip_does_not_have_is_the_whole_clip(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    """The clip was made anew by another model since it was cut."""
    takes = [Take(clip=1, starts_at=Decimal(2), ends_at=Decimal(3)), Take(clip=2, ends_at=Decimal(5))]
    shelf = cutting(takes=takes).keeps(studio.clip(colour="red"), studio.clip(colour="green"))
    assert frames_of(film_of(shelf, tmp_path)) == 48


FORMATS: dict[Format, tuple[str, ...]] = {"webm": ("vp9", "opus"), "hevc": ("hevc (Main) (hvc1", "aac")}


@pytest.mark.parametrize("form", FORMATS)
def test_a_film_of_another_format_has_every_frame_and_all_its_sound(
    form: Format, cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    colours = {"red": RED, "green": GREEN, "blue": BLUE}
    shelf = cutting(format=form).keeps(*(studio.clip(colour=colour, seconds=0.5) for colour in colours))
    film = film_of(shelf, tmp_path)
    told = subprocess.run([FFMPEG, "-hide_banner", "-i", str(film)], capture_output=True, check=False).stderr.decode()
    assert all(word in told for word in FORMATS[form]), told
    assert film.suffix == (".webm" if form == "webm" else ".mp4")
    for turn, colour in enumerate(colours.values()):
        assert all(near(pixels(film, frame, MIDDLE, SIZE)[0], colour, 24) for frame in (12 * turn, 12 * turn + 11))
    samples = heard(film)
    assert abs(len(samples) // 2 - 36 * FRAME) <= 1024
    assert loudest(samples) > 1000
    assert shelf.film.format == form
    assert shelf.film.preview


def test_a_film_of_a_bitrate_is_lighter_than_one_of_a_quality(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    lively = studio.clip(seconds=2, size="640x360")
    heavy, light = cutting(fps=30).keeps(lively), cutting(fps=30, bitrate=150).keeps(lively)
    for shelf in (heavy, light):
        folder = tmp_path / shelf.job.id
        folder.mkdir()
        film_of(shelf, folder)
    assert light.film.bytes < heavy.film.bytes / 2


def test_a_film_without_sound_can_be_webm_too(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    shelf = cutting(format="webm", audio="strip").keeps(studio.clip(colour="red", seconds=0.5))
    told = subprocess.run([FFMPEG, "-i", str(film_of(shelf, tmp_path))], capture_output=True, check=False).stderr
    assert b"Audio" not in told
