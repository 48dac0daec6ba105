"""A provider that refuses, and outputs that are gone or are no clips."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.integration.piapi_stage import enveloped
from tests.integration.runway_stage import issue, refused
from tests.media import damaged, ffmpeg
from tests.survival.conftest import refreshed
from tests.survival.crew import FOR_EVER, Crew, by_each
from tests.survival.gate import said

Saw = Callable[[str], None]

Refusal = tuple[int, dict[str, Any], str, str]
INVALID = "Input validation failed"
REFUSALS: Mapping[str, tuple[Refusal, ...]] = {
    "replicate": (
        (
            422,
            {"title": INVALID, "detail": "- input.duration: Must be one of 4, 6, 8\n", "status": 422},
            "refused",
            "input.duration",
        ),
        (
            422,
            {"title": INVALID, "detail": "- input.prompt: flagged as sensitive (E005)\n", "status": 422},
            "refused",
            "input.prompt",
        ),
        (
            400,
            {"title": "Bad Request", "detail": "input.image could not be read as an image", "status": 400},
            "refused",
            "input.image",
        ),
        (
            404,
            {"title": "Not Found", "detail": "Model not found: google/veo-3.1-fast", "status": 404},
            "gone",
            "google/veo-3.1-fast",
        ),
        (
            422,
            {
                "title": "Invalid version or not permitted",
                "detail": "The specified version does not exist",
                "status": 422,
            },
            "gone",
            "catalogue.json must change",
        ),
    ),
    "piapi": (
        (400, enveloped(None, 400, "invalid request: aspect_ratio must be one of 16:9"), "refused", "aspect_ratio"),
        (200, enveloped(None, 400, "invalid request: input.prompt: too long"), "refused", "input.prompt"),
        (400, enveloped(None, 400, "invalid request: unknown task_type"), "gone", "catalogue must change"),
        (200, enveloped(None, 500, "failed to freeze point"), "unconfigured", "credit of PIAPI_API_KEY"),
        (401, enveloped(None, 401, "Invalid API key"), "unconfigured", "does not accept PIAPI_API_KEY"),
    ),
    "runway": (
        (400, refused([issue("ratio", message="Invalid option")]), "refused", "ratio"),
        (400, refused([issue("promptText", message="Too long")]), "refused", "promptText"),
        (400, refused([issue("model", message="no such model")]), "gone", "catalogue must change"),
        (400, {"error": "You do not have enough credits."}, "unconfigured", "credits of RUNWAYML_API_SECRET"),
        (401, {"error": "The API key is not valid."}, "unconfigured", "does not accept RUNWAYML_API_SECRET"),
    ),
}
"""What a provider answers to a create that it will never take; why the clip failed then, and a word that its caller must
be told."""
FLAGGED = {"replicate": "flagged as sensitive", "piapi": "sensitive content", "runway": "SAFETY.INPUT.TEXT"}
KEEPS = ("runway",)
"""Those that give nothing back for an input that moderation refuses."""


@pytest.mark.ways("pairs", "text", "scenes", "stills", "polled", "polled stills", "picture")
def test_row_12_a_provider_refuses_for_good(crews: list[Crew], saw: Saw) -> None:
    """Five creates are answered with the real shapes of refusals (Replicate: duration, prompt, image, model, version; PiAPI:
    ratio, prompt, task, points, key, two of them with HTTP 200; Runway: ratio, prompt, model, credits, key), a sixth prediction
    is flagged by moderation, a seventh goes well. Then PiAPI is asked for a task that it does not have, without a model to fall back to, and with one."""
    saw(by_each(crews, _refused))
    saw(_gone(crews[-1]))


def _refused(crew: Crew) -> str:
    refusals = REFUSALS[crew.wire.name]
    flagged, well = len(refusals) + 1, len(refusals) + 2
    for number, (status, body, _, _) in enumerate(refusals, 1):
        crew.gate.answers(crew.of(number), *[said(status, body)] * 9)
    crew.plays({"match": crew.of(flagged), "do": "refuse", "times": 9})
    job = crew.order(well)
    state = crew.wait(job)
    classes = [*(why for _, _, why, _ in refusals), "refused"]
    assert list(crew.classes(job).values()) == [*classes, None]
    words = [word for _, _, _, word in refusals] + [FLAGGED[crew.wire.name]]
    for clip, word in zip(crew.clips(job), words, strict=False):
        assert word in clip["errorMessage"]
    assert [crew.sent(job, number) for number in range(1, well + 1)] == [1] * well
    lost = crew.lost(crew.wire.name in KEEPS)
    assert (state["status"], state["actualCost"], state["lostCost"]) == ("completed", crew.cost(1, flagged), lost)
    said_so = ", ".join(f"{classes.count(why)} {why}" for why in dict.fromkeys(classes))
    return f"6 clips {said_so}, after one create each, each told which input or why; {crew.money(job)}; film of the seventh"


def _gone(crew: Crew) -> str:
    """Of the smaller WanX, whose task for pictures only seed 003 knows."""
    refreshed([crew])
    crew.plays()
    smaller = {"model": "piapi_wanx_1.3b"}
    without, instead = crew.order(1, **smaller), crew.order(1, **smaller, fallbackModels=["piapi_wanx_14b"])
    states = crew.wait(without), crew.wait(instead)
    assert [state["status"] for state in states] == ["failed", "completed"]
    (told,), (made,) = crew.clips(without), crew.clips(instead)
    assert (told["errorClass"], "piapi_wanx_14b ($0.28 a clip)" in told["errorMessage"]) == ("gone", True)
    assert (states[0]["actualCost"], states[0]["lostCost"]) == (0, 0)
    assert (made["modelId"], made["actualCost"]) == ("piapi_wanx_14b", 0.28)
    return (
        f"a task that is gone: its successor offered at its price, {crew.money(without)}; where it is named, made by it,"
        f" {crew.money(instead)}"
    )


@pytest.mark.ways("pairs", "text", "scenes", "stills", "polled", "polled stills")
def test_row_13_an_output_is_gone(crews: list[Crew], saw: Saw) -> None:
    """Four outputs: gone when its webhook comes, and there at the second attempt; deleted before a look finds it, both times;
    breaking off at a random byte and then gone, there at the second attempt; breaking off twice and then whole. Runway's
    addresses expire instead, and another is had for the asking."""
    saw(by_each(crews, lambda crew: _expired(crew) if crew.wire.calls_back else _renewed(crew)))
    saw("one object of each clip that was kept, none of what broke off; no second picture where a video was gone")


def _expired(crew: Crew) -> str:
    content = crew.output.read_bytes()
    chance = random.Random(13)
    crew.plays(
        *({"match": crew.of(n), "do": "slow", "seconds": FOR_EVER, "times": 2} for n in (3, 4)),
        {"match": crew.of(1), "do": "expire_output"},
        {"match": crew.of(2), "do": "expire_output", "times": 2},
        {"match": crew.of(2), "do": "lose_webhook", "times": 2},
    )
    job = crew.order(4)
    for number, gone in ((3, True), (4, False)):
        cut = chance.randrange(1, len(content))
        url = crew.gate.holds(f"{crew.way.name}-{number}", content, sent=cut, times=1 if gone else 2, gone=gone)
        assert crew.deliver(crew.letter(job, number, output=url)) == 204
    assert crew.deliver(crew.letter(job, 3, n=2)) == 204
    state = crew.wait(job)
    assert crew.classes(job) == {1: None, 2: "expired", 3: None, 4: None}
    assert [crew.gate.fetched.count(f"/files/{crew.way.name}-{number}") for number in (3, 4)] == [2, 3]
    assert [crew.written(job, number) for number in range(1, 5)] == [1, 0, 1, 1]
    assert (state["status"], state["actualCost"], state["lostCost"]) == ("completed", crew.cost(3, 1), crew.lost(4))
    return f"2 clips made at the second attempt, 1 expired twice, 1 kept whole at the third fetch; {crew.money(job)}"


def _renewed(crew: Crew) -> str:
    crew.plays(*({"match": crew.of(number), "do": "expire_output"} for number in (1, 2)))
    job = crew.order(2)
    state = crew.wait(job)
    assert [crew.sent(job, number) for number in (1, 2)] == [1, 1]
    assert (state["status"], crew.money(job)) == ("completed", crew.paid(2))
    return f"2 addresses renewed, 1 attempt each; {crew.money(job)}"


@pytest.mark.ways("pairs", "text", "scenes", "stills")
def test_row_14_a_clip_is_corrupt(crews: list[Crew], saw: Saw, tmp_path: Path) -> None:
    """Five outputs are no clips: cut short, with flipped bits, empty, an HTML page, sound without picture; a sixth is one. Of
    pictures the fifth is one of one colour throughout."""

    def folder(crew: Crew) -> Path:
        (made := tmp_path / crew.way.name).mkdir()
        return made

    saw(by_each(crews, lambda crew: _corrupt(crew, folder(crew))))


def _corrupt(crew: Crew, folder: Path) -> str:
    web = folder / "page.mp4"
    web.write_text("<!doctype html><title>Sign in</title>")
    empty = folder / "empty.mp4"
    empty.touch()
    seconds, size, suffix = crew.way.seconds, crew.output.stat().st_size, crew.output.suffix
    files = [
        damaged(crew.output, folder / f"cut{suffix}", keep=size * 2 // 3),
        damaged(crew.output, folder / f"flipped{suffix}", flip=size // 2),
        empty,
        web,
        _sound(folder, seconds) if crew.way.stage == "video" else _black(folder),
    ]
    crew.plays(
        *(
            {"match": crew.of(number), "do": "serve", "file": str(file), "times": 9}
            for number, file in enumerate(files, 1)
        )
    )
    job = crew.order(6)
    state = crew.wait(job)
    assert crew.classes(job) == {**dict.fromkeys(range(1, 6), "broken"), 6: None}
    film = crew.film_of(job, folder)
    assert (film.frames, film.lasts(seconds)) == (seconds * 24, True)
    assert (state["status"], state["actualCost"], state["lostCost"]) == ("completed", crew.cost(1, 5), crew.lost(10))
    assert [clip["videoUrl"] for clip in crew.clips(job)[:5]] == [None] * 5
    return f"5 clips broken in both attempts, none in the film: {film.frames} frames of the sixth; {crew.money(job)}"


def _sound(folder: Path, seconds: int) -> Path:
    file = folder / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", f"sine=f=440:r=44100:d={seconds}", "-c:a", "aac", file)
    return file


def _black(folder: Path) -> Path:
    file = folder / "black.png"
    Image.new("RGB", (320, 180)).save(file)
    return file
