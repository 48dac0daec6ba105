"""Text in a piece's pictures: its captions, or the words of a card, as a filter of ffmpeg's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from functions.make_piece.text_cards import card
from functions.studio.caption_lines import Line
from functions.studio.captions import CaptionStyle
from functions.studio.errors import NotConfigured
from functions.studio.fonts import FACES
from functions.studio.media import Target
from functions.studio.subtitles import ass

CACHE = "reelay-fontconfig"
"""In /tmp, where it serves every piece that a warm function makes."""


class Burn(NamedTuple):
    filter: str
    """For pictures of the film's size and rate that count their time from zero and say that they are BT.709."""
    environment: dict[str, str]
    """What ffmpeg needs to find the fonts: without it libass draws boxes and says nothing."""


def captioned(
    lines: Sequence[Line], style: CaptionStyle, language: str, target: Target, at: int, frames: int, folder: Path
) -> Burn | None:
    """The captions of the piece that begins at frame `at` of the film; None where nothing is said. Files lie in `folder`."""
    document = ass(lines, style, language, target, at, frames)
    return _burn(document, folder) if document else None


def titled(
    title: str, beneath: str, style: CaptionStyle, language: str, target: Target, frames: int, folder: Path
) -> Burn | None:
    """A card's words, large, in the middle, and what stands beneath them (a price) in the colour of the highlight."""
    document = card(title, beneath, style, language, target, frames)
    return _burn(document, folder) if document else None


def _burn(document: str, folder: Path) -> Burn:
    script, configuration = folder / "burned.ass", folder / "fonts.conf"
    script.write_text(document, encoding="utf-8")
    configuration.write_text(_configuration(document), encoding="utf-8")
    return Burn(f"ass=filename={_quoted(str(script))}:shaping=complex", {"FONTCONFIG_FILE": str(configuration)})


def _configuration(document: str) -> str:
    """fontconfig looks over every file that it is told of, seconds for all that there are: these are what the text names."""
    fonts = _fonts()
    named = [
        name for name, face in FACES.items() if f"\\fn{face.family}\\" in document or f",{face.family}," in document
    ]
    places = [f"<dir>{escape(str(fonts / name))}</dir>" for name in named]
    places.append(f"<cachedir>{escape(str(Path(tempfile.gettempdir(), CACHE)))}</cachedir>")
    return f'<?xml version="1.0"?>\n<fontconfig>{"".join(places)}</fontconfig>\n'


def _fonts() -> Path:
    folder = Path(os.environ.get("FONTS_FOLDER", ""))
    if not all((folder / name / Path(face.file).name).is_file() for name, face in FACES.items()):
        raise NotConfigured("the fonts of captions are not available")
    return folder


def _quoted(path: str) -> str:
    """For a filter graph: once for the option's value, once for the graph."""
    for special in ("\\':", "\\'[],;"):
        path = "".join(f"\\{one}" if one in special else one for one in path)
    return path
