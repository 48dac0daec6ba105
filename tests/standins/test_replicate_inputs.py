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


@pytest.mark.parametrize("model", catalogue().models, ids=lambda model: model.name)
def test_whatever_is_asked_of_the_film_the_model_takes_what_it_is_sent_for_a_pair(model: Model) -> None:
    for cut, step, picture in product(CUTS, model.durations, [(1280, 720), (720, 1280)]):
        offer = model.offer(cut, step.use)
        words = {
            "prompt": "Smooth",
            "firstFrame": "https://a.b/c",
            "lastFrame": "https://a.b/d",
            "duration": step.use,
            "aspectRatio": model.aspect_ratio(*picture, cut.aspect_ratio),
            "resolution": offer.resolution.name,
            "audio": offer.audio,
        }
        assert models()[model.slug].faults(model.request(words)) == [], (cut, step.use)
