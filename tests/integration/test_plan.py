"""Plan against the xAI stand-in, through the real SDK: the pictures are fetched, the answer follows the schema."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests
from PIL import Image, ImageDraw

from functions.plan.plan import Board, plan
from functions.plan.vision import Seen, Vision
from functions.studio.clips import ClipStatus, pending_clip
from functions.studio.errors import NotConfigured, ProviderFailed, ProviderRefused, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, reservation
from functions.studio.library import Asset, Campaign, Client, Library
from functions.studio.media_store import MediaStore
from functions.studio.rows import new_id, now
from local.standins.xai import Xai
from tests.scripted import a_job


@pytest.fixture(scope="module")
def xai() -> Iterator[Xai]:
    service = Xai(token="key").start()
    yield service
    service.stop()


def drawn(number: int) -> bytes:
    picture = Image.new("RGB", (160, 90), (20 * number, 80, 200 - 20 * number))
    ImageDraw.Draw(picture).ellipse((10 * number, 20, 10 * number + 40, 60), fill="white")
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


class DataUrls(MediaStore):
    """A media store whose signed URLs hold the picture itself: there is no server of objects in this process."""

    def signed_url(self, key: str, *, name: str | None = None, seconds: int = 0) -> str:
        import base64

        return "data:image/jpeg;base64," + base64.b64encode(self.read(key)).decode()


class Stage:
    def __init__(self, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, url: str) -> None:
        self.jobs, self.ledger, self.library = jobs, ledger, library
        self.board = Board(
            jobs=jobs,
            ledger=ledger,
            library=library,
            media=DataUrls(media.bucket, media.client),
            vision=Vision(lambda: "key", f"{url}/v1"),
            timeout_seconds=600,
            heartbeat_seconds=30,
        )
        stamp = {"tenant": "acme", "created_at": now(), "updated_at": now()}
        self.client = Client(id=new_id(), name="Acme", brand_guidelines="Calm", **stamp)
        self.campaign = Campaign(id=new_id(), client_id=self.client.id, name="Autumn", goal="Sell", **stamp)
        library.add(self.client)
        library.add(self.campaign)
        self.pictures = []
        for number in range(4):
            asset_id = new_id()
            key = f"acme/assets/{asset_id}/original.jpg"
            media.put(key, drawn(number), "image/jpeg")
            asset = Asset(
                id=asset_id,
                campaign_id=self.campaign.id,
                name=f"Picture {number}",
                key=key,
                content_type="image/jpeg",
                bytes=1,
                sha256="0",
                width=160,
                height=90,
                **stamp,
            )
            library.add_asset(asset)
            self.pictures.append(asset)

    def job(self, **changes: object) -> Job:
        given = {"status": JobStatus.PLANNING, "campaign_id": self.campaign.id, "client_id": self.client.id}
        job = a_job(**{**given, "num_pairs": 3, **changes})
        self.jobs.table.commit(self.jobs.accept(job))
        return job


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: Xai) -> Stage:
    requests.post(f"{xai.url}/_reset", timeout=5).raise_for_status()
    return Stage(jobs, ledger, library, media, xai.url)


def test_each_pair_becomes_a_pending_clip_with_its_reservation_and_a_task(stage: Stage) -> None:
    job = stage.job()
    tasks = plan(job.id, 1, stage.board).tasks
    clips = stage.jobs.clips(job.id)
    assert [task.clip for task in tasks] == [clip.number for clip in clips] == [1, 2, 3]
    assert all(clip.status is ClipStatus.PENDING and clip.score and clip.reason for clip in clips)
    assert stage.ledger.totals(job.id).reserved == Decimal("3.60")
    assert {(task.timeout_seconds, task.heartbeat_seconds) for task in tasks} == {(600, 30)}


def test_the_job_goes_on_with_what_was_chosen_and_what_that_cost(stage: Stage) -> None:
    job = stage.job()
    plan(job.id, 1, stage.board)
    after = stage.jobs.job(job.id)
    assert after.status is JobStatus.PROCESSING
    assert (after.total_clips, after.estimated_cost, after.aspect_ratio) == (3, Decimal("3.60"), "16:9")
    assert after.planning_model == "grok-4.3"
    assert 0 < after.planning_cost < Decimal("0.1")


def test_the_clips_name_pictures_of_the_campaign(stage: Stage) -> None:
    job = stage.job()
    plan(job.id, 1, stage.board)
    keys = {asset.id: asset.key for asset in stage.pictures}
    for clip in stage.jobs.clips(job.id):
        assert clip.image1_asset_id
        assert clip.image2_asset_id
        assert keys[clip.image1_asset_id] == clip.image1_key
        assert keys[clip.image2_asset_id] == clip.image2_key
        assert clip.image1_asset_id != clip.image2_asset_id


def test_without_a_number_the_model_chooses_it(stage: Stage) -> None:
    job = stage.job(num_pairs=None)
    tasks = plan(job.id, 1, stage.board).tasks
    assert len(tasks) == stage.jobs.job(job.id).total_clips == len(stage.jobs.clips(job.id)) > 0


def test_rows_that_were_there_before_the_job_do_not_expire_after_it(stage: Stage) -> None:
    job = stage.job()
    early = pending_clip(job, 1, Decimal("1.20"), expires_at=1)
    stage.jobs.table.put_all([stage.jobs.new_clip(job.id, early)])
    plan(job.id, 1, stage.board)
    assert all(clip.expires_at is None for clip in stage.jobs.clips(job.id))


def test_what_an_earlier_try_left_behind_is_not_made_too(stage: Stage) -> None:
    job = stage.job(num_pairs=None)
    left = [pending_clip(job, number, Decimal("1.20")) for number in range(1, 9)]
    stage.jobs.table.put_all([stage.jobs.new_clip(job.id, clip) for clip in left])
    stage.jobs.table.put_all([stage.ledger.reserve(job.id, reservation(clip)) for clip in left])
    tasks = plan(job.id, 1, stage.board).tasks
    after = stage.jobs.job(job.id)
    assert len(tasks) == after.total_clips == len(stage.jobs.clips(job.id)) < 8
    assert stage.ledger.totals(job.id).reserved == after.estimated_cost


class Interrupted(Vision):
    """Something happens to the job while the model looks at its pictures."""

    def __init__(self, vision: Vision, happens: Callable[[], None]) -> None:
        self.vision, self.happens = vision, happens

    def answer(self, *asked: Any) -> Seen:
        seen = self.vision.answer(*asked)
        self.happens()
        return seen


def interrupted(stage: Stage, happens: Callable[[], None]) -> Board:
    return replace(stage.board, vision=Interrupted(stage.board.vision, happens))


def test_a_job_that_ends_while_its_pairs_are_chosen_gets_no_rows(stage: Stage) -> None:
    job = stage.job()

    def ends() -> None:
        stage.jobs.table.commit(stage.jobs.move_job(job.id, 1, JobStatus.FAILED))

    with pytest.raises(StaleRun):
        plan(job.id, 1, interrupted(stage, ends))
    assert stage.jobs.clips(job.id) == []
    assert stage.ledger.totals(job.id).reserved == 0


def test_a_try_that_comes_late_does_not_touch_clips_that_have_begun(stage: Stage) -> None:
    job = stage.job()

    def another_try_is_quicker() -> None:
        plan(job.id, 1, stage.board)
        stage.jobs.table.commit(stage.jobs.move_clip(job.id, 1, 1, ClipStatus.PROCESSING))

    with pytest.raises(StaleRun):
        plan(job.id, 1, interrupted(stage, another_try_is_quicker))
    assert stage.jobs.clip(job.id, 1).status is ClipStatus.PROCESSING


def test_planning_again_asks_nobody_and_gives_the_same_tasks(stage: Stage, xai: Xai) -> None:
    job = stage.job()
    first = plan(job.id, 1, stage.board)
    assert plan(job.id, 1, stage.board) == first
    asked = requests.get(f"{xai.url}/_log", timeout=5).json()
    assert len([entry for entry in asked if entry["method"] == "POST"]) == 1


def test_an_error_of_the_service_is_left_to_the_workflows_retry(stage: Stage, xai: Xai) -> None:
    requests.post(f"{xai.url}/_script", json=[{"match": {}, "times": 1, "do": "fail"}], timeout=5).raise_for_status()
    job = stage.job()
    with pytest.raises(ProviderFailed, match="500"):
        plan(job.id, 1, stage.board)
    assert stage.jobs.clips(job.id) == []
    assert len(plan(job.id, 1, stage.board).tasks) == 3


def test_a_wrong_key_is_a_matter_of_configuration(stage: Stage, xai: Xai) -> None:
    board = replace(stage.board, vision=Vision(lambda: "wrong", f"{xai.url}/v1"))
    with pytest.raises(NotConfigured, match="XAI_API_KEY"):
        plan(stage.job().id, 1, board)


def test_a_key_that_was_changed_is_used_at_the_next_call(stage: Stage, xai: Xai) -> None:
    keys = ["wrong", "key"]
    board = replace(stage.board, vision=Vision(lambda: keys.pop(0), f"{xai.url}/v1"))
    job = stage.job()
    with pytest.raises(NotConfigured):
        plan(job.id, 1, board)
    assert len(plan(job.id, 1, board).tasks) == 3


def test_a_picture_that_cannot_be_looked_at_is_a_refusal_that_names_it(stage: Stage) -> None:
    broken = stage.pictures[1]
    stage.board.media.put(broken.key, b"no picture", "image/jpeg")
    with pytest.raises(ProviderRefused, match=broken.id):
        plan(stage.job().id, 1, stage.board)


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.COMPLETED])
def test_nothing_is_planned_for_a_job_that_has_ended(stage: Stage, status: JobStatus) -> None:
    job = stage.job(status=status)
    with pytest.raises(StaleRun):
        plan(job.id, 1, stage.board)
