"""The picture that a prompted film begins with: an asset, one by its URL, or the last frame of a clip that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from functions.studio.clips import ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, uploaded
from tests.integration.asset_stage import objects, opening
from tests.integration.prompt_stage import accepted, prompted
from tests.integration.rerun_stage import Ended
from tests.pictures import drawn, saved
from tests.scripted import a_clip, a_kept
from tests.strangers import response, stranger


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


@contextmanager
def a_picture_at_an_address() -> Iterator[str]:
    with stranger(response(saved(drawn()))) as there, opening(there.outside()):
        yield there.url


def test_an_asset_is_what_every_shot_begins_with_and_stays_while_the_job_runs(acme: Caller, jobs: JobStore) -> None:
    picture = uploaded(acme, a_campaign(acme)).data["id"]
    elsewhere = a_campaign(acme)
    wishes = {"imageAssetId": picture, "model": "veo3", "durationSeconds": 16, "fill": True}
    job, clips = accepted(jobs, prompted(acme, elsewhere, **wishes))
    assert {(clip.mode, clip.image1_asset_id, clip.image2_asset_id) for clip in clips} == {("image", picture, None)}
    assert all((clip.image1_key or "").endswith("original.png") for clip in clips)
    assert (job.brief and job.brief.mode, job.aspect_ratio) == ("image", "16:9")
    refused = acme.delete(f"/api/v3/assets/{picture}")
    assert (refused.status, job.id in refused.problem["detail"]) == (409, True)


def test_a_picture_by_its_url_becomes_an_asset_once(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    campaign = a_campaign(acme)
    with a_picture_at_an_address() as url:
        _, (clip,) = accepted(jobs, prompted(acme, campaign, imageUrl=url, model="veo3"))
        _, (again,) = accepted(jobs, prompted(acme, campaign, imageUrl=f"{url}?again", model="veo3"))
    (asset,) = acme.get(f"/api/v3/assets?campaignId={campaign}").data["items"]
    assert (asset["id"], asset["name"]) == (clip.image1_asset_id, "lamp.png")
    assert again.image1_asset_id == clip.image1_asset_id
    assert clip.image1_key in objects(media)
    assert len(objects(media)) == 2


def test_a_picture_is_fetched_only_when_all_else_is_well(acme: Caller, everything: Everything) -> None:
    poor, campaign = a_campaign(acme, budgetUsd=0.1), a_campaign(acme)
    with a_picture_at_an_address() as url:
        everything.refused(lambda: prompted(acme, poor, imageUrl=url, model="veo3"), 402)
        everything.refused(lambda: prompted(acme, campaign, imageUrl=url, model="sora"), 422, "model")


UNREACHABLE = [
    ("http://pictures.example/a.png", 422),
    ("https://127.0.0.1/a.png", 422),
    ("https://169.254.169.254/latest/meta-data/", 422),
    ("https://10.0.0.1/a.png", 422),
    ("file:///etc/passwd", 422),
    ("lamp.png", 422),
]


def test_a_url_that_is_private_or_none_is_refused_and_named(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign(acme)
    for url, status in UNREACHABLE:
        everything.refused(lambda said=url: prompted(acme, campaign, imageUrl=said, model="veo3"), status, "imageUrl")


@pytest.mark.parametrize(("body", "status"), [(b"<html>no picture</html>", 415), (b"\x89PNG" + bytes(21_000_000), 413)])
def test_what_is_no_picture_or_too_large_is_refused_and_named(
    acme: Caller, everything: Everything, body: bytes, status: int
) -> None:
    campaign = a_campaign(acme)
    with stranger(response(body)) as there, opening(there.outside()):
        everything.refused(lambda: prompted(acme, campaign, imageUrl=there.url, model="veo3"), status, "imageUrl")


def test_a_film_begins_with_the_last_frame_of_a_clip(
    acme: Caller, jobs: JobStore, ledger: Ledger, library: Library
) -> None:
    ended = Ended(acme, jobs, ledger, library, {1: ClipStatus.COMPLETED}, status=JobStatus.COMPLETED)
    kept = a_kept(1, width=720, height=1280).model_copy(update={"last_frame_key": "acme/…/clip_001_last_frame.jpg"})
    ended.put(a_clip(ended.job, 1), ClipStatus.COMPLETED, kept)
    named = {"jobId": ended.id, "subJobNumber": 1}
    job, (clip,) = accepted(jobs, prompted(acme, continueFrom=named, model="veo3"))
    assert (clip.mode, clip.image1_key, clip.image1_asset_id) == ("image", kept.last_frame_key, None)
    assert job.aspect_ratio == "9:16", "as the clip has it"
    assert acme.get(f"/api/v3/jobs/{job.id}").data["brief"]["continueFrom"] == named
    (shown,) = acme.get(f"{ended.path}/sub-jobs").data["subJobs"]
    assert shown["lastFrameUrl"] == f"/api/v3/videos/{ended.id}/clips/clip_001_last_frame.jpg"
    answer = acme.get(shown["lastFrameUrl"])
    assert (answer.status, "last_frame.jpg" in answer.headers["location"]) == (302, True)


def test_a_clip_without_a_last_frame_or_none_at_all_is_named(
    acme: Caller, other: Caller, jobs: JobStore, ledger: Ledger, library: Library, everything: Everything
) -> None:
    ended = Ended(acme, jobs, ledger, library)
    campaign, theirs = a_campaign(acme), a_campaign(other)

    def asks(caller: Caller, campaign: str, job: str, number: int, status: int, field: str) -> None:
        named = {"jobId": job, "subJobNumber": number}
        everything.refused(
            lambda: prompted(caller, campaign, continueFrom=named, model="veo3"), status, f"continueFrom.{field}"
        )

    asks(acme, campaign, ended.id, 1, 409, "subJobNumber")
    asks(acme, campaign, ended.id, 2, 409, "subJobNumber")
    asks(acme, campaign, ended.id, 9, 404, "subJobNumber")
    asks(acme, campaign, UNKNOWN, 1, 404, "jobId")
    asks(other, theirs, ended.id, 1, 404, "jobId")
    answer = acme.get(f"/api/v3/videos/{ended.id}/clips/clip_001_last_frame.jpg")
    assert (answer.status, answer.fields) == (404, ["name"])
