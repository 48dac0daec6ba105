"""Seed 002's testing checklist, item by item: what its pages do is in tests/workflow/test_seed_002.py."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.api.listing_progress import Step
from functions.make_piece.make import make_piece
from functions.plan.speakers import OpenAiSpeaker
from functions.studio.destinations import Destination
from functions.studio.errors import NarrationFailed, PieceUnfit
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger, Line
from functions.studio.library import Library
from functions.studio.media import Piece
from functions.studio.media_store import MediaStore
from functions.studio.narration import NarrationRef, Word
from functions.studio.rows import now
from functions.studio.services import Cast
from functions.studio.table import Table
from local.standins.openai import OpenAi
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, a_campaign, picture, uploaded
from tests.integration.listing_stage import CAMRY, listed, pictures_of
from tests.integration.narration_stage import Stage
from tests.integration.test_api_scripts import SCRIPTS, SEED, asked, openai
from tests.integration.test_copy_film import ABROAD, FILES, Make, make, there
from tests.integration.test_narrated_film import Told
from tests.integration.test_narration import stage
from tests.integration.test_seed_002_dialect import (
    STATUS,
    a_film,
    begun,
    completed,
    everything,
    gif,
    refused,
    sent,
    told,
)
from tests.seen import frames_of, heard, loudest

__all__ = ["everything", "make", "openai", "stage", "there"]

STEPS = ("script", "voice", "captions")
DOWN: dict[str, dict[str, Any]] = {
    "script": {"store": False},
    "voice": {"voice": "alloy"},
    "captions": {"filename": "speech.wav"},
}
"""By which OpenAI's stand-in knows each step."""


# unit tests


def test_unit_generate_script_returns_valid_script(stage: Stage) -> None:
    job = stage.planned(stage.listing(voice="none", target_seconds=15))
    script = stage.narration(job).script
    assert job.narration
    assert job.narration.words == len(script.split())
    assert "Camry" in script
    assert "18,500" in script
    assert script[-1] in ".!?"
    assert 9 <= job.narration.seconds <= 21
    assert 0 < job.beside_clips["script"] <= Decimal("0.001")


def test_unit_generate_voiceover_creates_mp3_file(stage: Stage, tmp_path: Path) -> None:
    """Ours is a FLAC: the film is mixed from it, and nothing is lost."""
    job = stage.planned()
    speech = stage.speech(job)
    assert (speech.type, speech.content_type) == ("audio", "audio/flac")
    (tmp_path / "speech.flac").write_bytes(stage.media.read(speech.key))
    samples = heard(tmp_path / "speech.flac")
    assert len(samples) / 2 / 48_000 == pytest.approx(stage.narration(job).seconds, abs=0.001)
    assert loudest(samples) > 1000


def test_unit_generate_captions_extracts_word_timestamps(stage: Stage) -> None:
    told = stage.narration(stage.planned())
    assert [word.text for word in told.words] == told.script.split()
    times = [at for word in told.words for at in (word.start, word.end)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= told.seconds
    assert told.timed == "heard"


def test_unit_create_video_renders_mp4_successfully(
    jobs: JobStore, ledger: Ledger, media: MediaStore, tmp_path: Path
) -> None:
    shelf = Told(jobs, ledger, media)
    shelf.shows(1, "red")
    shelf.make_pieces()
    film = shelf.assemble()
    path = shelf.fetched(film.key, tmp_path)
    assert path.read_bytes()[4:8] == b"ftyp"
    assert frames_of(path) == film.frames > 0
    assert loudest(heard(path)) > 1000


def test_unit_upload_to_r2_returns_public_url(make: Make, there: Any) -> None:
    stage = make(Destination())
    stage.copy(lambda: ABROAD._replace(public="https://pub-1.r2.dev"))
    assert stage.job.delivery
    told = {one.name: one for one in stage.job.delivery.files}
    assert told["combined.mp4"].url == f"https://pub-1.r2.dev/{told['combined.mp4'].key}"
    kept = there.get_object(Bucket="vidx-videos", Key=told["combined.mp4"].key)
    assert kept["Body"].read() == FILES["combined.mp4"]


# integration tests


def test_integration_generate_script_authenticated_only(acme: Caller, openai: OpenAi) -> None:
    for caller in (Caller(), Caller("rl_no")):
        answer = caller.post(SEED, CAMRY)
        assert (answer.status, answer.envelope["success"], answer.envelope["code"]) == (401, False, "unauthenticated")
        assert caller.post(SCRIPTS, CAMRY).status == 401
    assert asked(openai) == 0


def test_integration_generate_handles_file_uploads(acme: Caller, jobs: JobStore) -> None:
    reply = sent(acme, ("car.jpg", picture()), ("seats.png", picture()))
    job = jobs.job(reply.envelope["jobId"])
    assert reply.status == 202
    assert sorted(reply.envelope) == ["estimatedTime", "jobId", "success"]
    assert 15 < reply.envelope["estimatedTime"] < 120
    assert reply.headers["location"] == f"{STATUS}/{job.id}"
    assert job.listing
    assert job.cut.music
    assert (job.kind, len(job.listing.asset_ids), job.cut.music.track) == ("listing", 2, "upbeat")
    assert job.listing.price == 18500
    names = [acme.get(f"/api/v3/assets/{one}").data["name"] for one in job.listing.asset_ids]
    assert names == ["car.jpg", "seats.png"]
    campaign = acme.get(f"/api/v3/campaigns/{job.campaign_id}").data
    assert campaign["name"] == "Listings"


def test_integration_status_returns_progress(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    job = begun(acme)
    seen = [told(acme, job)]
    jobs.table.commit(jobs.begin_to_plan(jobs.job(job), "planner"))
    seen.append(told(acme, job))
    for step in STEPS:
        line = Line(attempt_id=f"1.0000.{step}.1", clip=0, run=1, stage=step, amount=1, model="m", reserved_at=now())
        jobs.table.commit(ledger.reserve(job, line))
        seen.append(told(acme, job))
    narration = NarrationRef(key="n", script="Look at this car.", seconds=14.0, words=4)
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.PROCESSING, {"narration": narration.attributes()}))
    seen.append(told(acme, job))
    pieces = [Piece(number=one, kind="slide", shots=[], frames=30, key="k") for one in (1, 2)]
    jobs.films.put_pieces(job, 1, pieces)
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.COMBINING))
    seen.append(told(acme, job))
    for one in (1, 2):
        jobs.table.commit(jobs.films.piece_failed(job, 1, one, "no"))
        seen.append(told(acme, job))
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.COMPLETED, {"film": a_film(job).attributes()}))
    seen.append(told(acme, job))
    words = ["queued", "script", "script", "audio", "captions", "render", "render", "render", "upload", "complete"]
    assert [one["status"] for one in seen] == words
    percents = [one["progress"] for one in seen]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert percents[6] < percents[7] < percents[8]
    last = seen[-1]
    assert last["script"] == "Look at this car."
    assert "combined.mp4?" in last["videoUrl"]
    assert "X-Amz-Signature" in last["thumbnailUrl"]
    assert sorted(last["cost"]) == ["captions", "rendering", "script", "storage", "total", "voiceover"]
    assert {one.value for one in Step} - set(words) == {"error"}


def test_integration_ads_create_saves_to_database(acme: Caller, jobs: JobStore, other: Caller) -> None:
    job = begun(acme)
    completed(jobs, job)
    video = told(acme, job)
    said = {
        "title": CAMRY["title"],
        "description": CAMRY["description"],
        "price": "18500",
        "category": "automotive",
        "videoUrl": video["videoUrl"],
        "thumbnailUrl": video["thumbnailUrl"],
        "script": video["script"],
    }
    made = acme.post("/api/ads/create", said)
    assert (made.status, made.envelope["success"]) == (201, True)
    (ad,) = acme.get("/api/ads").envelope["ads"]
    assert (ad["id"], ad["status"], ad["price"], ad["userId"]) == (made.envelope["adId"], "active", 18500.0, "acme")
    assert other.get("/api/ads").envelope["ads"] == []
    assert Caller().get(made.envelope["pageUrl"]).status == 200
    assert acme.get(f"/api/v3/ads/{ad['id']}").data["jobId"] == job


# error handling tests


def test_error_invalid_image_format_such_as_gif(acme: Caller, table: Table, media: MediaStore) -> None:
    """Or a broken one: it is named, and the others are not kept."""
    begun(acme, 1)  # its campaign is there from here on
    campaign, everything = a_campaign(acme), Everything(table, media)
    before = everything.now()
    for spoilt, status in ((gif(), 415), (picture(200, 200)[:90], 422), (b"", 422)):
        reply = sent(acme, ("good.png", picture()), ("spoilt.png", spoilt), ("also_good.png", picture()))
        said = refused(reply, status, "images.1")
        assert "images.1: Picture 2 (spoilt.png): " in said["error"]
        assert everything.now() == before
        everything.refused(lambda body=spoilt: uploaded(acme, campaign, body), status, "file")  # type: ignore[misc]  # bound now


def test_error_missing_description(acme: Caller, openai: OpenAi, everything: Everything) -> None:
    ids = pictures_of(acme, 1)
    for description in (None, "", "  "):
        before = everything.now()
        refused(sent(acme, ("car.png", picture()), description=description), 422, "description")
        refused(acme.post(SEED, {**CAMRY, "description": description}), 422, "description")
        assert everything.now() == before
        for call in (
            lambda said=description: listed(acme, assetIds=ids, description=said),
            lambda said=description: acme.post(SCRIPTS, {**CAMRY, "description": said}),
        ):
            everything.refused(call, 422, "description")
    assert asked(openai) == 0


class Impatient(OpenAiSpeaker):
    """Waits for its first transcripts for a second, and for all else as it should."""

    def __init__(self, url: str, turns: int) -> None:
        super().__init__(lambda: "key", url)
        self._turns = turns

    def words(self, text: str, sound: bytes, cast: Cast, language: str, seconds: float) -> list[Word]:
        self._turns -= 1
        return super().words(text, sound, cast, language, seconds if self._turns < 0 else 1.0)


def times_out(stage: Stage, turns: int) -> None:
    stage.script("slow", match=DOWN["captions"], times=turns, seconds=5)
    listener = Impatient(f"{stage.openai}/v1", turns)
    booth = stage.board.booth
    stage.board = replace(stage.board, booth=replace(booth, speakers={**booth.speakers, "openai": lambda: listener}))


def test_error_openai_api_timeout(stage: Stage) -> None:
    """It is asked again, and what may have been paid is counted."""
    times_out(stage, 1)
    job = stage.planned()
    assert stage.money(job)[-2:] == [("captions", "lost"), ("captions", "settled")]
    assert [word.text for word in stage.narration(job).words] == stage.narration(job).script.split()


@pytest.mark.parametrize("required", [True, False])
def test_error_openai_api_timeout_that_lasts(stage: Stage, required: bool) -> None:
    """The film is without captions only if the caller allows it; else the job says why, and what is paid for stays."""
    times_out(stage, 2)
    job = stage.job(stage.listing(captions_required=required))
    if required:
        with pytest.raises(
            NarrationFailed, match="captions could not be timed: OpenAI did not answer: APITimeoutError"
        ):
            stage.plan(job)
        assert stage.money(job)[:2] == [("script", "settled"), ("voice", "settled")]
    else:
        stage.plan(job)
        after = stage.jobs.job(job.id)
        assert (after.status, stage.narration(after).words) == (JobStatus.PROCESSING, [])
        assert [said.partition(":")[0] for said in after.warnings] == ["captions"]


def test_error_ffmpeg_error_corrupted_image(jobs: JobStore, ledger: Ledger, media: MediaStore) -> None:
    """One that was whole when it came: its piece says which it is, and the others have its time."""
    shelf = Told(jobs, ledger, media)
    shelf.shows(1, "red")
    shelf.shows(2, "blue")
    whole = media.read("picture-2.png")
    media.put("picture-2.png", whole[: len(whole) // 2], "image/png")
    for task in shelf.arrange():
        make_piece(task, shelf.jobs, shelf.media)
    with pytest.raises(PieceUnfit, match="Clip 2"):
        shelf.assemble()
    shelf.make_pieces()
    assert shelf.assemble().clips == [1]


def test_error_r2_upload_failure(make: Make, there: Any, media: MediaStore) -> None:
    """It is raised for another try, and the film stays where it is."""

    class Down:
        def upload_fileobj(self, *arguments: Any, **more: Any) -> None:
            said = {"Error": {"Code": "InternalError", "Message": "We"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
            raise ClientError(said, "PutObject")  # type: ignore[arg-type]  # no more of it is read

    stage = make(Destination())
    with pytest.raises(ClientError):
        stage.copy(opener=lambda abroad: Down())
    assert stage.job.delivery
    assert (stage.job.status, stage.job.delivery.status) == (JobStatus.COMPLETED, "failed")
    assert stage.job.delivery.reason == "the destination answered InternalError: We"
    assert media.read(stage.key("combined.mp4")) == FILES["combined.mp4"]
    stage.copy()
    assert stage.job.delivery.status == "delivered"


def test_error_network_interruption_during_generation(stage: Stage) -> None:
    """At each step once: what may have been paid is counted, and the job goes on."""
    for step in STEPS:
        stage.script("lose_answer", match=DOWN[step])
    job = stage.planned()
    assert stage.money(job) == [(step, state) for step in STEPS for state in ("lost", "settled")]
    assert stage.asked() == dict.fromkeys(STEPS, 2)
    assert job.status is JobStatus.PROCESSING


def test_error_network_interruption_that_lasts(
    jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore
) -> None:
    """Nothing was asked, so nothing is paid, and the job says why it does not go on."""
    stage = Stage(jobs, ledger, library, media, "http://127.0.0.1:9")
    job = stage.job()
    with pytest.raises(NarrationFailed, match="could not be written: OpenAI did not answer: APIConnectionError"):
        stage.plan(job)
    assert stage.money(job) == [("script", "released")] * 4
