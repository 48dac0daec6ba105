"""The arrangement of pieces, as a table."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from functions.arrange.arrangement import MOST_FRAMES, arrangement
from functions.arrange.target import common_target, film_target, frames, nearest_rate, within
from functions.make_piece.filters import graph
from functions.studio.cut import Card, Cut, Transition, TransitionKind, Watermark
from functions.studio.errors import FilmTooLarge
from functions.studio.media import Piece, PieceKind, Target
from functions.studio.room import MOST_BYTES, MOST_PIECES, check_room
from tests.scripted import a_kept, a_picture


def arranged(pictures: dict[int, dict[str, Any]], cut: Cut | None = None) -> list[Piece]:
    """The pieces of clips whose pictures differ from the usual one in this."""
    survivors = {number: a_kept(number, **changes) for number, changes in pictures.items()}
    return arrangement(survivors, cut or Cut(), lambda number, extension: f"piece-{number}.{extension}")


def test_survivors_that_fit_each_other_are_copied_in_order_with_gaps_left_out() -> None:
    pieces = arranged({5: {}, 1: {"frames": 96}, 3: {"packets": "q"}})
    assert [(piece.number, piece.clips, piece.key) for piece in pieces] == [
        (1, [1], "clip-1"),
        (2, [3], "clip-3"),
        (3, [5], "clip-5"),
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
    assert [piece.key for piece in pieces] == ["piece-1.mp4", "piece-2.mp4", "piece-3.mp4"]
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

    def filters(**picture: Any) -> str:
        (piece, _) = arranged({1: picture, 2: {"codec": "vp9"}})
        return graph(piece, target, Cut())

    assert "bwdif" not in filters()
    assert "tonemap" not in filters()
    assert filters(field_order="top first").startswith("[0:V:0]bwdif")
    assert "tonemap" in filters(colour="tv, bt2020nc/bt2020/smpte2084")


def joined(kind: TransitionKind = TransitionKind.CROSSFADE, seconds: str = "0.5") -> Transition:
    return Transition(kind=kind, seconds=Decimal(seconds))


def seen(pieces: list[Piece]) -> list[tuple[object, ...]]:
    return [(*((shot.clip, shot.start, shot.end) for shot in piece.shots),) for piece in pieces]


def lasting(frames: int) -> dict[str, Any]:
    return {"frames": frames, "span": frames * 512}


CUTS: dict[str, tuple[list[int], Cut, list[tuple[tuple[int, int, int], ...]]]] = {
    "the tail of one clip and the head of the next become one piece": (
        [48, 48],
        Cut(transition=joined()),
        [((1, 0, 36),), ((1, 36, 48), (2, 0, 12)), ((2, 12, 48),)],
    ),
    "a join takes at most half of its shorter neighbour": (
        [48, 9],
        Cut(transition=joined()),
        [((1, 0, 44),), ((1, 44, 48), (2, 0, 4)), ((2, 4, 9),)],
    ),
    "two joins may use up the clip between them": (
        [48, 8, 48],
        Cut(transition=joined()),
        [((1, 0, 44),), ((1, 44, 48), (2, 0, 4)), ((2, 4, 8), (3, 0, 4)), ((3, 4, 48),)],
    ),
    "a clip of three frames is too short to join": (
        [48, 3],
        Cut(transition=joined()),
        [((1, 0, 48),), ((2, 0, 3),)],
    ),
    "a join of a single frame is a cut": (
        [48, 48],
        Cut(transition=joined(seconds="0.05")),
        [((1, 0, 48),), ((2, 0, 48),)],
    ),
    "a join of its own stands behind the clip that it is named after": (
        [48, 48, 48],
        Cut(joins={"2": joined(seconds="1")}),
        [((1, 0, 48),), ((2, 0, 24),), ((2, 24, 48), (3, 0, 24)), ((3, 24, 48),)],
    ),
    "nothing follows the last clip": (
        [48],
        Cut(transition=joined(), fps=30),
        [((1, 0, 60),)],
    ),
    "a long clip is encoded in equal parts": (
        [2000, 48],
        Cut(transition=joined()),
        [((1, 0, 662),), ((1, 662, 1325),), ((1, 1325, 1988),), ((1, 1988, 2000), (2, 0, 12)), ((2, 12, 48),)],
    ),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_is_counted_in_frames(name: str) -> None:
    lengths, cut, expected = CUTS[name]
    pieces = arranged({number: lasting(length) for number, length in enumerate(lengths, 1)}, cut)
    assert seen(pieces) == expected
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    assert all(piece.frames == shot.frames for piece in pieces for shot in piece.shots)


@pytest.mark.parametrize(
    ("joins", "kind"),
    [
        ({"1": joined(TransitionKind.WIPE), "2": joined(TransitionKind.SLIDE)}, TransitionKind.WIPE),
        ({"2": joined(TransitionKind.SLIDE)}, TransitionKind.FADE_BLACK),
    ],
)
def test_where_clips_failed_the_join_is_that_of_the_survivor_before(
    joins: dict[str, Transition], kind: TransitionKind
) -> None:
    cut = Cut(transition=joined(TransitionKind.FADE_BLACK), joins=joins)
    pieces = arranged({1: {}, 3: {}}, cut)
    assert [(piece.kind, piece.clips, piece.transition) for piece in pieces] == [
        (PieceKind.CLIP, [1], None),
        (PieceKind.JOIN, [1, 3], kind),
        (PieceKind.CLIP, [3], None),
    ]


@pytest.mark.parametrize("seed", range(50))
def test_a_film_is_its_clips_less_its_joins_and_each_frame_is_shown_once(seed: int) -> None:
    chance = random.Random(seed)
    lengths = [chance.choice([1, 2, 5, 48, 192, 1000, 3000]) for _ in range(chance.randint(1, 12))]
    cut = Cut(transition=joined(chance.choice(list(TransitionKind)), str(chance.choice([0, 0.1, 0.5, 2, 60]))))
    pieces = arranged({number: lasting(length) for number, length in enumerate(lengths, 1)}, cut)
    shared = sum(piece.frames for piece in pieces if piece.kind is PieceKind.JOIN)
    assert sum(piece.frames for piece in pieces) == sum(lengths) - shared
    for clip, length in enumerate(lengths, 1):
        shots = [shot for piece in pieces for shot in piece.shots if shot.clip == clip]
        assert [shot.start for shot in shots] == [0, *(shot.end for shot in shots[:-1])]
        assert shots[-1].end == length
    if cut.transition.kind is not TransitionKind.CUT:
        assert all(0 < piece.frames <= MOST_FRAMES for piece in pieces)


def test_a_cut_that_asks_for_nothing_new_copies() -> None:
    asks = [
        Cut(),
        Cut(resolution="720p"),
        Cut(aspect_ratio="16:9"),
        Cut(resolution="720p", aspect_ratio="16:9", fps=24),
        Cut(audio="strip"),
        Cut(quality="premium", background="plain"),
        Cut(joins={"2": joined(), "7": joined()}),
    ]
    for cut in asks:
        assert all(piece.target is None for piece in arranged({1: {}, 2: {}}, cut)), cut


def test_a_cut_that_needs_an_encoder_conforms_every_clip() -> None:
    picture = {"asset_id": "a", "key": "k"}
    asks = [
        Cut(resolution="480p"),
        Cut(aspect_ratio="1:1"),
        Cut(fps=25),
        Cut(transition=joined()),
        Cut(joins={"1": joined()}),
        Cut(watermark=Watermark(**picture)),
        Cut(intro=Card(**picture)),
        Cut(outro=Card(**picture)),
    ]
    for cut in asks:
        assert all(piece.target for piece in arranged({1: {}, 2: {}}, cut)), cut


def test_cards_stand_at_both_ends_as_long_as_asked_and_meet_the_clips_in_a_cut() -> None:
    card = Card(asset_id="a", key="k", seconds=Decimal("1.5"))
    pieces = arranged({1: {}, 2: {}}, Cut(intro=card, outro=card, transition=joined()))
    assert [(piece.kind, piece.card, piece.frames) for piece in pieces] == [
        (PieceKind.CARD, "intro", 36),
        (PieceKind.CLIP, None, 180),
        (PieceKind.JOIN, None, 12),
        (PieceKind.CLIP, None, 180),
        (PieceKind.CARD, "outro", 36),
    ]


def test_only_a_film_with_sound_has_sound_pieces() -> None:
    differing: dict[int, dict[str, Any]] = {1: {}, 2: {"codec": "vp9"}}
    assert [piece.pcm_key for piece in arranged(differing)] == ["piece-1.pcm", "piece-2.pcm"]
    assert [piece.pcm_key for piece in arranged(differing, Cut(audio="strip"))] == [None, None]
    assert [piece.pcm_key for piece in arranged({1: {}}, Cut(audio="strip"))] == [None]


def test_a_film_is_refused_by_the_number_and_the_likely_weight_of_its_pieces() -> None:
    """Short clips of 720p by their number; an hour of it, to be encoded, by its weight."""
    differing: dict[int, dict[str, Any]] = {2: {"codec": "vp9"}}
    short = {number: lasting(48) for number in range(1, MOST_PIECES)}
    check_room(arranged(short | {MOST_PIECES: lasting(48)} | differing))
    with pytest.raises(FilmTooLarge, match="1001 pieces; 1000 is the most"):
        check_room(arranged(short | {MOST_PIECES: lasting(48), MOST_PIECES + 1: lasting(48)} | differing))
    long = {number: lasting(30 * 24) for number in range(1, 121)}
    check_room(arranged(long | differing))
    with pytest.raises(FilmTooLarge, match="GB"):
        check_room(arranged(long | differing, Cut(resolution="1080p")))


def test_clips_that_are_copied_are_weighed_as_they_are() -> None:
    light = {number: a_kept(number) for number in (1, 2)}
    heavy = {
        number: kept.model_copy(update={"probe": kept.probe.model_copy(update={"bytes": MOST_BYTES // 4})})
        for number, kept in light.items()
    }
    check_room(arrangement(light, Cut(), lambda number, extension: ""))
    with pytest.raises(FilmTooLarge, match="GB"):
        check_room(arrangement(heavy, Cut(), lambda number, extension: ""))


WIDE, TALL, SQUARE, CINEMA = (1280, 720), (720, 1280), (720, 720), (1680, 720)


@pytest.mark.parametrize(
    ("clips", "cut", "size"),
    [
        (WIDE, Cut(), WIDE),
        (WIDE, Cut(resolution="1080p"), (1920, 1080)),
        (WIDE, Cut(resolution="480p"), (854, 480)),
        (TALL, Cut(resolution="480p"), (480, 854)),
        (SQUARE, Cut(resolution="1080p"), (1080, 1080)),
        (CINEMA, Cut(resolution="1080p"), (1920, 822)),
        (WIDE, Cut(aspect_ratio="9:16"), TALL),
        (WIDE, Cut(aspect_ratio="1:1"), SQUARE),
        (WIDE, Cut(aspect_ratio="4:3"), (960, 720)),
        (TALL, Cut(aspect_ratio="16:9"), WIDE),
        (WIDE, Cut(aspect_ratio="3:4", resolution="1080p"), (1080, 1440)),
        (TALL, Cut(aspect_ratio="16:9", resolution="1080p"), (1920, 1080)),
        ((852, 480), Cut(resolution="480p", aspect_ratio="16:9"), (852, 480)),
        ((848, 480), Cut(resolution="480p", aspect_ratio="16:9"), (854, 480)),
        ((848, 480), Cut(resolution="480p"), (848, 480)),
        ((1920, 1088), Cut(resolution="1080p"), (1906, 1080)),
        ((3840, 2160), Cut(aspect_ratio="9:16"), (1080, 1920)),
    ],
)
def test_what_was_asked_decides_the_films_size(clips: tuple[int, int], cut: Cut, size: tuple[int, int]) -> None:
    target = film_target([a_picture(width=clips[0], height=clips[1])], cut)
    assert (target.width, target.height) == size


def test_the_asked_rate_is_the_films_rate() -> None:
    assert film_target([a_picture()], Cut()).fps == 24
    assert film_target([a_picture()], Cut(fps=30)).fps == 30


@pytest.mark.parametrize(
    ("ratio", "size", "as_they_are"),
    [("16:9", (832, 480), True), ("9:16", (480, 832), True), ("4:3", (832, 480), False), ("1:1", (500, 480), False)],
)
def test_clips_that_have_the_asked_shape_but_for_their_blocks_are_copied(
    ratio: Any, size: tuple[int, int], as_they_are: bool
) -> None:
    (piece,) = arranged({1: {"width": size[0], "height": size[1]}}, Cut(aspect_ratio=ratio))
    assert (piece.target is None) == as_they_are
