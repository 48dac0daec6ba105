"""Further films of one job, the whole way: only what failed is paid for again, and what is kept is cut anew for nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.media import FFMPEG
from tests.seen import frames_of
from tests.workflow.conftest import Team

CLIP = 4 * 24
PRICE = 4 * 0.15


def creates(team: Team) -> list[dict[str, Any]]:
    return [entry["body"]["input"] for entry in team.log() if entry["path"].endswith("/predictions")]


def again(team: Team, job: str, path: str, **body: Any) -> Any:
    """The job when that run has ended."""
    accepted = team.post(f"/jobs/{job}/{path}", body)
    state = team.wait(job)
    assert state["run"] == accepted["run"]
    assert state["status"] == "completed", state["errorMessage"]
    return state


def test_a_film_is_mended_made_anew_cut_again_and_rendered_and_nothing_is_paid_for_twice(
    team: Team, pictures: list[Path], tmp_path: Path
) -> None:
    rule = {"match": {"webhook": "attempt=1.0002."}, "do": "refuse"}
    team.script(rule, rule | {"match": {"webhook": "attempt=1.0003."}})
    job = team.film(team.campaign(pictures[:3]), numPairs=3, clipDuration=4)
    first = team.wait(job)
    assert (first["status"], first["progress"]["successful_clips"]) == ("completed", 1)
    assert first["actualCost"] == pytest.approx(PRICE)

    # retry: the two that failed, and no other
    mended = again(team, job, "retry")
    assert len(creates(team)) == 5
    assert (mended["progress"]["successful_clips"], mended["actualCost"]) == (3, pytest.approx(3 * PRICE))
    assert [clip["retryCount"] for clip in team.clips(job)] == [0, 1, 1]
    film = team.download(mended["videoUrl"], tmp_path / "mended.mp4")
    assert frames_of(film) == 3 * CLIP
    answer = team.http.post(f"{team.url}/jobs/{job}/retry", timeout=30)
    assert (answer.status_code, "regenerate" in answer.json()["error"]["hint"]) == (409, True)

    # regenerate: one clip, with another prompt and seed
    anew = again(team, job, "sub-jobs/2/regenerate", prompt="A slow turn", seed=7)
    assert len(creates(team)) == 6
    assert (creates(team)[-1]["prompt"], creates(team)[-1]["seed"]) == ("A slow turn", 7)
    assert anew["actualCost"] == pytest.approx(4 * PRICE) == sum(clip["actualCost"] for clip in team.clips(job))

    # recut: order, trim and drop, for nothing
    cut = again(
        team,
        job,
        "recut",
        clips=[{"subJobNumber": 3}, {"subJobNumber": 1, "startsAt": 1, "endsAt": 2.5}],
        audio="strip",
    )
    assert (len(creates(team)), cut["actualCost"]) == (6, anew["actualCost"])
    film = team.download(cut["videoUrl"], tmp_path / "cut.mp4")
    assert frames_of(film) == CLIP + 36
    manifest = team.get(f"/jobs/{job}/manifest")
    assert [(piece["clips"], piece["frames"]) for piece in manifest["pieces"]] == [([3], CLIP), ([1], 36)]
    assert [(one["run"], one["madeBy"], one["clips"], one["cost"]) for one in manifest["history"]] == [
        (1, "first", [1], pytest.approx(PRICE)),
        (2, "retry", [1, 2, 3], pytest.approx(2 * PRICE)),
        (3, "regenerate", [1, 2, 3], pytest.approx(PRICE)),
    ]

    # a rendition stands beside the film
    state = again(team, job, "renditions", format="webm", aspectRatio="9:16", resolution="480p")
    films = {film["run"]: film for film in state["films"]}
    assert [(run, film["madeBy"], film["current"]) for run, film in films.items()] == [
        (1, "first", False),
        (2, "retry", False),
        (3, "regenerate", False),
        (4, "recut", True),
        (5, "rendition", False),
    ]
    assert [film["cost"] for film in films.values()] == pytest.approx([PRICE, 2 * PRICE, PRICE, 0, 0])
    webm = team.download(films[5]["videoUrl"], tmp_path / "rendition.webm")
    told = subprocess.run([FFMPEG, "-hide_banner", "-i", str(webm)], capture_output=True, check=False).stderr.decode()
    assert all(word in told for word in ("vp9", "480x854")), told
    assert frames_of(webm) == CLIP + 36
    assert frames_of(team.download(state["videoUrl"], tmp_path / "current.mp4")) == CLIP + 36
    assert frames_of(team.download(films[1]["videoUrl"], tmp_path / "first.mp4")) == CLIP
