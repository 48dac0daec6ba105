"""What Runway's models take, by route and model: models.json read, after the types of its SDK."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from local.standins.inputs import Model


@cache
def models() -> Mapping[str, Mapping[str, Model]]:
    """Of a create's body all but `model`."""
    table = json.loads(Path(__file__).with_name("models.json").read_text())
    return {
        route: {name: Model(name, {}, entry["input"]) for name, entry in taken.items()}
        for route, taken in table.items()
    }
