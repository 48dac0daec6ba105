"""A clip of two stages: a picture is made and kept, then its video; each with its own attempts and money."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image

from functions.keep_clip.judging import TIMED_OUT
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.clips import Answer, AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import ProviderBusy, ProviderRefused, ProviderUnknown, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus, OnClipFailure, Purpose, RunKind
from functions.studio.ledger import Ledger, LineState
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.messages import ClipTask, LateClip
from functions.studio.reruns import upcoming
from functions.studio.stopping import stop_predictions
from tests.integration.keep_stage import TIMED_OUT as TIMEOUT
from tests.integration.scene_film import BOTH, PICTURE, VIDEO, SceneFilm
from tests.media import Studio
from tests.outputs import Outputs
from tests.pictures import drawn, saved

FAILED = Answer(outcome=Outcome.FAILED, error="GPU on fire", charged=False)
REFUSED = Answer(outcome=Outcome.REFUSED, error="Nudity", charged=False, input="prompt")
HAILUO = Decimal("0.20")
"""USD a clip."""


@pytest.fixture
def film(
    jobs: JobStore,
    ledger: Ledger,
    library: Library,
    media: MediaStore,
    shared: SharedStore,
    outputs: Outputs,
    studio: Studio,
) -> SceneFilm:
    return SceneFilm(jobs, ledger, library, media, shared, outputs, studio)


def first(film: SceneFilm) -> ClipTask:
    [task] = film.accept().plans()
    return task


def with_picture(film: SceneFilm) -> ClipTask:
    """The task that follows the kept picture."""
    following = film.goes(first(film))
    assert following
    return following


def test_a_picture_is_made_and_kept_and_the_video_begins_with_it(film: SceneFilm) -> None:
    task = first(film)
    assert (task.stage, task.attempt, task.attempt_id) == ("image", 1, "1.0001.image.1")
    video = film.goes(task)
    assert video
    assert (video.stage, video.attempt, video.attempt_id) == ("video", 1, "1.0001.video.1")
    picture = film.clip.picture
    assert picture
    assert re.fullmatch(r"acme/generated_images/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}\.png", picture.key)
    body = film.shared.read(picture.key)
    assert Image.open(BytesIO(body)).size == (picture.width, picture.height) == (160, 90)
    assert film.goes(video) is None
    image, clip = film.provider.orders
    assert (image.slug, image.input["prompt"], image.input["aspect_ratio"]) == (
        "black-forest-labs/flux-1.1-pro",
        "A lamp",
        "16:9",
    )
    assert (clip.slug, clip.input["prompt"]) == ("google/veo-3.1-fast", "It is lit")
    assert picture.key in clip.input["image"]
    assert film.mark_of(video) in clip.input["image"], "the address by which a create is recognised"
    assert film.clip.status is ClipStatus.COMPLETED
    assert film.clip.kept
    assert film.ends().status is JobStatus.COMPLETED


def test_each_stage_has_a_line_of_its_own_and_what_the_first_leaves_is_the_second_s(film: SceneFilm) -> None:
    task = first(film)
    assert film.lines == {"1.0001.image.1": (LineState.RESERVED, BOTH, None)}
    video = film.goes(task)
    assert film.lines == {
        "1.0001.image.1": (LineState.SETTLED, BOTH, PICTURE),
        "1.0001.video.1": (LineState.RESERVED, VIDEO, None),
    }
    assert (film.clip.actual_cost, film.clip.estimated_cost, film.job.reserved_cost) == (PICTURE, BOTH, BOTH)
    film.goes_on(video)
    assert film.clip.actual_cost == BOTH
    job = film.ends()
    assert (job.actual_cost, job.lost_cost, job.reserved_cost) == (BOTH, 0, 0)
    assert (film.counter.reserved, film.counter.settled, film.counter.used) == (0, BOTH, BOTH)


def test_a_scene_s_reference_is_shown_to_the_model_of_its_picture_alone(film: SceneFilm) -> None:
    film.media.put("acme/assets/lamp.png", saved(drawn(), "PNG"), "image/png")
    [task] = film.accept(clip={"reference_key": "acme/assets/lamp.png"}).plans()
    film.goes_on(task)
    image, video = film.provider.orders
    assert "acme/assets/lamp.png" in image.input["image_prompt"]
    assert film.mark_of(task) in image.input["image_prompt"]
    assert "acme/assets/lamp.png" not in str(video.input)


def test_uploaded_pictures_are_what_the_provider_s_copy_is_of(film: SceneFilm) -> None:
    object.__setattr__(film.outbox, "handover", "upload")
    film.goes_on(with_picture(film))
    [(name, content)] = film.provider.uploaded
    assert film.clip.picture
    assert content == film.shared.read(film.clip.picture.key)
    assert name.endswith("firstFrame.png")


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_picture_is_kept_as_a_form_that_every_model_takes(film: SceneFilm, form: str) -> None:
    task = first(film)
    film.requests(task)
    url = film.outputs.holds(saved(drawn(160, 90), form), "/picture")
    film.answers(task, Answer(outcome=Outcome.SUCCEEDED, output_url=url))
    assert film.keeps(task)
    picture = film.clip.picture
    assert picture
    assert (picture.format, picture.key.rsplit(".", 1)[1]) == ("jpeg", "jpg")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>Sign in</html>", "neither a JPEG nor a PNG nor a WebP"),
        (b"", "empty"),
        (saved(drawn(160, 90), "PNG")[:-200], "cannot be decoded"),
        (saved(Image.new("RGB", (160, 90), "black"), "PNG"), "one colour throughout"),
    ],
)
def test_a_broken_picture_is_lost_money_and_tried_once_more(film: SceneFilm, body: bytes, why: str) -> None:
    task = first(film)
    film.requests(task)
    film.answers(task, Answer(outcome=Outcome.SUCCEEDED, output_url=film.outputs.holds(body, "/picture.png")))
    again = film.keeps(task)
    assert again
    assert (again.stage, again.attempt, again.tries) == ("image", 2, 2)
    assert (film.clip.error_class, film.clip.picture) == ("broken", None)
    assert why in (film.clip.error_message or "")
    assert film.lines["1.0001.image.1"] == (LineState.LOST, BOTH, PICTURE)
    assert film.lines["1.0001.image.2"] == (LineState.RESERVED, BOTH, None)
    assert film.job.reserved_cost == BOTH + PICTURE, "lost money is reserved anew"
    film.goes_on(again)
    job = film.ends()
    assert (job.status, job.actual_cost, job.lost_cost) == (JobStatus.COMPLETED, BOTH, PICTURE)
    assert film.objects(film.shared) == [film.clip.picture.key if film.clip.picture else ""]


def test_a_picture_that_fails_twice_fails_its_clip_and_no_video_is_asked_for(film: SceneFilm) -> None:
    again = film.goes(first(film), FAILED)
    assert again
    assert film.goes(again, FAILED) is None
    assert (film.clip.status, film.clip.error_class, film.clip.retry_count) == (ClipStatus.FAILED, "failed", 1)
    assert film.asked == ["image", "image"]
    assert {state for state, _, _ in film.lines.values()} == {LineState.RELEASED}
    job = film.ends()
    assert (job.status, job.actual_cost, film.counter.used) == (JobStatus.FAILED, 0, 0)


@pytest.mark.parametrize("answer", [REFUSED, Answer(outcome=Outcome.CANCELLED)])
def test_what_is_refused_at_either_stage_is_not_sent_again(film: SceneFilm, answer: Answer) -> None:
    for task in film.accept(2).plans():
        at = task if task.clip == 1 else film.goes(task)
        assert at
        assert film.goes(at, answer) is None
    assert set(film.statuses.values()) == {ClipStatus.FAILED}
    assert film.asked.count("image") == 2


def test_a_job_that_falls_back_makes_the_same_picture_s_video_with_another_model(film: SceneFilm) -> None:
    [task] = film.accept(fallback_models=["hailuo-2.0"], other_ratios={"flux-1.1-pro": "16:9"}).plans()
    assert film.lines["1.0001.image.1"][1] == PICTURE + max(VIDEO, HAILUO)
    video = film.goes(task)
    assert video
    again = film.goes(video, FAILED)
    assert again
    other = film.goes(again, FAILED)
    assert other
    assert (film.clip.model, film.clip.image_model, other.attempt) == ("hailuo-2.0", "flux-1.1-pro", 3)
    assert film.clip.estimated_cost == PICTURE + HAILUO
    film.goes_on(other)
    assert (film.asked, film.clip.actual_cost) == (["image", "video", "video", "video"], PICTURE + HAILUO)


def test_a_video_that_fails_is_tried_again_from_the_same_picture(film: SceneFilm) -> None:
    video = with_picture(film)
    again = film.goes(video, FAILED)
    assert again
    assert (again.stage, again.attempt, film.clip.retry_count) == ("video", 2, 1)
    film.goes_on(again)
    assert film.asked == ["image", "video", "video"]
    assert film.clip.actual_cost == BOTH
    assert film.ends().actual_cost == BOTH


def test_attempts_are_counted_apart_and_told_together(film: SceneFilm) -> None:
    again = film.goes(first(film), FAILED)
    assert again
    video = film.goes(again)
    assert video
    assert (video.attempt, film.clip.retry_count, film.clip.attempts_before) == (1, 0, 1)
    film.goes(video, FAILED)
    assert film.clip.attempts_before == 2


def test_the_next_run_of_a_clip_whose_picture_is_kept_makes_its_video_alone(film: SceneFilm) -> None:
    again = film.goes(with_picture(film), FAILED)
    assert again
    film.goes(again, FAILED)
    assert film.ends().status is JobStatus.FAILED
    before = film.clip
    next_run(film, [1])
    [task] = film.plans()
    assert (task.stage, task.attempt_id) == ("video", "2.0001.video.1")
    assert film.lines[task.attempt_id] == (LineState.RESERVED, VIDEO, None)
    film.goes_on(task)
    assert film.asked == ["image", "video", "video", "video"]
    clip = film.clip
    assert (clip.picture, clip.image1_key) == (before.picture, before.image1_key)
    assert (clip.actual_cost, clip.estimated_cost) == (BOTH, VIDEO)
    assert film.ends().actual_cost == BOTH


def test_the_next_run_of_a_clip_without_a_picture_makes_both(film: SceneFilm) -> None:
    film.goes(first(film), REFUSED)
    film.ends()
    next_run(film, [1])
    [task] = film.plans()
    assert (task.stage, film.lines[task.attempt_id][1]) == ("image", BOTH)
    film.goes_on(task)
    assert (film.ends().status, film.asked) == (JobStatus.COMPLETED, ["image", "image", "video"])


def test_keeping_twice_says_the_same_and_moves_nothing(film: SceneFilm) -> None:
    task = first(film)
    video = film.goes(task)
    rows, kept = film.lines, film.clip
    assert film.keeps(task) == video
    assert (film.lines, film.clip, len(film.objects(film.shared))) == (rows, kept, 1)


def test_a_late_word_on_the_picture_changes_nothing_while_the_video_is_made(film: SceneFilm) -> None:
    task = first(film)
    video = film.goes(task)
    assert video
    film.requests(video, "token-of-the-video")
    before, lines = film.clip, film.lines
    for answer in (None, FAILED):
        film.answers(task, answer)
    assert (film.clip, film.lines) == (before, lines)
    assert film.attempt(task).status is AttemptStatus.KEPT
    assert film.attempt(video).status is AttemptStatus.ACCEPTED


@pytest.mark.parametrize("stage", ["image", "video"])
def test_a_create_whose_answer_was_lost_is_found_and_never_sent_again(film: SceneFilm, stage: str) -> None:
    task = at(film, stage)
    film.provider.script = [ProviderUnknown("the connection broke off")]
    attempt = film.requests(task)
    assert attempt.status is AttemptStatus.UNKNOWN
    order = film.provider.orders[-1]
    url = film.output(stage)
    found = film.provider.ends("found", Answer(outcome=Outcome.SUCCEEDED, output_url=url))
    film.provider.known["found"] = found.model_copy(update={"input": order.input})
    sent = len(film.provider.orders)
    film.requests(task, "another-token", 1)
    assert len(film.provider.orders) == sent
    film.goes_on(film.keeps(task, TIMEOUT))
    assert (film.attempt(task).prediction_id, film.clip.actual_cost) == ("found", BOTH)


@pytest.mark.parametrize("stage", ["image", "video"])
def test_a_busy_provider_burns_no_attempt(film: SceneFilm, stage: str) -> None:
    task = at(film, stage)
    film.provider.script = [ProviderBusy("later", 1.0)]
    assert film.requests(task).postponed
    film.provider.script = []
    assert [message["body"]["create"] for message in film.queue.messages[-1:]] == [True]
    assert film.clip.retry_count == 0


@pytest.mark.parametrize("stage", ["image", "video"])
def test_a_prompt_that_is_refused_at_the_door_names_what_was_refused(film: SceneFilm, stage: str) -> None:
    task = at(film, stage)
    film.provider.script = [ProviderRefused("flagged", "prompt")]
    film.requests(task)
    assert film.keeps(task) is None
    assert (film.clip.status, film.clip.error_class, film.clip.error_input) == (ClipStatus.FAILED, "refused", "prompt")


@pytest.mark.parametrize(("stage", "spent"), [("image", 0), ("video", PICTURE)])
def test_time_that_is_over_loses_the_money_of_its_stage_alone(film: SceneFilm, stage: str, spent: object) -> None:
    task = at(film, stage)
    film.requests(task)
    assert film.keeps(task, TIMEOUT) is None
    assert (film.clip.error_message, film.clip.error_class) == (TIMED_OUT, "timeout")
    job = film.ends()
    assert (job.actual_cost, job.lost_cost) == (spent, PICTURE if stage == "image" else VIDEO)
    assert film.counter.used == job.spent


@pytest.mark.parametrize("stage", ["image", "video"])
def test_a_job_that_is_cancelled_stops_at_the_stage_where_it_is(film: SceneFilm, stage: str) -> None:
    task = at(film, stage)
    film.requests(task)
    cancel(film)
    assert film.provider.cancelled == [film.attempt(task).prediction_id]
    with pytest.raises(StaleRun):
        film.requests(task.model_copy(update={"attempt": 2}))
    job = film.breaks("The job was cancelled.")
    assert (job.status, film.clip.status) == (JobStatus.CANCELLED, ClipStatus.CANCELLED)
    assert (film.clip.picture is None) is (stage == "image")
    assert job.actual_cost == (0 if stage == "image" else PICTURE)
    assert job.saved_cost == BOTH - job.spent
    assert {state for state, _, _ in film.lines.values()} & {LineState.RESERVED} == set()


def test_a_picture_that_comes_while_its_job_is_cancelled_is_paid_kept_and_leads_nowhere(film: SceneFilm) -> None:
    task = first(film)
    film.requests(task)
    film.answers(task)
    film.jobs.table.commit(film.jobs.begin_to_cancel(film.job, "The job was cancelled."))
    assert film.keeps(task) is None
    clip = film.clip
    assert (clip.status, clip.error_class, clip.actual_cost) == (ClipStatus.CANCELLED, "cancelled", PICTURE)
    assert clip.picture
    assert list(film.lines) == ["1.0001.image.1"]
    job = film.breaks("The job was cancelled.")
    assert (job.status, job.actual_cost, job.lost_cost) == (JobStatus.CANCELLED, PICTURE, 0)
    assert job.saved_cost == VIDEO
    next_run(film, [1])
    assert [task.stage for task in film.plans()] == ["video"], "a retry pays for the video alone"


def test_a_picture_that_comes_after_it_was_given_up_is_kept_beside_its_clip(film: SceneFilm) -> None:
    task = first(film)
    film.requests(task)
    film.keeps(task, TIMEOUT)
    film.answers(task)
    for _ in range(2):  # an event may come twice
        film.keeper.keep_late(LateClip(job_id=film.id, run=1, attempt_id=task.attempt_id))
    late = film.attempt(task).picture
    assert late
    assert film.objects(film.shared) == [late.key]
    assert film.shared.read(late.key)
    assert (film.clip.picture, film.clip.status) == (None, ClipStatus.FAILED)
    assert not film.attempt(task).came_late


def test_one_lost_picture_stops_a_job_that_wants_all_of_its_scenes(film: SceneFilm) -> None:
    one, two = film.accept(2, on_clip_failure=OnClipFailure(kind="fail_fast")).plans()
    film.requests(two)
    film.goes(one, REFUSED)
    assert film.job.closing
    assert "job.closing" in film.published


def test_a_clip_without_time_for_its_video_fails_and_keeps_its_picture(film: SceneFilm) -> None:
    task = first(film)
    film.requests(task)
    film.answers(task)
    long_ago = {"startedAt": "2026-01-01T00:00:00.000Z"}
    film.jobs.table.commit(film.jobs.move_clip(film.id, 1, 1, ClipStatus.PROCESSING, long_ago))
    assert film.keeps(task) is None
    assert (film.clip.status, film.clip.error_class) == (ClipStatus.FAILED, "timeout")
    assert film.clip.picture
    assert film.lines == {"1.0001.image.1": (LineState.SETTLED, BOTH, PICTURE)}


def at(film: SceneFilm, stage: str) -> ClipTask:
    """The first attempt at a stage."""
    return first(film) if stage == "image" else with_picture(film)


def cancel(film: SceneFilm) -> None:
    film.jobs.table.commit(film.jobs.begin_to_cancel(film.job, "The job was cancelled."))
    stop_predictions(film.brake, film.id, film.job.run)


def next_run(film: SceneFilm, clips: list[int]) -> None:
    job = film.job
    run = upcoming(job, film.clips, Purpose(kind=RunKind.RETRY, chooses=False, clips=clips), catalogue())
    Budgets(film.jobs.table).accept(run.job, *film.jobs.next_run(job, run.job.purpose, run.told))
