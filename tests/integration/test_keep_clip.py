"""KeepClip, with a real output store over HTTP, the real ffmpeg, and tables and buckets over moto."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from functions.keep_clip.handler import handler
from functions.keep_clip.keep import Keeper
from functions.keep_clip.output import may_fetch
from functions.studio import wiring
from functions.studio.clips import Answer, Attempt, AttemptStatus, Clip, ClipStatus, Outcome
from functions.studio.errors import NotConfigured, OutputUnreachable, ProviderBusy, ProviderFailed
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, StateError
from functions.studio.providers import Prediction
from functions.studio.rows import now
from functions.studio.table import Write
from tests.media import Studio, damaged
from tests.outputs import Outputs
from tests.scripted import ScriptedProvider, a_clip, a_job, a_task, an_attempt

TIMED_OUT = StateError(Error="States.Timeout", Cause="")


@dataclass
class Desk:
    """One clip in the middle of its attempt."""

    jobs: JobStore
    ledger: Ledger
    media: MediaStore
    outputs: Outputs
    job: Job
    task: ClipTask
    limits: dict[str, int]
    stages: dict[str, tuple[str, ...]]
    provider: ScriptedProvider

    def attempt(self, **changes: Any) -> None:
        """Asked for, and not answered yet."""
        asked = {"status": AttemptStatus.ASKED, "prediction_id": None} | changes
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, an_attempt(self.job, **asked)))

    def answered(self, **answer: Any) -> None:
        said = Answer(**({"outcome": Outcome.SUCCEEDED} | answer))
        self.attempt(status=AttemptStatus.ANSWERED, prediction_id="p1", answer=said)

    def keep(self, error: StateError | None = None) -> ClipTask | None:
        keeper = Keeper(
            self.jobs,
            self.ledger,
            self.media,
            {"replicate": self.provider}.__getitem__,
            [self.outputs.origin],
            self.limits,
            self.stages,
        )
        return keeper.keep(self.task, error).next

    @property
    def clip(self) -> Clip:
        return self.jobs.clip(self.job.id, 1)

    @property
    def attempt_status(self) -> AttemptStatus | None:
        attempt = self.jobs.find_attempt(self.job.id, self.task.attempt_id)
        return attempt.status if attempt else None

    @property
    def money(self) -> LineState:
        return self.ledger.line(self.job.id, self.task.attempt_id).state

    @property
    def objects(self) -> list[str]:
        listed = self.media.client.list_objects_v2(Bucket=self.media.bucket)
        return [entry["Key"] for entry in listed.get("Contents", [])]


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    job = a_job(duration_seconds=1)
    clip = a_clip(job, status=ClipStatus.PROCESSING, started_at=now())
    jobs.table.commit(jobs.accept(job), jobs.new_clip(job.id, clip), ledger.reserve(job.id, reservation(clip)))
    provider = ScriptedProvider()
    provider.known["p1"] = Prediction(id="p1")
    return Desk(jobs, ledger, media, outputs, job, a_task(job), {}, {"image_pairs": ("video",)}, provider)


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


def test_kept_objects_are_marked_as_raw_so_that_they_end_some_day(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    desk.keep()
    for key in desk.objects:
        tags = desk.media.client.get_object_tagging(Bucket=desk.media.bucket, Key=key)["TagSet"]
        assert tags == [{"Key": "lifetime", "Value": "raw"}]


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


def broken(studio: Studio, folder: Path) -> dict[str, bytes]:
    clip = studio.clip()
    index = clip.read_bytes().index(b"moov")
    return {
        "cut short": clip.read_bytes()[: index - 200],
        "without its end": damaged(clip, folder / "end.mp4", keep=clip.stat().st_size - 50).read_bytes(),
        "bits flipped": damaged(clip, folder / "bits.mp4", flip=index // 2).read_bytes(),
        "nothing in it": b"",
        "a web page": b"<html><body>Not found</body></html>",
        "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "no picture": studio.made(
            ["-f", "lavfi", "-i", "sine=440:d=1", "-c:a", "aac", "-f", "mp4"], "m4a"
        ).read_bytes(),
        "a claim of 4 GB": clip.read_bytes()[:32] + b"\xff\xff\xff\xf0mdat" + clip.read_bytes()[40:],
    }


@pytest.mark.parametrize(
    "fault",
    [
        "cut short",
        "without its end",
        "bits flipped",
        "nothing in it",
        "a web page",
        "a playlist",
        "no picture",
        "a claim of 4 GB",
    ],
)
def test_a_broken_output_fails_the_clip_and_its_money_is_lost(
    desk: Desk, studio: Studio, tmp_path: Path, fault: str
) -> None:
    desk.answered(output_url=desk.outputs.holds(broken(studio, tmp_path)[fault]))

    assert desk.keep() is None

    assert (desk.clip.status, desk.clip.error_class) == (ClipStatus.FAILED, "broken")
    assert desk.clip.error_message
    assert desk.clip.error_message.startswith("The clip is unusable: ")
    assert (desk.attempt_status, desk.money) == (AttemptStatus.LOST, LineState.LOST)
    assert desk.objects == []


def test_a_clip_of_another_length_than_was_paid_for_is_broken(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip(seconds=3)))
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: it lasts 3.00 s instead of 1 s."


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_output_fails_the_clip_for_good(desk: Desk, status: int) -> None:
    desk.answered(output_url=desk.outputs.says(status))
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class, desk.money) == (ClipStatus.FAILED, "expired", LineState.LOST)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_output_that_cannot_be_fetched_just_now_is_left_for_another_try(desk: Desk, status: int) -> None:
    desk.answered(output_url=desk.outputs.says(status))
    with pytest.raises(OutputUnreachable):
        desk.keep()
    assert (desk.clip.status, desk.money) == (ClipStatus.PROCESSING, LineState.RESERVED)


def test_an_output_that_breaks_off_is_left_for_another_try(desk: Desk, studio: Studio) -> None:
    content = studio.clip().read_bytes()
    desk.answered(output_url=desk.outputs.says(200, content[: len(content) // 2], Content_Length=str(len(content))))
    with pytest.raises(OutputUnreachable):
        desk.keep()


def test_a_redirect_within_the_provider_is_followed(desk: Desk, studio: Studio) -> None:
    desk.outputs.holds(studio.clip(), "/there.mp4")
    desk.answered(output_url=desk.outputs.says(302, Location="/there.mp4"))
    desk.keep()
    assert desk.clip.status is ClipStatus.COMPLETED


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"])
def test_a_redirect_to_anywhere_else_is_not_followed(desk: Desk, target: str) -> None:
    desk.answered(output_url=desk.outputs.says(302, Location=target))
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class) == (ClipStatus.FAILED, "broken")


ORIGINS = ["https://replicate.delivery", "https://*.replicate.delivery"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://replicate.delivery/a/b.mp4", True),
        ("https://pbxt.replicate.delivery/a.mp4", True),
        ("https://replicate.delivery:443/a.mp4", True),
        ("http://replicate.delivery/a.mp4", False),
        ("https://replicate.delivery:8443/a.mp4", False),
        ("https://replicate.delivery.evil.example/a.mp4", False),
        ("https://evilreplicate.delivery/a.mp4", False),
        ("https://replicate.delivery@evil.example/a.mp4", False),
        ("https://evil@replicate.delivery/a.mp4", False),
        ("file:///replicate.delivery", False),
        ("https:///a.mp4", False),
        ("https://replicate.delivery:port/a.mp4", False),
    ],
)
def test_outputs_come_from_their_providers_origins_only(url: str, allowed: bool) -> None:
    assert may_fetch(url, ORIGINS) is allowed


@pytest.mark.parametrize(
    ("outcome", "charged", "status", "money"),
    [
        ("failed", False, AttemptStatus.FAILED, LineState.RELEASED),
        ("failed", True, AttemptStatus.FAILED, LineState.LOST),
        ("refused", False, AttemptStatus.REFUSED, LineState.RELEASED),
        ("cancelled", True, AttemptStatus.CANCELLED, LineState.LOST),
    ],
)
def test_a_provider_that_made_nothing_fails_the_clip_in_its_own_words(
    desk: Desk, outcome: str, charged: bool, status: AttemptStatus, money: LineState
) -> None:
    desk.answered(outcome=outcome, charged=charged, error="The picture shows a famous person.")

    assert desk.keep() is None

    clip = desk.clip
    assert (clip.status, clip.error_message) == (ClipStatus.FAILED, "The picture shows a famous person.")
    assert clip.error_class == outcome
    assert (desk.attempt_status, desk.money) == (status, money)


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_prediction_without_an_answer_in_time_is_lost(desk: Desk, name: str) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.keep(StateError(Error=name))
    assert (desk.clip.status, desk.clip.error_message) == (ClipStatus.FAILED, "Prediction timed out")
    assert (desk.clip.error_class, desk.attempt_status, desk.money) == ("timeout", AttemptStatus.LOST, LineState.LOST)


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_prediction_that_ended_without_telling_is_found_by_a_last_look_and_kept(
    desk: Desk, studio: Studio, name: str
) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    url = desk.outputs.holds(studio.clip())
    desk.provider.ends("p1", Answer(outcome=Outcome.SUCCEEDED, output_url=url))
    desk.keep(StateError(Error=name))
    assert (desk.clip.status, desk.attempt_status, desk.money) == (
        ClipStatus.COMPLETED,
        AttemptStatus.KEPT,
        LineState.SETTLED,
    )


def test_a_failure_that_nobody_told_is_given_in_the_providers_words(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.provider.ends("p1", Answer(outcome=Outcome.FAILED, error="GPU on fire", charged=False))
    desk.keep(TIMED_OUT)
    assert (desk.clip.error_message, desk.clip.error_class) == ("GPU on fire", "failed")
    assert desk.money is LineState.RELEASED


@pytest.mark.parametrize("silence", [ProviderBusy("later"), ProviderFailed("HTTP 500"), NotConfigured("no key")])
def test_a_provider_that_cannot_be_asked_a_last_time_leaves_the_timeout_as_it_is(
    desk: Desk, silence: Exception
) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.provider.busy = silence
    desk.keep(TIMED_OUT)
    assert (desk.clip.error_class, desk.money) == ("timeout", LineState.LOST)


def test_a_provider_is_looked_at_once_and_only_where_time_ran_out(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.keep(TIMED_OUT)
    desk.keep(TIMED_OUT)
    assert desk.provider.looks == ["p1"]


@pytest.mark.parametrize(
    ("name", "error_class"),
    [
        ("ProviderBusy", "busy"),
        ("ProviderRefused", "refused"),
        ("ProviderFailed", "failed"),
        ("ProviderUnknown", "unknown"),
        ("Runtime.ExitError", "failed"),
    ],
)
def test_an_error_of_the_step_fails_the_clip_in_its_class_without_a_look(
    desk: Desk, name: str, error_class: str
) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.keep(StateError(Error=name, Cause=json.dumps({"errorMessage": "words"})))
    assert (desk.clip.error_message, desk.clip.error_class) == ("words", error_class)
    assert desk.provider.looks == []


@pytest.mark.parametrize("attempt", [{"status": AttemptStatus.UNKNOWN}, {"status": AttemptStatus.ASKED}])
def test_money_that_may_have_been_spent_is_lost_and_never_released(desk: Desk, attempt: dict[str, Any]) -> None:
    desk.attempt(**attempt)
    desk.keep(TIMED_OUT)
    assert desk.money is LineState.LOST


def test_money_of_an_attempt_that_was_never_sent_is_released(desk: Desk) -> None:
    desk.keep(StateError(Error="StaleRun", Cause=json.dumps({"errorMessage": "the job has ended"})))
    assert (desk.clip.status, desk.clip.error_message) == (ClipStatus.FAILED, "the job has ended")
    assert desk.money is LineState.RELEASED


def test_money_of_an_attempt_that_the_provider_put_off_is_released(desk: Desk) -> None:
    desk.attempt(postponed=True)
    desk.keep(StateError(Error="ProviderBusy", Cause=json.dumps({"errorMessage": "come later"})))
    assert (desk.clip.error_class, desk.money) == ("busy", LineState.RELEASED)
    assert desk.attempt_status is AttemptStatus.CANCELLED


def test_another_attempt_that_the_policy_allows_is_reserved_with_the_end_of_the_last(desk: Desk) -> None:
    desk.limits = {"failed": 2}
    desk.answered(outcome="failed", charged=False, error="GPU on fire")

    following = desk.keep()

    assert following == desk.task.model_copy(update={"attempt": 2})
    assert (desk.clip.status, desk.clip.retry_count) == (ClipStatus.PROCESSING, 1)
    assert desk.money is LineState.RELEASED
    assert desk.ledger.line(desk.job.id, following.attempt_id).state is LineState.RESERVED
    assert desk.keep() == following


def test_the_last_attempt_of_a_policy_is_the_last(desk: Desk) -> None:
    desk.limits = {"failed": 1}
    desk.answered(outcome="failed", error="GPU on fire")
    assert desk.keep() is None
    assert desk.clip.status is ClipStatus.FAILED


def test_a_stage_that_is_not_the_last_is_paid_and_the_next_one_reserved(desk: Desk, studio: Studio) -> None:
    desk.stages = {"image_pairs": ("video", "upscale")}
    desk.answered(output_url=desk.outputs.holds(studio.clip()))

    following = desk.keep()

    assert following == desk.task.model_copy(update={"stage": "upscale"})
    assert (desk.clip.status, desk.clip.stage, desk.money) == (ClipStatus.PROCESSING, "upscale", LineState.SETTLED)
    assert desk.clip.actual_cost == Decimal("1.20")
    assert desk.ledger.line(desk.job.id, following.attempt_id).state is LineState.RESERVED
    assert desk.keep() == following


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
        def end(self, job_id: str, attempt_id: str, state: LineState) -> Write:
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
    monkeypatch.setenv("REPLICATE_OUTPUT_ORIGINS", desk.outputs.origin)
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
