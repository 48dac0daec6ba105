"""How a job is asked for, and who makes its clips: what rows are done with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.survival.wires import PIAPI, REPLICATE, Wire

PAIRS = "/jobs/from-image-pairs"
PROMPT = "/jobs/from-prompt"


@dataclass(frozen=True)
class Way:
    name: str
    told: str
    wire: Wire
    path: str
    seconds: int
    price: Decimal
    """USD of a clip of so many seconds."""
    sign: Mapping[str, str]
    """By which its creates are known, as scripts match them."""
    wishes: Callable[[int], Mapping[str, Any]]
    """For so many clips."""
    pictured: bool = False
    filled: bool = True
    """Whether the film shows every clip; else they are variants, and it shows one."""


def _of_text(model: str, seconds: int, prompt: str) -> Callable[[int], Mapping[str, Any]]:
    return lambda clips: {"prompt": prompt, "model": model, "durationSeconds": seconds, "count": clips}


WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Way(
            "pairs",
            "image pairs, by Replicate (veo3)",
            REPLICATE,
            PAIRS,
            4,
            Decimal("0.60"),
            {"last_frame": ""},
            lambda clips: {"numPairs": clips, "clipDuration": 4},
        ),
        Way(
            "text",
            "a text, and clips that `fill` its length, by PiAPI (hunyuan fast)",
            PIAPI,
            PROMPT,
            5,
            Decimal("0.03"),
            {"prompt": "A lamp turns"},
            lambda clips: {
                "prompt": "A lamp turns",
                "model": "piapi_hunyuan_fast",
                "durationSeconds": 5 * clips,
                "fill": True,
            },
        ),
        Way(
            "picture",
            "a picture in motion, in variants (`count`), by PiAPI (wanx 14b)",
            PIAPI,
            PROMPT,
            5,
            Decimal("0.28"),
            {"prompt": "The watch ticks"},
            _of_text("piapi_wanx_14b", 5, "The watch ticks"),
            pictured=True,
            filled=False,
        ),
        Way(
            "seeded",
            "a text in variants, by a model of Replicate that takes a seed (veo3)",
            REPLICATE,
            PROMPT,
            4,
            Decimal("0.60"),
            {"prompt": "A street wakes up"},
            _of_text("veo3", 4, "A street wakes up"),
            filled=False,
        ),
        Way(
            "alike",
            "a text in variants, by one that takes none (hailuo-2.0)",
            REPLICATE,
            PROMPT,
            6,
            Decimal("0.20"),
            {"prompt": "Somebody pours coffee"},
            _of_text("hailuo-2.0", 6, "Somebody pours coffee"),
            filled=False,
        ),
    )
}
