"""A card of words: laid out large, in the middle, as many rows as it takes."""

from __future__ import annotations

from collections.abc import Sequence

from functions.studio.caption_lines import em, safe_area, shown
from functions.studio.captions import CaptionStyle
from functions.studio.fonts import width
from functions.studio.media import Target
from functions.studio.subtitles import RIGHT_TO_LEFT, document, in_tag, look, moment, typeset
from functions.studio.writing import joined, runs_leftward, tokens

LARGEST, SMALLEST = 0.125, 0.05
"""An em, as a share of the short side."""
STEPS = 12
MOST_ROWS = 4
BENEATH = 1.25
"""Of the title's size."""


def card(title: str, beneath: str, style: CaptionStyle, language: str, target: Target, frames: int) -> str | None:
    """As ASS; None where there is nothing to be shown."""
    from pysubs2 import Alignment, SSAEvent

    title, beneath = (shown(" ".join(text.split()), style, language).strip() for text in (title, beneath))
    if not title and not beneath:
        return None
    room = target.width * (1 - 2 * min(safe_area(target).side, 0.1))
    size, rows = _laid_out(title, style.font, language, room, target)
    painted = []
    for row in rows:
        mark = RIGHT_TO_LEFT if runs_leftward(title) else ""
        painted.append(mark + typeset(row, style.font, language, size))
    if beneath:
        most = room / width(beneath, style.font, language)
        colour = in_tag(style.highlight or style.colour)
        painted.append(f"{{\\1c{colour}}}" + typeset(beneath, style.font, language, min(BENEATH * size, most)))
    file = document(target)
    file.styles["Default"] = look([title, beneath], style, language, target)
    file.styles["Default"].alignment = Alignment.MIDDLE_CENTER
    file.styles["Default"].marginv = 0
    scale = size / em(style, target)
    file.styles["Default"].outline *= scale
    file.styles["Default"].shadow *= scale
    file.append(SSAEvent(start=0, end=moment(frames, target.fps), text="\\N".join(painted)))
    return file.to_string("ass")


def _laid_out(title: str, font: str, language: str, room: float, target: Target) -> tuple[float, list[str]]:
    """The largest size at which the title takes few rows, or the smallest, and less where a word is too long even then."""
    short = min(target.width, target.height)
    words = tokens(title)
    widest = max((width(word, font, language) for word in words), default=0.0)
    for step in range(STEPS + 1):
        size = short * (LARGEST - (LARGEST - SMALLEST) * step / STEPS)
        if widest * size <= room and len(_filled(words, font, language, room / size)) <= MOST_ROWS:
            break
    size = min(size, room / widest) if widest else size
    return size, _balanced(words, font, language, room / size)


def _balanced(words: Sequence[str], font: str, language: str, room: float) -> list[str]:
    """As few rows as do, all about as wide."""
    rows = _filled(words, font, language, room)
    widest = max((width(word, font, language) for word in words), default=0.0)
    for narrower in range(95, 40, -5):
        tighter = _filled(words, font, language, max(widest, room * narrower / 100))
        if len(tighter) > len(rows):
            break
        rows = tighter
    return rows


def _filled(words: Sequence[str], font: str, language: str, room: float) -> list[str]:
    rows: list[list[str]] = []
    for word in words:
        if rows and width(joined([*rows[-1], word]), font, language) <= room:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [joined(row) for row in rows]
