"""A listing's film from two pictures, through the whole workflow of the local cloud."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from pysubs2 import SSAFile

from functions.studio import sound
from functions.studio.caption_lines import grouped
from functions.studio.captions import CaptionStyle
from functions.studio.media import Target
from functions.studio.narration import Narration
from local.cloud import LocalCloud
from tests.media import Studio
from tests.workflow.conftest import Film, Team
from tests.workflow.listing_job import LAMP, Listings

BLOCK = sound.RATE // 100
LOUD = 1000
"""Of 32,767."""


def first_heard(film: Path) -> float:
    """Seconds, to a hundredth."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    decoding = [program, "-v", "error", "-i", film, "-f", "s16le", "-ar", str(sound.RATE), "-ac", "2", "-"]
    pcm = subprocess.run(decoding, capture_output=True, check=True).stdout
    size = BLOCK * sound.SAMPLE_BYTES
    return next(at / size / 100 for at in range(0, len(pcm), size) if sound.loudest([pcm[at : at + size]]) > LOUD)


def test_two_pictures_and_a_description_become_a_narrated_film(
    cloud: LocalCloud, team: Team, pictures: list[Path], film_of: Any
) -> None:
    listings = Listings(cloud)
    campaign = team.campaign([])
    assets = [team.upload(campaign, picture) for picture in pictures[:2]]
    job = listings.film(campaign, assets)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    row = listings.jobs.job(job)
    assert row.narration is not None
    assert row.film is not None
    told = Narration.model_validate_json(listings.media.read(row.narration.key))
    assert (told.timed, row.film.clips) == ("heard", [1, 2])
    film: Film = film_of(job)
    assert film.plays_in_browsers
    pieces = listings.jobs.films.pieces(job, 1)
    assert film.frames == row.film.frames == sum(piece.frames for piece in pieces)
    begins = (pieces[0].narration_at or 0) / row.film.fps
    assert first_heard(film.path) == pytest.approx(begins + told.words[0].start, abs=0.08)
    assert row.film.loudness is not None
    assert row.film.loudness.integrated == pytest.approx(-14, abs=1)
    assert row.film.subtitles is not None
    beside = SSAFile.from_string(listings.media.read(row.film.subtitles.srt_key).decode(), format_="srt")
    burned = grouped(
        told.words, CaptionStyle(), told.language, Target(width=row.film.width, height=row.film.height, fps=30)
    )
    assert [event.text.replace("\\N", " ") for event in beside] == [line.text for line in burned]
    assert listings.media.read(row.film.subtitles.vtt_key).startswith(b"WEBVTT")
    assert state["costs"]["clips"] == state["costs"]["storage"] == 0
    assert sum(state["costs"].values()) == pytest.approx(state["actualCost"])
    assert 0 < state["actualCost"] < 0.022, "seed 002's"
    counts = [len(team.log("openai")), listings.ledger.totals(job).reserved]
    assert counts == [3, 0], "each service was asked once"


def test_a_model_moves_the_pictures_around_a_video_of_the_callers_own_and_a_refused_one_is_made_later(
    cloud: LocalCloud, team: Team, pictures: list[Path], film_of: Any, tmp_path: Path
) -> None:
    listings = Listings(cloud)
    campaign = team.campaign([])
    video = Studio(tmp_path).clip(seconds=2, fps="30", size="180x320")
    before, after = (team.upload(campaign, picture) for picture in pictures[:2])
    team.script({"match": {}, "times": 1, "do": "refuse"})
    asked = {
        **{name: LAMP[name] for name in ("title", "description", "category")},
        "assetIds": [before, team.upload(campaign, video, "video"), after],
        "motion": "veo3",
        "durationSeconds": 12,
        "resolution": "480p",
    }
    job = str(team.post("/jobs/from-listing", asked)["jobId"])
    first = team.wait(job)
    assert first["status"] == "completed", first["errorMessage"]
    assert sorted(one["status"] for one in team.clips(job)) == ["completed", "completed", "failed"]
    team.post(f"/jobs/{job}/retry", {})
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    clips, row = listings.jobs.clips(job), listings.jobs.job(job)
    assert row.film is not None
    assert row.narration is not None
    assert row.film.clips == [1, 2, 3]
    assert [(clip.own, clip.duration_seconds) for clip in clips] == [(False, 4), (True, 2), (False, 4)]
    asked_of_model = [one["body"]["input"] for one in team.log() if one["path"].endswith("/predictions")]
    assert len(asked_of_model) == 3, "the refused one again, and no other"
    assert not any(one["generate_audio"] for one in asked_of_model)
    assert len(team.log("openai")) == 3, "what is told stays"
    assert state["costs"]["clips"] == pytest.approx(float(sum(clip.actual_cost or 0 for clip in clips)))
    assert sum(state["costs"].values()) == pytest.approx(state["actualCost"])
    assert listings.ledger.totals(job).reserved == 0
    pieces = listings.jobs.films.pieces(job, 2)
    shown = {clip.number: sum(one.frames for one in pieces if one.clips == [clip.number]) for clip in clips}
    lead, fps = pieces[0].narration_at or 0, row.film.fps
    stretched = [(shown[1] - lead) / (4 * fps - lead), shown[2] / (2 * fps), shown[3] / (4 * fps)]
    assert stretched == pytest.approx([stretched[0]] * 3, abs=0.03), "each stands at its end for its share of the words"
    assert 1 < stretched[0] < 1.5
    film: Film = film_of(job)
    assert film.plays_in_browsers
    assert film.frames == row.film.frames == sum(piece.frames for piece in pieces)
    told = Narration.model_validate_json(listings.media.read(row.narration.key))
    begins = (pieces[0].narration_at or 0) / row.film.fps
    assert first_heard(film.path) == pytest.approx(begins + told.words[0].start, abs=0.08)
