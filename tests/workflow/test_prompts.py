"""Prompted films, the whole way: from text, from a picture, from another clip's last frame; long ones, and variants to choose from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from tests.seen import frames_of
from tests.workflow.conftest import Team

FPS = 24


def creates(team: Team) -> list[dict[str, Any]]:
    asked = [entry for entry in team.log() if entry["method"] == "POST" and entry["path"].endswith("/predictions")]
    return [entry["body"]["input"] for entry in asked]


def prompted(team: Team, campaign: str, **wishes: Any) -> Any:
    """The job when it is completed."""
    job = team.post("/jobs/from-prompt", {"campaignId": campaign, **wishes})["jobId"]
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    return state


def shown(team: Team, path: str) -> Image.Image:
    answer = team.http.get(f"{team.cloud.url}{path}", timeout=30)
    answer.raise_for_status()
    return Image.open(io.BytesIO(answer.content))


def test_a_script_becomes_a_film(team: Team, tmp_path: Path) -> None:
    state = prompted(team, team.campaign([]), script="A cat plays with a ball", style="social", durationSeconds=4)
    (clip,) = team.clips(state["id"])
    assert state["choice"]["modelId"] == state["modelId"] == clip["modelId"]
    assert state["kind"] == "prompt"
    assert clip["prompt"].endswith("Script: A cat plays with a ball")
    assert state["actualCost"] == pytest.approx(clip["estimatedCost"])
    film = team.download(state["videoUrl"], tmp_path / "film.mp4")
    assert abs(frames_of(film) - clip["durationSeconds"] * FPS) <= FPS
    assert shown(team, clip["thumbnailUrl"]).width <= 640


def test_a_picture_is_animated_and_its_last_frame_begins_the_next_clip(
    team: Team, pictures: list[Path], tmp_path: Path
) -> None:
    campaign = team.campaign([])
    picture = team.upload(campaign, pictures[0])
    wishes = {"model": "veo3", "durationSeconds": 4, "prompt": "A slow turn"}
    first = prompted(team, campaign, imageAssetId=picture, **wishes)
    (sent,) = creates(team)
    assert (sent["prompt"], "image" in sent, "last_frame" in sent) == ("A slow turn", True, False)
    (clip,) = team.clips(first["id"])
    assert clip["image1AssetId"] == picture

    named = {"jobId": first["id"], "subJobNumber": 1}
    second = prompted(team, campaign, continueFrom=named, **wishes)
    assert second["brief"]["continueFrom"] == named
    assert second["brief"]["mode"] == "image"
    sent = creates(team)[-1]
    given = Image.open(io.BytesIO(requests.get(sent["image"], timeout=30).content))
    last = shown(team, clip["lastFrameUrl"])
    assert (given.format, given.size) == ("JPEG", last.size)
    assert given.tobytes() == last.tobytes()
    assert frames_of(team.download(second["videoUrl"], tmp_path / "second.mp4")) == 4 * FPS


def test_thirty_seconds_are_filled_with_clips_that_share_the_script(team: Team, tmp_path: Path) -> None:
    script = "The day begins. Somebody pours coffee. The street wakes up. A bottle catches the light. The day ends."
    wishes = {"model": "veo3", "audio": "strip", "resolution": "720p"}
    state = prompted(team, team.campaign([]), script=script, durationSeconds=29, fill=True, **wishes)
    clips = team.clips(state["id"])
    assert [clip["durationSeconds"] for clip in clips] == [8, 8, 8, 6]
    assert [clip["prompt"].partition("Script: ")[2] for clip in clips] == [
        "The day begins.",
        "Somebody pours coffee. The street wakes up.",
        "A bottle catches the light.",
        "The day ends.",
    ]
    assert frames_of(team.download(state["videoUrl"], tmp_path / "film.mp4")) == 29 * FPS


def test_variants_are_made_side_by_side_and_a_recut_takes_another(team: Team, tmp_path: Path) -> None:
    wishes = {"prompt": "A lamp", "durationSeconds": 6, "compare": ["veo3", "hailuo-2.0"], "aspectRatio": "16:9"}
    state = prompted(team, team.campaign([]), **wishes)
    (shot,) = state["comparison"]
    veo, hailuo = shot["variants"]
    assert [(one["modelId"], one["status"], one["chosen"]) for one in shot["variants"]] == [
        ("veo3", "completed", True),
        ("hailuo-2.0", "completed", False),
    ]
    assert (veo["cost"], hailuo["cost"]) == (pytest.approx(0.9), pytest.approx(0.2))
    assert all(one["seconds"] > 0 and one["videoUrl"] for one in shot["variants"])
    assert state["actualCost"] == pytest.approx(1.1)
    film = team.get(f"/jobs/{state['id']}/manifest")
    assert [clip["number"] for clip in film["clips"]] == [1]

    accepted = team.post(f"/jobs/{state['id']}/recut", {"clips": [{"subJobNumber": hailuo["subJobNumber"]}]})
    state = team.wait(state["id"])
    assert (state["run"], state["status"]) == (accepted["run"], "completed")
    assert [one["chosen"] for one in state["comparison"][0]["variants"]] == [False, True]


def test_a_variant_that_fails_is_made_up_for_by_the_next(team: Team) -> None:
    team.script({"match": {"webhook": "attempt=1.0001."}, "do": "refuse"})
    campaign = team.campaign([])
    state = prompted(
        team, campaign, prompt="A lamp", model="veo3", durationSeconds=4, count=2, onClipFailure="fail_fast"
    )
    seeds = [sent["seed"] for sent in creates(team)]
    assert len(set(seeds)) == 2
    assert [one["chosen"] for one in state["comparison"][0]["variants"]] == [False, True]
    assert state["actualCost"] == pytest.approx(0.6)


@pytest.mark.parametrize("webhook", [True, False], ids=["told", "found"])
def test_a_create_whose_answer_is_lost_is_recognised_without_a_picture_and_paid_once(team: Team, webhook: bool) -> None:
    team.script({"do": "lose_answer"}, *([] if webhook else [{"do": "lose_webhook"}]))
    state = prompted(team, team.campaign([]), prompt="A lamp", model="veo3", durationSeconds=4)
    assert len(creates(team)) == 1
    assert (state["actualCost"], state["lostCost"]) == (pytest.approx(0.6), 0)
