"""The functions as they are deployed, each over the real domain code, with this world's clients beneath its stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, cast

from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from functions.api.accept_job import Draft, Reception
from functions.api.approval import Approvals, ApproveRequest
from functions.api.cancel_job import cancel_job
from functions.api.envelope import Envelope
from functions.api.first_picture import Darkroom
from functions.api.from_listing import draft as draft_of_listing
from functions.api.from_scenes import draft as draft_of_scenes
from functions.api.image_pairs import ImagePairsRequest, draft
from functions.api.job_views import AcceptedView
from functions.api.listing_request import ListingRequest
from functions.api.once import Once
from functions.api.outside import Outside
from functions.api.own_jobs import own_job
from functions.api.prompt_request import PromptRequest
from functions.api.prompted import draft as draft_prompted
from functions.api.reruns import Decide, Reruns
from functions.api.scenes_request import ScenesRequest
from functions.api.standing import the_moment
from functions.arrange.arrange import arrange
from functions.assemble.assemble import assemble
from functions.callback.receive import answer, receive
from functions.check_clip.check import check_clip
from functions.close_job.handler import read as read_ending
from functions.make_piece.make import make_piece
from functions.plan.board import Board
from functions.plan.choice import Editor
from functions.plan.narrating import Booth
from functions.plan.plan import plan
from functions.request_clip.request import request_clip
from functions.studio.attempts import LIMITS
from functions.studio.balances import Balances
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.check_queue import CheckQueue, heartbeat_limit
from functions.studio.clips import STAGES
from functions.studio.closing import ENDED, Closing, close_failed, end_well, stop_run
from functions.studio.errors import ReelayError
from functions.studio.events import CANCELLING, CLOSING, LATE, JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, Line
from functions.studio.library import Library
from functions.studio.media_store import SharedStore
from functions.studio.messages import CheckClip, ClipTask, CloseJob, KeepClip, LateClip, PieceTask, RequestClip, RunRef
from functions.studio.providers.protocol import Provider
from functions.studio.pulse import Pulse
from functions.studio.sending import Outbox
from functions.studio.stopping import Brake
from functions.studio.storyboard import Storyboard
from functions.studio.table import Table, row
from functions.studio.workflow import Workflow
from functions.sweep.pauses import Pauses
from functions.sweep.sweep import sweep
from simulation.deployment import (
    APPROVAL,
    CLIP_TIMEOUT,
    DEFINITION,
    DELAYS,
    MACHINE,
    ORIGIN,
    SECONDS,
    STATES,
    TIER,
)
from simulation.dynamodb import DynamoDB, Watcher
from simulation.faces import AtTheDesk, OnTheLine, Replicate
from simulation.provider import EVERYBODY, Makers, Notice
from simulation.services import Services, decode
from simulation.services import encode as spoken_file
from simulation.states import Execution, Machine, StepFunctions
from simulation.surroundings import Bucket, Bus, Choosing, Keeping, Sqs, encode, make_film
from simulation.world import World

Told = Callable[[Any, BaseException | None], None]

Asked = ImagePairsRequest | PromptRequest | ScenesRequest | ListingRequest


class House:
    def __init__(self, world: World, watch: Watcher) -> None:
        self.world = world
        self.dynamodb = DynamoDB(world, watch)
        self.dynamodb.touched = self._touched
        world.expected = (ReelayError, ClientError, BotoCoreError, TimeoutError)
        self.machine = Machine(world, DEFINITION, self.play, self._execution_changed)
        self.workflow = Workflow(MACHINE, StepFunctions(world, self.machine))  # type: ignore[arg-type]  # as far as it is used
        self.table = Table("rows", self.dynamodb)  # type: ignore[arg-type]  # as far as it is used
        self.jobs = JobStore(self.table)
        self.ledger = Ledger(self.table)
        self.budgets = Budgets(self.table)
        self.library = Library(self.table)
        self.storyboard = Storyboard(self.table)
        self.balances = Balances(self.table)
        self.bucket = Bucket(world, "media", self._reached)
        self.shared = Bucket(world, "shared", self._reached)
        self.pulse = Pulse(self.table)
        self.makers = Makers(world, self.call_back)
        self.providers: dict[str, Provider] = {
            "replicate": Replicate(self.makers),
            "piapi": OnTheLine(self.makers),
            "runway": AtTheDesk(self.makers),
        }
        self.queue = Sqs(world, self.check)
        self.bus = Bus(world, self._heard)
        self.events = JobEvents("bus", self.bus)  # type: ignore[arg-type]  # as far as it is used
        self.brake = Brake(self.jobs, self.provider, in_turn)
        self.outbox = Outbox(
            jobs=self.jobs,
            media=self.bucket,
            shared=self._shared,
            workflow=self.workflow,
            checks=CheckQueue("queue", DELAYS, self.queue),  # type: ignore[arg-type]  # as far as it is used
            brake=self.brake,
            provider=self.provider,
            catalogue=catalogue,
            public_url=world.chance.choice((*[ORIGIN] * 5, "none")),
            handover=world.chance.choice(("url", "url", "upload")),
        )
        self.closing = Closing(self.jobs, self.ledger, self.events, self.workflow, self.brake)
        self.pauses = Pauses(self.closing, self.budgets, catalogue())
        self.keeper = Keeping(
            jobs=self.jobs,
            ledger=self.ledger,
            media=self.bucket,
            shared=self._shared,
            provider_of=self.provider,
            origins={one.name: [one.host] for one in EVERYBODY},
            limits=LIMITS,
            stages=STAGES,
            events=self.events,
            catalogue=catalogue,
            makers=self.makers,
        )
        self.vision = Choosing()
        self.services = Services(world, self.bucket, self._lines_of)
        self.board = Board(
            jobs=self.jobs,
            ledger=self.ledger,
            budgets=self.budgets,
            library=self.library,
            catalogue=catalogue,
            editor=Editor(self.bucket, self.vision, catalogue().vision_models, "url"),
            timeout_seconds=CLIP_TIMEOUT,
            heartbeat_seconds=heartbeat_limit(DELAYS, CLIP_TIMEOUT),
            booth=Booth(
                library=self.library,
                media=self.bucket,
                writer=self.services.writer,
                speakers=self.services.speakers,
                narrators=lambda: catalogue().narrators,
                each=in_turn,
                decode=decode,
                encode=spoken_file,
            ),
        )
        self.darkroom = Darkroom(self.library, self.jobs, self.bucket, Outside())
        self.approved: set[tuple[str, int]] = set()
        """Jobs and their clips, on which somebody has had a word."""
        self.noted: set[tuple[str, int, int]] = set()
        """Jobs, clips, and the runs behind which somebody was told that they are approved."""
        self.replaced: set[tuple[str, int, int]] = set()
        """Jobs, clips, and the runs in which those begin with another picture than was made for them."""
        self.owner_of_job: dict[str, str] = {}
        """Tenants."""
        self.answered: Callable[[str, str, str], None] = lambda job, attempt, prediction: None

    def provider(self, name: str) -> Provider:
        return self.providers[name]

    # who calls

    def play(self, state: str, payload: Any, told: Told) -> None:
        """A task of the state machine."""
        task = payload.get("task", payload)
        function = STATES[state]
        begun = self.world.invoke(
            function, lambda: getattr(self, function)(payload), told, SECONDS[function], task["jobId"]
        )
        if function == "request_clip":
            begun.about = task["jobId"], ClipTask.parse(task).attempt_id

    def check(self, body: str, done: Callable[[bool], None]) -> None:
        """A message of the queue."""
        message = CheckClip.model_validate_json(body)
        broken = self.world.strikes(self.world.weather.looks_fail)

        def work() -> None:
            if broken:
                raise TimeoutError("its deployment is broken")
            check_clip(message, self.outbox, self.events)

        begun = self.world.invoke(
            "check_clip",
            work,
            lambda _, error: done(error is None),
            SECONDS["check_clip"],
            message.job_id,
        )
        begun.about = message.job_id, message.attempt_id

    def call_back(self, notice: Notice, told: Callable[[int | None], None]) -> None:
        """A webhook."""
        job, attempt = notice.to
        event = {
            "pathParameters": {"provider": notice.by.name},
            "headers": notice.headers,
            "queryStringParameters": {"job": job, "attempt": attempt},
            "body": notice.body,
        }

        def work() -> Any:
            return answer(lambda: receive(event, self.jobs, self.workflow, self.provider, self.events))

        def done(result: Any, error: BaseException | None) -> None:
            status = result["statusCode"] if error is None else None
            if status and 200 <= status < 300 and notice.about:
                self.answered(job, attempt, notice.about.id)
            told(status)

        self.world.invoke("callback", work, done, SECONDS["callback"], job)

    def _execution_changed(self, execution: Execution) -> None:
        """EventBridge's "Execution Status Change" of the parent machine."""
        if execution.status not in ("ABORTED", "TIMED_OUT", "FAILED"):
            return
        detail = {"name": execution.name, "status": execution.status}
        self._tell({"source": "aws.states", "detail": detail}, "close_job", execution.name.rpartition("-")[0])

    def _heard(self, event: Any) -> None:
        """The rules of our own bus."""
        kind, job_id = event["detail-type"], event["detail"]["jobId"]
        if kind in (CANCELLING, CLOSING):
            self._tell(event, "close_job", job_id)
        elif kind == LATE:
            self._tell(event, "keep_clip", job_id)

    def _tell(self, event: Any, function: str, job_id: str) -> None:
        world = self.world
        times = 0 if world.strikes(world.weather.event_lost) else 2 if world.strikes(world.weather.event_twice) else 1
        for turn in range(times):
            self._invoke_later(event, function, job_id, turn * world.chance.choice((0.01, 5.0, 400.0)), 0)

    def _invoke_later(self, event: Any, function: str, job_id: str, delay: float, turn: int) -> None:
        def told(result: Any, error: BaseException | None) -> None:
            if error is not None and turn < 2:  # as Lambda does with what comes asynchronously
                self._invoke_later(event, function, job_id, (60.0, 120.0)[turn], turn + 1)

        def work() -> Any:
            return getattr(self, function)(event)

        begin = self.world.invoke
        self.world.after(0.1 + delay, lambda: void(begin(function, work, told, SECONDS[function], job_id)))

    # the functions: their handlers without the environment

    def accept(self, tenant: str, asked: Asked, key: str) -> AcceptedView:
        reception, moment = self._reception(tenant, "/jobs", key), the_moment(self.pulse)

        def drafted() -> Draft:
            if isinstance(asked, PromptRequest):
                return draft_prompted(asked, tenant, self.darkroom, self.budgets, catalogue(), TIER, moment)
            if isinstance(asked, ScenesRequest):
                return draft_of_scenes(
                    asked, tenant, self.darkroom, self.storyboard, self.budgets, catalogue(), TIER, moment.facts
                )
            if isinstance(asked, ListingRequest):
                return draft_of_listing(asked, tenant, self.darkroom, self.budgets, catalogue(), TIER, moment.facts)
            return draft(asked, tenant, self.library, catalogue(), "veo3", moment.facts("pair"))

        return answered(reception.accept(asked, drafted))

    def run_again(
        self, tenant: str, job_id: str, way: str, key: str, asked: BaseModel, decide: Callable[[], Decide]
    ) -> AcceptedView:
        reruns = Reruns(self._reception(tenant, f"/jobs/{job_id}/{way}", key), self.library)
        return answered(reruns.begin(asked, tenant, job_id, decide(), in_pause=way == "regenerate"))

    def approve(self, tenant: str, job_id: str, key: str, asked: ApproveRequest, number: int) -> AcceptedView:
        reruns = Reruns(self._reception(tenant, f"/jobs/{job_id}/sub-jobs/{number}/approve", key), self.library)
        return answered(Approvals(reruns, self.bucket, self._shared()).approve(asked, tenant, job_id, number))

    def _reception(self, tenant: str, path: str, key: str) -> Reception:
        return Reception(
            Once(self.table, tenant, path, key), self.jobs, self.ledger, self.budgets, self.workflow, catalogue
        )

    def cancel(self, tenant: str, job_id: str) -> Job:
        return cancel_job(own_job(self.jobs, tenant, job_id), self.jobs, self.events)

    def plan(self, event: Any) -> Any:
        run, began = RunRef.parse(event), self.world.time
        left = lambda: SECONDS["plan"] - (self.world.time - began)  # noqa: E731  # as short as it is
        return plan(run.job_id, run.run, self.board, left).wire()

    def request_clip(self, event: Any) -> None:
        request_clip(RequestClip.parse(event), self.outbox)

    def keep_clip(self, event: Any) -> Any:
        if "detail" in event:
            return self.keeper.keep_late(LateClip.parse(event["detail"]))
        return self.keeper.keep(ClipTask.parse(event), KeepClip.parse(event).error).wire()

    def arrange(self, event: Any) -> Any:
        return arrange(RunRef.parse(event), self.brake, self.ledger).wire()

    def make_piece(self, event: Any) -> Any:
        make_piece(PieceTask.parse(event), self.jobs, self.bucket, encode)
        return {}

    def assemble(self, event: Any) -> Any:
        assemble(RunRef.parse(event), self.jobs, self.ledger, self.bucket, make_film)
        return {}

    def deliver(self, event: Any) -> Any:
        run = RunRef.parse(event)
        end_well(run.job_id, run.run, self.closing, APPROVAL)
        return {}

    def close_job(self, event: Any) -> Any:
        message = read_ending(event)
        if isinstance(message, CloseJob):
            said = message.error.said if message.error else ENDED["FAILED"]
            close_failed(message.job_id, message.run, said, self.closing)
        else:
            stop_run(message.job_id, message.run, self.closing)
        return {}

    def sweep(self) -> Any:
        at = datetime.fromtimestamp(self.world.time, UTC)
        return sweep(self.closing, at), self.pauses.end(at)

    def _lines_of(self, job_id: str) -> list[Line]:
        """As they are, without anybody's asking."""
        rows = self.dynamodb.partition(f"J#{job_id}")
        return [Line.model_validate(row(one)) for one in rows if one["sk"]["S"].startswith("LEDGER#")]

    def _shared(self) -> SharedStore:
        return cast(SharedStore, self.shared)  # as far as it is used

    # who calls the API

    def ask(self, tenant: str | None, work: Callable[[], Any], told: Told) -> None:
        self.world.invoke("api", work, told, SECONDS["api"]).tenant = tenant

    # whose rows and objects

    def _touched(self, pk: str) -> None:
        """An invocation about one job sees that job's rows, and those of its tenant; one for a tenant, that tenant's."""
        me = self.world.current
        if me is None or me.dead or pk.startswith("HEALTH"):  # the whole deployment's: counts by model alone
            return
        if me.job_id is not None:
            tenant = self.owner_of_job.get(me.job_id)
            allowed = pk == f"J#{me.job_id}" or (tenant is not None and pk == f"T#{tenant}")
        elif me.tenant is not None:
            about = self.owner_of_job.get(pk.removeprefix("J#"), me.tenant) if pk.startswith("J#") else None
            allowed = me.tenant == about or pk == f"T#{me.tenant}" or pk.startswith(f"IDEM#{me.tenant}#")
        else:
            return
        if not allowed:
            raise StrangersRow(f"{me}, about job {me.job_id} of {me.tenant}, touches {pk}")

    def _reached(self, key: str) -> None:
        me = self.world.current
        whose = me and (self.owner_of_job[me.job_id] if me.job_id is not None else me.tenant)
        if me is not None and whose is not None and not key.startswith(f"{whose}/"):
            raise StrangersRow(f"{me}, about job {me.job_id} of {whose}, reaches for {key}")


class StrangersRow(BaseException):
    """Another tenant's. Not an error that the domain may survive: it ends the history."""


def in_turn(work: Callable[[Any], None], ones: Iterable[Any]) -> None:
    """All of them, also when one fails, as `at_once` does it; threads of the domain's own would not take turns."""
    failed: list[Exception] = []
    for one in ones:
        try:
            work(one)
        except Exception as error:  # noqa: BLE001  # raised when the others are done
            failed.append(error)
    if failed:
        raise failed[0]


def answered(response: Response[Envelope[AcceptedView]]) -> AcceptedView:
    assert response.body is not None
    assert response.body.data is not None
    return response.body.data


def void(_: object) -> None:
    """For what is called for its effect."""
