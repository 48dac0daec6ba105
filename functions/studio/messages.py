"""What travels along the arrows of the workflow: one model an arrow, camelCase on the wire."""

from __future__ import annotations

import json
import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Message(BaseModel):
    """Ids and figures only: the state of an execution holds 256 KB and is not a place for secrets or URLs."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    @classmethod
    def parse(cls, event: Any) -> Self:
        return cls.model_validate(event)

    def wire(self) -> dict[str, Any]:
        """The JSON form; what is None is left out, so that the workflow can ask `IsPresent`."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def attempt_id(run: int, clip: int, stage: str, attempt: int) -> str:
    """`{run}.{clip}.{stage}.{n}`; the workflow alone raises n, so a Retry of a state finds the same attempt."""
    return f"{run}.{clip:04d}.{stage}.{attempt}"


_ATTEMPT = re.compile(r"[0-9]{1,9}\.[0-9]{4,9}\.[a-z_]{1,40}\.[0-9]{1,9}")


def is_attempt_id(text: str) -> bool:
    """Whether `text` has the form of an attempt's id: nothing else needs to be looked up."""
    return bool(_ATTEMPT.fullmatch(text))


class RunRef(Message):
    job_id: str
    run: int


class ClipTask(RunRef):
    """An item of the MakeClips map: the step of a clip that comes next."""

    clip: int
    stage: str
    attempt: int
    tries: int = 1
    """Attempts with the present model, this one included."""
    timeout_seconds: int
    heartbeat_seconds: int

    @property
    def attempt_id(self) -> str:
        return attempt_id(self.run, self.clip, self.stage, self.attempt)


class RequestClip(Message):
    task: ClipTask
    token: str = Field(repr=False)
    turn: int = 0
    """Counts the state's retries: a token belongs to one of them."""


class StateError(Message):
    """What a Catch leaves in the state."""

    model_config = ConfigDict(alias_generator=None)

    error: str = Field(alias="Error", default="")
    cause: str = Field(alias="Cause", default="")

    @property
    def said(self) -> str:
        """The error in words; a Lambda's error arrives as JSON within the cause."""
        try:
            document = json.loads(self.cause)
        except ValueError:
            return self.cause or self.error
        words = document.get("errorMessage") if isinstance(document, dict) else None
        return str(words or self.cause or self.error)


class KeepClip(ClipTask):
    error: StateError | None = None


class LateClip(RunRef):
    """A clip came of an attempt that had been given up."""

    attempt_id: str


class KeptClip(Message):
    """`next` is another stage or attempt; without it the clip has ended, well or not."""

    next: ClipTask | None = None


class CheckClip(ClipTask):
    """A message of the check queue; `look` counts the looks at the provider so far.

    With `create` it is no look: a provider that was too busy is sent the create again, and `look` counts the times.
    """

    look: int = 0
    create: bool = False


class PieceTask(RunRef):
    """An item of the MakePieces map."""

    piece: int


class ClipTasks(Message):
    tasks: list[ClipTask]


class PieceTasks(Message):
    tasks: list[PieceTask]
    paused: bool = False
    """There is no film to make yet: the run ends for its caller to look at what there is."""


class CloseJob(RunRef):
    error: StateError | None = None
