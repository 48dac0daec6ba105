"""Chat, through the real SDK, against a service that says what no stand-in would."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from functions.plan.asking import Answered, Patience, ask_until_answered
from functions.plan.questions import Question
from functions.plan.selection import SCHEMA
from functions.studio.chat import Chat
from functions.studio.errors import (
    ModelGone,
    NotConfigured,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    ReelayError,
)
from functions.studio.services import Seen
from tests.integration.plan_stage import Clock, a_model

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


class Service:
    """Answers every question with the next of `script`: status, content type, body; the last one again and again."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.script: list[tuple[int, str, bytes]] = []
        self.asked = 0
        self.drips = 0.0
        """Seconds between two bytes of an answer."""

    def says(self, body: Any, status: int = 200, kind: str = "application/json") -> None:
        self.script.append((status, kind, body if isinstance(body, bytes) else json.dumps(body).encode()))

    @property
    def vision(self) -> Chat:
        return Chat(lambda: "key", self.url)


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, body = service.script[min(service.asked, len(service.script) - 1)]
            service.asked += 1
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body if service.drips else []:
                time.sleep(service.drips)
                self.wfile.write(bytes([byte]))
            if not service.drips:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = Service(server.server_port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield service
        server.shutdown()
        thread.join()


def asked(service: Service, seconds: float = 5.0) -> Seen:
    return service.vision.answer(a_model("grok-4.3"), [{"role": "user", "content": "?"}], SCHEMA, seconds)


def completion(**choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": '{"pairs": []}', "refusal": None}
    return {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}], "usage": USAGE}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        # xAI's own errors are flat: a code, and the words where OpenAI has an object.
        (
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***b."},
            NotConfigured,
            r"^XAI_API_KEY not configured: xAI does not accept the key$",
        ),
        (
            403,
            {"code": "permission-denied", "error": "Content violates usage guidelines. "},
            ProviderRefused,
            r"^xAI answered 403: Content violates usage guidelines",
        ),
        (
            404,
            {"code": "Some requested entity was not found", "error": "The model grok-3 does not exist."},
            ModelGone,
            r"^xAI answered 404: The model grok-3 does not exist\.$",
        ),
        (502, b"<html>Bad gateway</html>", ProviderFailed, "502"),
        (200, b"<html>Good day</html>", ProviderUnknown, "no chat completion"),
        (200, b'{"choices": [{"mess', ProviderUnknown, "no chat completion"),
        (200, {"choices": None}, ProviderUnknown, "no chat completion"),
    ],
)
def test_an_answer_that_is_no_completion_is_an_error_of_ours(
    service: Service, status: int, body: Any, kind: type[ReelayError], words: str
) -> None:
    service.says(body, status, "text/html" if isinstance(body, bytes) else "application/json")
    with pytest.raises(kind, match=words):
        asked(service)
    assert service.asked == 1


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (completion(), Seen('{"pairs": []}', None, "stop", 1000, 100)),
        (completion(finish_reason="length"), Seen('{"pairs": []}', None, "length", 1000, 100)),
        (completion(message={"content": None, "refusal": "No."}), Seen("", "No.", "stop", 1000, 100)),
        ({"choices": [], "usage": USAGE}, Seen("", None, "no reason", 1000, 100)),
        ({"choices": [{"message": {"content": "x"}}]}, Seen("x", None, "no reason", 0, 0)),
    ],
)
def test_an_answer_is_read_with_what_it_took_and_why_it_stopped(service: Service, body: Any, seen: Seen) -> None:
    service.says(body)
    assert asked(service) == seen


def test_of_a_service_that_is_silent_for_too_long_nobody_knows_whether_it_is_to_be_paid(service: Service) -> None:
    service.says(completion())
    service.drips = 1.0
    with pytest.raises(ProviderUnknown, match="APITimeoutError"):
        asked(service, seconds=0.3)


def test_a_service_that_is_not_there_has_failed() -> None:
    with pytest.raises(ProviderFailed, match="xAI did not answer: APIConnectionError"):
        asked(Service(9))


def test_an_answer_that_was_filtered_is_a_refusal_and_paid_for(service: Service) -> None:
    service.says(completion(finish_reason="content_filter"))
    clock = Clock()
    question = Question(("a", "b"), 1, 1)
    answered = Answered()
    patience = Patience(clock.left, clock.pause)
    ask_until_answered(question, [], service.vision, [a_model("x")], patience, answered)
    assert answered.faults == ["xAI refused to choose: its filter stopped the answer"]
    assert (answered.pairs, answered.satisfied, service.asked) == ([], False, 1)
    assert answered.cost > 0
