"""Films of scenes over HTTP: a picture first, then its video; either may fail, wait for a word, or be made by others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.conftest import GIVE_UP, Film, Team

EIGHT = {
    "1280:720": (1280, 720),
    "720:1280": (720, 1280),
    "1104:832": (1104, 832),
    "832:1104": (832, 1104),
    "960:960": (960, 960),
    "1584:672": (1584, 672),
    "1280:768": (1280, 720),
    "768:1280": (720, 1280),
}
"""The seed's resolutions, and the size of the video: Runway makes no 5:3."""


def a_scenario(team: Team, scenes: int = 1, **fields: Any) -> str:
    scenario = str(team.post("/scenarios", {"title": "A morning", **fields})["id"])
    for number in range(scenes):
        words = {"imagePrompt": f"A lamp, {number}", "visualPrompt": "The lamp is lit", "duration": 2}
        team.post("/scenes", {"scenarioId": scenario, **words})
    return scenario


def filmed(team: Team, scenario: str, **wishes: Any) -> str:
    return str(team.post("/jobs/from-scenes", {"scenarioId": scenario, **wishes})["jobId"])


def waits(team: Team, job: str, run: int) -> Any:
    """The job when that run of it waits for its caller."""
    end = time.monotonic() + GIVE_UP
    while (state := team.get(f"/jobs/{job}"))["status"] != "awaiting_approval" or state["run"] != run:
        assert time.monotonic() < end, state
        assert not state["errorMessage"]
        time.sleep(0.2)
    return state


def said(team: Team, job: str, clip: int, word: str, **body: Any) -> int:
    return int(team.http.post(f"{team.url}/jobs/{job}/sub-jobs/{clip}/{word}", json=body, timeout=60).status_code)


def creates(team: Team, path: str) -> list[Any]:
    return [entry["body"] for entry in team.log("runway") if entry["path"] == path]


def pictures_and_videos(team: Team) -> tuple[int, int]:
    return len(creates(team, "/v1/text_to_image")), len(creates(team, "/v1/image_to_video"))


def test_each_of_the_eight_resolutions_makes_its_picture_and_its_video(
    team: Team, film_of: Callable[[str], Film]
) -> None:
    jobs = {name: filmed(team, a_scenario(team, resolution=name)) for name in EIGHT}
    for name, job in jobs.items():
        state = team.wait(job)
        assert state["status"] == "completed", state["errorMessage"]
        assert f"{EIGHT[name][0]}x{EIGHT[name][1]}" in film_of(job).banner
        near = name in ("1280:768", "768:1280")
        assert any("resolution" in warning for warning in state["warnings"]) is near


@pytest.mark.parametrize(("stage", "model"), [("image", "gen4_image"), ("video", "gen4_turbo")])
def test_a_stage_that_fails_takes_no_credits_and_a_retry_pays_only_for_what_is_missing(
    team: Team, film_of: Callable[[str], Film], stage: str, model: str
) -> None:
    before = team.get("/credits")["balance"]
    team.script({"match": {"model": model}, "do": "refuse", "times": 1}, service="runway")
    job = filmed(team, a_scenario(team))
    state = team.wait(job)
    assert (state["status"], team.clips(job)[0]["errorClass"]) == ("failed", "refused")
    first = 8 if stage == "video" else 0
    assert before - team.get("/credits")["balance"] == first, "the picture is there, or nothing is"
    assert pictures_and_videos(team) == ((1, 1) if stage == "video" else (1, 0))
    team.post(f"/jobs/{job}/retry", {})
    state = team.wait(job)
    assert (state["status"], state["run"]) == ("completed", 2), state["errorMessage"]
    assert film_of(job).lasts(2)
    assert pictures_and_videos(team) == ((1, 2) if stage == "video" else (2, 1))
    assert before - team.get("/credits")["balance"] == 8 + 25
    assert state["actualCost"] == pytest.approx(0.08 + 2 * 0.05)


def test_pictures_are_approved_made_anew_and_given_up_before_their_videos_are_paid_for(
    team: Team, film_of: Callable[[str], Film]
) -> None:
    before = team.get("/credits")
    job = filmed(team, a_scenario(team, 3), pauseAfter="image")
    state = waits(team, job, 1)
    assert (pictures_and_videos(team), state["actualCost"]) == ((3, 0), pytest.approx(3 * 0.08))
    there = team.get("/credits")
    assert (before["balance"] - there["balance"], there["reserved"]) == (3 * 8, before["reserved"])
    pictures = [clip["imageUrl"] for clip in team.clips(job)]
    assert said(team, job, 1, "approve") == 202
    assert said(team, job, 2, "regenerate", stage="image", imagePrompt="A green lamp") == 202
    waits(team, job, 2)
    after = [clip["imageUrl"] for clip in team.clips(job)]
    assert [one == other for one, other in zip(pictures, after, strict=True)] == [True, False, True]
    assert said(team, job, 2, "approve", start=True) == 202
    state = team.wait(job)
    assert (state["status"], state["run"]) == ("completed", 3), state["errorMessage"]
    assert [clip["status"] for clip in team.clips(job)] == ["completed", "completed", "cancelled"]
    assert film_of(job).lasts(2 + 2)
    assert pictures_and_videos(team) == (4, 2)
    assert before["balance"] - team.get("/credits")["balance"] == 4 * 8 + 2 * 25
    assert said(team, job, 3, "approve") == 409


@pytest.mark.parametrize(
    ("image", "video"), [("flux-1.1-pro", "veo3"), ("nano-banana", "gen4_turbo"), ("gen4_image_turbo", "hailuo-2.3")]
)
def test_pictures_and_videos_of_any_two_providers_make_one_film(
    team: Team, film_of: Callable[[str], Film], image: str, video: str, pictures: list[Path]
) -> None:
    scenario = a_scenario(team)
    (scene,) = team.get(f"/scenes?scenarioId={scenario}")["items"]
    shown = team.upload(team.campaign([]), pictures[0])
    body = {"productReferenceImageAssetId": shown}
    team.http.patch(f"{team.url}/scenes/{scene['id']}", json=body, timeout=30).raise_for_status()
    job = filmed(team, scenario, imageModel=image, model=video)
    state = team.wait(job)
    assert (state["status"], state["modelId"]) == ("completed", video), state["errorMessage"]
    assert film_of(job).lasts(team.clips(job)[0]["durationSeconds"])
