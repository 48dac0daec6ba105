"""failures.md, row 25: DynamoDB throttles, conflicts, or answers too late, at every call that a job's life makes.

The SDK has given up by then: whoever called is called again, as the workflow's Retry, the queue and the API's client do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from functions.api.accept_job import Reception
from functions.api.image_pairs import ImagePairsRequest, draft
from functions.api.once import Once
from functions.keep_clip.keep import Keeper
from functions.request_clip.request import request_clip
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Answer, Outcome
from functions.studio.closing import Closing, close_failed
from functions.studio.errors import ConditionLost, InFlight
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Asset, Campaign, Library
from functions.studio.listing import EVERY, since
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, RequestClip, StateError
from functions.studio.providers import Prediction
from functions.studio.recording import record_answer
from functions.studio.rows import new_id, now
from functions.studio.sending import Outbox
from functions.studio.table import Table, put
from functions.studio.workflow import Workflow
from functions.sweep.sweep import sweep
from tests.scripted import Bus, Queue, ScriptedProvider, Tokens, a_brake

FAULTS = {
    "throttled": ("ThrottlingException", 400, False),
    "answered too late": ("InternalServerError", 500, True),
}
"""The error's code and status, and whether the call was carried out all the same."""

CALLS = {
    "get_item",
    "batch_get_item",
    "query",
    "put_item",
    "update_item",
    "delete_item",
    "batch_write_item",
    "transact_write_items",
}


class Shaky:
    """DynamoDB's client, whose call number `fails_at` fails; where none does, every transaction conflicts once."""

    def __init__(self, client: Any, fails_at: int, fault: str) -> None:
        self.client, self.fails_at, self.fault = client, fails_at, FAULTS[fault]
        self.calls = 0
        self.conflicted = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        return (lambda **asked: self._call(name, call, asked)) if name in CALLS else call

    def _call(self, name: str, call: Callable[..., Any], asked: dict[str, Any]) -> Any:
        if name == "transact_write_items" and self.fails_at < 0:
            self.conflicted = not self.conflicted
            if self.conflicted:
                error: Any = {"Error": {"Code": "TransactionCanceledException"}}
                error["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
                raise ClientError(error, name)
        self.calls += 1
        code, status, done = self.fault
        if self.calls - 1 == self.fails_at:
            if done:
                call(**asked)
            said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(said, name)
        return call(**asked)


class Life:
    """A job of one clip that the provider fails to make and charges for, from its request to its end."""

    def __init__(self, table: Table, media: MediaStore, fault: str, fails_at: int) -> None:
        self.tenant = f"tenant-{new_id()}"
        self.sound = table
        self.client = Shaky(table.client, fails_at, fault)
        self.table = Table(table.name, cast(Any, self.client))
        self.jobs, self.ledger = JobStore(self.table), Ledger(self.table)
        self.provider, self.tokens, self.bus = ScriptedProvider(), Tokens("token"), Bus()
        self.workflow = Workflow("arn:aws:states:us-east-1:1:stateMachine:m", self.tokens)
        brake, events = a_brake(self.jobs, self.provider), JobEvents("bus", self.bus)
        self.closing = Closing(self.jobs, self.ledger, events, self.workflow, brake)
        checks = CheckQueue("queue", [3, 5], Queue())
        self.outbox = Outbox(
            self.jobs, media, self.workflow, checks, brake, lambda _: self.provider, catalogue, "none", "url"
        )
        self.keeper = Keeper(
            self.jobs,
            self.ledger,
            media,
            lambda _: self.provider,
            {},
            {},
            {"image_pairs": ("video",)},
            events,
            catalogue,
        )
        self.campaign = self._campaign()

    def _campaign(self) -> str:
        library, stamp = Library(self.sound), {"tenant": self.tenant, "created_at": now(), "updated_at": now()}
        campaign = Campaign(id=new_id(), name="Spring", budget_usd=Decimal("1.20"), **stamp)
        library.add(campaign)
        picture = Asset(
            id=new_id(), campaign_id=campaign.id, name="one", key="k", thumbnail_key="t", content_type="image/png",
            bytes=1, sha256="0", width=1, height=1, **stamp,
        )  # fmt: skip
        for number in "12":
            library.add_asset(picture.model_copy(update={"id": new_id(), "sha256": number}))
        return campaign.id

    def again(self, step: Callable[[], Any]) -> Any:
        """One fault is in a life, so whoever is called again is done."""
        try:
            return step()
        except ClientError:
            return step()

    def lives(self) -> str:
        job_id = str(self.again(self.accept))
        while not self.tokens.executions:  # accepted as far as the table knows: the sweep comes every minute
            sweep(self.closing, datetime.now(UTC) + timedelta(minutes=2))
        self.again(lambda: self.plans(job_id))
        task = ClipTask(
            job_id=job_id, run=1, clip=1, stage="video", attempt=1, timeout_seconds=600, heartbeat_seconds=30
        )
        self.again(lambda: request_clip(RequestClip(task=task, token="token"), self.outbox))
        if self.provider.known:
            self.again(lambda: self.is_answered(task))
        error = StateError(Error="States.Timeout") if self.tokens.waiting else None
        self.again(lambda: self.keeper.keep(task, error))
        self.again(lambda: close_failed(job_id, 1, "The only clip failed", self.closing))
        return job_id

    def accept(self) -> str:
        asked = ImagePairsRequest(campaignId=self.campaign, numPairs=1)
        once = Once(self.table, self.tenant, "/jobs", "key")
        reception = Reception(once, self.jobs, self.ledger, Budgets(self.table), self.workflow, catalogue)
        try:
            answer = reception.accept(
                asked, lambda: draft(asked, self.tenant, Library(self.table), catalogue(), "veo3")
            )
        except InFlight:  # it could not be given back: its minute passes
            row = self.sound.get(f"IDEM#{self.tenant}#key", "ONCE") or {}
            self.sound.commit(put(f"IDEM#{self.tenant}#key", "ONCE", row | {"expiresAt": 1}))
            return self.accept()
        return str(answer.body.data.id)

    def plans(self, job_id: str) -> None:
        try:
            self.table.commit(self.jobs.move_job(job_id, 1, JobStatus.PROCESSING))
        except ConditionLost:
            self.jobs.owned(job_id, 1, JobStatus.PROCESSING)

    def is_answered(self, task: ClipTask) -> None:
        attempt = self.jobs.find_attempt(task.job_id, task.attempt_id)
        assert attempt
        answer = Answer(outcome=Outcome.FAILED, error="no", charged=True)
        record_answer(self.jobs, self.workflow, task.job_id, attempt, Prediction(id="prediction-1", answer=answer))


@pytest.mark.parametrize("fault", FAULTS)
def test_row_25_a_table_that_fails_at_any_call_pays_nothing_twice_and_loses_nothing(
    table: Table, media: MediaStore, fault: str
) -> None:
    whole = Life(table, media, fault, fails_at=-1)
    whole.lives()
    assert len(whole.provider.orders) == 1
    assert whole.client.calls > 30
    for number in range(whole.client.calls):
        life = Life(table, media, fault, fails_at=number)
        job = JobStore(table).job(life.lives())
        said = f"call {number} of {whole.client.calls}"
        assert life.client.calls > number, said
        assert len(life.provider.orders) <= 1, said
        assert list(life.tokens.executions) == [f"{job.id}-1"], said
        assert len(JobStore(table).listed(life.tenant, [since(EVERY, None, None)], limit=9)[0]) == 1, said
        assert (job.status, job.reserved_cost) == (JobStatus.FAILED, 0), said
        totals, counter = Ledger(table).totals(job.id), Budgets(table).tenant(life.tenant)
        assert totals.lost + totals.released == Decimal("1.20"), said
        assert totals.lost or not life.provider.orders, said
        assert job.lost_cost == totals.lost, said
        assert (counter.reserved, counter.settled, counter.lost, counter.used) == (0, 0, totals.lost, totals.lost), said
        assert len(life.bus.events) in (1, 2), said
