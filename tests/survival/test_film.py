"""Clips that would make a broken film, and clips of every form."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media import Studio, damaged
from tests.survival.conftest import WEB
from tests.survival.crew import Crew, by_each

Saw = Callable[[str], None]


@pytest.mark.ways("pairs", "picture")
def test_row_15_ffmpeg_drops_clips_and_exits_with_0(crews: list[Crew], saw: Saw, tmp_path: Path) -> None:
    """Three jobs of three clips; after the second clip of each was kept, its object in the bucket is cut short, has bits
    flipped, or is deleted; then the third clip comes. Of variants it is the first, which the film was to show."""

    def folder(crew: Crew) -> Path:
        (made := tmp_path / crew.way.name).mkdir()
        return made

    saw(by_each(crews, lambda crew: _spoilt(crew, folder(crew))))
    saw("the 3 clips of each stay paid for")


def _spoilt(crew: Crew, folder: Path) -> str:
    s3, size, seconds = crew.cloud.client("s3"), crew.clip.stat().st_size, crew.way.seconds
    spoilt = {
        "cut": damaged(crew.clip, folder / "cut.mp4", keep=size * 2 // 3).read_bytes(),
        "flipped": damaged(crew.clip, folder / "flipped.mp4", flip=size // 2).read_bytes(),
        "gone": None,
    }
    which, shown = (2, [1, 3]) if crew.way.filled else (1, [2])
    crew.holds_on()
    jobs = {name: crew.order(3) for name in spoilt}
    for name, job in jobs.items():
        for number in (1, 2):
            assert crew.deliver(crew.letter(job, number)) == 204
        for number in (1, 2):
            crew.until(lambda job=job, number=number: crew.attempt_or_none(job, number, "kept"), "the clip to be kept")
        [key] = crew.objects(job, f"clip_{which:03}.mp4")
        if body := spoilt[name]:
            s3.put_object(Bucket=crew.cloud.bucket, Key=key, Body=body)
        else:
            s3.delete_object(Bucket=crew.cloud.bucket, Key=key)
        assert crew.deliver(crew.letter(job, 3)) == 204
    for job in jobs.values():
        state = crew.wait(job)
        assert state["status"] == "completed"
        # A job warns of what its film has nothing for: the place of a variant is taken by the next.
        assert [f"clip {which} is missing" in one.lower() for one in state["warnings"]] == [True] * crew.way.filled
        manifest = crew.get(f"/jobs/{job}/manifest")
        assert [[one["number"] for one in manifest[name]] for name in ("clips", "failedClips")] == [shown, [which]]
        assert "could not be made fit" in manifest["failedClips"][0]["errorMessage"]
        film = crew.film_of(job, folder)
        assert (film.frames, film.lasts(len(shown) * seconds)) == (len(shown) * seconds * 24, True)
        assert crew.money(job) == f"3 settled ${crew.cost(3):.2f}"
    clips = " and ".join(map(str, shown))
    return (
        f"3 films of clip {clips}, {film.frames} frames each, whose manifests say that clip {which} is missing and why"
    )


SIZES = ("320x180", "180x320", "240x240", "321x241", "640x360", "352x288")
RATES = ("24", "25", "30", "50", "30000/1001", "12")


def test_row_16_clips_are_of_many_forms(crew: Crew, saw: Saw, studio: Studio, tmp_path: Path) -> None:
    """Eight clips of mixed sizes, rates, pixel shapes and codecs, some of them mute, in two jobs: one as they come, one with
    crossfades."""
    chance = random.Random(16)
    forms, mute, seconds = [], [], crew.way.seconds
    for number in range(8):
        encoder = chance.choice(
            [WEB, ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1")]
        )
        size = chance.choice(SIZES)
        pixels = "setsar=4/3" if number == 3 else "null"
        if size == "321x241":
            pixels, encoder = "format=yuv444p", ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv444p")
        sound = chance.random() < 0.6
        if not sound:
            mute.append(number + 1)
        forms.append(
            studio.clip(
                seconds=seconds,
                size=size,
                fps=chance.choice(RATES),
                sound=sound,
                tone=chance.choice((330, 440, 660)),
                filters=pixels,
                encoder=encoder,
            )
        )
    crew.plays(
        *(
            {"match": {"webhook": f"attempt=1.{number:04}."}, "do": "serve", "file": str(form), "times": 2}
            for number, form in enumerate(forms, 1)
        )
    )
    fade = {"kind": "crossfade", "seconds": 0.5}
    jobs = [
        crew.order(len(forms), fps=24, resolution="480p"),
        crew.order(len(forms), fps=24, resolution="480p", transition=fade),
    ]
    states = [crew.wait(job) for job in jobs]
    silent = [f"Clip {number} is silent, though its model makes sound" for number in sorted(mute)]
    assert [(state["status"], state["warnings"]) for state in states] == [("completed", silent)] * 2
    films = [crew.film_of(job, tmp_path) for job in jobs]
    plain, faded = len(forms) * seconds, len(forms) * seconds * 24 - (len(forms) - 1) * 12
    assert (films[0].frames, films[0].lasts(plain)) == (plain * 24, True)
    assert films[1].frames == faded
    assert films[1].presented["vide"] == films[1].presented["soun"]
    assert all(film.plays_in_browsers for film in films)
    assert states[0]["actualCost"] == crew.cost(len(forms))
    saw(f"both completed: {films[0].frames} and {films[1].frames} frames, exactly as planned, sound as long as picture")
    saw(f"one decoder configuration each; {len(mute)} mute clips are told of, and silent in the film")
