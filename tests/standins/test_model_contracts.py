"""Whatever a job asks of an entry of the catalogue, its provider takes what is sent for it; and refuses what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest
import requests
from replicate.exceptions import ReplicateError
from runwayml import BadRequestError, RunwayML

from functions.studio.catalogue import REFERENCES, Mode, Model, catalogue
from functions.studio.cut import Cut
from functions.studio.providers import PROVIDERS
from local.standins import inputs
from local.standins.piapi import Piapi
from local.standins.piapi.inputs import models as at_piapi
from local.standins.replicate import Replicate
from local.standins.replicate.inputs import models as at_replicate
from local.standins.runway import Runway
from local.standins.runway.inputs import models as at_runway
from tests.standins.asking import client_of
from tests.standins.asking_piapi import create

CUTS = [
    Cut(resolution=resolution, aspect_ratio=ratio, audio=audio, quality=quality)
    for resolution, ratio, audio, quality in product(
        (None, "480p", "720p", "1080p"),
        (None, "16:9", "9:16", "1:1", "4:3", "3:4"),
        ("keep", "strip"),
        ("economy", "balanced", "premium"),
    )
]

FRAMES: dict[Mode, dict[str, str]] = {
    "pair": {"firstFrame": "https://a.b/c", "lastFrame": "https://a.b/d"},
    "image": {"firstFrame": "https://a.b/c"},
    "text": {},
    "still": {},
}

EVERY = [model for entry in catalogue().models for model in entry.modes.values()]

UNSERVED = {("piapi_wanx_1.3b", "image")}
"""What seed 003 names and PiAPI's pages do not have."""

SERVED = [model for model in EVERY if (model.name, model.mode) not in UNSERVED]


def named(model: Model) -> str:
    return f"{model.name}-{model.mode}"


def of(provider: str) -> list[Model]:
    return [model for model in SERVED if model.provider == provider]


def schema(model: Model) -> inputs.Model:
    match model.provider:
        case "replicate":
            return at_replicate()[model.slug]
        case "piapi":
            return at_piapi()[model.slug][model.task_type or ""]
        case "runway":
            return at_runway()[model.task_type or ""][model.slug]
    raise AssertionError(model.provider)


def asked(model: Model, cut: Cut, seconds: int, picture: tuple[int, int], **words: Any) -> dict[str, Any]:
    """What is sent for a clip, as it is for those of any job."""
    offer = model.offer(cut, seconds)
    shape = picture if FRAMES[model.mode] else None
    shown = {word: f"https://a.b/{word}" for word in REFERENCES[: model.least_references]}
    return model.request(
        {
            "prompt": "Smooth",
            "duration": seconds,
            "aspectRatio": model.aspect_ratio(shape, cut.aspect_ratio),
            "resolution": offer.resolution.name,
            "audio": offer.audio,
            "seed": 7,
            **FRAMES[model.mode],
            **shown,
            **words,
        }
    )


def wrong(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """The input at fault, by the model's name for it, and a request that has the fault."""
    good = asked(model, Cut(), model.duration(None), (1280, 720))
    yield model.inputs["prompt"], {**good, model.inputs["prompt"]: 7}
    yield "colour", {**good, "colour": "red"}
    if "duration" in model.inputs:
        yield model.inputs["duration"], {**good, model.inputs["duration"]: 61}
    if "aspectRatio" in model.inputs:
        yield model.inputs["aspectRatio"], {**good, model.inputs["aspectRatio"]: "2:7"}


@pytest.mark.parametrize("model", SERVED, ids=named)
def test_whatever_is_asked_of_the_film_the_model_takes_what_it_is_sent(model: Model) -> None:
    for cut, seconds, picture in product(CUTS, model.durations or [0], [(1280, 720), (720, 1280)]):
        assert schema(model).faults(asked(model, cut, seconds, picture)) == [], (cut, seconds)


@pytest.mark.parametrize("model", SERVED, ids=named)
def test_each_of_a_models_sizes_is_one_that_its_provider_has(model: Model) -> None:
    for size in model.resolutions:
        assert (
            schema(model).faults(
                asked(model, Cut(), (size.seconds or model.durations or [0])[0], (1280, 720), resolution=size.name)
            )
            == []
        )


@pytest.mark.parametrize("model", [one for one in SERVED if one.mode == "still"], ids=named)
def test_a_still_is_made_whatever_number_of_pictures_it_is_to_look_like_and_of_every_size(model: Model) -> None:
    words = {word: f"https://a.b/{word}" for word in REFERENCES}
    for many in range(model.least_references, model.references + 1):
        shown = {word: words[word] for word in REFERENCES[:many]}
        request = asked(model, Cut(), 0, (1280, 720), **shown)
        assert schema(model).faults(request) == []
        assert len(list(schema(model).sources(request))) == many
    for size in model.resolutions:
        for ratio in (*model.aspect_ratios, *size.more):
            assert (
                schema(model).faults(asked(model, Cut(), 0, (1280, 720), aspectRatio=ratio, resolution=size.name)) == []
            )


@pytest.mark.parametrize("model", [one for one in SERVED if one.least_references], ids=named)
def test_a_model_that_needs_a_picture_is_refused_without_one(model: Model) -> None:
    bare = {path: value for path, value in asked(model, Cut(), 0, (1280, 720)).items() if path != "referenceImages"}
    [fault] = schema(model).faults(bare)
    assert "referenceImages" in fault["description"]


@pytest.fixture(scope="module")
def replicate_service() -> Iterator[Replicate]:
    standin = Replicate().start()
    yield standin
    standin.stop()


@pytest.fixture(scope="module")
def piapi_service() -> Iterator[Piapi]:
    standin = Piapi().start()
    yield standin
    standin.stop()


@pytest.mark.parametrize("model", of("replicate"), ids=named)
def test_replicate_refuses_what_the_model_does_not_take_and_names_it(
    replicate_service: Replicate, model: Model
) -> None:
    for field, request in wrong(model):
        with pytest.raises(ReplicateError) as refused:
            client_of(replicate_service).models.predictions.create(model.slug, request)
        assert refused.value.status == 422
        assert field in str(refused.value.detail)


@pytest.mark.parametrize("model", of("piapi"), ids=named)
def test_piapi_refuses_what_the_model_does_not_take_and_names_it(piapi_service: Piapi, model: Model) -> None:
    for field, request in wrong(model):
        answer = create(piapi_service, model.slug, model.task_type or "", request)
        assert (answer.status_code, answer.json()["code"]) == (400, 400)
        assert field in answer.json()["message"]
    assert requests.get(f"{piapi_service.url}/_predictions", timeout=10).json() == []


@pytest.fixture(scope="module")
def runway_service() -> Iterator[Runway]:
    standin = Runway().start()
    yield standin
    standin.stop()


@pytest.mark.parametrize("model", of("runway"), ids=named)
def test_runway_refuses_what_the_model_does_not_take_and_names_it(runway_service: Runway, model: Model) -> None:
    client = RunwayML(api_key="any", base_url=runway_service.url, max_retries=0)
    for field, request in wrong(model):
        with pytest.raises(BadRequestError) as refused:
            client.post(f"/v1/{model.task_type}", body={"model": model.slug, **request}, cast_to=httpx.Response)
        assert field in str(refused.value.body)
    assert requests.get(f"{runway_service.url}/_predictions", timeout=10).json() == []


@pytest.mark.parametrize(("name", "mode"), sorted(UNSERVED))
def test_what_only_the_seed_knows_is_refused_marked_unconfirmed_and_has_a_successor(
    piapi_service: Piapi, name: str, mode: Mode
) -> None:
    model = catalogue().model(name, mode)
    answer = create(piapi_service, model.slug, model.task_type or "", asked(model, Cut(), 5, (1280, 720)))
    assert answer.status_code == 400
    assert f"task_type {model.task_type}" in answer.json()["message"]
    assert not model.confirmed
    assert [catalogue().find(one, mode) in SERVED for one in model.successors] == [True]


def test_models_can_be_had_of_the_providers_that_there_are_and_of_no_other() -> None:
    there = {name for name, supplier in catalogue().providers.items() if supplier.missing is None}
    assert there == set(PROVIDERS)


@pytest.mark.parametrize("model", EVERY, ids=named)
def test_every_entry_names_the_source_of_its_price_and_the_day(model: Model) -> None:
    assert len(model.source) > 10
    assert "could not be confirmed" not in model.source or not model.confirmed
