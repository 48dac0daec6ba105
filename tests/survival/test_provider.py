"""A provider that refuses, and outputs that are gone or are no clips."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.media import Studio, damaged, ffmpeg
from tests.survival.crew import FOR_EVER, PRICE, SECONDS, Crew
from tests.survival.gate import said

Saw = Callable[[str], None]

REFUSALS: dict[str, tuple[int, dict[str, Any], str]] = {
    "duration": (
        422,
        {"title": "Input validation failed", "detail": "- input.duration: Must be one of 4, 6, 8\n", "status": 422},
        "input.duration",
    ),
    "prompt": (
        422,
        {"title": "Input validation failed", "detail": "- input.prompt: flagged as sensitive (E005)\n", "status": 422},
        "input.prompt",
    ),
    "image": (
        400,
        {"title": "Bad Request", "detail": "input.image could not be read as an image", "status": 400},
        "input.image",
    ),
    "model": (
        404,
        {"title": "Not Found", "detail": "Model not found: google/veo-3.1-fast", "status": 404},
        "google/veo-3.1-fast",
    ),
    "version": (
        422,
        {"title": "Invalid version or not permitted", "detail": "The specified version does not exist", "status": 422},
        "catalogue.json must change",
    ),
}
"""What Replicate answers to a create that it will never take; a word that the caller must be told."""


def test_row_12_a_provider_refuses_for_good(crew: Crew, saw: Saw) -> None:
    """Five creates are answered with the real shapes of refusals (duration, prompt, image, model, version), a sixth
    prediction is flagged by moderation, a seventh goes well."""
    flagged, well = len(REFUSALS) + 1, len(REFUSALS) + 2
    for number, (status, body, _) in enumerate(REFUSALS.values(), 1):
        crew.gate.answers(f"attempt=1.{number:04}.", *[said(status, body)] * 9)
    crew.plays({"match": {"webhook": f"attempt=1.{flagged:04}."}, "do": "refuse", "times": 9})
    job = crew.order(well)
    state = crew.wait(job)
    gone = dict.fromkeys((4, 5), "gone")
    assert crew.classes(job) == {**dict.fromkeys(range(1, well), "refused"), **gone, well: None}
    clips = crew.clips(job)
    words = [word for _, _, word in REFUSALS.values()] + ["flagged as sensitive"]
    for clip, word in zip(clips, words, strict=False):
        assert word in clip["errorMessage"]
    asked = [
        sum(f"attempt=1.{number:04}." in webhook for webhook, _ in crew.gate.creates) for number in range(1, well + 1)
    ]
    assert asked == [1] * well
    assert (state["status"], state["lostCost"]) == ("completed", 0)
    assert state["actualCost"] == PRICE
    saw(
        f"6 clips refused, or their model gone, after one create each, each told which input; {crew.money(job)}; film of the seventh"
    )


def test_row_13_an_output_is_gone(crew: Crew, saw: Saw, clip: Path) -> None:
    """Four outputs: gone when its webhook comes, and there at the second attempt; deleted before a look finds it, both times;
    breaking off at a random byte and then gone, there at the second attempt; breaking off twice and then whole."""
    content = clip.read_bytes()
    chance = random.Random(13)
    crew.plays(
        *({"match": {"webhook": f"attempt=1.{n:04}."}, "do": "slow", "seconds": FOR_EVER, "times": 2} for n in (3, 4)),
        {"match": {"webhook": "attempt=1.0001."}, "do": "expire_output"},
        {"match": {"webhook": "attempt=1.0002."}, "do": "expire_output", "times": 2},
        {"match": {"webhook": "attempt=1.0002."}, "do": "lose_webhook", "times": 2},
    )
    job = crew.order(4)
    for number, gone in ((3, True), (4, False)):
        cut = chance.randrange(1, len(content))
        url = crew.gate.holds(f"{number}.mp4", content, sent=cut, times=1 if gone else 2, gone=gone)
        assert crew.deliver(crew.letter(job, number, output=url)) == 204
    assert crew.deliver(crew.letter(job, 3, n=2)) == 204
    state = crew.wait(job)
    assert crew.classes(job) == {1: None, 2: "expired", 3: None, 4: None}
    assert [crew.gate.fetched.count(f"/files/{number}.mp4") for number in (3, 4)] == [2, 3]
    names = [key.rpartition("/")[2] for key in crew.writes(job, "/clips/") if key.endswith(".mp4")]
    assert sorted(names) == ["clip_001.mp4", "clip_003.mp4", "clip_004.mp4"]
    assert (state["status"], state["lostCost"]) == ("completed", pytest.approx(4 * PRICE))
    assert state["actualCost"] == pytest.approx(3 * PRICE)
    saw(f"2 clips made at the second attempt, 1 expired twice, 1 kept whole at the third fetch; {crew.money(job)}")
    saw("one object of each clip that was kept, none of what broke off")


def test_row_14_a_clip_is_corrupt(crew: Crew, saw: Saw, clip: Path, studio: Studio, tmp_path: Path) -> None:
    """Five outputs are no clips: cut short, with flipped bits, empty, an HTML page, sound without picture; a sixth is one."""
    web = tmp_path / "page.mp4"
    web.write_text("<!doctype html><title>Sign in</title>")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    sound = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", f"sine=f=440:r=44100:d={SECONDS}", "-c:a", "aac", sound)
    size = clip.stat().st_size
    files = [
        damaged(clip, tmp_path / "cut.mp4", keep=size * 2 // 3),
        damaged(clip, tmp_path / "flipped.mp4", flip=size // 2),
        empty,
        web,
        sound,
    ]
    crew.plays(
        *(
            {"match": {"webhook": f"attempt=1.{number:04}."}, "do": "serve", "file": str(file), "times": 9}
            for number, file in enumerate(files, 1)
        )
    )
    job = crew.order(6)
    state = crew.wait(job)
    assert crew.classes(job) == {**dict.fromkeys(range(1, 6), "broken"), 6: None}
    film = crew.film_of(job, tmp_path)
    assert (film.frames, film.lasts(SECONDS)) == (SECONDS * 24, True)
    assert (state["status"], state["lostCost"]) == ("completed", pytest.approx(10 * PRICE))
    assert [clip["videoUrl"] for clip in crew.clips(job)[:5]] == [None] * 5
    saw(f"5 clips broken in both attempts, none in the film: {film.frames} frames of the sixth; {crew.money(job)}")
