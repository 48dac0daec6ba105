"""The options of the film, the whole way: what was asked for is in what the provider was asked, and in what one sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from local.tunes import draw_tune
from tests.music import level, loudness
from tests.seen import near, pixels
from tests.standins.conftest import wait_until
from tests.workflow.conftest import GIVE_UP, Film, Team, fresh

MAGENTA, GREEN = (220, 20, 200), (20, 140, 60)
WIDTH, HEIGHT, FPS = 480, 854, 24
INTRO = FPS
CLIP = 4 * FPS
FADE = FPS // 2


def drawn(folder: Path, size: tuple[int, int], colour: tuple[int, int, int]) -> Path:
    path = folder / f"{size[0]}x{size[1]}.png"
    Image.new("RGB", size, colour).save(path)
    return path


def test_a_small_portrait_film_with_crossfades_a_watermark_and_an_intro_is_what_was_asked_for(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film], tmp_path: Path
) -> None:
    brand = team.campaign([])
    logo = team.upload(brand, drawn(tmp_path, (400, 100), MAGENTA))
    card = team.upload(brand, drawn(tmp_path, (540, 960), GREEN))
    job = team.film(
        team.campaign(pictures[:3]),
        numPairs=3,
        clipDuration=4,
        resolution="480p",
        aspectRatio="9:16",
        transition="crossfade",
        audio="keep",
        watermark={"assetId": logo, "position": "top-left", "opacity": 1},
        intro={"assetId": card, "seconds": 1},
    )
    assert team.http.delete(f"{team.url}/assets/{logo}", timeout=30).status_code == 409
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["actualCost"] == pytest.approx(3 * 4 * 0.15)

    creates = [entry["body"]["input"] for entry in team.log() if entry["path"].endswith("/predictions")]
    assert [(one["aspect_ratio"], one["resolution"], one["generate_audio"]) for one in creates] == [
        ("9:16", "720p", True)
    ] * 3

    told = team.get(f"/jobs/{job}/manifest")["options"]
    assert {name: told[name] for name in state["options"]} == state["options"]
    film = film_of(job)
    assert film.plays_in_browsers
    assert f"{WIDTH}x{HEIGHT}" in film.banner
    assert film.frames == INTRO + 3 * CLIP - 2 * FADE
    assert film.lasts(film.frames // FPS)
    assert film.loudest > 0

    corner, middle = (40, 30), (WIDTH // 2, HEIGHT // 2)
    for frame in (0, INTRO - 1, INTRO, INTRO + CLIP - FADE // 2, film.frames - 1):
        marked, shown = pixels(film.path, frame, [corner, middle], (WIDTH, HEIGHT))
        assert near(marked, MAGENTA), (frame, marked)
        assert near(shown, GREEN) == (frame < INTRO), (frame, shown)

    assert team.http.delete(f"{team.url}/assets/{logo}", timeout=30).status_code == 204


def test_a_film_without_sound_is_made_of_clips_that_were_asked_for_without_and_cost_less(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film]
) -> None:
    job = team.film(team.campaign(pictures[:2]), numPairs=1, clipDuration=4, audio="strip")
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["actualCost"] == state["estimatedCost"] == pytest.approx(4 * 0.10)
    (asked,) = [entry["body"]["input"] for entry in team.log() if entry["path"].endswith("/predictions")]
    assert asked["generate_audio"] is False
    film = film_of(job)
    assert film.frames == CLIP
    assert set(film.presented) == {"vide"}


def test_a_kept_clip_that_is_spoilt_before_the_film_is_made_is_left_out_and_named(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film]
) -> None:
    """The third clip waits at its provider until the first one, kept long ago, is damaged in the bucket."""
    team.script({"match": {"webhook": "attempt=1.0003."}, "do": "throttle", "seconds": 1, "times": 10_000})
    job = team.film(team.campaign(pictures[:4]), numPairs=3, clipDuration=4)
    wait_until(lambda: [clip["status"] for clip in team.clips(job)][:2] == ["completed"] * 2, GIVE_UP)
    bucket, objects = team.cloud.bucket, team.cloud.client("s3")
    listed = objects.list_objects_v2(Bucket=bucket, Prefix="demo/")["Contents"]
    (key,) = (one["Key"] for one in listed if one["Key"].endswith(f"{job}/clips/clip_001.mp4"))
    whole = objects.get_object(Bucket=bucket, Key=key)["Body"].read()
    objects.put_object(Bucket=bucket, Key=key, Body=whole[: len(whole) // 2])
    fresh(team.cloud)

    state = team.wait(job)

    assert state["status"] == "completed", state["errorMessage"]
    (warning,) = [one for one in state["warnings"] if "missing" in one]
    assert warning.startswith("Clip 1 is missing from the film: it could not be made fit for the film: ")
    assert film_of(job).lasts(8)
    manifest = team.get(f"/jobs/{job}/manifest")
    assert [clip["number"] for clip in manifest["clips"]] == [2, 3]
    assert state["actualCost"] == pytest.approx(3 * 4 * 0.15)


def test_a_film_with_music_is_as_loud_as_asked_and_the_music_stays_until_it_is_made(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film], tmp_path: Path
) -> None:
    """The stand-in's hailuo makes clips without a sound: what is heard is the music."""
    campaign = team.campaign(pictures[:2])
    bed = team.upload(campaign, draw_tune(tmp_path / "tune.wav"), type="audio")
    asset = team.get(f"/assets/{bed}")
    assert (asset["type"], asset["durationSeconds"]) == ("audio", 8)
    job = team.film(campaign, numPairs=1, model="hailuo-2.0", audio="music", music={"assetId": bed})
    assert team.http.delete(f"{team.url}/assets/{bed}", timeout=30).status_code == 409
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["options"]["music"] == {"track": None, "assetId": bed, "volume": 0.7}

    film = film_of(job)
    assert film.plays_in_browsers
    assert film.lasts(6)
    told = team.get(f"/jobs/{job}/manifest")["film"]["loudness"]
    assert (told["integrated"], told["peak"]) == loudness(film.path)
    assert abs(told["integrated"] + 14) <= 1
    assert told["peak"] <= -1
    assert level(film.path, 5.8, 6) < level(film.path, 1, 4) - 10
    assert team.http.delete(f"{team.url}/assets/{bed}", timeout=30).status_code == 204
