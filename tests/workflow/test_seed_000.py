"""Seed 000, the testing guide: its calls as written, then each success criterion and scenario.

Its troubleshooting is in test_troubleshooting.py.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from local.cloud import LocalCloud
from tests.workflow.conftest import Film, Team, fresh

HERE = Path(__file__).parent
WRITTEN = dict(re.findall(r"^# (\S+)\n(curl .*?)(?:\n\n|\Z)", (HERE / "seed_000.sh").read_text(), re.DOTALL | re.M))
ANSWERS = json.loads((HERE / "seed_000.json").read_text())
PAIRS, SECONDS, PER_SECOND = 3, 6, 0.15


def as_written(call: str, team: Team, folder: Path, **ids: str) -> Any:
    """Runs a call of the guide with host, key and ids put in; what it answers, as JSON."""
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    line = WRITTEN[call].replace("http://localhost:8000", team.cloud.url).replace("YOUR_TOKEN", key)
    line = line.replace("https://api.x.ai", team.cloud.services["xai"])
    for name, value in ids.items():
        line = line.replace(name.replace("_", "-") if name.startswith("your") else f"{{{name}}}", value)
    done = subprocess.run(
        ["bash", "-ec", line.replace("curl ", "curl -sS ", 1)],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "XAI_API_KEY": "of-nobody"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


@dataclass
class Watched:
    """A job, and everything that polling it showed on the way; of one made by the guide's calls, what they answered too."""

    uploaded: Any = None
    created: Any = None
    statuses: list[str] = field(default_factory=list)
    summaries: list[dict[str, int]] = field(default_factory=list)
    progress: dict[int, list[float]] = field(default_factory=dict)
    job: Any = None
    sub_jobs: Any = None
    creates: list[Any] = field(default_factory=list)
    predictions: list[Any] = field(default_factory=list)
    chosen: list[Any] = field(default_factory=list)
    film: Film | None = None
    clips: list[Film] = field(default_factory=list)

    def saw(self, job: Any, sub_jobs: Any) -> None:
        if self.statuses[-1:] != [job["data"]["status"]]:
            self.statuses.append(job["data"]["status"])
        if self.summaries[-1:] != [sub_jobs["data"]["summary"]]:
            self.summaries.append(sub_jobs["data"]["summary"])
        for clip in sub_jobs["data"]["subJobs"]:
            seen = self.progress.setdefault(clip["subJobNumber"], [])
            if seen[-1:] != [clip["progress"]]:
                seen.append(clip["progress"])


@pytest.fixture(scope="module")
def watched(cloud: LocalCloud, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("guide")
    team = fresh(cloud)
    client = team.post("/clients", {"name": "Acme"})["id"]
    campaign = team.campaign(pictures[1:])
    (folder / "picture.jpg").write_bytes(pictures[0].read_bytes())
    uploaded = as_written("upload", team, folder, your_campaign_id=campaign)
    team.script({"do": "slow", "seconds": 2}, service="xai")
    created = as_written("create", team, folder, your_campaign_id=campaign, your_client_id=client)
    job = created["data"]["jobId"]
    seen = watch(team, job)
    seen.uploaded, seen.created = uploaded, created
    assert as_written("job", team, folder, job_id=job)["data"] == seen.job["data"]
    seen.sub_jobs = as_written("sub-jobs", team, folder, job_id=job)
    seen.film = Film(team.download(f"/videos/{job}/combined", folder / "combined.mp4"))
    for number in (1, 2, 3):
        name = f"clip_{number:03d}.mp4"
        seen.clips.append(Film(team.download(f"/videos/{job}/clips/{name}", folder / name)))
    return seen


@pytest.fixture(scope="module")
def conformed(cloud: LocalCloud, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A job whose first clip is unlike the others, so that its film has to be encoded, and whose selection is `chosen`."""
    folder = tmp_path_factory.mktemp("conformed")
    team = fresh(cloud)
    campaign = team.campaign(pictures)
    first, second, third, *_ = [one["id"] for one in team.get(f"/assets?campaignId={campaign}")["items"]]
    pairs = [(third, first, 0.2), (second, third, 0.9), (first, second, 0.5)]
    chosen = [
        {"image1AssetId": one, "image2AssetId": other, "score": score, "reason": f"As good as {score}."}
        for one, other, score in pairs
    ]
    (folder / "chosen.json").write_text(json.dumps({"pairs": chosen}))
    team.script({"do": "serve", "file": str(folder / "chosen.json")}, service="xai")
    team.script({"do": "serve", "file": str(_unlike_the_others(folder / "odd.mp4"))})
    seen = watch(team, team.film(campaign, numPairs=PAIRS, clipDuration=4))
    seen.chosen = chosen
    assert seen.statuses[-1] == "completed", seen.job["data"]["errorMessage"]
    seen.film = Film(team.download(seen.job["data"]["videoUrl"], folder / "film.mp4"))
    return seen


def _unlike_the_others(path: Path) -> Path:
    """Another resolution, codec and rate."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=640x480:r=25:d=4", "-c:v", "libx265", "-x265-params", "log-level=0"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, path], check=True)
    return path


def watch(team: Team, job: str) -> Watched:
    """Polls a job until it has ended."""
    seen = Watched()
    end = time.monotonic() + 240
    while seen.statuses[-1:] not in (["completed"], ["failed"]):
        assert time.monotonic() < end, f"the job hangs: {seen.statuses}, {seen.summaries}"
        seen.sub_jobs = _got(team, f"/jobs/{job}/sub-jobs")
        seen.job = _got(team, f"/jobs/{job}")
        seen.saw(seen.job, seen.sub_jobs)
    seen.creates = [entry for entry in team.log() if entry["path"].endswith("veo-3.1-fast/predictions")]
    seen.predictions = team.look("_predictions")
    return seen


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _got(team: Team, path: str) -> Any:
    return team.http.get(team.url + path, timeout=30).json()


def hashes(film: Film) -> list[str]:
    """One a picture, as it is decoded."""
    told = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film.path, "-map", "0:v:0", "-f", "framemd5", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line.rsplit(",", 1)[1].strip() for line in told.splitlines() if not line.startswith("#")]


def differences(told: Any, answer: Any, where: str = "") -> Iterator[str]:
    """Where an answer lacks what the guide tells of it, or has it in another JSON type.

    What the guide has as null may be anything; a list in which it has entries may not be empty."""
    if told is None:
        return
    if isinstance(told, dict) and isinstance(answer, dict):
        for name, value in told.items():
            if name not in answer:
                yield f"{where}.{name} is missing"
            else:
                yield from differences(value, answer[name], f"{where}.{name}")
    elif isinstance(told, list) and isinstance(answer, list):
        if told and not answer:
            yield f"{where} is empty"
        for entry in answer:
            yield from differences(told[0], entry, f"{where}[]")
    elif _kind(told) != _kind(answer):
        yield f"{where} is {answer!r}, the guide has {told!r}"


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


# the calls and the progression


def test_the_upload_as_written_is_kept_with_its_name_and_tags(watched: Watched) -> None:
    asset = watched.uploaded["data"]
    assert (asset["name"], asset["tags"], asset["type"]) == ("Product Image 1", ["product", "hero-shot"], "image")


def test_the_create_as_written_is_answered_at_once_with_the_number_of_pairs(watched: Watched) -> None:
    told = watched.created["data"]
    assert (told["status"], told["totalPairs"]) == ("image_pair_selection", PAIRS)
    assert told["message"] == "Job created with 3 image pairs. Video generation started."


def test_the_job_goes_through_the_guides_statuses_in_their_order(watched: Watched, conformed: Watched) -> None:
    order = ["image_pair_selection", "sub_job_processing", "video_combining", "completed"]
    assert watched.statuses[0] == order[0]
    assert [status for status in order if status in watched.statuses] == watched.statuses
    assert conformed.statuses == order


def test_sub_jobs_go_from_all_pending_to_all_processing_to_all_completed(watched: Watched) -> None:
    counts = [
        tuple(one[word] for word in ("pending", "processing", "completed", "failed")) for one in watched.summaries
    ]
    assert counts[0] == (PAIRS, 0, 0, 0)
    assert (0, PAIRS, 0, 0) in counts
    assert counts[-1] == (0, 0, PAIRS, 0)
    assert all(one["total"] == PAIRS for one in watched.summaries)


def test_the_call_for_xais_models_is_answered(team: Team, tmp_path: Path) -> None:
    assert [model["object"] for model in as_written("xai", team, tmp_path)["data"]]


# success criteria


def test_criterion_image_pair_selection_completes_with_reasonable_pairs(watched: Watched) -> None:
    clips = watched.sub_jobs["data"]["subJobs"]
    pairs = {frozenset((clip["image1AssetId"], clip["image2AssetId"])) for clip in clips}
    assert len(pairs) == PAIRS
    assert all(len(pair) == 2 for pair in pairs)
    assert all(clip["reason"] and 0 < clip["score"] <= 1 for clip in clips)


def test_criterion_all_sub_jobs_run_in_parallel(watched: Watched) -> None:
    assert len(watched.creates) == PAIRS
    assert max(create["at"] for create in watched.creates) < min(one["endedAt"] for one in watched.predictions)


def test_a_clips_times_enclose_those_that_the_provider_has_noted(watched: Watched) -> None:
    predictions = {one["id"]: one for one in watched.predictions}
    for clip in watched.sub_jobs["data"]["subJobs"]:
        prediction = predictions[clip["replicatePredictionId"]]
        [create] = [one for one in watched.creates if one["body"]["webhook"] == prediction["webhook"]]
        times = [_seconds(clip["startedAt"]), create["at"], prediction["endedAt"], _seconds(clip["completedAt"])]
        assert times == sorted(times)


def test_criterion_individual_clips_are_generated(watched: Watched) -> None:
    assert [clip.frames for clip in watched.clips] == [SECONDS * 24] * PAIRS
    assert watched.job["data"]["progress"]["clip_urls"] == [
        f"/api/v3/videos/{watched.job['data']['id']}/clips/clip_{number:03d}.mp4" for number in (1, 2, 3)
    ]


def test_criterion_the_combined_video_plays_correctly(watched: Watched) -> None:
    assert watched.film is not None
    assert watched.film.plays_in_browsers
    assert watched.film.lasts(PAIRS * SECONDS)
    assert watched.film.loudest > 0


def test_criterion_clips_are_in_the_order_that_the_selection_determined(conformed: Watched) -> None:
    """Whatever the scores: the lowest is first here."""
    clips = conformed.sub_jobs["data"]["subJobs"]
    assert [clip["subJobNumber"] for clip in clips] == [1, 2, 3]
    assert [{name: clip[name] for name in conformed.chosen[0]} for clip in clips] == conformed.chosen


def test_criterion_the_film_has_its_clips_in_their_order(watched: Watched) -> None:
    """It is their own pictures, each decoded to the very same pixels, in the order of their numbers."""
    assert watched.film is not None
    assert hashes(watched.film) == [one for clip in watched.clips for one in hashes(clip)]


def test_criterion_cost_tracking_is_accurate(watched: Watched) -> None:
    clips = watched.sub_jobs["data"]["subJobs"]
    each = pytest.approx(SECONDS * PER_SECOND)
    assert all(clip["estimatedCost"] == each and clip["actualCost"] == each for clip in clips)
    total = pytest.approx(PAIRS * SECONDS * PER_SECOND)
    assert watched.job["data"]["actualCost"] == total
    assert watched.job["data"]["progress"]["total_cost"] == total


@pytest.mark.parametrize("answer", ["created", "sub_jobs", "job"])
def test_criterion_api_responses_match_the_expected_schemas(watched: Watched, answer: str) -> None:
    told = ANSWERS["subJobs" if answer == "sub_jobs" else answer]
    assert list(differences(told, getattr(watched, answer))) == []


@pytest.mark.parametrize(
    ("answer", "difference"),
    [
        ({"cost": None, "urls": ["/a"], "error": None}, ".cost is None, the guide has 4.8"),
        ({"cost": 4, "urls": [], "error": None}, ".urls is empty"),
        ({"cost": 4, "urls": [None], "error": None}, ".urls[] is None, the guide has '/b'"),
        ({"cost": True, "urls": ["/a"], "error": None}, ".cost is True, the guide has 4.8"),
        ({"cost": 4, "urls": ["/a"]}, ".error is missing"),
    ],
)
def test_a_null_an_empty_list_or_a_missing_field_is_a_difference(answer: Any, difference: str) -> None:
    told = {"cost": 4.8, "urls": ["/b"], "error": None}
    assert list(differences(told, {"cost": 4, "urls": ["/a", "/c"], "error": "anything"})) == []
    assert list(differences(told, answer)) == [difference]


def test_criterion_files_are_stored_in_correct_locations(watched: Watched, cloud: LocalCloud) -> None:
    job = watched.job["data"]["id"]
    listed = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=cloud.bucket, Prefix="demo/")
    keys = {one["Key"] for page in listed for one in page["Contents"] if job in one["Key"]}
    for name in ("clips/clip_001.mp4", "clips/clip_002.mp4", "clips/clip_003.mp4", "combined.mp4"):
        assert [key for key in keys if key.endswith(f"/videos/{job}/{name}")], name


def test_criterion_sub_job_polling_shows_real_time_progress(watched: Watched) -> None:
    for seen in watched.progress.values():
        assert seen == sorted(seen)
        assert seen[0] == 0.0
        assert seen[-1] == 1.0
        assert len(seen) > 2


# scenarios


def test_scenario_1_happy_path_with_three_pairs(watched: Watched) -> None:
    assert watched.job["data"]["status"] == "completed"
    assert watched.job["data"]["progress"]["successful_clips"] == PAIRS
    assert watched.job["data"]["videoUrl"] == f"/api/v3/videos/{watched.job['data']['id']}/combined"
    assert (watched.job["data"]["warnings"], watched.job["data"]["errorMessage"]) == ([], None)


def test_scenario_2_ten_pairs_of_twenty_pictures_all_process_in_parallel(
    team: Team, crowd: Sequence[Path], tmp_path: Path
) -> None:
    team.script({"match": {}, "times": 10, "do": "slow", "seconds": 3})
    job = team.film(team.campaign(list(crowd[:20])), numPairs=10, clipDuration=4)
    most = 0
    while team.get(f"/jobs/{job}")["status"] not in ("completed", "failed"):
        most = max(most, team.get(f"/jobs/{job}/sub-jobs")["summary"]["processing"])
        time.sleep(0.1)
    assert most == 10
    assert team.wait(job)["progress"]["successful_clips"] == 10
    assert Film(team.download(f"/videos/{job}/combined", tmp_path / "film.mp4")).lasts(10 * 4)


def test_scenario_3_and_criterion_partial_failures_are_handled_gracefully_three_of_five_clips_make_a_film(
    team: Team, pictures: list[Path], tmp_path: Path
) -> None:
    team.script({"match": {}, "times": 2, "do": "refuse"})
    job = team.film(team.campaign(pictures), numPairs=5, clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "completed"
    assert (state["progress"]["successful_clips"], state["progress"]["failed_clips"]) == (3, 2)
    assert state["actualCost"] == pytest.approx(3 * 4 * PER_SECOND)
    failed = [clip for clip in team.clips(job) if clip["status"] == "failed"]
    assert all(clip["errorMessage"] and clip["videoUrl"] is None for clip in failed)
    assert state["warnings"] == [
        f"Clip {clip['subJobNumber']} is missing from the film: {clip['errorMessage']}" for clip in failed
    ]
    assert Film(team.download(f"/videos/{job}/combined", tmp_path / "film.mp4")).lasts(3 * 4)


@pytest.mark.parametrize(
    ("model", "seconds", "cost"), [("veo3", 8, pytest.approx(1.20)), ("hailuo-2.0", 6, pytest.approx(0.20))]
)
def test_scenario_4_the_deployments_model_brings_its_duration_and_its_price(
    tmp_path: Path, pictures: list[Path], model: str, seconds: int, cost: float
) -> None:
    with LocalCloud(out=tmp_path, parameters={"VideoGenerationModel": model}) as deployed:
        team = Team(deployed)
        job = team.film(team.campaign(pictures[:2]), numPairs=1)
        assert team.wait(job)["status"] == "completed"
        (clip,) = team.clips(job)
        assert (clip["modelId"], clip["durationSeconds"], clip["actualCost"]) == (model, seconds, cost)
        assert Film(team.download(clip["videoUrl"], tmp_path / "clip.mp4")).presented["vide"] == seconds


@pytest.mark.parametrize(("asked", "made"), [(3.0, 4), (10.0, 8)])
def test_scenario_5_a_custom_duration_is_met_as_near_as_the_model_can_and_priced_so(
    team: Team, pictures: list[Path], tmp_path: Path, asked: float, made: int
) -> None:
    job = team.film(team.campaign(pictures[:2]), numPairs=1, clipDuration=asked)
    state = team.wait(job)
    assert state["status"] == "completed"
    assert state["actualCost"] == pytest.approx(made * PER_SECOND)
    assert state["warnings"] == [f"clipDuration {asked:g} was changed to {made}: veo3 makes clips of 4, 6, 8 seconds."]
    assert Film(team.download(f"/videos/{job}/combined", tmp_path / "film.mp4")).lasts(made)


# troubleshooting


def test_issue_5_clips_of_different_resolution_codec_and_rate_become_one_film_that_is_not_corrupted(
    conformed: Watched,
) -> None:
    assert conformed.film is not None
    assert conformed.film.plays_in_browsers
    assert conformed.film.lasts(PAIRS * 4)
