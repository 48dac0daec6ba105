"""How a job is accepted: rows first, then the one write that makes it a job, then its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from functions.api.envelope import Envelope, created
from functions.api.given import TheBudgets, TheJobs, TheLedger, TheWorkflow
from functions.api.job_views import RETRY_AFTER, AcceptedView, accepted_view, job_path
from functions.api.once import REPLAYED, Once, TheOnce
from functions.studio import wiring
from functions.studio.attempts import at_most
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue
from functions.studio.clips import Clip
from functions.studio.clock import epoch
from functions.studio.credits import in_credits
from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, Line, reservation
from functions.studio.storyboard import Storyboard
from functions.studio.table import Write
from functions.studio.telemetry import about, count, logger
from functions.studio.workflow import Workflow

UNACCEPTED_FOR = 3600
"""Seconds until the clip rows of a job that was never accepted expire. Plan puts them again, to stay."""

Draft = tuple[Job, Sequence[Clip]]
"""A job, and the clips that are known already."""


def expiry() -> int:
    return int(epoch()) + UNACCEPTED_FOR


@dataclass(frozen=True)
class Reception:
    """Where jobs of every kind are accepted, at most one for an `Idempotency-Key`."""

    once: Once
    jobs: JobStore
    ledger: Ledger
    budgets: Budgets
    workflow: Workflow
    catalogue: Callable[[], Catalogue]

    def accept(self, asked: BaseModel, draft: Callable[[], Draft]) -> Response[Envelope[AcceptedView]]:
        """`draft` says what `asked` comes to, or why it is refused; it is not called for what was accepted before."""
        return self.answered_once(asked, lambda: self._accept(asked, *draft()))

    def answered_once(
        self, asked: BaseModel, carry_out: Callable[[], AcceptedView]
    ) -> Response[Envelope[AcceptedView]]:
        """`carry_out` commits with `once.remember`; it is not called for what was carried out before."""
        with self.once.taking(asked) as answered:
            if answered is None:
                return _answer(carry_out())
            return _answer(AcceptedView.model_validate(answered), {REPLAYED: "true"})

    def _accept(self, asked: BaseModel, job: Job, clips: Sequence[Clip]) -> AcceptedView:
        about(job=job.id, run=job.run)
        job = in_credits(job, [clip.stage for clip in clips])
        shown = accepted_view(job)
        self.budgets.check_beginning(job)
        models = self.catalogue()
        self.jobs.table.put_all(
            [self.jobs.new_clip(job.id, clip) for clip in clips]
            + [self.ledger.reserve(job.id, _line(job, clip, models)) for clip in clips]
        )
        self.budgets.accept(
            job,
            self.jobs.accept(job),
            *self.jobs.enlist(job),
            *_scenes(job, clips, self.jobs),
            *self.once.remember(asked, job.id, shown),
        )
        logger().info("job accepted", extra={"kind": job.kind, "model": job.model, "clips": len(clips)})
        count("JobsAccepted")
        self.start(job)
        return shown

    def start(self, job: Job) -> None:
        """A job whose run cannot be started now stays accepted: the sweep starts it."""
        try:
            self.jobs.execution_started(job, self.workflow.start(job.id, job.run, job.execution_name))
        except (ClientError, BotoCoreError) as error:
            logger().warning("the run was not started", exc_info=error)
        except ConditionLost:
            pass  # the sweep was quicker


def _scenes(job: Job, clips: Sequence[Clip], jobs: JobStore) -> list[Write]:
    """What tells each scene of the film which clip is its latest."""
    of = {clip.scene_id: clip.number for clip in clips if clip.scene_id}
    return [Storyboard(jobs.table).filmed(job.tenant, job.scenario_id, job.id, of)] if job.scenario_id else []


def _line(job: Job, clip: Clip, models: Catalogue) -> Line:
    return reservation(clip, amount=at_most(clip, job, models), credits=job.credits_of(clip.stage))


def _answer(shown: AcceptedView, headers: Mapping[str, str] | None = None) -> Response[Envelope[AcceptedView]]:
    waiting = {"Retry-After": str(RETRY_AFTER[JobStatus.PLANNING])}
    return created(shown, job_path(shown.id), status=202, headers={**waiting, **(headers or {})})


def reception(once: TheOnce, jobs: TheJobs, ledger: TheLedger, budgets: TheBudgets, workflow: TheWorkflow) -> Reception:
    return Reception(once, jobs, ledger, budgets, workflow, wiring.catalogue)


TheReception = Annotated[Reception, Depends(reception)]
