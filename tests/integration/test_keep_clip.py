"""KeepClip, with a real output store over HTTP, the real ffmpeg, and tables and buckets over moto."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from functions.keep_clip.handler import handler
from functions.studio import wiring
from functions.studio.clips import Answer, Attempt, AttemptStatus, ClipStatus, Outcome
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState
from functions.studio.media_store import MediaStore
from functions.studio.messages import StateError
from functions.studio.table import Write
from tests.integration.keep_stage import TIMED_OUT, Desk, a_desk
from tests.media import Studio
from tests.outputs import Outputs
from tests.scripted import a_clip


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    return a_desk(jobs, ledger, media, outputs)


def test_a_good_output_is_kept_with_its_sound_and_settled(desk: Desk, studio: Studio) -> None:
    drawn = studio.clip()
    desk.answered(output_url=desk.outputs.holds(drawn))

    assert desk.keep() is None

    clip = desk.clip
    assert (clip.status, desk.attempt_status, desk.money) == (
        ClipStatus.COMPLETED,
        AttemptStatus.KEPT,
        LineState.SETTLED,
    )
    assert clip.actual_cost == Decimal("1.20")
    assert clip.kept
    assert clip.kept.key == f"acme/1.0001.video.1/videos/{desk.job.id}/clips/clip_001.mp4"
    assert desk.media.read(clip.kept.key) == drawn.read_bytes()
    pcm = desk.media.read(clip.kept.pcm_key)
    assert len(pcm) == 48_000 * 4
    assert max(pcm) > 0
    picture = clip.kept.probe.picture
    assert (picture.frames, picture.fps, picture.width, picture.height) == (24, 24, 320, 180)


def test_a_clip_stays_and_only_what_can_be_made_of_it_again_ends_some_day(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.keep()
    kept = desk.clip.kept
    assert kept
    assert kept.segment
    assert kept.thumbnail_key
    assert kept.last_frame_key
    client, bucket = desk.media.client, desk.media.bucket
    raw = [{"Key": "lifetime", "Value": "raw"}]
    tags = {key: client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] for key in desk.objects}
    assert tags == {
        kept.key: [],
        kept.thumbnail_key: [],
        kept.last_frame_key: [],
        kept.pcm_key: raw,
        kept.segment.key: raw,
    }


def test_a_mute_clip_is_given_silence_as_long_as_its_picture(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip(sound=False)))
    desk.keep()
    assert desk.clip.kept
    assert desk.media.read(desk.clip.kept.pcm_key) == bytes(48_000 * 4)


def test_keeping_twice_fetches_once_and_changes_nothing(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.keep()
    before = desk.clip

    assert desk.keep() is None
    assert desk.keep(TIMED_OUT) is None
    assert desk.clip == before
    assert desk.outputs.asked == ["/out.mp4"]


def test_an_answer_that_came_after_all_outweighs_the_timeout(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.keep(TIMED_OUT)
    assert desk.clip.status is ClipStatus.COMPLETED


def test_another_attempt_that_the_policy_allows_is_reserved_with_the_end_of_the_last(desk: Desk) -> None:
    desk.limits = {"failed": 2}
    desk.answered(outcome="failed", charged=False, error="GPU on fire")

    following = desk.keep()

    assert following == desk.task.model_copy(update={"attempt": 2, "tries": 2})
    assert (desk.clip.status, desk.clip.retry_count) == (ClipStatus.PROCESSING, 1)
    assert desk.money is LineState.RELEASED
    assert desk.ledger.line(desk.job.id, following.attempt_id).state is LineState.RESERVED
    assert desk.keep() == following


def test_the_last_attempt_of_a_policy_is_the_last(desk: Desk) -> None:
    desk.limits = {"failed": 1}
    desk.answered(outcome="failed", error="GPU on fire")
    assert desk.keep() is None
    assert desk.clip.status is ClipStatus.FAILED


def test_an_answer_that_comes_while_the_attempt_is_being_ended_is_kept_after_all(desk: Desk, studio: Studio) -> None:
    """The rows change between KeepClip's read and its write."""
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    url = desk.outputs.holds(studio.clip())

    class Overtaken(JobStore):
        def find_attempt(self, job_id: str, attempt_id: str) -> Attempt | None:
            found = super().find_attempt(job_id, attempt_id)
            if found and found.status is AttemptStatus.ACCEPTED:
                answer = Answer(outcome=Outcome.SUCCEEDED, output_url=url)
                self.table.commit(self.attempt_answered(job_id, attempt_id, "p1", answer))
            return found

    desk.jobs = Overtaken(desk.jobs.table)
    desk.keep(StateError(Error="ProviderUnknown"))
    assert (desk.clip.status, desk.money) == (ClipStatus.COMPLETED, LineState.SETTLED)


def test_keeping_again_after_a_crash_behind_the_uploads_converges(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))

    class Dying(Ledger):
        def end(self, *arguments: Any, **named: Any) -> Write:
            raise ConnectionError("the function died")

    whole, desk.ledger = desk.ledger, Dying(desk.ledger.table)
    with pytest.raises(ConnectionError):
        desk.keep()
    left = desk.objects
    desk.ledger = whole
    desk.keep()
    assert (desk.clip.status, desk.money) == (ClipStatus.COMPLETED, LineState.SETTLED)
    assert desk.objects == left


def test_the_handler_reads_the_states_error_and_answers_with_what_follows(
    desk: Desk, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_NAME", "rows")
    monkeypatch.setenv("MEDIA_BUCKET", "media")
    monkeypatch.setenv("EVENT_BUS_NAME", "bus")
    monkeypatch.setenv("REPLICATE_OUTPUT_ORIGINS", desk.outputs.origin)
    monkeypatch.setenv("PIAPI_OUTPUT_ORIGINS", "https://*.theapi.app")
    monkeypatch.setenv("RUNWAY_OUTPUT_ORIGINS", "https://outputs.example")
    wiring.forget()
    desk.answered(output_url=desk.outputs.holds(studio.clip()))

    class Context:
        function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "testing"

    assert handler({**desk.task.wire(), "error": {"Error": "States.Timeout", "Cause": ""}}, Context()) == {}
    assert desk.clip.status is ClipStatus.COMPLETED


def test_a_clip_that_was_closed_meanwhile_stays_closed(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.jobs.table.commit(
        desk.jobs.move_clip(desk.job.id, 1, 1, ClipStatus.CANCELLED),
        desk.jobs.attempt_ended(desk.job.id, desk.task.attempt_id, AttemptStatus.LOST),
        desk.ledger.end(desk.job.id, desk.task.attempt_id, LineState.LOST),
    )
    assert desk.keep() is None
    assert (desk.clip.status, desk.money) == (ClipStatus.CANCELLED, LineState.LOST)


def test_the_next_runs_clip_is_not_touched_by_the_last_runs_task(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.jobs.table.commit(desk.jobs.new_clip(desk.job.id, a_clip(desk.job, run=2)))
    assert desk.keep() is None
    assert (desk.clip.run, desk.clip.status) == (2, ClipStatus.PENDING)


def test_a_kept_clip_can_be_watched_before_there_is_a_film(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.keep()
    assert desk.clip.kept
    segment = desk.clip.kept.segment
    assert segment
    assert segment.key == desk.clip.kept.key.replace(".mp4", ".m4s")
    [stretch] = segment.stretches
    assert stretch.seconds == 1.0
    content = desk.media.read(segment.key)
    assert content[segment.initial_bytes + 4 : segment.initial_bytes + 8] == b"moof"
    assert len(content) == segment.initial_bytes + stretch.bytes


def test_a_clip_that_cannot_be_made_fit_to_watch_is_kept_all_the_same(desk: Desk, studio: Studio) -> None:
    desk.segment_seconds = 0.0
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    assert desk.keep() is None
    assert desk.end == (ClipStatus.COMPLETED, AttemptStatus.KEPT, LineState.SETTLED)
    assert desk.clip.kept
    assert desk.clip.kept.segment is None
    assert not [key for key in desk.objects if key.endswith(".m4s")]
