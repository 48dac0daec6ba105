"""Playlists over the API: who may read them, and what they say."""

from __future__ import annotations

import re

import pytest
import requests

from functions.api.door import BY_TOKEN, PAGE_OF_AD, PUBLIC, routes
from functions.api.handler import app
from functions.studio.clips import ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus, Preview
from functions.studio.media import Segment, Stretch
from functions.studio.media_store import MediaStore, preview_key, ranges_key, segment_key
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, a_campaign_of, asked
from tests.integration.test_api_videos import finished
from tests.scripted import a_kept

STRANGER = Caller()


def a_watched_job(caller: Caller, jobs: JobStore, media: MediaStore) -> str:
    """Running; the first of its two clips is kept."""
    job_id: str = asked(caller, campaignId=a_campaign_of(caller, 3), numPairs=2).data["jobId"]
    segment = Segment(key="acme/clip_001.m4s", initial_bytes=4, stretches=[Stretch(bytes=6, seconds=8)])
    media.put(segment.key, b"initfragme", "video/mp4")
    kept = a_kept().model_copy(update={"segment": segment})
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.PROCESSING))
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.COMPLETED, {"kept": kept.attributes()}))
    return job_id


def links(caller: Caller, job_id: str) -> dict[str, str]:
    told: dict[str, str] = caller.get(f"/api/v3/jobs/{job_id}").data["links"]
    return told


def test_a_jobs_link_opens_its_playlist_without_a_key(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    told = links(acme, a_watched_job(acme, jobs, media))
    answer = STRANGER.get(told["playlistUrl"])
    assert (answer.status, answer.headers["content-type"], answer.headers["cache-control"]) == (
        200,
        "application/vnd.apple.mpegurl",
        "no-store",
    )
    [uri, segment] = re.findall(r'https://[^"\n]+', answer.text)
    assert uri == segment
    assert requests.get(uri, headers={"Range": "bytes=0-3"}, timeout=5).content == b"init"
    assert "#EXT-X-ENDLIST" not in answer.text
    assert acme.get(told["playlist"]).text.startswith("#EXTM3U\n")
    assert STRANGER.send("HEAD", told["playlistUrl"]).status == 200


def test_a_token_with_any_byte_changed_is_401(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    url = links(acme, a_watched_job(acme, jobs, media))["playlistUrl"]
    path, _, token = url.partition("?token=")
    for place, letter in enumerate(token):
        other = "1" if letter == "0" else "0"
        answer = STRANGER.get(f"{path}?token={token[:place]}{other}{token[place + 1 :]}")
        assert (answer.status, answer.problem["code"]) == (401, "unauthenticated")
    assert STRANGER.get(f"{url}&token={token}").status == 401
    assert STRANGER.get(url).status == 200


def test_a_token_opens_no_other_route_and_no_other_job(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    job_id, another = a_watched_job(acme, jobs, media), a_watched_job(acme, jobs, media)
    path, _, token = links(acme, job_id)["playlistUrl"].partition("?token=")
    for route in routes(app):
        target = route.path.replace("<job_id>", job_id).replace("<name>", "clip_001.mp4")
        if target != path and "/" in target and route.path not in PUBLIC | {PAGE_OF_AD}:
            assert STRANGER.send(route.method, f"{target}?token={token}").status == 401, route.path
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert STRANGER.send(method, f"{path}?token={token}").status == 401
    assert STRANGER.get(f"{path.replace(job_id, another)}?token={token}").status == 401
    assert {route.path for route in routes(app) if route.path in BY_TOKEN} == BY_TOKEN


def test_a_key_opens_its_own_tenants_playlists_only(
    acme: Caller, other: Caller, jobs: JobStore, media: MediaStore
) -> None:
    told = links(acme, a_watched_job(acme, jobs, media))
    assert acme.get(told["playlist"]).status == 200
    assert other.get(told["playlist"]).status == 404
    assert acme.get(told["playlist"].replace("/videos/", "/videos/x")).status == 404
    assert acme.get(f"/api/v3/videos/{UNKNOWN}/playlist.m3u8").status == 404


def test_a_job_that_stands_still_keeps_its_etag_with_its_links(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    job_id = a_watched_job(acme, jobs, media)
    first, second = acme.get(f"/api/v3/jobs/{job_id}"), acme.get(f"/api/v3/jobs/{job_id}")
    assert first.headers["etag"] == second.headers["etag"]


def test_no_row_shows_a_token_or_what_signs_them(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    told = links(acme, a_watched_job(acme, jobs, media))
    rows = str(jobs.table.client.scan(TableName="rows")["Items"])
    assert told["playlistUrl"].rpartition(".")[2] not in rows
    assert "of this deployment alone" not in rows


def test_a_finished_film_has_a_playlist_of_its_own_and_a_preview(
    acme: Caller, jobs: JobStore, media: MediaStore
) -> None:
    job_id = a_watched_job(acme, jobs, media)
    assert links(acme, job_id)["filmPlaylistUrl"] is None
    film = finished(jobs, job_id)
    ranges = Segment(
        key=segment_key(film.key), initial_bytes=4, stretches=[Stretch(bytes=2, seconds=4), Stretch(bytes=3, seconds=4)]
    )
    media.put(ranges.key, b"initAABBB", "video/mp4")
    media.put(ranges_key(film.key), ranges.model_dump_json(by_alias=True).encode(), "application/json")
    preview = Preview(key=preview_key(film.key), sha256="0")
    media.put(preview.key, b"webp", "image/webp")
    beside = film.model_copy(update={"preview": preview, "ranges_key": ranges_key(film.key)})
    jobs.table.client.update_item(
        TableName="rows",
        Key={"pk": {"S": f"J#{job_id}"}, "sk": {"S": "JOB"}},
        UpdateExpression="SET film.preview = :p, film.rangesKey = :r",
        ExpressionAttributeValues={
            ":p": {"M": {"key": {"S": preview.key}, "sha256": {"S": "0"}}},
            ":r": {"S": str(beside.ranges_key)},
        },
    )
    told = links(acme, job_id)
    text = STRANGER.get(told["filmPlaylistUrl"]).text
    assert re.findall(r"BYTERANGE:(.*)", text) == ["2@4", "3@6"]
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert STRANGER.get(told["playlistUrl"]).text.endswith("#EXT-X-ENDLIST\n")
    there = acme.get(told["preview"])
    assert (there.status, requests.get(there.headers["location"], timeout=5).content) == (302, b"webp")


@pytest.mark.parametrize("name", ["preview", "film.m3u8"])
def test_what_a_film_does_without_is_404(acme: Caller, jobs: JobStore, name: str) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    assert "image_pair_selection" in acme.get(f"/api/v3/videos/{job_id}/{name}").problem["detail"]
    finished(jobs, job_id)
    assert acme.get(f"/api/v3/videos/{job_id}/{name}").status == 404
    assert jobs.job(job_id).status is JobStatus.COMPLETED
