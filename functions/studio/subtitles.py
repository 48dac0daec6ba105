"""Lines as files: SRT and VTT beside a film, ASS for burning them into its pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from functions.studio.caption_lines import Line, em, room, row_width, safe_area, shown
from functions.studio.captions import CaptionStyle
from functions.studio.fonts import FACES, main_face, runs
from functions.studio.media import Target
from functions.studio.writing import directed, framed, joined, parted, runs_leftward

if TYPE_CHECKING:
    from pysubs2 import Color, SSAFile, SSAStyle

GLOW = 0.3
"""Seconds that a word keeps its highlight when nothing is said after it."""

USUAL_LEADING = 1.26
LEADING = {"arabic": 1.5, "devanagari": 1.5, "thai": 1.5}
"""Ems from one row's baseline to the next one's, by the font of the line."""
DESCENT, CAPITALS = 0.22, 0.73
"""Ems that letters reach below their baseline, and above."""

JOINER = "\u2060"
"""Nobody sees it. Behind a sign that would begin a tag, or an escape, it leaves a sign."""
IN_ASS = str.maketrans({"{": "\\{", "}": "\\}", "\\": f"\\{JOINER}"})
IN_VTT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
TAGS_OF_SRT = re.compile(r"<(?=[/!?A-Za-z])|\{(?=\\)|\\(?=[Nnh])")
"""SRT knows no escape, and what players take for a tag is written down nowhere: HTML's, and ASS's, by most."""


def srt(lines: Sequence[Line], language: str) -> str:
    from pysubs2.formats.subrip import SubripFormat as Srt

    cues = enumerate(_cues(lines, language, Srt.ms_to_timestamp), 1)
    return "".join(f"{number}\n{when}\n{TAGS_OF_SRT.sub(_alone, text)}\n\n" for number, (when, text) in cues)


def vtt(lines: Sequence[Line], language: str) -> str:
    from pysubs2.formats.webvtt import WebVTTFormat as Vtt

    cues = _cues(lines, language, Vtt.ms_to_timestamp)
    return "".join(["WEBVTT\n\n", *(f"{when}\n{text.translate(IN_VTT)}\n\n" for when, text in cues)])


def _cues(lines: Sequence[Line], language: str, written: Callable[[int], str]) -> Iterator[tuple[str, str]]:
    leftward = _leftward(lines, language)
    for line, marks in zip(lines, _marks(lines, language), strict=True):
        rows = [joined(word.text for word in row) for row in line.in_rows]
        text = "\n".join(
            f"{front}{directed(row) if leftward else row}{end}" for row, (front, end) in zip(rows, marks, strict=True)
        )
        yield f"{written(round(1000 * line.start))} --> {written(round(1000 * line.end))}", text


def _leftward(lines: Sequence[Line], language: str) -> bool:
    return runs_leftward(" ".join(line.text for line in lines), language)


def _marks(lines: Sequence[Line], language: str) -> list[list[tuple[str, str]]]:
    """Of each row of each line, what `framed` says of it as a part of all that is said."""
    rows = [joined(word.text for word in row) for line in lines for row in line.in_rows]
    found = iter(framed(rows, language))
    return [list(islice(found, len(line.rows))) for line in lines]


def _alone(sign: re.Match[str]) -> str:
    return sign[0] + JOINER


class State(NamedTuple):
    """What is seen of a line from frame `first` until before `last`; `word` is the one that is spoken."""

    first: int
    last: int
    word: int | None


def states(line: Line, fps: int, *, highlighted: bool) -> list[State]:
    """A line's frames, counted as the film's: a time falls on the frame that is nearest to it."""
    begin, finish = round(line.start * fps), round(line.end * fps)
    if not highlighted:
        return [State(begin, finish, None)] if finish > begin else []
    marks: list[tuple[int, int | None]] = [(begin, None)]
    for turn, word in enumerate(line.words):
        marks.append((round(word.start * fps), turn))
        following = line.words[turn + 1].start if turn + 1 < len(line.words) else line.end
        if following - word.end > GLOW:
            marks.append((round((word.end + GLOW) * fps), None))
    marks.append((finish, None))
    return [
        State(first, min(last, finish), word)
        for (first, word), (last, _) in pairwise(marks)
        if min(last, finish) > first
    ]


def ass(lines: Sequence[Line], style: CaptionStyle, language: str, target: Target, at: int, frames: int) -> str | None:
    """What is seen of the lines in `frames` of the film from frame `at` on, times counting from there; None: nothing.

    One event for each state of a line: the same words in the same places whichever piece shows them.
    """
    from pysubs2 import SSAEvent

    file = document(target)
    file.styles["Default"] = look([line.text for line in lines], style, language, target)
    leftward = _leftward(lines, language)
    for line, marks in zip(lines, _marks(lines, language), strict=True):
        for state in states(line, target.fps, highlighted=style.highlighted is not None):
            first, last = max(state.first - at, 0), min(state.last - at, frames)
            if first < last:
                painted = _painted(line, state.word, style, language, target, leftward=leftward)
                rows = [f"{front}{row}{end}" for row, (front, end) in zip(painted, marks, strict=True)]
                for text in _placed(line, rows, style, language, target):
                    file.append(SSAEvent(start=moment(first, target.fps), end=moment(last, target.fps), text=text))
    return file.to_string("ass") if file.events else None


def moment(frame: int, fps: int) -> int:
    """Milliseconds, in the hundredths that ASS knows, after the frame before and before this one: half a frame early."""
    return max(0, 10 * round((frame - 0.5) * 100 / fps))


def document(target: Target) -> SSAFile:
    from pysubs2 import SSAFile

    file = SSAFile()
    file.info = {
        "PlayResX": str(target.width),
        "PlayResY": str(target.height),
        "ScaledBorderAndShadow": "yes",
        "WrapStyle": "2",
    }
    file.styles.clear()
    return file


def look(texts: Sequence[str], style: CaptionStyle, language: str, target: Target) -> SSAStyle:
    from pysubs2 import Alignment, SSAStyle

    size, area = em(style, target), safe_area(target)
    face = FACES[main_face(" ".join(texts), style.font, language)]
    anchor = {"bottom": Alignment.BOTTOM_CENTER, "middle": Alignment.MIDDLE_CENTER, "top": Alignment.TOP_CENTER}
    margin = {"bottom": area.below, "middle": 0.0, "top": area.above}[style.position]
    behind = {
        "outline": {"borderstyle": 1, "outline": 0.085 * size, "shadow": 0.03 * size},
        "shadow": {"borderstyle": 1, "outline": 0.02 * size, "shadow": 0.06 * size},
        "box": {"borderstyle": 4, "outline": 0.0, "shadow": 0.3 * size},
        "none": {"borderstyle": 1, "outline": 0.0, "shadow": 0.0},
    }[style.backing]
    return SSAStyle(
        fontname=face.family,
        fontsize=round(size * face.height, 2),
        bold=True,
        primarycolor=_colour(style.colour),
        secondarycolor=_colour(style.colour),
        outlinecolor=_colour(style.backing_colour),
        backcolor=_colour(style.backing_colour, transparent=SEE_THROUGH[style.backing]),
        borderstyle=int(behind["borderstyle"]),
        outline=round(behind["outline"], 2),
        shadow=round(behind["shadow"], 2),
        alignment=anchor[style.position],
        marginl=round(target.width * area.side),
        marginr=round(target.width * area.side),
        marginv=round(target.height * margin),
        encoding=-1,  # libass: the direction of a row is its first letter's
    )


SEE_THROUGH = {"outline": 0x80, "shadow": 0x50, "box": 0x40, "none": 0xFF}
"""Of what lies behind the letters: 255 is not seen at all."""


def _colour(said: str, transparent: int = 0) -> Color:
    from pysubs2 import Color

    red, green, blue = (int(said[at : at + 2], 16) for at in (1, 3, 5))
    return Color(red, green, blue, transparent)


def _painted(
    line: Line, spoken: int | None, style: CaptionStyle, language: str, target: Target, *, leftward: bool
) -> list[str]:
    """The rows, with the font of each stretch and the colour of the word that is spoken."""
    size, turn = _size(line, style, language, target), 0
    rows = []
    for row in line.in_rows:
        painted = ""
        for at, word in enumerate(row):
            text = word.text if at + 1 < len(row) else word.text.rstrip()
            space = " " if at and parted(row[at - 1].text, word.text) else ""
            said = typeset(shown(text, style, language), style.font, language, size, leftward=leftward)
            if turn == spoken and style.highlighted:
                said = f"{{\\1c{in_tag(style.highlighted)}}}{said}{{\\1c{in_tag(style.colour)}}}"
            painted += space + said
            turn += 1
        rows.append(painted)
    return rows


def _size(line: Line, style: CaptionStyle, language: str, target: Target) -> float:
    """Of an em, in pixels: smaller than it is to be, where a single word is longer than a row."""
    widest = max(row_width(row, style, language) for row in line.in_rows)
    return em(style, target) * min(1.0, room(style, target) / widest)


def _placed(line: Line, rows: Sequence[str], style: CaptionStyle, language: str, target: Target) -> list[str]:
    """Each row where its baseline belongs, whatever fonts are in it: some take two ems for a row. One box is for all."""
    if style.backing == "box":
        return ["\\N".join(rows)]
    size, area = _size(line, style, language, target), safe_area(target)
    gap = leading(line.text, style.font, language) * size
    last = {
        "bottom": target.height * (1 - area.below) - DESCENT * size,
        "middle": (target.height + CAPITALS * size + gap * (len(rows) - 1)) / 2,
        "top": target.height * area.above + size + gap * (len(rows) - 1),
    }[style.position]
    return [placed(text, size, last - gap * (len(rows) - 1 - turn), target) for turn, text in enumerate(rows)]


def leading(text: str, font: str, language: str) -> float:
    """Ems from one baseline to the next."""
    return LEADING.get(main_face(text, font, language), USUAL_LEADING)


def placed(text: str, size: float, baseline: float, target: Target) -> str:
    """Typeset text in the middle of its row; its deepest font reaches below the baseline."""
    depth = max((face.depth for face in FACES.values() if f"\\fn{face.family}\\" in text), default=0.0)
    return f"{{\\an2\\pos({target.width / 2:.0f},{baseline + depth * size:.2f})}}{text}"


def typeset(text: str, font: str, language: str, size: float, *, leftward: bool) -> str:
    """With the font of each stretch named, all of the same size: an em of so many pixels."""
    stretches = ((FACES[run.face], run.text.translate(IN_ASS)) for run in runs(text, font, language))
    return "".join(
        f"{{\\fn{face.family}\\fs{size * face.height:.2f}}}{directed(said) if leftward else said}"
        for face, said in stretches
    )


def in_tag(colour: str) -> str:
    return f"&H{colour[5:7]}{colour[3:5]}{colour[1:3]}&"
