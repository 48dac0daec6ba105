"""A job with one clip, and everything that RequestClip and CheckClip stand among."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.check_clip.check import check_clip
from functions.keep_clip.keep import Keeper
from functions.request_clip.request import request_clip
from functions.studio import wiring
from functions.studio.attempts import LIMITS
from functions.studio.catalogue import catalogue
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import STAGES, Attempt, Clip
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.messages import CheckClip, RequestClip
from functions.studio.providers import PROVIDERS, Provider
from functions.studio.recording import mark
from functions.studio.sending import Outbox
from functions.studio.stopping import Brake
from functions.studio.workflow import Workflow
from tests.integration.api_stage import picture
from tests.scripted import Bus, Queue, ScriptedProvider, Tokens, a_clip, a_job, a_task, an_attempt, one_by_one


class ClipStage:
    """Its provider is scripted unless `stands_in` replaces it."""

    def __init__(
        self,
        jobs: JobStore,
        media: MediaStore,
        *,
        handover: str = "url",
        public_url: str = "https://api.example",
        clip: Mapping[str, Any] | None = None,
        **job: object,
    ) -> None:
        self.jobs = jobs
        self.media = media
        self.provider = ScriptedProvider()
        self.stands_in: Provider | None = None
        self.tokens = Tokens("token", "token-1", "token-2")
        self.queue = Queue()
        self.bus = Bus()
        self.outbox = Outbox(
            jobs=jobs,
            media=media,
            shared=wiring.shared,
            workflow=Workflow("machine", self.tokens),
            checks=CheckQueue("queue", [3, 5], self.queue),
            brake=Brake(jobs, lambda name: self.stands_in or self.provider, one_by_one),
            provider=lambda name: self.stands_in or self.provider,
            catalogue=catalogue,
            public_url=public_url,
            handover=handover,
        )
        self.job = a_job(**job)
        self.task = a_task(self.job)
        made = a_clip(self.job, **(clip or {}))
        jobs.table.commit(jobs.accept(self.job))
        jobs.table.commit(jobs.new_clip(self.job.id, made))
        self.pictures = {"firstFrame": picture(64, form="JPEG"), "lastFrame": picture(128)}
        media.put(str(made.image1_key), self.pictures["firstFrame"], "image/jpeg")
        media.put(str(made.image2_key), self.pictures["lastFrame"], "image/png")

    def put(self, **changes: object) -> None:
        """The attempt, as it stands; without changes it is accepted, and the workflow waits with the token `token`."""
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, an_attempt(self.job, **changes)))

    def request(self, token: str = "token-1", job: Job | None = None, *, turn: int = 0) -> None:
        request_clip(RequestClip(task=a_task(job or self.job), token=token, turn=turn), self.outbox)

    def look(self, look: int = 0) -> None:
        check_clip(CheckClip(**self.task.model_dump(), look=look), self.outbox, JobEvents("bus", self.bus))

    def deliver(self, message: dict[str, Any]) -> None:
        """A message of the queue, as check_clip takes it."""
        check_clip(CheckClip.model_validate(message["body"]), self.outbox, JobEvents("bus", self.bus))

    def keeper(self, ledger: Ledger, origin: str, limits: Mapping[str, int] = LIMITS) -> Keeper:
        """For outputs that lie at `origin`."""
        return Keeper(
            jobs=self.jobs,
            ledger=ledger,
            media=self.media,
            shared=self.outbox.shared,
            provider_of=self.outbox.provider,
            origins={name: [origin] for name in PROVIDERS},
            limits=limits,
            stages=STAGES,
            events=JobEvents("bus", self.bus),
            catalogue=catalogue,
        )

    def attempt(self) -> Attempt:
        found = self.jobs.find_attempt(self.job.id, self.task.attempt_id)
        assert found
        return found

    def clip(self) -> Clip:
        return self.jobs.clip(self.job.id, 1)

    @property
    def creates(self) -> list[dict[str, Any]]:
        """What is queued to be sent again."""
        return [message for message in self.queue.messages if message["body"]["create"]]

    @property
    def looks(self) -> list[int]:
        return [message["body"]["look"] for message in self.queue.messages if not message["body"]["create"]]

    @property
    def marked_url(self) -> str:
        """The address of a picture, as RequestClip gives it to the provider."""
        return f"https://media.example/x?name={mark(self.job.id, self.task.attempt_id)}firstFrame.jpg"
