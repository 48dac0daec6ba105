"""A film of scenes on its way: its rows, the functions that the workflow calls for it, and providers that say what is scripted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from functions.arrange.arrange import arrange
from functions.keep_clip.keep import Keeper
from functions.plan.board import Board
from functions.plan.choice import Editor
from functions.plan.plan import plan
from functions.request_clip.request import request_clip
from functions.studio.attempts import LIMITS, at_most, usual_cost
from functions.studio.balances import Balances, granted
from functions.studio.budgets import Budgets, Counter
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import STAGES, Answer, Attempt, Clip, ClipStatus, Outcome, pending_clip
from functions.studio.closing import Closing, close_failed, end_well
from functions.studio.credits import in_credits
from functions.studio.errors import NoClipSurvived
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, Purpose
from functions.studio.ledger import Ledger, Line, LineState, reservation
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.messages import ClipTask, RequestClip, RunRef, StateError
from functions.studio.providers import Prediction
from functions.studio.recording import mark, record_answer
from functions.studio.sending import Outbox
from functions.studio.stopping import Brake
from functions.studio.workflow import Workflow
from functions.sweep.pauses import Pauses
from tests.integration.money_stage import a_stored_campaign, of_campaign
from tests.integration.rerun_stage import a_film
from tests.media import Studio
from tests.outputs import Outputs
from tests.pictures import drawn, saved
from tests.scripted import Bus, Queue, ScriptedProvider, Tokens, a_booth, a_job, one_by_one

IMAGE_MODEL, VIDEO_MODEL = "flux-1.1-pro", "veo3"
SECONDS = 4
PICTURE, VIDEO = Decimal("0.04"), Decimal("0.60")
"""USD, of a picture and of a video of so many seconds."""
BOTH = PICTURE + VIDEO
MACHINE = "arn:aws:states:us-east-1:1:stateMachine:m"
DAYS = 3 * 24 * 3600


@dataclass
class SceneFilm:
    jobs: JobStore
    ledger: Ledger
    library: Library
    media: MediaStore
    shared: SharedStore
    outputs: Outputs
    studio: Studio
    keeper_type: type[Keeper] = Keeper
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    tokens: Tokens = field(default_factory=Tokens)
    queue: Queue = field(default_factory=Queue)
    bus: Bus = field(default_factory=Bus)
    credits: int = 1000
    id: str = ""
    made: int = 0

    def __post_init__(self) -> None:
        workflow = Workflow(MACHINE, self.tokens)
        self.budgets = Budgets(self.jobs.table)
        self.brake = Brake(self.jobs, lambda _: self.provider, one_by_one)
        self.events = JobEvents("bus", self.bus)
        self.closing = Closing(self.jobs, self.ledger, self.events, workflow, self.brake)
        self.outbox = Outbox(
            jobs=self.jobs,
            media=self.media,
            shared=lambda: self.shared,
            workflow=workflow,
            checks=CheckQueue("queue", [3, 5], self.queue),
            brake=self.brake,
            provider=lambda _: self.provider,
            catalogue=catalogue,
            public_url="https://api.example",
            handover="url",
        )
        self.keeper = self.keeper_type(
            self.jobs,
            self.ledger,
            self.media,
            lambda: self.shared,
            lambda _: self.provider,
            {"replicate": [self.outputs.origin]},
            LIMITS,
            STAGES,
            self.events,
            catalogue,
        )
        editor = Editor(self.media, Chat(lambda: "key", "http://127.0.0.1:9/v1"), [], "url")
        self.board = Board(
            self.jobs,
            self.ledger,
            self.budgets,
            self.library,
            editor,
            600,
            30,
            catalogue,
            a_booth(self.library, editor.media),
        )

    def accept(self, scenes: int = 1, *, clip: Mapping[str, Any] | None = None, **wishes: Any) -> SceneFilm:
        """As the API accepts it: a clip a scene."""
        given: dict[str, Any] = {
            "kind": "scenes",
            "status": JobStatus.PLANNING,
            "campaign_id": a_stored_campaign(self.library, wishes.pop("campaign_budget", None)).id,
            "scenario_id": "scenario",
            "resolution": "1280:720",
            "model": VIDEO_MODEL,
            "image_model": IMAGE_MODEL,
            "duration_seconds": SECONDS,
            "total_clips": scenes,
            "purpose": Purpose(chooses=False),
            "execution_arn": "arn:of:the:first:run",
            "other_ratios": {IMAGE_MODEL: "16:9"},
        }
        job = a_job(**(given | wishes))
        about = {"mode": "image", "image_model": IMAGE_MODEL, "image_prompt": "A lamp", "prompt": "It is lit"}
        clips = [
            pending_clip(job, number, Decimal(0), **(about | {"scene_id": f"scene-{number}"} | dict(clip or {})))
            for number in range(1, scenes + 1)
        ]
        clips = [one.model_copy(update={"estimated_cost": usual_cost(one, job, catalogue())}) for one in clips]
        cost = sum((at_most(one, job, catalogue()) for one in clips), Decimal(0))
        job = job.model_copy(update={"estimated_cost": cost, "reserved_cost": cost})
        job = in_credits(job, [one.stage for one in clips])
        Balances(self.jobs.table).grant(job.tenant, granted(self.credits, "to begin with"))
        self.jobs.table.put_all([self.jobs.new_clip(job.id, one) for one in clips])
        self.jobs.table.put_all([self.ledger.reserve(job.id, self._line(job, one)) for one in clips])
        self.budgets.accept(job, self.jobs.accept(job), *self.jobs.enlist(job))
        self.id = job.id
        return self

    def _line(self, job: Job, clip: Clip) -> Line:
        return reservation(clip, amount=at_most(clip, job, catalogue()), credits=job.credits_of(clip.stage))

    # the workflow

    def plans(self) -> list[ClipTask]:
        return plan(self.id, self.job.run, self.board, lambda: 300.0).tasks

    def requests(self, task: ClipTask, token: str = "token", turn: int = 0) -> Attempt:
        request_clip(RequestClip(task=task, token=token, turn=turn), self.outbox)
        return self.attempt(task)

    def answers(self, task: ClipTask, answer: Answer | None = None) -> None:
        """By a webhook; without an answer the output is as good as it can be."""
        self.made += 1
        answer = answer or Answer(outcome=Outcome.SUCCEEDED, output_url=self.output(task.stage))
        attempt = self.attempt(task)
        prediction = Prediction(id=attempt.prediction_id or f"late-{self.made}", answer=answer)
        self.provider.known[prediction.id] = prediction
        record_answer(self.jobs, self.outbox.workflow, self.id, attempt, prediction)

    def output(self, stage: str) -> str:
        if stage == "video":
            return self.outputs.holds(self.studio.clip(seconds=SECONDS, size="160x90", fps="12"))
        return self.outputs.holds(saved(drawn(160, 90), "PNG"), f"/picture-{self.made}.png")

    def keeps(self, task: ClipTask, error: StateError | None = None) -> ClipTask | None:
        return self.keeper.keep(task, error).next

    def goes(self, task: ClipTask, answer: Answer | None = None) -> ClipTask | None:
        """One turn of the map: asked, answered, kept."""
        self.requests(task)
        self.answers(task, answer)
        return self.keeps(task)

    def goes_on(self, task: ClipTask | None) -> None:
        """Until nothing is left to do for the clip, all of it well."""
        while task:
            task = self.goes(task)

    def ends(self) -> Job:
        """What follows the map, up to the end of the run."""
        run = RunRef(job_id=self.id, run=self.job.run)
        try:
            told = arrange(run, self.brake, self.ledger)
        except NoClipSurvived as none:
            close_failed(self.id, run.run, str(none), self.closing)
            return self.job
        if not told.paused:
            shown = [clip.number for clip in self.clips if clip.video]
            film = a_film(self.job, shown, made_by=self.job.purpose.kind, cost=None, delivered_at=None)
            self.jobs.table.commit(self.jobs.films.film_made(self.id, run.run, film))
        end_well(self.id, run.run, self.closing, DAYS)
        return self.job

    def runs(self) -> Job:
        """A whole run, in which all goes well."""
        for task in self.plans():
            self.goes_on(task)
        return self.ends()

    def breaks(self, why: str = "The job's workflow failed.") -> Job:
        close_failed(self.id, self.job.run, why, self.closing)
        return self.job

    def sweeps(self, at: datetime | None = None) -> dict[str, int]:
        return Pauses(self.closing, self.budgets, catalogue()).end(at or datetime.now(UTC))

    # what there is

    @property
    def job(self) -> Job:
        return self.jobs.job(self.id)

    @property
    def clips(self) -> list[Clip]:
        return self.jobs.clips(self.id)

    @property
    def clip(self) -> Clip:
        return self.jobs.clip(self.id, 1)

    @property
    def statuses(self) -> dict[int, ClipStatus]:
        return {clip.number: clip.status for clip in self.clips}

    def attempt(self, task: ClipTask) -> Attempt:
        found = self.jobs.find_attempt(self.id, task.attempt_id)
        assert found
        return found

    @property
    def lines(self) -> dict[str, tuple[LineState, Decimal, Decimal | None]]:
        """By attempt: how it stands, what was reserved, what it came to."""
        return {line.attempt_id: (line.state, line.amount, line.cost) for line in self.ledger.lines(self.id)}

    @property
    def asked(self) -> list[str]:
        """The stages of all creates that were sent, in their order."""
        return ["image" if "flux" in order.slug else "video" for order in self.provider.orders]

    @property
    def counter(self) -> Counter:
        """Of the campaign."""
        return of_campaign(self.budgets, self.job.campaign_id)

    @property
    def published(self) -> list[str]:
        return [event["DetailType"] for event in self.bus.events]

    def mark_of(self, task: ClipTask) -> str:
        return mark(self.id, task.attempt_id)

    def objects(self, store: MediaStore) -> list[str]:
        return store.names("", 1000)
