"""A card of words: laid out large, in the middle, as many rows as it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from functions.studio.bonds import Bond, bonds
from functions.studio.caption_lines import safe_area, shown
from functions.studio.captions import CaptionStyle
from functions.studio.fonts import width
from functions.studio.media import Target
from functions.studio.subtitles import CAPITALS, document, in_tag, leading, look, moment, placed, typeset
from functions.studio.writing import clusters, framed, runs_leftward, tokens

LARGEST, SMALLEST = 0.125, 0.05
"""Ems of the title, as shares of the short side."""
STEPS = 12
MOST_ROWS = 4
BENEATH = 0.15
"""An em of what stands beneath, the same; it is set smaller where it has to be."""
APART = 1.5
"""From the title's last baseline to that beneath it, in ems of the latter."""
WHOLE = 0.08
"""At this size what stands between two spaces fits, or it is broken where words may part in it."""


def card(title: str, beneath: str, style: CaptionStyle, language: str, target: Target, frames: int) -> str | None:
    """As ASS; None where there is nothing to be shown."""
    from pysubs2 import SSAEvent

    title, beneath = (shown(" ".join(text.split()), style, language).strip() for text in (title, beneath))
    if not title and not beneath:
        return None
    font, short = style.font, min(target.width, target.height)
    room = target.width * (1 - 2 * min(safe_area(target).side, 0.1))
    size, rows = _laid_out(title, font, language, room, short)
    gap = leading(title, font, language) * size
    leftward = runs_leftward(title, language)
    below = min(BENEATH * short, room / width(beneath, font, language)) if beneath else 0.0
    baseline = (target.height - gap * (len(rows) - 1) - APART * below + CAPITALS * size) / 2
    painted = []
    for row, (front, end) in zip(rows, framed(rows, language), strict=True):
        said = typeset(row, font, language, size, leftward=leftward)
        painted.append(placed(f"{front}{said}{end}", size, baseline, target))
        baseline += gap
    if beneath:
        baseline += APART * below - gap
        coloured = f"{{\\1c{in_tag(style.highlighted or style.colour)}}}"
        said = typeset(beneath, font, language, below, leftward=runs_leftward(beneath, language))
        [(front, end)] = framed([beneath], language)
        painted.append(placed(f"{front}{coloured}{said}{end}", below, baseline, target))
    file = document(target)
    look_of_it = look([title, beneath], style, language, target)
    look_of_it.borderstyle, look_of_it.outline, look_of_it.shadow = 1, round(0.06 * size, 2), round(0.03 * size, 2)
    file.styles["Default"] = look_of_it
    for text in painted:
        file.append(SSAEvent(start=0, end=moment(frames, target.fps), text=text))
    return file.to_string("ass")


def _laid_out(title: str, font: str, language: str, room: float, short: int) -> tuple[float, list[str]]:
    """The largest size at which the title takes few rows, or the smallest."""
    words = [part for chunk in title.split() for part in _parts(f"{chunk} ", font, language, room / short)]
    widest = max((width(word, font, language) for word in words), default=0.0)
    for step in range(STEPS + 1):
        size = short * (LARGEST - (LARGEST - SMALLEST) * step / STEPS)
        if widest * size <= room and len(_filled(words, font, language, room / size)) <= MOST_ROWS:
            break
    return size, _balanced(words, font, language, room / size)


def _parts(chunk: str, font: str, language: str, room: float) -> list[str]:
    """What stands between two spaces, in as few parts as fit a row: where words may part in it, else anywhere.

    `room` is a row's in short sides, as sizes are.
    """

    def fits(text: str, size: float) -> bool:
        return width(text.rstrip(), font, language) * size <= room

    if fits(chunk, WHOLE):
        return [chunk]
    parts: list[str] = []
    words = tokens(chunk) or [chunk.strip()]
    for bond in (Bond.PARTS, Bond.WORD):
        parts = words[:1]
        for word, tie in zip(words[1:], bonds(words, language), strict=True):
            if tie >= bond:
                parts[-1] += word
            else:
                parts.append(word)
        if all(fits(part, WHOLE) for part in parts):
            break
    parts = [piece for part in parts for piece in ([part] if fits(part, SMALLEST) else _broken(part, fits))]
    parts[-1] += " "
    return parts


def _broken(word: str, fits: Callable[[str, float], bool]) -> list[str]:
    """A word that no row has room for, in pieces of about the same length."""
    signs = clusters(word)
    for count in range(2, len(signs)):
        length = ceil(len(signs) / count)
        pieces = ["".join(signs[at : at + length]) for at in range(0, len(signs), length)]
        if all(fits(piece, WHOLE) for piece in pieces):
            return pieces
    return signs


def _balanced(words: Sequence[str], font: str, language: str, room: float) -> list[str]:
    """As few rows as do, all about as wide."""
    rows = _filled(words, font, language, room)
    for narrower in range(95, 40, -5):
        tighter = _filled(words, font, language, room * narrower / 100)
        if len(tighter) > len(rows) or any(width(row, font, language) > room for row in tighter):
            break
        rows = tighter
    return rows


def _filled(words: Sequence[str], font: str, language: str, room: float) -> list[str]:
    rows: list[str] = []
    for word in words:
        if rows and width((rows[-1] + word).rstrip(), font, language) <= room:
            rows[-1] += word
        else:
            rows.append(word)
    return [row.rstrip() for row in rows]
