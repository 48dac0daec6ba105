"""Which models and types of task PiAPI has, and the points that each costs: models.json read."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from local.standins.inputs import Model


@cache
def models() -> Mapping[str, Mapping[str, Model]]:
    """By model and type of task."""
    table = json.loads(Path(__file__).with_name("models.json").read_text())
    return {
        slug: {
            task: Model(slug, entry["render"] | {"points": entry["points"]}, entry["input"])
            for task, entry in types.items()
        }
        for slug, types in table.items()
    }
