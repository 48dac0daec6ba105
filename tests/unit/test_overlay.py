from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.catalogue import catalogue
from functions.studio.overlay import overlaid

OURS: dict[str, Any] = {
    "name": "ours-1",
    "title": "Ours",
    "provider": "replicate",
    "slug": "acme/ours",
    "quality": 60,
    "typicalSeconds": 30,
    "durations": [5],
    "defaultDuration": 5,
    "aspectRatios": ["16:9"],
    "resolutions": [{"name": "720p", "side": 720, "price": {"unit": "clip", "usd": 0.15}}],
    "audio": False,
    "inputs": {"prompt": "prompt", "firstFrame": "image"},
    "source": "our contract",
    "date": "2026-11-21",
    "confirmed": True,
    "modes": {"text": {}, "image": {"inputs": {"prompt": "text", "firstFrame": "image"}}},
}


def document(*models: dict[str, Any]) -> bytes:
    return json.dumps({"models": models}).encode()


def test_what_is_said_of_a_model_is_laid_over_what_the_release_says() -> None:
    made = overlaid(document({"name": "veo3", "slug": "google/veo-4", "modes": {"text": {"promptLimit": 50}}}))
    before, after = catalogue().model("veo3", "pair"), made.model("veo3", "pair")
    assert after == before.model_copy(update={"slug": "google/veo-4"})
    assert made.model("veo3", "text").prompt_limit == 50
    assert [one.name for one in made.models] == [one.name for one in catalogue().models], "in the same order"


def test_what_is_null_is_taken_away() -> None:
    made = overlaid(document({"name": "gen3a_turbo", "retired": None}))
    assert made.model("gen3a_turbo", "pair").state(date(2026, 12, 1)) == "current"


def test_a_model_that_the_release_does_not_know_is_added_in_each_of_its_modes() -> None:
    made = overlaid(document(OURS))
    assert made.model("ours-1", "text").resolutions[0].price.usd == Decimal("0.15")
    assert made.model("ours-1", "image").request({"prompt": "A", "firstFrame": "u"}) == {"text": "A", "image": "u"}
    assert made.find("ours-1", "pair") is None
    assert {name for name, _ in made.named()} - {name for name, _ in catalogue().named()} == {"ours-1"}


WRONG = [
    (b"{", "the document: Invalid JSON"),
    (b"\xff", "the document: Invalid JSON"),
    (b"[]", "the document: Input should be an object"),
    (b"{}", "models: Field required"),
    (b'{"models": [], "modles": []}', "modles: Extra inputs"),
    (document({"slug": "x"}), "models.0.name: Field required"),
    (document({"name": "a b"}), "models.0.name: String should match"),
    (document({"name": "new"}), "new: Value error, an entry is an object with modes"),
    (document({"name": "new", "modes": {}}), "new.modes: Dictionary should have at least 1 item"),
    (document({"name": "new", "modes": {"pair": 1}}), "new.modes.pair: Input should be"),
    (document({**OURS, "quality": 101}), "ours-1.modes.text.quality: Input should be less than"),
    (document({**OURS, "slgu": "x"}), "ours-1.modes.text.slgu: Extra inputs"),
    (document({**OURS, "durations": [10, 5]}), "durations must be ascending"),
    (document({**OURS, "defaultDuration": 6}), "defaultDuration must be one of durations"),
    (document({**OURS, "otherRatios": "1:1"}), "otherRatios must be one of aspectRatios"),
    (document({**OURS, "aspectRatios": []}), "mode text needs aspectRatios"),
    (document({**OURS, "aspectRatios": ["16x9"]}), "ours-1.modes.text.aspectRatios.0: String should match"),
    (document({**OURS, "inputs": {"firstFrame": "image"}}), "mode text needs inputs for prompt"),
    (document({**OURS, "fixed": {"image": 1}, "modes": {"image": {"inputs": {"prompt": "p", "firstFrame": "image.url"}}}}),
     "a path in inputs leads through"),
    (document({**OURS, "resolutions": [{**OURS["resolutions"][0], "seconds": [6]}]}), "no resolution is made for 5"),
    (document({**OURS, "resolutions": [{"name": "x", "side": 1, "price": {"unit": "clip", "usd": -1}}]}),
     "ours-1.modes.text.resolutions.0.price.usd: Input should be greater"),
    (document({**OURS, "durations": [0, 5]}), "ours-1.modes.text.durations.0: Input should be greater"),
    (document({**OURS, "resolutions": [{"name": "x", "side": 1, "price": {"unit": "clip", "usd": "1e40"}}]}),
     "ours-1.modes.text.resolutions.0.price.usd: Input should be less"),
    (document({**OURS, "resolutions": [{"name": "x", "side": 1, "price": {"unit": "clip", "usd": "0." + 40 * "1"}}]}),
     "ours-1.modes.text.resolutions.0.price.usd: Decimal input should have no more than 6"),
    (document({**OURS, "resolutions": 2 * OURS["resolutions"]}), "resolutions must have different names"),
    (document({**OURS, "slug": ""}), "ours-1.modes.text.slug: String should have at least 1"),
    (document({**OURS, "inputs": {"prompt": ""}}), "ours-1.modes.text.inputs.prompt: String should have at least 1"),
    (document({**OURS, "inputs": {"prompt": "text", "seed": "text"}}), "two words cannot be told in one place"),
    (document({**OURS, "provider": "piapi"}), "ours-1: its provider wants a taskType for the mode text"),
    (document({"name": "veo3", "provider": "nobody"}), "veo3: provider must be one of replicate"),
    (document({"name": "veo3", "successors": ["nobody"]}), "veo3: nobody cannot be its successor"),
    (document({"name": "veo3", "successors": ["veo3"]}), "veo3: veo3 cannot be its successor"),
    (document({"name": "veo3", "modes": {"pair": None}}), "veo3 cannot lose its mode pair: it can be retired"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "fault"), WRONG, ids=[fault for _, fault in WRONG])
def test_what_is_wrong_with_a_document_is_said_by_the_models_name(said: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        overlaid(said)
