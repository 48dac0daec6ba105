"""The outputs of models that make pictures instead of clips. Their prompts stand on them, to tell one from another."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from local.standins.drawing import Shot, still
from local.standins.inputs import Model

_FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
LINE = 40
LINES = 4
"""Letters across a picture, and lines of them, at most."""


def save_stills(model: Model, given: Mapping[str, Any], shot: Shot, directory: Path) -> list[Path]:
    """Writes as many pictures as were asked for, in the format asked for, each cut a little closer than the one before."""
    asked = model.complete(given)
    suffix = asked.get(model.render["format"], model.render["format"])
    directory.mkdir(parents=True)
    made = []
    for number in range(asked.get(model.render.get("count", ""), 1)):
        edge = round(shot.first.width * 0.02 * number)
        inner = shot.first.crop((edge, edge, shot.first.width - edge, shot.first.height - edge))
        path = directory / f"{number}.{suffix}"
        picture = inscribed(still(inner, shot.width, shot.height), model.prompt(given))
        picture.save(
            path, _FORMATS[suffix], quality=asked.get("output_quality", 90), compress_level=1
        )  # of a PNG: quickly
        made.append(path)
    return made


def inscribed(picture: Image.Image, words: str) -> Image.Image:
    """With the words across its foot, on a ground of their own."""
    text = "\n".join(textwrap.wrap(words, LINE)[:LINES])
    made = picture.copy()
    brush = ImageDraw.Draw(made)
    font = ImageFont.load_default(size=made.width / LINE * 1.4)
    margin = made.width // 50
    box = brush.multiline_textbbox((0, 0), text, font=font)
    top = made.height - margin - box[3]
    brush.rectangle((0, top - margin, made.width, made.height), fill=(20, 20, 24))
    brush.multiline_text((margin, top), text, font=font, fill=(245, 245, 240))
    return made
