"""xAI's HTTP API, as far as the OpenAI SDK speaks it: chat completions with pictures and structured answers."""

import json
import math
import re
import secrets
import time
from collections.abc import Callable, Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from local.standins import pictures
from local.standins.service import Dropped, Route, StandIn, Throttled, json_response
from local.standins.xai import answers
from local.standins.xai.continuity import Seen, choose_pairs

MAX_PICTURE_BYTES = 20 * 2**20
# A picture is cut into tiles of 448×448, and one more shows the whole.
TILE, TOKENS_A_TILE, MOST_TILES = 448, 256, 6
_WISH = re.compile(r"\bexactly (\d+) pairs?\b")
_KINDS = {429: "rate_limit_error", 503: "server_error"}
_ASSET = re.compile(r"asset (?P<id>[^\s:]+):\s*(?P<name>[^\n]*)")

MODELS: Mapping[str, list[str]] = json.loads(Path(__file__).with_name("models.json").read_text())


@dataclass(frozen=True)
class Reply:
    content: str | None
    refusal: str | None = None
    finish_reason: str = "stop"


class Refusal(HTTPException):
    """An error in OpenAI's envelope."""

    def __init__(
        self, status: int, message: str, *, kind: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class Xai(StandIn):
    """`refuse_loopback`: pictures at private addresses cannot be reached, as from the real service."""

    verbs = (
        "throttle",
        "server_error",
        "lose_answer",
        "slow",
        "fail",
        "refuse",
        "serve",
        "truncate_output",
        "corrupt_output",
    )

    def __init__(self, port: int = 0, *, token: str | None = None, refuse_loopback: bool = False) -> None:
        super().__init__(port)
        self._token = token
        self._refuse_loopback = refuse_loopback

    def routes(self) -> list[Route]:
        guarded: list[Route] = [
            ("POST", "/v1/chat/completions", self._complete),
            ("GET", "/v1/models", self._list_models),
            ("GET", "/v1/models/<id>", self._get_model),
        ]
        return [(method, path, self._with_key(answer)) for method, path, answer in guarded]

    def problem(self, error: HTTPException) -> Response:
        if not isinstance(error, Refusal):
            status = error.code or 500
            error = Refusal(status, _told(error), kind=_KINDS.get(status, "invalid_request_error"))
        return json_response(error.body, error.code or 500)

    def _with_key(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(request: Request, **arguments: str) -> Response:
            kind, _, key = request.headers.get("authorization", "").partition(" ")
            if kind != "Bearer" or not key.strip() or self._token not in (None, key.strip()):
                message = "Incorrect or missing API key. You can obtain an API key from the console."
                raise Refusal(401, message, kind="authentication_error", code="invalid_api_key")
            return answer(request, **arguments)

        return guarded

    def _list_models(self, request: Request) -> Response:
        return json_response({"object": "list", "data": [_model(name) for name in MODELS["served"]]})

    def _get_model(self, request: Request, id: str) -> Response:
        _demand_model(id)
        return json_response(_model(id))

    def _complete(self, request: Request) -> Response:
        body = _read_body(request)
        _demand_model(body["model"])
        schema = _schema(body.get("response_format"))
        texts, shown = _read_messages(body["messages"])
        orders = self.take_orders({**body, "prompt": "\n".join(texts)})
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(self._look, shown))
        if slow := orders.get("slow"):
            time.sleep(slow.wait)
        if "lose_answer" in orders:
            return Dropped()
        if "fail" in orders:
            raise Refusal(500, "The service failed to answer. Please try again.", kind="server_error")
        serve = orders.get("serve")
        content = serve.file.read_text("utf-8", "replace") if serve and serve.file else _content(schema, seen, texts)
        return json_response(_completion(body["model"], _reply(content, orders), texts, seen))

    def _look(self, shown: tuple[str, str, str]) -> Seen:
        asset, name, url = shown
        try:
            raw = pictures.fetch(url, public_only=self._refuse_loopback, max_bytes=MAX_PICTURE_BYTES)
            picture = pictures.decode(raw)
        except pictures.PictureError as error:
            _refuse(f"Image of {asset}: {error}", "messages")
        if picture.format not in ("JPEG", "MPO", "PNG"):
            _refuse(f"Image of {asset}: {picture.format} is not supported, only JPEG and PNG are", "messages")
        return Seen(asset, name, picture)


def _told(error: HTTPException) -> str:
    words = error.description or error.name
    return f"{words} Please try again in {error.wait}s." if isinstance(error, Throttled) and error.wait else words


def _refuse(message: str, param: str) -> NoReturn:
    raise Refusal(400, message, kind="invalid_request_error", param=param)


def _demand_model(id: str) -> None:
    if id in MODELS["served"]:
        return
    why = "has been retired" if id in MODELS["retired"] else "does not exist or your team does not have access to it"
    raise Refusal(404, f"The model {id} {why}.", kind="invalid_request_error", code="model_not_found", param="model")


def _model(id: str) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": 0, "owned_by": "xai"}


def _read_body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        _refuse("The request body is not valid JSON", "body")
    if not isinstance(body, dict):
        _refuse("The request body is not a JSON object", "body")
    if not isinstance(body.get("model"), str):
        _refuse("model is missing", "model")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        _refuse("messages is missing or empty", "messages")
    if body.get("stream"):
        _refuse("streaming is not stood in for", "stream")
    return body


def _schema(response_format: Any) -> dict[str, Any] | None:
    """The schema that the answer must fit, or None for an answer in words."""
    if response_format is None or response_format == {"type": "text"}:
        return None
    named = response_format.get("json_schema") if isinstance(response_format, dict) else None
    if not isinstance(named, dict) or response_format.get("type") != "json_schema" or not named.get("name"):
        _refuse("response_format must be of type text or json_schema, with a name and a schema", "response_format")
    schema = named.get("schema")
    try:
        answers.check(schema)
    except answers.UnusableSchema as error:
        _refuse(f"Invalid schema for response_format {named['name']!r}: {error}", "response_format")
    assert isinstance(schema, dict)
    return schema


def _read_messages(messages: list[Any]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """All texts, and (asset id, name, URL) of each picture; the text part `asset <id>: <name>` before a picture names it."""
    texts: list[str] = []
    shown: list[tuple[str, str, str]] = []
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ("system", "user", "assistant", "developer"):
            _refuse("a message needs a role: system, user or assistant", "messages")
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            _refuse("a message's content is a text or a list of parts", "messages")
        label = None
        for part in parts:
            match part:
                case {"type": "text", "text": str(text)}:
                    texts.append(text)
                    label = list(_ASSET.finditer(text))[-1:]
                case {"type": "image_url", "image_url": {"url": str(url)}}:
                    number = len(shown) + 1
                    asset, name = (label[0]["id"], label[0]["name"].strip()) if label else (f"image-{number}", "")
                    shown.append((asset, name or asset, url))
                    label = None
                case _:
                    _refuse("a part is a text or an image_url", "messages")
    return texts, shown


def _content(schema: dict[str, Any] | None, seen: list[Seen], texts: list[str]) -> str:
    try:
        least, most = answers.array_bounds(schema, "pairs") if schema else (None, None)
    except answers.UnusableSchema as error:
        _refuse(f"Invalid schema for response_format: {error}", "response_format")
    if wishes := _WISH.findall("\n".join(texts)):
        # the real model reads what it is asked for in words, and its schemas take no lengths of arrays
        least = most = int(wishes[-1])
    pairs = choose_pairs(seen, least, most)
    mean = round(sum(pair.score for pair in pairs) / len(pairs), 3) if pairs else 0.0
    summary = (
        f"I looked at {len(seen)} pictures; along this order they agree by {round(mean * 100)} % from one to the next."
    )
    if schema is None:
        return " ".join([summary, *(pair.reason for pair in pairs)])
    known = {
        "*": summary,
        "#": mean,
        "pairs": [
            {
                "*": pair.reason,
                "#": pair.score,
                "image1AssetId": pair.first.id,
                "image2AssetId": pair.second.id,
                "score": pair.score,
                "reason": pair.reason,
            }
            for pair in pairs
        ],
    }
    try:
        return json.dumps(answers.answer(schema, known))
    except answers.UnusableSchema as error:
        _refuse(f"Invalid schema for response_format: {error}", "response_format")


def _reply(content: str, verbs: Container[str]) -> Reply:
    """What is said of the content under a script; `truncate_output` is an answer that reached its limit of length."""
    if "refuse" in verbs:
        return Reply(None, refusal="I can't help with these pictures.")
    if "truncate_output" in verbs:
        return Reply(content[: len(content) // 2], finish_reason="length")
    if "corrupt_output" in verbs:
        return Reply(content.replace('":', '"='))
    return Reply(content)


def _completion(model: str, reply: Reply, texts: list[str], seen: list[Seen]) -> dict[str, Any]:
    text, image = sum(map(_tokens, texts)), sum(_image_tokens(s) for s in seen)
    out = _tokens(reply.content or reply.refusal or "")
    return {
        "id": secrets.token_hex(16),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.content, "refusal": reply.refusal},
                "finish_reason": reply.finish_reason,
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": text + image,
            "completion_tokens": out,
            "total_tokens": text + image + out,
            "prompt_tokens_details": {
                "text_tokens": text,
                "image_tokens": image,
                "audio_tokens": 0,
                "cached_tokens": 0,
            },
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
    }


def _tokens(text: str) -> int:
    return math.ceil(len(text) / 4)


def _image_tokens(seen: Seen) -> int:
    width, height = seen.picture.size
    return (min(MOST_TILES, math.ceil(width / TILE) * math.ceil(height / TILE)) + 1) * TOKENS_A_TILE
