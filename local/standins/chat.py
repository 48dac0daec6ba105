"""OpenAI's wire protocol, as far as the OpenAI SDK speaks it to several services: keys, errors, models, chat completions."""

from __future__ import annotations

import json
import math
import re
import secrets
import time
from abc import abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, NamedTuple, NoReturn

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from local.standins import answers
from local.standins.service import Route, StandIn, Throttled, json_response, obeyed

_ASSET = re.compile(r"asset (?P<id>[^\s:]+):\s*(?P<name>[^\n]*)")

Models = Mapping[str, str | None]
"""The models of one kind, and of each the first day on which it is gone; None where none has been named."""


class Refusal(HTTPException):
    """An error in OpenAI's envelope."""

    def __init__(
        self, status: int, message: str, *, kind: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class Shown(NamedTuple):
    """A picture of a conversation."""

    id: str
    name: str
    url: str


class Asked(NamedTuple):
    """A request for a completion; without a schema it is to be answered in words."""

    schema: dict[str, Any] | None
    texts: list[str]
    shown: list[Shown]


class Said(NamedTuple):
    content: str
    image_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    content: str | None
    refusal: str | None = None
    finish_reason: str = "stop"


class Words(NamedTuple):
    """In which a service says the same as the others."""

    no_key: str
    wrong_key: str
    unknown_model: str
    gone_model: str
    refusal: str
    throttled: str
    throttled_type: str
    throttled_code: str | None = None
    key_type: str = "invalid_request_error"
    model_param: str | None = None


class ChatStandIn(StandIn):
    """`token` is the only key that is taken, else any; `day` the one on which it is asked, else today."""

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
    owner: ClassVar[str]
    words: ClassVar[Words]
    models: ClassVar[Mapping[str, Models]]
    """By what they are for: `chat`, and whatever else the service has."""

    def __init__(self, port: int = 0, *, token: str | None = None, day: date | None = None) -> None:
        super().__init__(port)
        self._token = token
        self._day = day

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """What is said to a conversation, fit for its schema."""

    def more_routes(self) -> list[Route]:
        """What the service has beside chat."""
        return []

    def check_schema(self, schema: Mapping[str, Any], name: str) -> None:
        """Refuses one that is JSON Schema, but not to the service's taste."""

    def routes(self) -> list[Route]:
        guarded: list[Route] = [
            ("POST", "/v1/chat/completions", self._complete),
            ("GET", "/v1/models", self._list_models),
            ("GET", "/v1/models/<id>", self._get_model),
            *self.more_routes(),
        ]
        return [(method, path, self._with_key(answer)) for method, path, answer in guarded]

    def problem(self, error: HTTPException) -> Response:
        if isinstance(error, Throttled):
            wait = f" Please try again in {error.wait}s." if error.wait else ""
            told = Refusal(
                429, self.words.throttled + wait, kind=self.words.throttled_type, code=self.words.throttled_code
            )
        elif isinstance(error, Refusal):
            told = error
        else:
            status = error.code or 500
            kind = "server_error" if status >= 500 else "invalid_request_error"
            told = Refusal(status, error.description or error.name, kind=kind)
        return json_response(told.body, told.code or 500)

    def demand_model(self, id: str, purpose: str) -> None:
        """Refuses one that is not there for this purpose, or no longer."""
        models = self.models[purpose]
        if id in models and not self._is_gone(models[id]):
            return
        what = self.words.gone_model if id in models else self.words.unknown_model
        message = what.format(id=id)
        param = self.words.model_param
        raise Refusal(404, message, kind="invalid_request_error", code="model_not_found", param=param)

    def _is_gone(self, on: str | None) -> bool:
        return on is not None and date.fromisoformat(on) <= (self._day or datetime.now(UTC).date())

    def _with_key(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(request: Request, **arguments: str) -> Response:
            kind, _, key = request.headers.get("authorization", "").partition(" ")
            if kind != "Bearer" or not key.strip():
                raise Refusal(401, self.words.no_key, kind=self.words.key_type)
            if self._token not in (None, key.strip()):
                raise Refusal(401, self.words.wrong_key, kind=self.words.key_type, code="invalid_api_key")
            return answer(request, **arguments)

        return guarded

    def _list_models(self, request: Request) -> Response:
        served = {one for models in self.models.values() for one, on in models.items() if not self._is_gone(on)}
        return json_response({"object": "list", "data": [self._model(one) for one in sorted(served)]})

    def _get_model(self, request: Request, id: str) -> Response:
        self.demand_model(id, next((purpose for purpose, models in self.models.items() if id in models), "chat"))
        return json_response(self._model(id))

    def _model(self, id: str) -> dict[str, Any]:
        return {"id": id, "object": "model", "created": 0, "owned_by": self.owner}

    def _complete(self, request: Request) -> Response:
        body = read_object(request)
        if not isinstance(body.get("model"), str):
            refuse("you must provide a model parameter", "model")
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            refuse("messages is missing or empty", "messages")
        if body.get("stream"):
            refuse("streaming is not stood in for", "stream")
        self.demand_model(body["model"], "chat")
        asked = Asked(self._schema(body.get("response_format")), *_read_messages(body["messages"]))
        orders = self.take_orders({**body, "prompt": "\n".join(asked.texts)})
        try:
            said = self.answer(asked)
        except answers.UnusableSchema as error:
            refuse(f"Invalid schema for response_format: {error}", "response_format")
        if (serve := orders.get("serve")) and serve.file:
            said = said._replace(content=serve.file.read_text("utf-8", "replace"))
        most = body.get("max_completion_tokens") or body.get("max_tokens")
        reply = self._reply(said.content, orders, most)
        answered = json_response(_completion(body["model"], reply, asked.texts, said))
        return obeyed(answered, {verb: rule for verb, rule in orders.items() if verb in OF_ANY_ANSWER}, refused(""))

    def _schema(self, response_format: Any) -> dict[str, Any] | None:
        """The schema that the answer must fit, or None for an answer in words."""
        if response_format is None or response_format == {"type": "text"}:
            return None
        named = response_format.get("json_schema") if isinstance(response_format, dict) else None
        if not isinstance(named, dict) or response_format.get("type") != "json_schema" or not named.get("name"):
            refuse("response_format must be of type text or json_schema, with a name and a schema", "response_format")
        schema = named.get("schema")
        try:
            answers.check(schema)
        except answers.UnusableSchema as error:
            refuse(f"Invalid schema for response_format {named['name']!r}: {error}", "response_format")
        assert isinstance(schema, dict)
        if named.get("strict"):
            self.check_schema(schema, named["name"])
        return schema

    def _reply(self, content: str, verbs: Container[str], most_tokens: int | None) -> Reply:
        """What is said of the content under a script; `truncate_output` is an answer that reached its limit of length."""
        if "refuse" in verbs:
            return Reply(None, refusal=self.words.refusal)
        if "truncate_output" in verbs:
            return Reply(content[: len(content) // 2], finish_reason="length")
        if "corrupt_output" in verbs:
            return Reply(content.replace('":', '"='))
        if most_tokens is not None and tokens(content) > most_tokens:
            return Reply(content[: most_tokens * LETTERS_A_TOKEN], finish_reason="length")
        return Reply(content)


LETTERS_A_TOKEN = 4
OF_ANY_ANSWER = ("slow", "lose_answer", "fail")
"""Verbs; the others are about what a completion says."""


def tokens(text: str) -> int:
    return math.ceil(len(text) / LETTERS_A_TOKEN)


def refused(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    return Refusal(400, message, kind="invalid_request_error", param=param, code=code)


def refuse(message: str, param: str | None, code: str | None = None) -> NoReturn:
    raise refused(message, param, code)


def read_object(request: Request) -> dict[str, Any]:
    """The body, which is to be a JSON object."""
    try:
        body = json.loads(request.get_data())
    except ValueError:
        refuse("We could not parse the JSON body of your request.", None)
    if not isinstance(body, dict):
        refuse("The request body is not a JSON object", None)
    return body


def _read_messages(messages: list[Any]) -> tuple[list[str], list[Shown]]:
    """All texts, and each picture; the text part `asset <id>: <name>` before a picture names it."""
    texts: list[str] = []
    shown: list[Shown] = []
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ("system", "user", "assistant", "developer"):
            refuse("a message needs a role: system, user or assistant", "messages")
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            refuse("a message's content is a text or a list of parts", "messages")
        label = None
        for part in parts:
            match part:
                case {"type": "text", "text": str(text)}:
                    texts.append(text)
                    label = list(_ASSET.finditer(text))[-1:]
                case {"type": "image_url", "image_url": {"url": str(url)}}:
                    number = len(shown) + 1
                    asset, name = (label[0]["id"], label[0]["name"].strip()) if label else (f"image-{number}", "")
                    shown.append(Shown(asset, name or asset, url))
                    label = None
                case _:
                    refuse("a part is a text or an image_url", "messages")
    return texts, shown


def _completion(model: str, reply: Reply, texts: list[str], said: Said) -> dict[str, Any]:
    text, image = sum(map(tokens, texts)), said.image_tokens
    out = tokens(reply.content or reply.refusal or "")
    return {
        "id": f"chatcmpl-{secrets.token_hex(16)}",
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
