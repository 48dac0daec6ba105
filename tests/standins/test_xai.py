import base64
import io
import json
import threading
from typing import Any, Literal

import numpy as np
import openai
import pytest
import requests
from jsonschema import Draft202012Validator
from openai import OpenAI
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from local.standins.xai import Xai
from tests.standins.conftest import Host, a_picture

MODEL = "grok-4.3"


class Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    image1AssetId: str  # noqa: N815  # the wire's own name
    image2AssetId: str  # noqa: N815  # the wire's own name
    score: float
    reason: str


class Selection(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pairs: list[Pair]


def client_of(xai: Xai, key: str = "xai-any") -> OpenAI:
    return OpenAI(api_key=key, base_url=f"{xai.url}/v1", max_retries=0)


def shown(urls: dict[str, str], words: str = "Choose the pairs.") -> list[Any]:
    parts: list[Any] = [{"type": "text", "text": words}]
    for asset, url in urls.items():
        parts += [
            {"type": "text", "text": f"asset {asset}: picture {asset}"},
            {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        ]
    return [{"role": "system", "content": "You choose pairs."}, {"role": "user", "content": parts}]


def asked_with(schema: dict[str, Any]) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "selection", "strict": True, "schema": schema}}


def plain(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((90, 160, 3), colour, np.uint8)).save(out, "PNG")
    return out.getvalue()


PAIRS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pairs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "image1AssetId": {"type": "string"},
                    "image2AssetId": {"type": "string"},
                    "score": {"type": "number", "minimum": 0, "maximum": 1},
                    "reason": {"type": "string"},
                },
                "required": ["image1AssetId", "image2AssetId", "score", "reason"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["pairs"],
    "additionalProperties": False,
}


def with_bounds(**bounds: int) -> dict[str, Any]:
    return {**PAIRS, "properties": {"pairs": {**PAIRS["properties"]["pairs"], **bounds}}}


def pairs_of(xai: Xai, schema: dict[str, Any], messages: list[Any]) -> list[dict[str, Any]]:
    answer = client_of(xai).chat.completions.create(model=MODEL, messages=messages, response_format=asked_with(schema))
    chosen = json.loads(answer.choices[0].message.content or "")
    assert list(Draft202012Validator(schema).iter_errors(chosen)) == []
    return chosen["pairs"]


def test_pairs_follow_the_pictures_likeness_through_the_sdks_own_parsing(xai: Xai, host: Host) -> None:
    colours = {
        "red": (200, 30, 30),
        "night": (10, 10, 60),
        "rose": (220, 90, 90),
        "navy": (20, 30, 110),
        "pink": (240, 150, 150),
    }
    urls = {name: host.serve(f"{name}.png", plain(colour)) for name, colour in colours.items()}
    answer = client_of(xai).chat.completions.parse(model=MODEL, messages=shown(urls), response_format=Selection)
    chosen = answer.choices[0].message.parsed
    assert chosen is not None
    steps = [(pair.image1AssetId, pair.image2AssetId) for pair in chosen.pairs]
    path = [steps[0][0], *(after for _, after in steps)]
    cool, warm = (path[:2], path[2:]) if "navy" in path[:2] else (path[3:], path[:3])
    assert set(cool) == {"night", "navy"}
    assert warm in (["red", "rose", "pink"], ["pink", "rose", "red"])
    assert all(0 <= pair.score <= 1 for pair in chosen.pairs)
    assert all("%" in pair.reason for pair in chosen.pairs)
    assert sorted(host.asked) == sorted(f"/{name}.png" for name in colours), "every picture is fetched, once"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens > 5 * 256


@pytest.mark.parametrize(
    ("bounds", "count"), [({}, 4), ({"maxItems": 2}, 2), ({"minItems": 6, "maxItems": 6}, 6), ({"minItems": 10}, 10)]
)
def test_the_schemas_bounds_decide_how_many_pairs_there_are(
    xai: Xai, host: Host, bounds: dict[str, int], count: int
) -> None:
    urls = {f"p{n}": host.serve(f"{n}.jpg", a_picture(n)) for n in range(5)}
    chosen = pairs_of(xai, with_bounds(**bounds), shown(urls))
    assert len({frozenset((pair["image1AssetId"], pair["image2AssetId"])) for pair in chosen}) == len(chosen) == count
    if count < 4:
        assert chosen[0]["image2AssetId"] == chosen[1]["image1AssetId"], "few pairs follow each other"


def test_a_number_of_pairs_asked_for_in_words_is_kept(xai: Xai, host: Host) -> None:
    urls = {f"p{n}": host.serve(f"{n}.jpg", a_picture(n)) for n in range(4)}
    assert len(pairs_of(xai, PAIRS, shown(urls, "Choose exactly 2 pairs."))) == 2


def test_any_strict_schema_gets_a_valid_answer(xai: Xai, host: Host) -> None:
    class Mood(BaseModel):
        word: Literal["calm", "loud"]
        weight: int = Field(ge=3, le=5)
        share: float = Field(gt=0.5, lt=0.75)

    class Step(BaseModel):
        image1AssetId: Literal["a", "b"]  # noqa: N815  # the wire's own name
        image2AssetId: Literal["a", "b"]  # noqa: N815  # the wire's own name
        rationale: str = Field(min_length=10, max_length=40)
        mood: Mood | None
        tags: list[str] = Field(min_length=2, max_length=3)

    class Plan(BaseModel):
        pairs: list[Step]
        summary: str
        usable: bool
        closing: Step

    urls = {name: host.serve(f"{name}.jpg", a_picture(n)) for n, name in enumerate("ab")}
    answer = client_of(xai).chat.completions.parse(model=MODEL, messages=shown(urls), response_format=Plan)
    plan = answer.choices[0].message.parsed
    assert plan is not None
    assert {plan.pairs[0].image1AssetId, plan.pairs[0].image2AssetId} == {"a", "b"}
    assert "2 pictures" in plan.summary


def test_a_recursive_schema_is_answered(xai: Xai, host: Host) -> None:
    node = {
        "type": "object",
        "properties": {"note": {"type": "string"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["note", "next"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"pairs": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "$defs": {"node": node},
    }
    urls = {name: host.serve(f"{name}.jpg", a_picture(n)) for n, name in enumerate("ab")}
    assert len(pairs_of(xai, schema, shown(urls))) == 1


def test_data_uris_are_looked_at_like_urls(xai: Xai) -> None:
    urls = {str(n): "data:image/jpeg;base64," + base64.b64encode(a_picture(n)).decode() for n in range(3)}
    assert len(pairs_of(xai, PAIRS, shown(urls))) == 2


def test_without_a_schema_the_answer_is_words(xai: Xai, host: Host) -> None:
    urls = {name: host.serve(f"{name}.jpg", a_picture(n)) for n, name in enumerate("ab")}
    answer = client_of(xai).chat.completions.create(model=MODEL, messages=shown(urls))
    assert "picture a" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (None, "404"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "decode"),
        (a_picture(1, kind="WEBP"), "WEBP"),
        (a_picture(1, kind="GIF"), "GIF"),
        (a_picture(1)[:900], "decode"),
        (a_picture(1) + bytes(20 * 2**20), "larger"),
    ],
    ids=["missing", "svg", "webp", "gif", "truncated", "too large"],
)
def test_a_picture_that_xai_would_refuse_is_400_and_named(xai: Xai, host: Host, page: bytes | None, told: str) -> None:
    url = host.serve("it.jpg", page) if page else f"{host.url}/it.jpg"
    with pytest.raises(openai.BadRequestError) as refused:
        pairs_of(xai, PAIRS, shown({"good": host.serve("good.jpg", a_picture(2)), "bad": url + "?secret=1"}))
    assert "bad" in refused.value.message
    assert told in refused.value.message
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("model", ["grok-4-1-fast-non-reasoning", "grok-3", "gpt-4o"])
def test_retired_and_unknown_models_are_404(xai: Xai, model: str) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client_of(xai).chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}])
    assert refused.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client_of(xai).models.retrieve(model)


def test_the_models_served_are_listed(xai: Xai) -> None:
    assert MODEL in {model.id for model in client_of(xai).models.list()}


def test_a_missing_or_wrong_key_is_401() -> None:
    xai = Xai(token="xai-right").start()
    assert requests.get(f"{xai.url}/v1/models", timeout=10).status_code == 401
    with pytest.raises(openai.AuthenticationError):
        client_of(xai, "xai-wrong").models.list()
    assert client_of(xai, "xai-right").models.list().data
    xai.stop()


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {"pairs": {"type": "lists"}}},
        {"type": "object", "properties": {"pairs": {"$ref": "#/$defs/none"}}},
        {"type": "object", "properties": {"word": {"type": "string", "pattern": "^[0-9]{4}$"}}},
    ],
)
def test_a_malformed_or_unanswerable_schema_is_400(xai: Xai, schema: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(xai).chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "hello"}], response_format=asked_with(schema)
        )
    assert refused.value.param == "response_format"


@pytest.mark.parametrize(
    "body",
    [
        {"model": MODEL},
        {"model": MODEL, "messages": []},
        {"model": MODEL, "messages": [{"role": "user", "content": [{"type": "audio"}]}]},
        {"messages": [{"role": "user", "content": "hello"}]},
        {"model": MODEL, "messages": [{"role": "wizard", "content": "hello"}]},
    ],
)
def test_a_request_that_is_not_understood_is_400(xai: Xai, body: Any) -> None:
    url, headers = f"{xai.url}/v1/chat/completions", {"authorization": "Bearer x"}
    answer = requests.post(url, json=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_the_log_shows_the_request_as_it_came_and_others_are_answered_meanwhile(xai: Xai) -> None:
    requests.post(f"{xai.url}/_script", json=[{"match": {"model": MODEL}, "do": "slow", "seconds": 4}], timeout=10)
    hello: list[Any] = [{"role": "user", "content": "hello"}]
    slow = threading.Thread(target=lambda: client_of(xai).chat.completions.create(model=MODEL, messages=hello))
    slow.start()
    client_of(xai).models.list()
    log = requests.get(f"{xai.url}/_log", timeout=10).json()
    assert slow.is_alive()
    slow.join()
    assert {entry["path"]: entry["body"] for entry in log}["/v1/models"] is None
    requests.post(f"{xai.url}/_reset", timeout=10)
    assert requests.get(f"{xai.url}/_log", timeout=10).json() == []
