from __future__ import annotations

from functions.studio.clips import ATTEMPT_MOVES, CLIP_MOVES, OPEN_CLIP, Attempt, AttemptStatus, ClipStatus
from functions.studio.jobs import MOVES, RESTING, TERMINAL, JobStatus, before
from functions.studio.messages import ClipTask, RequestClip, StateError
from functions.studio.rows import new_id, now


def test_every_status_has_its_moves() -> None:
    assert set(MOVES) == set(JobStatus)
    assert set(CLIP_MOVES) == set(ClipStatus)
    assert set(ATTEMPT_MOVES) == set(AttemptStatus)


def test_a_job_ends_completed_failed_or_cancelled() -> None:
    assert {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED} == TERMINAL


def test_every_running_job_may_fail_or_be_cancelled() -> None:
    for status in set(JobStatus) - RESTING - {JobStatus.CANCELLING}:
        assert {JobStatus.FAILED, JobStatus.CANCELLING} <= MOVES[status]


def test_a_job_that_waits_for_its_caller_can_only_be_cancelled_in_the_same_run() -> None:
    assert MOVES[JobStatus.AWAITING_APPROVAL] == {JobStatus.CANCELLING}
    assert before(MOVES, JobStatus.AWAITING_APPROVAL) == ["sub_job_processing"]


def test_a_clip_that_waits_for_its_caller_is_not_open() -> None:
    assert {ClipStatus.PENDING, ClipStatus.PROCESSING} == OPEN_CLIP


def test_a_job_is_completed_only_from_combining() -> None:
    assert before(MOVES, JobStatus.COMPLETED) == ["video_combining"]


def test_an_attempt_is_kept_only_after_its_answer_was_recorded() -> None:
    assert before(ATTEMPT_MOVES, AttemptStatus.KEPT) == ["answered"]


def test_an_answer_may_come_before_the_acceptance_is_stored() -> None:
    assert set(before(ATTEMPT_MOVES, AttemptStatus.ANSWERED)) == {"asked", "unknown", "accepted"}
    assert "answered" not in before(ATTEMPT_MOVES, AttemptStatus.ACCEPTED)


def test_ids_sort_by_the_time_of_their_making() -> None:
    made = []
    for _ in range(50):
        made.append(new_id())
        before = now()
        while now() == before:
            pass
    assert made == sorted(made)
    assert len({one[14] for one in made} | {"7"}) == 1


def test_an_attempt_is_named_after_run_clip_stage_and_try() -> None:
    task = ClipTask(job_id="j", run=2, clip=7, stage="video", attempt=3, timeout_seconds=600, heartbeat_seconds=30)
    assert task.attempt_id == "2.0007.video.3"


def test_the_task_token_is_in_no_printed_form() -> None:
    task = ClipTask(job_id="j", run=1, clip=1, stage="video", attempt=1, timeout_seconds=1, heartbeat_seconds=1)
    assert "s3cret" not in repr(RequestClip(task=task, token="s3cret"))
    attempt = Attempt(
        id=task.attempt_id,
        clip=1,
        run=1,
        stage="video",
        provider="replicate",
        model="veo3",
        slug="google/veo-3.1-fast",
        token="s3cret",
        asked_at=now(),
    )
    assert "s3cret" not in repr(attempt)
    assert "s3cret" not in str(attempt)


def test_a_lambdas_error_is_read_out_of_the_cause() -> None:
    cause = '{"errorMessage": "XAI_API_KEY not configured", "errorType": "NotConfigured", "stackTrace": []}'
    assert StateError(Error="NotConfigured", Cause=cause).said == "XAI_API_KEY not configured"


def test_a_cause_that_is_no_json_is_said_as_it_is() -> None:
    assert StateError(Error="States.Timeout", Cause="").said == "States.Timeout"
    assert StateError(Error="Some", Cause="plain words").said == "plain words"
