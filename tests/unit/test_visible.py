"""Black and still: what is thrown away over it, and what must not be."""

from __future__ import annotations

import pytest

from functions.studio.media import Picture, Piece, PieceKind, Shot, Span
from functions.studio.visible import clip_faults, film_fault, piece_faults, read_visible

WORDS = """[freezedetect @ 0x7f] lavfi.freezedetect.freeze_start: 0.25
[blackdetect @ 0x7f] black_start:0.25 black_end:2 black_duration:1.75
[freezedetect @ 0x7f] lavfi.freezedetect.freeze_duration: 2
[freezedetect @ 0x7f] lavfi.freezedetect.freeze_end: 2.25
[freezedetect @ 0x7f] lavfi.freezedetect.freeze_start: 3
[blackdetect @ 0x7f] black_start:3.5 black_end:4.208333 black_duration:0.708333
"""


def test_spans_count_from_the_first_frame_and_last_until_the_end_of_the_last() -> None:
    """ffmpeg says nothing of what is still to the end, and ends blackness where the last frame begins."""
    black, still = read_visible(WORDS, 0.25, 4.208333, 4.25)
    assert black == [Span(start=0, end=1750), Span(start=3250, end=4000)]
    assert still == [Span(start=0, end=2000), Span(start=2750, end=4000)]


def test_nothing_said_is_nothing_found() -> None:
    assert read_visible("frame=  24 fps=0.0", 0, 1, 1.04) == ([], [])


Spans = list[tuple[int, int]] | None


def a_picture(milliseconds: int = 4000, *, black: Spans = None, still: Spans = None) -> Picture:
    def spans(given: Spans) -> list[Span] | None:
        return None if given is None else [Span(start=start, end=end) for start, end in given]

    return Picture(
        codec="h264",
        pixel_format="yuv420p",
        width=320,
        height=180,
        timescale=1000,
        ticks=40,
        frames=milliseconds // 40,
        span=milliseconds,
        packets="",
        black=spans(black),
        still=spans(still),
    )


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (a_picture(), None),
        (a_picture(black=[], still=[]), None),
        (a_picture(black=[(0, 4000)], still=[(0, 4000)]), "black"),
        (a_picture(black=[(100, 3900)]), "black"),
        (a_picture(black=[(0, 1000), (3000, 4000)]), None),
        (a_picture(black=[(0, 3800)]), None),
        (a_picture(still=[(0, 4000)]), "nothing moves"),
        (a_picture(still=[(0, 2000), (2000, 4000)]), None),
        (a_picture(480, black=[(0, 480)], still=[(0, 480)]), None),
    ],
    ids=[
        "nobody looked",
        "seen and moving",
        "black",
        "black but for its edges",
        "fades from black and to black",
        "ends in a flash",
        "still",
        "two pictures",
        "a moment",
    ],
)
def test_a_clip_is_at_fault_only_as_a_whole(picture: Picture, fault: str | None) -> None:
    found = list(clip_faults(picture))
    assert len(found) == (fault is not None)
    assert all(fault in one for one in found if fault)


def a_shot(start: int = 0, end: int = 96, **spans: Spans) -> Shot:
    """At 24 frames a second, of a clip of eight seconds that was looked at."""
    picture = a_picture(8000, **({"black": [], "still": []} | spans))
    return Shot(clip=1, key="", pcm_key="", picture=picture, start=start, end=end)


BLACK = a_picture(black=[(0, 4000)], still=[(0, 4000)])


def test_a_piece_that_came_out_black_or_still_is_at_fault() -> None:
    assert list(piece_faults(BLACK, [a_shot()], 24)) == [
        "the piece came out black, and its clips are not",
        "the piece came out still, and its clips are not",
    ]


def test_a_piece_may_be_as_black_and_as_still_as_its_clip_is_just_there() -> None:
    assert not list(piece_faults(BLACK, [a_shot(black=[(0, 4500)], still=[(0, 4500)])], 24))
    later = a_shot(96, 192, black=[(0, 3900)], still=[(0, 3900)])
    assert list(piece_faults(BLACK, [later], 24))


def test_a_piece_of_a_clip_that_nobody_looked_at_is_believed() -> None:
    assert not list(piece_faults(BLACK, [a_shot(black=None, still=None)], 24))


def test_a_join_is_believed_where_one_of_its_clips_is_black_there() -> None:
    assert not list(piece_faults(BLACK, [a_shot(black=[(0, 900)], still=[(0, 900)]), a_shot()], 24))


def test_a_join_of_a_moment_is_not_judged() -> None:
    assert not list(piece_faults(a_picture(480, black=[(0, 480)]), [a_shot(), a_shot()], 24))


def a_piece(picture: Picture, *shots: Shot) -> Piece:
    kind = PieceKind.CLIP if shots else PieceKind.CARD
    return Piece(number=1, kind=kind, shots=list(shots), frames=96, key="", picture=picture)


def test_a_film_that_is_black_but_for_its_cards_is_at_fault() -> None:
    card, black, seen = a_piece(a_picture()), a_piece(BLACK, a_shot()), a_piece(a_picture(black=[]), a_shot())
    assert film_fault([card, black, black])
    assert not film_fault([black, seen])
    assert not film_fault([card])
