from __future__ import annotations

from itertools import product

import pytest

from functions.studio.catalogue import Model, catalogue
from functions.studio.cut import Cut
from local.standins.replicate.inputs import models

CUTS = [
    Cut(resolution=resolution, aspect_ratio=ratio, audio=audio, quality=quality)
    for resolution, ratio, audio, quality in product(
        (None, "480p", "720p", "1080p"),
        (None, "16:9", "9:16", "1:1", "4:3", "3:4"),
        ("keep", "strip"),
        ("economy", "balanced", "premium"),
    )
]


MODELS = [model for entry in catalogue().models for model in entry.modes.values() if model.provider == "replicate"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.name}-{model.mode}")
def test_whatever_is_asked_of_the_film_the_model_takes_what_it_is_sent(model: Model) -> None:
    for cut, seconds, picture in product(CUTS, model.durations, [(1280, 720), (720, 1280)]):
        offer = model.offer(cut, seconds)
        frames = {"pair": 2, "image": 1, "text": 0}[model.mode]
        words = {
            "prompt": "Smooth",
            **dict(list({"firstFrame": "https://a.b/c", "lastFrame": "https://a.b/d"}.items())[:frames]),
            "duration": seconds,
            "aspectRatio": model.aspect_ratio(picture if frames else None, cut.aspect_ratio),
            "resolution": offer.resolution.name,
            "audio": offer.audio,
        }
        assert models()[model.slug].faults(model.request(words)) == [], (cut, seconds)
