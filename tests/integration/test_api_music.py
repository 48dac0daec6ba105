"""Music at the API: taken when it is whole and what it claims, refused by its name before anything is kept; and in a job."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, a_campaign_of, asked, uploaded
from tests.integration.asset_stage import announced, by_url, objects, opening, put, rows
from tests.media import Studio
from tests.music import ENCODERS, tune
from tests.strangers import response, stranger

FORMS = {
    "mp3": ("audio/mpeg", "mp3"),
    "m4a": ("audio/mp4", "m4a"),
    "aac": ("audio/aac", "aac"),
    "wav": ("audio/wav", "wav"),
    "ogg": ("audio/ogg", "ogg"),
    "opus": ("audio/ogg", "ogg"),
    "flac": ("audio/flac", "flac"),
}


def sent(caller: Caller, campaign_id: str, body: bytes, *more: tuple[str, str]) -> Reply:
    return caller.upload([("uploadType", "file"), ("type", "audio"), ("campaignId", campaign_id), *more], body)


def music(caller: Caller, studio: Studio) -> str:
    made = sent(caller, a_campaign(caller), tune(studio).read_bytes())
    assert made.status == 201, made.text
    return str(made.data["id"])


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


@pytest.mark.parametrize("form", sorted(ENCODERS))
def test_music_of_every_form_becomes_an_asset_that_says_how_long_it_is(
    acme: Caller, media: MediaStore, studio: Studio, form: str
) -> None:
    campaign_id, body = a_campaign(acme), tune(studio, form).read_bytes()
    made = sent(acme, campaign_id, body, ("name", "Bed"), ("tags", "calm"))
    asset = made.data
    content_type, extension = FORMS[form]
    assert (made.status, asset["type"], asset["contentType"]) == (201, "audio", content_type)
    assert asset["durationSeconds"] == pytest.approx(3, abs=0.06)
    assert (asset["name"], asset["tags"], asset["bytes"]) == ("Bed", ["calm"], len(body))
    none = ("width", "height", "thumbnailUrl", "thumbnailBlobId")
    assert [asset[field] for field in none] == [None] * 4
    assert requests.get(asset["url"], timeout=5).content == body
    [key] = objects(media)
    assert key.endswith(f"original.{extension}")
    shown = acme.get(made.headers["location"]).data
    assert {name: value for name, value in shown.items() if name != "url"} == {
        name: value for name, value in asset.items() if name not in ("url", "duplicate")
    }


def test_the_same_music_again_is_the_same_asset_and_goes_with_all_that_it_had(
    acme: Caller, media: MediaStore, table: Table, studio: Studio
) -> None:
    campaign_id, body = a_campaign(acme), tune(studio).read_bytes()
    first, again = (sent(acme, campaign_id, body) for _ in range(2))
    assert (again.status, again.data["duplicate"], again.data["id"]) == (200, True, first.data["id"])
    path = first.headers["location"]
    assert acme.get(f"{path}/thumbnail").status == 404
    assert acme.delete(path).status == 204
    assert (objects(media), rows(table)) == ([], [])


def test_music_comes_by_its_url_too(acme: Caller, studio: Studio) -> None:
    body = tune(studio, "ogg").read_bytes()
    with stranger(response(body)) as there, opening(there.outside()):
        asset = by_url(acme, a_campaign(acme), there.url, type="audio").data
    assert (asset["type"], asset["contentType"], asset["bytes"]) == ("audio", "audio/ogg", len(body))


def test_music_comes_presigned_too_and_may_weigh_fifty_megabytes(
    acme: Caller, media: MediaStore, studio: Studio
) -> None:
    campaign_id = a_campaign(acme)
    form = announced(acme, campaign_id, type="audio", contentType="audio/wav", fileName="bed.wav").data
    assert form["mostBytes"] == 50_000_000
    assert put(form, tune(studio, "wav").read_bytes()).status_code == 204
    confirmed = acme.send("POST", form["confirm"])
    assert (confirmed.status, confirmed.data["type"], confirmed.data["name"]) == (201, "audio", "bed.wav")
    assert [key.rsplit("/", 1)[1] for key in objects(media)] == ["original.wav"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"type": "audio", "contentType": "image/png"}, "contentType"),
        ({"type": "image", "contentType": "audio/mpeg"}, "contentType"),
        ({"contentType": "audio/mpeg"}, "contentType"),
        ({"type": "audio", "bytes": 50_000_001}, "bytes"),
        ({"type": "image", "bytes": 20_000_001}, "bytes"),
        ({"type": "music"}, "type"),
    ],
)
def test_what_is_announced_has_to_fit_its_type(acme: Caller, fields: dict[str, Any], named: str) -> None:
    answer = announced(acme, a_campaign(acme), **fields)
    assert (answer.status, answer.fields) == (422, [named])


def test_music_is_listed_by_its_type_and_counts_as_no_picture(acme: Caller, studio: Studio) -> None:
    campaign_id = a_campaign_of(acme, 1)
    bed = sent(acme, campaign_id, tune(studio).read_bytes()).data["id"]
    listed = acme.get(f"/api/v3/assets?campaignId={campaign_id}&type=audio").data["items"]
    assert [(one["id"], one["type"]) for one in listed] == [(bed, "audio")]
    assert len(acme.get(f"/api/v3/assets?campaignId={campaign_id}&type=image").data["items"]) == 1
    assert len(acme.get(f"/api/v3/assets?campaignId={campaign_id}").data["items"]) == 2
    refused = asked(acme, campaignId=campaign_id)
    assert refused.problem["detail"] == "Need at least 2 image assets, but campaign has 1"
    uploaded(acme, campaign_id)
    assert asked(acme, campaignId=campaign_id, numPairs=1).status == 202
    assert asked(acme, campaignId=campaign_id, numPairs=2).fields == ["numPairs"]


def cut(form: str, share: float) -> Callable[[Studio], bytes]:
    def made(studio: Studio) -> bytes:
        body = tune(studio, form).read_bytes()
        return body[: int(len(body) * share)]

    return made


def pieces(studio: Studio) -> bytes:
    """Two files, one behind the other."""
    return tune(studio).read_bytes() + b"#!/bin/sh\nrm -rf /\n"


def claiming(studio: Studio) -> bytes:
    """A WAV whose samples would be four gigabytes."""
    body = bytearray(tune(studio, "wav").read_bytes())
    at = body.index(b"data")
    body[at + 4 : at + 8] = struct.pack("<I", 2**32 - 1)
    return bytes(body)


def flipped(studio: Studio) -> bytes:
    body = bytearray(tune(studio, "flac").read_bytes())
    middle = len(body) // 2
    body[middle : middle + 64] = bytes(byte ^ 0xFF for byte in body[middle : middle + 64])
    return bytes(body)


def emptied_page(studio: Studio) -> bytes:
    """An Ogg without one of its pages in the middle."""
    body = tune(studio, "ogg", 12).read_bytes()
    places = [at for at in range(len(body)) if body.startswith(b"OggS", at)]
    return body[: places[-2]] + body[places[-1] :]


def long(studio: Studio) -> bytes:
    return tune(studio, "flac", source="sine=f=330:r=8000:d=1,apad=whole_dur=2400").read_bytes()


BAD: dict[str, tuple[Callable[[Studio], bytes] | bytes, int, str]] = {
    "text": (b"just text, called song.mp3", 415, "neither MP3"),
    "playlist": (b"#EXTM3U\nhttp://169.254.169.254/latest/meta-data/\n", 415, "neither MP3"),
    "ffconcat": (b"ffconcat version 1.0\nfile /etc/passwd\n", 415, "neither MP3"),
    "html": (b"<!doctype html><html></html>", 415, "neither MP3"),
    "midi": (b"MThd\0\0\0\6\0\0\0\1\0\x60", 415, "neither MP3"),
    "picture": (b"\xff\xd8\xff\xe0", 415, "neither MP3"),
    "empty": (b"", 422, "empty"),
    "tag-and-playlist": (b"ID3\4\0\0\0\0\0\0#EXTM3U\nfile:///etc/passwd\n", 422, "no sound where it should begin"),
    "music-and-script": (pieces, 422, "something else in it"),
    "cut-mp3": (cut("mp3", 0.6), 422, "cut short"),
    "cut-m4a": (cut("m4a", 0.6), 422, "cut short"),
    "cut-aac": (cut("aac", 0.6), 422, "cut short"),
    "cut-wav": (cut("wav", 0.6), 422, "cut short"),
    "cut-ogg": (cut("ogg", 0.6), 422, "cut short"),
    "cut-flac": (cut("flac", 0.6), 422, "The FLAC"),
    "four-gigabytes": (claiming, 422, "claims 4294967295 bytes"),
    "flipped": (flipped, 422, "of 3.0 s can be decoded"),
    "lost-page": (emptied_page, 422, "lost some of its pages"),
    "mp3-header-only": (b"\xff\xfb\x90\x00", 422, "cut short"),
    "flac-header-only": (b"fLaC\x80\0\0\x22" + bytes(34), 422, "cut short"),
    "video": (lambda studio: studio.clip().read_bytes(), 422, "is a video"),
    "silent": (lambda studio: tune(studio, source="anullsrc=d=3").read_bytes(), 422, "silent"),
    "short": (lambda studio: tune(studio, seconds=0.4).read_bytes(), 422, "1 s is the least"),
    "forty-minutes": (long, 422, "more than 15 minutes"),
    "heavy": (b"ID3" + bytes(4_499_990), 413, "form"),
}


@pytest.mark.parametrize("bad", sorted(BAD))
def test_what_is_no_usable_music_is_refused_by_its_name_and_nothing_is_kept(
    acme: Caller, everything: Everything, studio: Studio, bad: str, disk: Path
) -> None:
    made, status, words = BAD[bad]
    body = made if isinstance(made, bytes) else made(studio)
    campaign_id = a_campaign(acme)
    fields = ["file"] if bad != "heavy" else []
    problem = everything.refused(lambda: sent(acme, campaign_id, body), status, *fields)
    if bad != "heavy":
        assert words in problem["detail"]
        assert "MP3, M4A, AAC, WAV, Ogg or FLAC" in problem["hint"]
    assert list(disk.iterdir()) == []


def test_music_that_is_said_to_be_a_picture_is_none_even_when_it_is_known(
    acme: Caller, studio: Studio, everything: Everything
) -> None:
    campaign_id, body = a_campaign(acme), tune(studio).read_bytes()
    everything.refused(lambda: uploaded(acme, campaign_id, body), 415, "file")
    sent(acme, campaign_id, body)
    everything.refused(lambda: uploaded(acme, campaign_id, body), 415, "file")


def test_every_way_to_ask_for_music_is_shown_as_it_was_understood(acme: Caller, studio: Studio) -> None:
    bed, campaign_id = music(acme, studio), a_campaign_of(acme, 2)
    for said, audio, volume in (
        ({"audio": "music", "music": {"assetId": bed}}, "music", 0.7),
        ({"music": {"assetId": bed, "volume": 0.25}}, "music", 0.25),
        ({"audio": "keep", "music": {"assetId": bed, "volume": 1}}, "music", 1),
        ({"audio": "strip", "music": {"assetId": bed}}, "strip", 0.7),
    ):
        answer = asked(acme, campaignId=campaign_id, numPairs=1, **said)
        assert answer.status == 202, answer.text
        options = acme.get(answer.headers["location"]).data["options"]
        assert (options["audio"], options["music"]) == (audio, {"track": None, "assetId": bed, "volume": volume})
        again = asked(acme, campaignId=campaign_id, numPairs=1, **options)
        assert acme.get(again.headers["location"]).data["options"] == options


def test_music_with_the_clips_silenced_is_priced_as_clips_without_sound(acme: Caller, studio: Studio) -> None:
    bed, campaign_id = {"assetId": music(acme, studio)}, a_campaign_of(acme, 2)
    costs = [
        asked(acme, campaignId=campaign_id, numPairs=1, audio=audio, music=bed).data["estimatedCost"]
        for audio in ("music", "strip")
    ]
    assert costs == [1.2, 0.8]


@pytest.mark.parametrize("part", ["watermark", "intro", "outro"])
def test_music_is_no_picture_and_a_picture_no_music(
    acme: Caller, studio: Studio, everything: Everything, part: str
) -> None:
    campaign_id, bed = a_campaign_of(acme, 2), music(acme, studio)
    picture = uploaded(acme, campaign_id).data["id"]
    for field, wrong in ((part, bed), ("music", picture)):
        wishes = {"campaignId": campaign_id, "numPairs": 1, field: {"assetId": wrong}}
        problem = everything.refused(lambda said=wishes: asked(acme, **said), 422, f"{field}.assetId")
        assert "must be an asset of type" in problem["detail"]


def test_another_tenants_music_is_as_unknown_as_none(
    acme: Caller, other: Caller, studio: Studio, everything: Everything
) -> None:
    campaign_id, theirs = a_campaign_of(acme, 2), music(other, studio)
    for strange in (theirs, UNKNOWN):
        wishes = {"campaignId": campaign_id, "audio": "music", "music": {"assetId": strange}}
        problem = everything.refused(lambda said=wishes: asked(acme, **said), 404, "music.assetId")
        assert problem["detail"] == f"There is no asset {strange!r}."


def test_music_of_a_running_job_stays_until_it_has_ended_other_music_does_not(
    acme: Caller, jobs: JobStore, studio: Studio
) -> None:
    campaign_id = a_campaign_of(acme, 2)
    bed = sent(acme, campaign_id, tune(studio).read_bytes()).data["id"]
    free = sent(acme, campaign_id, tune(studio, "ogg").read_bytes()).data["id"]
    job_id = asked(acme, campaignId=campaign_id, numPairs=1, audio="music", music={"assetId": bed}).data["jobId"]
    assert acme.delete(f"/api/v3/assets/{free}").status == 204
    for status in (JobStatus.PROCESSING, JobStatus.COMBINING):
        jobs.table.commit(jobs.move_job(job_id, 1, status))
        answer = acme.delete(f"/api/v3/assets/{bed}")
        assert (answer.status, job_id in answer.problem["detail"]) == (409, True)
    jobs.table.commit(jobs.move_job(job_id, 1, JobStatus.COMPLETED))
    assert acme.delete(f"/api/v3/assets/{bed}").status == 204
