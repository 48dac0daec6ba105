"""Asking again costs little: tags, 304, and when it is worth it."""

from __future__ import annotations

import pytest

from functions.studio.clips import ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import a_campaign, a_campaign_of, asked, picture, uploaded
from tests.integration.test_api_videos import finished


def again(caller: Caller, path: str, tags: str, method: str = "GET") -> Reply:
    return caller.send(method, path, headers={"If-None-Match": tags})


@pytest.fixture
def job_id(acme: Caller) -> str:
    made: str = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    return made


@pytest.mark.parametrize("path", ["/api/v3/jobs/{}", "/api/v3/jobs/{}/sub-jobs", "/api/v3/jobs", "/api/v3/me"])
def test_what_has_not_changed_is_304_without_a_body(acme: Caller, job_id: str, path: str) -> None:
    first = acme.get(path.format(job_id))
    second = again(acme, path.format(job_id), first.headers["etag"])
    assert (second.status, second.text) == (304, "")
    assert {name: said for name, said in second.headers.items() if name != "content-type"} == {
        name: said for name, said in first.headers.items() if name != "content-type"
    }


def test_the_tag_is_of_the_data_not_of_the_time_of_the_answer(acme: Caller, job_id: str) -> None:
    one, two = acme.get(f"/api/v3/jobs/{job_id}"), acme.get(f"/api/v3/jobs/{job_id}")
    assert one.headers["etag"] == two.headers["etag"]
    assert one.headers["etag"].startswith('W/"')


def test_a_change_is_told_in_full_under_another_tag(acme: Caller, jobs: JobStore, job_id: str) -> None:
    paths = [f"/api/v3/jobs/{job_id}", f"/api/v3/jobs/{job_id}/sub-jobs"]
    tags = [acme.get(path).headers["etag"] for path in paths]
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.PROCESSING, {"startedAt": "2026-11-21T12:00:00.000Z"}))
    for path, tag in zip(paths, tags, strict=True):
        answer = again(acme, path, tag)
        assert (answer.status, answer.headers["etag"] == tag) == (200, False)


@pytest.mark.parametrize("said", ["{tag}", "W/{tag}", "*", '"other", W/{tag}', '{tag},"other"', " * ", '"a,b" , {tag}'])
def test_weak_and_strong_tags_lists_of_them_and_any_are_understood(acme: Caller, job_id: str, said: str) -> None:
    tag = acme.get(f"/api/v3/jobs/{job_id}").headers["etag"].removeprefix("W/")
    assert again(acme, f"/api/v3/jobs/{job_id}", said.format(tag=tag)).status == 304


@pytest.mark.parametrize("said", ['"other"', 'W/"other", "another"', "", "nonsense", "W/", '"*"', "{bare}"])
def test_other_tags_and_nonsense_get_the_data(acme: Caller, job_id: str, said: str) -> None:
    bare = acme.get(f"/api/v3/jobs/{job_id}").headers["etag"].removeprefix("W/").strip('"')
    assert again(acme, f"/api/v3/jobs/{job_id}", said.format(bare=bare)).status == 200


def test_head_knows_tags_too(acme: Caller, job_id: str) -> None:
    head = acme.send("HEAD", f"/api/v3/jobs/{job_id}")
    assert (head.status, head.text, head.headers["retry-after"]) == (200, "", "3")
    assert again(acme, f"/api/v3/jobs/{job_id}", head.headers["etag"], "HEAD").status == 304


def test_a_job_says_when_to_ask_again_until_it_has_ended(
    acme: Caller, jobs: JobStore, media: MediaStore, job_id: str
) -> None:
    accepted = asked(acme, campaignId=a_campaign_of(acme, 2))
    assert accepted.headers["retry-after"] == "3"
    for path in (f"/api/v3/jobs/{job_id}", f"/api/v3/jobs/{job_id}/sub-jobs"):
        first = acme.get(path)
        assert 1 <= int(first.headers["retry-after"]) <= 10
        assert again(acme, path, first.headers["etag"]).headers["retry-after"] == first.headers["retry-after"]
    film = finished(jobs, job_id)
    media.put(film.manifest_key, b'{"clips": [1]}', "application/json")
    for path in (f"/api/v3/jobs/{job_id}", f"/api/v3/jobs/{job_id}/sub-jobs", f"/api/v3/jobs/{job_id}/manifest"):
        first = acme.get(path)
        assert (first.status, "retry-after" in first.headers) == (200, False)
        assert again(acme, path, first.headers["etag"]).status == 304


def test_assets_have_no_tag_for_the_links_signed_into_them_are_new_each_time(acme: Caller) -> None:
    asset_id = uploaded(acme, a_campaign(acme), picture()).data["id"]
    for path in ("/api/v3/assets", f"/api/v3/assets/{asset_id}"):
        answer = again(acme, path, "*")
        assert (answer.status, "etag" in answer.headers) == (200, False)


def test_a_problem_and_a_redirect_have_no_tag(acme: Caller, job_id: str) -> None:
    for path in ("/api/v3/jobs/nothing", f"/api/v3/videos/{job_id}/combined"):
        answer = again(acme, path, "*")
        assert (answer.status, "etag" in answer.headers) == (404, False)


def test_nobody_elses_tag_opens_anything(acme: Caller, other: Caller, job_id: str) -> None:
    tag = acme.get(f"/api/v3/jobs/{job_id}").headers["etag"]
    assert again(other, f"/api/v3/jobs/{job_id}", tag).status == 404
    assert again(Caller(), f"/api/v3/jobs/{job_id}", tag).status == 401
