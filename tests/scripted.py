"""Stand-ins that speak the interfaces of what lies outside, say what a test has scripted, and keep what they were asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from botocore.exceptions import ClientError

from functions.plan.narrating import Booth
from functions.plan.speakers import OpenAiSpeaker, PollySpeaker
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.clips import Answer, Attempt, AttemptStatus, Clip, Kept, Outcome, pending_clip
from functions.studio.closing import Closing
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media import Picture, Probe
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask
from functions.studio.openai_wire import OPENAI
from functions.studio.providers.protocol import Order, Prediction
from functions.studio.rows import new_id, now
from functions.studio.stopping import Brake
from functions.studio.table import Table
from functions.studio.workflow import Workflow


class Answering:
    """DynamoDB, whose first `times` transactions are answered with that error, after they were carried out (or not).

    A token that was carried out is answered well and changes nothing, as on AWS; moto does not look at it.
    """

    def __init__(self, table: Table, code: str, status: int = 400, *, done: bool, times: int = 1) -> None:
        self._client: Any = table.client
        self._error: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
        self._done = done
        self._left = times
        self._tokens: set[str] = set()

    def transact_write_items(self, **asked: Any) -> None:
        if self._done or not self._left:
            token = asked.pop("ClientRequestToken")
            if token not in self._tokens:
                self._client.transact_write_items(**asked)
            self._tokens.add(token)
        if self._left:
            self._left -= 1
            raise ClientError(self._error, "TransactWriteItems")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class ScriptedProvider:
    """Implements Provider. `script` holds what the next creates answer: a prediction's id, or an error to raise."""

    name = "replicate"
    answers_by: Literal["webhook", "poll"] = "webhook"

    def __init__(self, *script: str | Exception) -> None:
        self.script = list(script)
        self.orders: list[Order] = []
        self.looks: list[str] = []
        self.cancelled: list[str] = []
        self.known: dict[str, Prediction] = {}
        self.webhooks: list[Prediction | Exception] = []
        self.uploads_script: list[Exception | None] = []
        self.uploaded: list[tuple[str, bytes]] = []
        self.busy: Exception | None = None
        self.deaf: Exception | None = None
        self.cancelling: Answer | None = Answer(outcome=Outcome.CANCELLED)

    def start(self, order: Order) -> Prediction:
        self.orders.append(order)
        said = self.script.pop(0) if self.script else f"prediction-{len(self.orders)}"
        if isinstance(said, Exception):
            raise said
        prediction = Prediction(id=said, input=order.input)
        self.known[said] = prediction
        return prediction

    def upload(self, content: bytes, name: str) -> str:
        said = self.uploads_script.pop(0) if self.uploads_script else None
        if said:
            raise said
        self.uploaded.append((name, content))
        return f"https://provider.example/files/{len(self.uploaded)}"

    def look(self, prediction_id: str) -> Prediction:
        self.looks.append(prediction_id)
        if self.busy:
            raise self.busy
        return self.known[prediction_id]

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        if self.busy:
            raise self.busy
        return next((one for one in self.known.values() if one.carries(mark)), None)

    def cancel(self, prediction_id: str) -> Prediction:
        """It ends as `cancelling` says, unless it has ended; None leaves it running."""
        if self.deaf:
            raise self.deaf
        self.cancelled.append(prediction_id)
        known = self.known.setdefault(prediction_id, Prediction(id=prediction_id))
        if known.answer is None and self.cancelling is not None:
            return self.ends(prediction_id, self.cancelling)
        return known

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        said = self.webhooks.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def ends(self, prediction_id: str, answer: Answer) -> Prediction:
        """The prediction with that id has ended, for whoever looks."""
        before = self.known.get(prediction_id)
        self.known[prediction_id] = Prediction(id=prediction_id, answer=answer, input=before.input if before else {})
        return self.known[prediction_id]


SUCCEEDED = Answer(outcome=Outcome.SUCCEEDED, output_url="https://replicate.delivery/out.mp4")


class _Gone(Exception):
    """What Step Functions says of a token that nobody waits with."""


class Tokens:
    """The client of Step Functions, as far as tokens and starts go; `waiting` are the tokens that somebody waits with."""

    class exceptions:  # noqa: N801  # boto3's name
        ExecutionDoesNotExist = type("ExecutionDoesNotExist", (Exception,), {})
        TaskTimedOut = _Gone
        TaskDoesNotExist = _Gone
        InvalidToken = _Gone
        ExecutionAlreadyExists = type("ExecutionAlreadyExists", (Exception,), {})

    def __init__(self, *waiting: str) -> None:
        self.waiting = set(waiting)
        self.released: list[str] = []
        self.heartbeats: list[str] = []
        self.executions: dict[str, dict[str, Any]] = {}
        self.statuses: dict[str, str] = {}
        self.stopped: list[str] = []

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803  # boto3's name
        if taskToken not in self.waiting:
            raise _Gone
        self.waiting.remove(taskToken)
        self.released.append(taskToken)

    def send_task_heartbeat(self, *, taskToken: str) -> None:  # noqa: N803  # boto3's name
        if taskToken not in self.waiting:
            raise _Gone
        self.heartbeats.append(taskToken)

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:  # noqa: N803  # boto3's name
        if name in self.executions:
            raise self.exceptions.ExecutionAlreadyExists
        self.executions[name] = json.loads(input)
        return {"executionArn": f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"}

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> None:  # noqa: N803  # boto3's name
        self.stopped.append(executionArn)

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803  # boto3's name
        if executionArn not in self.statuses:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": self.statuses[executionArn]}


def one_by_one(work: Callable[[Any], None], ones: Iterable[Any]) -> None:
    """As `at_once`, without threads."""
    for one in ones:
        work(one)


def a_brake(jobs: JobStore, provider: ScriptedProvider | None = None) -> Brake:
    standing_in = provider or ScriptedProvider()
    return Brake(jobs, lambda _: standing_in, one_by_one)


def a_closing(jobs: JobStore, ledger: Ledger, bus: Bus | None = None) -> Closing:
    """Whose provider knows of no prediction."""
    workflow = Workflow("arn:aws:states:us-east-1:1:stateMachine:m", Tokens())
    return Closing(jobs, ledger, JobEvents("bus", bus or Bus()), workflow, a_brake(jobs))


class Queue:
    """The client of SQS that keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self.messages.append({**message, "body": json.loads(message["MessageBody"])})


class Bus:
    """The client of EventBridge that keeps what is put."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # boto3's name
        self.events += [{**entry, "detail": json.loads(entry["Detail"])} for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": []}


def a_booth(library: Library, media: MediaStore, openai: str = "http://127.0.0.1:9/v1", **speakers: Any) -> Booth:
    """As Plan has it; without an address nobody is there who could be asked."""
    return Booth(
        library=library,
        media=media,
        writer=Chat(lambda: "key", openai, OPENAI),
        speakers={"openai": lambda: OpenAiSpeaker(lambda: "key", openai), "polly": PollySpeaker, **speakers},
        narrators=lambda: catalogue().narrators,
    )


def seconds_ago(seconds: float) -> str:
    """A stamp as rows have it."""
    return (datetime.fromisoformat(now()) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def a_job(**changes: Any) -> Job:
    given: dict[str, Any] = {
        "id": new_id(),
        "tenant": "acme",
        "status": JobStatus.PROCESSING,
        "campaign_id": new_id(),
        "model": "veo3",
        "duration_seconds": 8,
        "total_clips": 1,
        "aspect_ratio": "16:9",
        "created_at": now(),
        "updated_at": now(),
    }
    return Job(**{**given, **changes})


def a_clip(job: Job, number: int = 1, **changes: Any) -> Clip:
    given: dict[str, Any] = {
        "image1_asset_id": "one",
        "image2_asset_id": "two",
        "image1_key": "acme/assets/one/original.jpg",
        "image2_key": "acme/assets/two/original.png",
        "prompt": "Smooth transition between images",
    }
    clip = pending_clip(job, number, Decimal("1.20"), **given)
    return clip.model_copy(update=changes)


def a_picture(**changes: Any) -> Picture:
    """Eight seconds of 720p at 24 frames a second, fit to be copied into a film."""
    given: dict[str, Any] = {
        "codec": "h264",
        "profile": "High",
        "pixel_format": "yuv420p",
        "colour": "tv, bt709",
        "width": 1280,
        "height": 720,
        "timescale": 12_288,
        "ticks": 512,
        "frames": 192,
        "lead": 1024,
        "span": 192 * 512,
        "extradata": "a",
        "packets": "p",
    }
    return Picture(**(given | changes))


def a_kept(number: int = 1, **picture: Any) -> Kept:
    probe = Probe(bytes=1000, picture=a_picture(**picture))
    return Kept(key=f"clip-{number}", pcm_key=f"sound-{number}", sha256="0", probe=probe)


def a_task(job: Job, clip: int = 1, **changes: Any) -> ClipTask:
    task = ClipTask(
        job_id=job.id, run=job.run, clip=clip, stage="video", attempt=1, timeout_seconds=600, heartbeat_seconds=30
    )
    return task.model_copy(update=changes)


def an_attempt(job: Job, clip: int = 1, **changes: Any) -> Attempt:
    """Accepted by the provider as prediction `p`; its workflow waits with the token `token`."""
    attempt = Attempt(
        id=a_task(job, clip).attempt_id,
        clip=clip,
        run=job.run,
        stage="video",
        status=AttemptStatus.ACCEPTED,
        provider="replicate",
        model=job.model,
        slug="google/veo-3.1-fast",
        token="token",
        prediction_id="p",
        asked_at=now(),
    )
    return attempt.model_copy(update=changes)
