"""Whether a file shows anything and whether it moves: what ffmpeg finds out while it decodes, and how that is judged. Pure.

A paid clip is thrown away over this. Every threshold is on the side of the clip: what is dark, calm or short passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from functions.studio.media import Picture, Piece, Shot, Span

MOMENT = 500
"""Milliseconds: nothing shorter counts as standing still."""

JUDGED = 2 * MOMENT
"""A shorter file is not judged: a fade takes as long, and what stands still in it may be too short to be noted of its clip."""

BLACK = 100
"""Milliseconds: a shorter blackness, as in a cut through black, is not noted."""

EDGE = 100
"""Milliseconds that the two ends may miss: the first frame of a file is often coded worse than those that repeat it."""

DETECT = f"blackdetect=d={BLACK / 1000}:pic_th=1:pix_th=0.03,freezedetect=n=0.0003:d={MOMENT / 1000}"
"""ffmpeg's filters, behind a scale to 320 pixels. Black is a picture without a single pixel that is brighter than 3 %: a
night sky has stars. Still is what differs from its first frame by less than 0.03 % on average: the grain of a still
scene is more, a light of 16 by 16 in 640x360 pixels that blinks is, a zoom by half a percent in 2 s is; one frame, encoded
again and again, is less."""

FOUND = re.compile(
    r"black_start:(?P<black>[-\d.]+) black_end:(?P<black_end>[-\d.]+)"
    r"|freezedetect\.freeze_(?:start: (?P<still>[-\d.]+)|end: (?P<still_end>[-\d.]+))"
)


def read_visible(words: str, first: float, last: float, end: float) -> tuple[list[Span], list[Span]]:
    """Black and still spans from the words of `DETECT`; the times (in seconds) are when the first frame is shown, when the
    last one is, and when that one ends."""

    def until(seconds: float) -> float:
        return end if seconds >= last - 0.001 else seconds

    black: list[Span] = []
    still: list[Span] = []
    begun: float | None = None
    for found in FOUND.finditer(words):
        if found["black"]:
            black.append(_span(float(found["black"]), until(float(found["black_end"])), first))
        elif found["still"]:
            begun = float(found["still"])
        elif begun is not None:
            still.append(_span(begun, until(float(found["still_end"])), first))
            begun = None
    if begun is not None:  # to its end: ffmpeg does not say so
        still.append(_span(begun, end, first))
    return black, still


def _span(start: float, end: float, first: float) -> Span:
    return Span(start=max(0, round((start - first) * 1000)), end=round((end - first) * 1000))


def clip_faults(picture: Picture) -> Iterator[str]:
    """What is wrong with a whole clip, in words."""
    length = round(picture.seconds * 1000)
    if length < JUDGED:
        return
    if covered(picture.black or [], length):
        yield "it is black from its beginning to its end"
    elif covered(picture.still or [], length):
        yield "nothing moves in it: one picture from its beginning to its end"


def film_fault(pieces: Sequence[Piece]) -> str | None:
    """What is wrong with the whole film, by what its pieces' rows say; cards do not count.

    A film of pieces that stand still each may be a series of pictures, and one of silent clips is silent by right.
    """
    shown = [piece.picture for piece in pieces if piece.shots and piece.picture]
    if shown and all(covered(one.black or [], round(one.seconds * 1000)) for one in shown):
        return "it is black from its beginning to its end"
    return None


def covered(spans: Sequence[Span], length: int) -> bool:
    """Whether one of the spans is the whole, but for its edges. Two that meet are a change of the picture."""
    return any(span.start <= EDGE and span.end >= length - EDGE for span in spans)


def piece_faults(picture: Picture, shots: Sequence[Shot], fps: int) -> Iterator[str]:
    """What our own encoder has lost of its clips: a piece is black or stands still, and no clip ever is in that stretch.

    What a clip shows itself for a while, its piece may show as long: clips were judged whole. A picture in motion may be as
    dark and as calm as it is, and a clip that is shown for longer than it lasts stands still at its end.
    """
    length = round(picture.seconds * 1000)
    if length < JUDGED:
        return
    for words, mine, theirs in (
        ("black", picture.black, [shot.picture.black if shot.picture else None for shot in shots]),
        ("still", picture.still, [shot.picture.still if shot.picture else None for shot in shots]),
    ):
        shown = zip(shots, theirs, strict=True)
        if covered(mine or [], length) and not any(_may_be(spans, shot, fps) for shot, spans in shown):
            yield f"the piece came out {words}, and its clips are not"


def _may_be(spans: Sequence[Span] | None, shot: Shot, fps: int) -> bool:
    start, end = shot.start * 1000 / fps, shot.end * 1000 / fps
    ended = shot.picture is not None and end > shot.picture.seconds * 1000 + EDGE
    return spans is None or ended or any(span.start < end and span.end > start for span in spans)
