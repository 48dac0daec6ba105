"""The outputs of models that make pictures instead of clips."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.standins.drawing import Shot, still
from local.standins.inputs import Model

_FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}


def save_images(model: Model, given: Mapping[str, Any], shot: Shot, directory: Path) -> list[Path]:
    """Writes as many pictures as were asked for, in the format asked for, each cut a little closer than the one before."""
    asked = model.complete(given)
    suffix = asked.get(model.render["format"], model.render["format"])
    directory.mkdir(parents=True)
    made = []
    for number in range(asked.get(model.render.get("count", ""), 1)):
        edge = round(shot.first.width * 0.02 * number)
        inner = shot.first.crop((edge, edge, shot.first.width - edge, shot.first.height - edge))
        path = directory / f"{number}.{suffix}"
        still(inner, shot.width, shot.height).save(path, _FORMATS[suffix], quality=asked.get("output_quality", 90))
        made.append(path)
    return made
