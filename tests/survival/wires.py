"""How each provider speaks: which of its calls are which, what its webhooks say, and what proves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.standins.piapi import Piapi
from local.standins.replicate import Replicate
from local.standins.runway import Runway
from local.standins.service import StandIn
from tests.integration.piapi_stage import enveloped
from tests.integration.replicate_stage import SECRET, signed

REPEATS = (0.3, 0.3)
"""Seconds before a provider's second and third try to deliver a webhook: about a minute in the world."""


@dataclass(frozen=True)
class Letter:
    """A webhook as the provider sends it, but for what proves it."""

    url: str
    body: bytes
    secret: str = ""
    """That the provider was given for it, if it was given one."""
    shows: Mapping[str, Any] = field(default_factory=dict)
    """What the provider answers from then on to whoever looks, by path."""

    @property
    def text(self) -> str:
        return self.body.decode()


class Wire(Protocol):
    name: str
    addresses: tuple[str, ...]
    """The template's parameters that lead to it."""
    wordy: tuple[str, ...]
    """What its webhooks repeat of a create, at length."""
    stops_what_runs: bool
    """Whether a prediction can be cancelled that has begun."""
    calls_back: bool
    """Else rows send no letters, and know creates by their prompts: of one job at a time."""

    def stand_in(self) -> StandIn: ...

    def creates(self, method: str, path: str) -> bool: ...

    def cancels(self, method: str, path: str) -> bool: ...

    def reports_to(self, create: Mapping[str, Any]) -> str:
        """The webhook that a create names; of one that names none its prompt."""
        ...

    def page(self, prediction: str) -> str:
        """The path to look at it."""
        ...

    def letter(self, prediction: str, create: Mapping[str, Any], status: str, changes: Mapping[str, Any]) -> Letter:
        """Of a prediction with that create; `changes` to what its webhook tells: `output` (a URL), `error`, and the
        provider's own fields."""
        ...

    def proof(self, letter: Letter) -> dict[str, str]:
        """Headers."""
        ...


class ReplicateWire:
    name = "replicate"
    addresses = ("ReplicateBaseUrl",)
    wordy = ("input",)
    stops_what_runs = True
    calls_back = True

    def stand_in(self) -> StandIn:
        return Replicate(webhook_secret=SECRET, webhook_repeats=REPEATS)

    def creates(self, method: str, path: str) -> bool:
        return method == "POST" and path.endswith("/predictions")

    def cancels(self, method: str, path: str) -> bool:
        return path.endswith("/cancel")

    def reports_to(self, create: Mapping[str, Any]) -> str:
        return str(create.get("webhook"))

    def page(self, prediction: str) -> str:
        return f"/v1/predictions/{prediction}"

    def letter(self, prediction: str, create: Mapping[str, Any], status: str, changes: Mapping[str, Any]) -> Letter:
        told = {"id": prediction, "status": status, "input": create["input"], **changes}
        return Letter(self.reports_to(create), json.dumps(told, ensure_ascii=False).encode())

    def proof(self, letter: Letter) -> dict[str, str]:
        return signed(letter.text)


STATUSES: Mapping[str, str] = {"succeeded": "completed", "failed": "failed", "processing": "processing"}
CASES: tuple[Callable[[str], str], ...] = (str.lower, str.capitalize, str.upper)
"""How PiAPI writes them: of one clip in one way, of the next in another."""


class PiapiWire:
    """Whose word is what it shows: a webhook is only the occasion to look."""

    name = "piapi"
    addresses = ("PiapiBaseUrl", "PiapiUploadUrl")
    wordy = ("input", "config")
    stops_what_runs = False
    calls_back = True

    def stand_in(self) -> StandIn:
        return Piapi(webhook_repeats=REPEATS)

    def creates(self, method: str, path: str) -> bool:
        return method == "POST" and path == "/api/v1/task"

    def cancels(self, method: str, path: str) -> bool:
        return method == "DELETE"

    def reports_to(self, create: Mapping[str, Any]) -> str:
        return str(self._webhook(create).get("endpoint"))

    def page(self, prediction: str) -> str:
        return f"/api/v1/task/{prediction}"

    def letter(self, prediction: str, create: Mapping[str, Any], status: str, changes: Mapping[str, Any]) -> Letter:
        output, error = changes["output"], changes["error"]
        clip = int(self.reports_to(create).split("attempt=")[1].split(".")[1])
        written = CASES[clip % len(CASES)](STATUSES[status])
        told = {
            "task_id": prediction,
            "status": written,
            "input": create["input"],
            "config": create["config"],
            **changes,
            "output": output and {"video_url": output},
            "error": {"code": 10_000 if error else 0, "message": error or "", "raw_message": "", "detail": None},
        }
        body = json.dumps({"timestamp": 0, "data": told}, ensure_ascii=False).encode()
        secret = self._webhook(create)["secret"]
        return Letter(self.reports_to(create), body, secret, {self.page(prediction): enveloped(told)})

    def proof(self, letter: Letter) -> dict[str, str]:
        return {"x-webhook-secret": letter.secret}

    def _webhook(self, create: Mapping[str, Any]) -> Mapping[str, Any]:
        named: Mapping[str, Any] = create.get("config", {}).get("webhook_config", {})
        return named


class RunwayWire:
    name = "runway"
    addresses = ("RunwaymlBaseUrl",)
    wordy = ()
    stops_what_runs = True
    calls_back = False

    def stand_in(self) -> StandIn:
        return Runway()

    def creates(self, method: str, path: str) -> bool:
        return method == "POST" and path.startswith("/v1/") and path != "/v1/uploads"

    def cancels(self, method: str, path: str) -> bool:
        return method == "DELETE"

    def reports_to(self, create: Mapping[str, Any]) -> str:
        return str(create.get("promptText"))

    def page(self, prediction: str) -> str:
        return f"/v1/tasks/{prediction}"

    def letter(self, prediction: str, create: Mapping[str, Any], status: str, changes: Mapping[str, Any]) -> Letter:
        raise NotImplementedError("Runway calls nobody back")

    def proof(self, letter: Letter) -> dict[str, str]:
        return {}


REPLICATE: Wire = ReplicateWire()
PIAPI: Wire = PiapiWire()
RUNWAY: Wire = RunwayWire()
WIRES = (REPLICATE, PIAPI, RUNWAY)
