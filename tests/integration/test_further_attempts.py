"""What KeepClip does about an attempt that came to nothing: another one, another model, the end of the job's hope."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from functions.studio.attempts import LIMITS, at_most
from functions.studio.catalogue import catalogue
from functions.studio.clips import STAGES, AttemptStatus, ClipStatus, Outcome
from functions.studio.job_store import JobStore
from functions.studio.jobs import OnClipFailure
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.media_store import MediaStore
from functions.studio.messages import LateClip, StateError
from functions.studio.providers import Prediction
from functions.studio.rows import now
from tests.integration.keep_stage import Desk
from tests.media import Studio
from tests.outputs import Outputs
from tests.scripted import ScriptedProvider, a_clip, a_job, a_task


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    return a_desk_of(jobs, ledger, media, outputs)


def a_desk_of(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs, **job: object) -> Desk:
    """A clip of six seconds in the middle of its first attempt, with the limits that hold, and one more that waits."""
    given = {"duration_seconds": 6, "fallback_models": ["hailuo-2.0"], "total_clips": 2} | job
    asked = a_job(**given)
    clip = a_clip(asked, status=ClipStatus.PROCESSING, started_at=now())
    other = a_clip(asked, 2)
    jobs.table.commit(
        jobs.accept(asked),
        jobs.new_clip(asked.id, clip),
        jobs.new_clip(asked.id, other),
        ledger.reserve(asked.id, reservation(clip)),
        ledger.reserve(asked.id, reservation(other)),
    )
    provider = ScriptedProvider()
    provider.known["p1"] = Prediction(id="p1")
    return Desk(jobs, ledger, media, outputs, asked, a_task(asked), dict(LIMITS), STAGES, provider)


def fails(desk: Desk, **answer: object) -> Desk:
    """The desk at the attempt that follows, whose prediction has failed too."""
    following = desk.keep()
    assert following
    desk = replace(desk, task=following)
    said = {"id": following.attempt_id, "model": desk.clip.model, "prediction_id": f"p{following.attempt}"}
    desk.answered_as(said, outcome=Outcome.FAILED, charged=False, error="GPU on fire", **answer)
    return desk


def test_after_two_failures_the_next_model_is_asked_at_its_own_price(desk: Desk) -> None:
    desk.answered(outcome=Outcome.FAILED, charged=False, error="GPU on fire")
    second = fails(desk)
    third = second.keep()
    assert third
    clip = second.clip
    assert (clip.model, clip.retry_count, clip.status) == ("hailuo-2.0", 2, ClipStatus.PROCESSING)
    assert (clip.error_message, clip.error_class) == ("GPU on fire", "failed")
    line = second.ledger.line(second.job.id, third.attempt_id)
    assert (line.amount, line.model, line.state) == (Decimal("0.20"), "hailuo-2.0", LineState.RESERVED)
    assert second.keep() == third, "asked again it says the same"


def test_what_was_reserved_for_the_dearest_model_does_for_each_of_them(
    jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs
) -> None:
    desk = a_desk_of(jobs, ledger, media, outputs, model="hailuo-2.0", fallback_models=["veo3"], reserved_cost=2)
    line = reservation(desk.clip, amount=at_most(desk.clip, desk.job, catalogue()))
    jobs.table.commit(ledger.reserve(desk.job.id, line))
    desk.answered(outcome=Outcome.FAILED, charged=False, error="GPU on fire")
    assert fails(desk).keep()
    amounts = [one.amount for one in ledger.lines(desk.job.id) if one.clip == 1]
    assert amounts == [Decimal("0.90")] * 3, "what came back is not asked for twice"
    assert desk.clip.estimated_cost == Decimal("0.90")
    assert jobs.job(desk.job.id).reserved_cost == 2


def test_what_was_lost_is_reserved_anew_before_the_clip_is_tried_again(desk: Desk) -> None:
    desk.answered(outcome=Outcome.FAILED, charged=True, error="GPU on fire")
    assert desk.keep()
    assert desk.money is LineState.LOST
    assert desk.jobs.job(desk.job.id).reserved_cost == desk.clip.estimated_cost


def test_when_all_models_have_failed_twice_the_clip_has_failed(desk: Desk) -> None:
    desk.answered(outcome=Outcome.FAILED, charged=False, error="GPU on fire")
    last = fails(fails(fails(desk)))
    assert last.keep() is None
    assert (last.clip.status, last.clip.retry_count) == (ClipStatus.FAILED, 3)
    states = [line.state for line in last.ledger.lines(last.job.id) if line.clip == 1]
    assert states == [LineState.RELEASED] * 4


def test_a_model_that_is_gone_is_not_asked_twice(desk: Desk) -> None:
    desk.answered(outcome=Outcome.REFUSED, charged=False, error="no such model", error_class="gone")
    assert desk.keep()
    assert desk.clip.model == "hailuo-2.0"


@pytest.mark.parametrize("error_class", [None, "unconfigured"])
def test_what_would_be_refused_again_is_not_sent_again(desk: Desk, error_class: str | None) -> None:
    desk.answered(outcome=Outcome.REFUSED, charged=False, error="Nudity", error_class=error_class, input="firstFrame")
    assert desk.keep() is None
    assert desk.clip.status is ClipStatus.FAILED
    assert (desk.clip.error_class, desk.clip.error_input) == (error_class or "refused", "firstFrame")


def test_of_what_may_have_been_sent_nothing_is_sent_again(desk: Desk) -> None:
    desk.attempt(claim="us", claimed_at=now())
    assert desk.keep(StateError(Error="Lambda.Unknown", Cause="crashed")) is None
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_what_was_certainly_not_sent_is_tried_again(desk: Desk) -> None:
    following = desk.keep(StateError(Error="Lambda.Unknown", Cause="crashed before anything"))
    assert following
    assert (following.attempt, desk.money) == (2, LineState.RELEASED)


# the policy


@pytest.fixture
def hasty(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    wish = OnClipFailure(kind="fail_fast")
    return a_desk_of(jobs, ledger, media, outputs, on_clip_failure=wish, fallback_models=[])


def test_the_first_lost_clip_ends_the_spending_of_a_job_that_is_to_fail_fast(hasty: Desk) -> None:
    hasty.answered(outcome=Outcome.REFUSED, charged=False, error="Nudity")
    assert hasty.keep() is None
    job = hasty.jobs.job(hasty.job.id)
    assert job.closing == "Clip 1 failed, and the job was to stop at the first: Nudity"
    assert not job.may_spend
    assert [event["DetailType"] for event in hasty.bus.events] == ["job.closing"]


def test_whoever_crashed_before_it_told_so_tells_it_the_next_time(hasty: Desk) -> None:
    hasty.answered(outcome=Outcome.REFUSED, charged=False, error="Nudity")
    hasty.bus.put_events = lambda **asked: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]}
    with pytest.raises(RuntimeError, match="Throttled"):
        hasty.keep()
    del hasty.bus.put_events
    assert hasty.keep() is None
    assert [event["DetailType"] for event in hasty.bus.events] == ["job.closing"]


def test_a_lost_clip_of_a_job_that_may_go_on_stops_nobody(desk: Desk) -> None:
    desk.answered(outcome=Outcome.REFUSED, charged=False, error="Nudity")
    desk.keep()
    assert desk.jobs.job(desk.job.id).may_spend
    assert desk.bus.events == []


def test_a_clip_of_a_job_that_is_stopped_is_cancelled_with_its_reason_and_not_tried_again(hasty: Desk) -> None:
    hasty.jobs.table.commit(hasty.jobs.begin_to_close(hasty.job.id, 1, "Clip 2 failed"))
    hasty.answered(outcome=Outcome.CANCELLED, charged=True)
    assert hasty.keep() is None
    clip = hasty.clip
    assert (clip.status, clip.error_message, clip.error_class) == (ClipStatus.CANCELLED, "Clip 2 failed", "cancelled")
    assert hasty.money is LineState.LOST
    assert hasty.bus.events == []


def test_a_clip_that_is_released_without_an_answer_is_cancelled_too(hasty: Desk) -> None:
    hasty.jobs.table.commit(hasty.jobs.begin_to_close(hasty.job.id, 1, "Clip 2 failed"))
    hasty.attempt(postponed=True)
    assert hasty.keep() is None
    assert hasty.end == (ClipStatus.CANCELLED, AttemptStatus.CANCELLED, LineState.RELEASED)


def test_a_clip_that_is_made_already_is_kept_although_its_job_is_stopped(hasty: Desk, studio: Studio) -> None:
    hasty.jobs.table.commit(hasty.jobs.begin_to_close(hasty.job.id, 1, "Clip 2 failed"))
    hasty.answered(output_url=hasty.outputs.holds(studio.clip(seconds=6)))
    assert hasty.keep() is None
    assert hasty.end == (ClipStatus.COMPLETED, AttemptStatus.KEPT, LineState.SETTLED)


# what comes too late


def test_a_paid_clip_that_comes_too_late_is_kept_and_changes_nothing(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip(seconds=6)))
    desk.jobs.table.commit(desk.jobs.attempt_ended(desk.job.id, desk.task.attempt_id, AttemptStatus.LOST))
    before = desk.clip
    late = LateClip(job_id=desk.job.id, run=1, attempt_id=desk.task.attempt_id)
    desk.keeper.keep_late(late)
    desk.keeper.keep_late(late)
    after = desk.jobs.find_attempt(desk.job.id, desk.task.attempt_id)
    assert after
    assert after.status is AttemptStatus.LOST
    assert after.kept
    assert after.kept.key in desk.objects
    assert desk.clip == before


def test_what_comes_too_late_and_is_unusable_is_left(desk: Desk) -> None:
    desk.answered(output_url=f"{desk.outputs.origin}/nothing.mp4")
    desk.jobs.table.commit(desk.jobs.attempt_ended(desk.job.id, desk.task.attempt_id, AttemptStatus.LOST))
    desk.keeper.keep_late(LateClip(job_id=desk.job.id, run=1, attempt_id=desk.task.attempt_id))
    after = desk.jobs.find_attempt(desk.job.id, desk.task.attempt_id)
    assert after
    assert after.kept is None
