"""What Runway's models take, by route and model: models.json read, after the types of its SDK 5.24.0."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from local.standins.inputs import Model


class RunwayModel(Model):
    """Of a create's body all but `model`."""

    def sources(self, given: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        frames = given.get("promptImage", [])
        for frame in [{"uri": frames, "position": "first"}] if isinstance(frames, str) else frames:
            yield f"promptImage.{frame['position']}", frame["uri"], True
        for reference in given.get("referenceImages", []):
            yield "referenceImages", reference["uri"], True

    def credits(self, given: Mapping[str, Any]) -> int:
        """That it takes; $0.01 each."""
        asked, render = self.complete(given), self.render
        if "creditsASecond" in render:
            silent = asked.get("audio") is False and "creditsASilentSecond" in render
            return int(asked["duration"] * render["creditsASilentSecond" if silent else "creditsASecond"])
        small = min(map(int, asked["ratio"].split(":"))) == 720
        return int(render["creditsAt720" if small else "credits"])


@cache
def models() -> Mapping[str, Mapping[str, RunwayModel]]:
    table = json.loads(Path(__file__).with_name("models.json").read_text())
    return {
        route: {name: RunwayModel(name, entry["render"], entry["input"]) for name, entry in taken.items()}
        for route, taken in table.items()
    }
