"""Which models Replicate has: models.json read."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from local.standins.inputs import Model


@cache
def models() -> Mapping[str, Model]:
    table = json.loads(Path(__file__).with_name("models.json").read_text())
    return {slug: Model(slug, entry["render"], entry["input"]) for slug, entry in table.items()}
