"""How a job is asked for, and who makes its clips: what rows are done with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tests.survival.wires import PIAPI, REPLICATE, RUNWAY, Wire

PAIRS = "/jobs/from-image-pairs"
PROMPT = "/jobs/from-prompt"
SCENES = "/jobs/from-scenes"
LISTINGS = "/jobs/from-listing"
LISTED = "listings"


@dataclass(frozen=True)
class Way:
    name: str
    told: str
    wire: Wire
    """Of who makes clips, if they are made."""
    path: str
    seconds: int
    price: Decimal
    """USD of a clip of so many seconds, all its stages together."""
    sign: Mapping[str, str]
    """By which its creates are known, as scripts match them: those of the stage that rows strike."""
    wishes: Callable[[int], Mapping[str, Any]]
    """For so many clips; of scenes, but for what names them."""
    pictured: bool = False
    filled: bool = True
    """Whether the film shows every clip; else they are variants, and it shows one."""
    stage: str = "video"
    """Where rows strike; the other one, if there is one, goes well."""
    beside: Mapping[str, str] | None = None
    """The same as `sign`, of the other stage."""
    beside_price: Decimal = Decimal(0)

    @property
    def struck(self) -> Decimal:
        """USD of an attempt at the stage that rows strike."""
        return self.price - self.beside_price

    @property
    def before(self) -> Decimal:
        """USD that is paid for a clip of which that stage comes to nothing."""
        return self.beside_price if self.stage == "video" else Decimal(0)

    @property
    def stages(self) -> int:
        return 1 if self.beside is None else 2

    def words(self, stage: str, number: int | None = None) -> str:
        """What the prompt of a scene's stage says; of all scenes without a number."""
        said = {"image": f"{self.name}: a lamp on a desk", "video": f"{self.name}: the lamp is lit"}[stage]
        return said if number is None else f"{said}, {number:04}"


def _of_text(model: str, seconds: int, prompt: str) -> Callable[[int], Mapping[str, Any]]:
    return lambda clips: {"prompt": prompt, "model": model, "durationSeconds": seconds, "count": clips}


def _of_scenes(
    name: str, told: str, wire: Wire, models: tuple[str, str], prices: tuple[str, str], word: str, stage: str
) -> Way:
    """`models` and `prices` are of the picture and of the video."""
    other = "image" if stage == "video" else "video"
    image, video = (Decimal(price) for price in prices)
    way = Way(
        name,
        told,
        wire,
        SCENES,
        4,
        image + video,
        {},
        lambda clips: {"imageModel": models[0], "model": models[1]},
        stage=stage,
        beside_price=image if stage == "video" else video,
    )
    return replace(way, sign={word: way.words(stage)}, beside={word: way.words(other)})


FLUX_AND_VEO = ("flux-1.1-pro", "veo3"), ("0.04", "0.60"), "prompt"
GEN4 = ("gen4_image", "gen4_turbo"), ("0.08", "0.20"), "promptText"

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
        _of_scenes(
            "scenes",
            "scenes, by Replicate (flux-1.1-pro, then veo3), struck at the videos of their pictures",
            REPLICATE,
            *FLUX_AND_VEO,
            "video",
        ),
        _of_scenes("stills", "the same, struck at the pictures", REPLICATE, *FLUX_AND_VEO, "image"),
        _of_scenes(
            "polled",
            "scenes, by Runway (gen4_image, then gen4_turbo), which calls nobody back, struck at the videos",
            RUNWAY,
            *GEN4,
            "video",
        ),
        _of_scenes("polled stills", "the same, struck at the pictures", RUNWAY, *GEN4, "image"),
        Way(
            LISTED,
            "a listing's film, written, spoken and timed by OpenAI, its pictures moved by ourselves",
            REPLICATE,
            LISTINGS,
            4,
            Decimal(0),
            {},
            lambda clips: {
                "title": "Aurora desk lamp",
                "description": "A lamp of brushed brass with warm light. It dims by touch.",
                "category": "home",
                "price": 79,
                "durationSeconds": 5,
                "resolution": "480p",
            },
        ),
    )
}
