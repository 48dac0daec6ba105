"""Assemble: the film is exactly its pieces, or there is no film."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from functions.assemble.film import Part, join, prove
from functions.assemble.poster import Look, choose, make_poster
from functions.studio import sound
from functions.studio.boxes import read_movie
from functions.studio.errors import BrokenMedia, FilmTooLarge, PieceUnfit, StaleRun
from functions.studio.jobs import JobStatus
from functions.studio.ledger import LineState
from functions.studio.probe import examine
from functions.studio.room import MOST_BYTES
from tests.media import FFMPEG, Studio, damaged
from tests.shelf import Shelf

RED, GREEN, BLUE = (254, 0, 0), (0, 128, 0), (0, 0, 254)


def colours(film: Path, frames: list[int]) -> list[tuple[int, ...]]:
    """The mean colour of some frames."""
    wanted = "+".join(f"eq(n,{frame})" for frame in frames)
    arguments = ["-v", "error", "-i", str(film), "-vf", f"select='{wanted}',scale=1:1", "-fps_mode", "passthrough"]
    raw = subprocess.run(
        [FFMPEG, *arguments, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True
    ).stdout
    return [tuple(raw[at : at + 3]) for at in range(0, len(raw), 3)]


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 16 for a, b in zip(one, other, strict=True))


def samples_heard(film: Path) -> bytes:
    arguments = ["-v", "error", "-i", str(film), "-map", "0:a", "-f", "s16le", "-"]
    return subprocess.run([FFMPEG, *arguments], check=True, capture_output=True).stdout


def test_clips_that_agree_are_joined_in_order_frame_for_frame(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    shelf.keeps(*(studio.clip(colour=colour) for colour in ("red", "green", "blue")))
    shelf.make_pieces()

    film = shelf.assemble()

    assert (film.frames, film.duration_seconds, film.fps, film.clips) == (72, 3.0, 24.0, [1, 2, 3])
    combined = shelf.fetched(film.key, tmp_path)
    probe = examine(combined)
    assert (probe.picture.frames, probe.picture.seconds) == (72, 3)
    assert probe.sound
    seen = colours(combined, [0, 23, 24, 47, 48, 71])
    assert all(near(one, other) for one, other in zip(seen, [RED, RED, GREEN, GREEN, BLUE, BLUE], strict=True))


def test_the_film_plays_while_it_loads_and_sound_and_picture_end_together(
    shelf: Shelf, studio: Studio, tmp_path: Path
) -> None:
    shelf.keeps(studio.clip(seconds=1.25), studio.clip(seconds=0.75))
    shelf.make_pieces()
    movie = read_movie(shelf.fetched(shelf.assemble().key, tmp_path))
    assert movie.moov_first
    assert [track.edits[0].duration for track in movie.tracks] == [96_000, 96_000]
    assert movie.timescale == 48_000


def test_clips_of_other_sizes_rates_and_encoders_make_one_film(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    shelf.keeps(
        studio.clip(colour="red"),
        studio.clip(colour="green", size="180x320", sound=False),
        studio.clip(colour="blue", fps="30"),
        studio.clip(colour="red", encoder=("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")),
        studio.clip(colour="green", encoder=("-c:v", "libx265", "-x265-params", "log-level=none")),
    )
    shelf.make_pieces()

    film = shelf.assemble()

    assert (film.frames, film.width, film.height) == (120, 320, 180)
    seen = colours(shelf.fetched(film.key, tmp_path), [12, 60, 84, 108])
    assert all(near(one, other) for one, other in zip(seen, [RED, BLUE, RED, GREEN], strict=True))


def test_clips_whose_encoders_differ_only_in_their_settings_are_not_copied(shelf: Shelf, studio: Studio) -> None:
    base = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
    shelf.keeps(studio.clip(encoder=base), studio.clip(encoder=(*base, "-refs", "5")))
    assert len(shelf.arrange()) == 2


def test_a_clip_without_sound_between_others_is_silent_for_exactly_as_long(
    shelf: Shelf, studio: Studio, tmp_path: Path
) -> None:
    shelf.keeps(studio.clip(), studio.clip(sound=False), studio.clip())
    shelf.make_pieces()
    heard = samples_heard(shelf.fetched(shelf.assemble().key, tmp_path))
    second = 48_000 * 4
    edge = 2048 * 4
    assert max(heard[:second]) > 0
    middle = memoryview(heard[second + edge : 2 * second - edge]).cast("h")
    assert max(map(abs, middle)) < 32
    after = memoryview(heard[2 * second + edge : 3 * second]).cast("h")
    assert max(map(abs, after)) > 1000


def test_sound_does_not_drift_where_frames_do_not_divide_samples(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip(fps="24000/1001", seconds=0.5)
    pcm = tmp_path / "clip.pcm"
    picture = examine(clip, pcm=pcm).picture
    parts = [Part(number, clip, pcm, picture) for number in range(1, 41)]
    join(parts, tmp_path / "film.mp4", tmp_path)
    prove(tmp_path / "film.mp4", parts, tmp_path)
    exact = picture.seconds * 40 * 48_000
    durations = [track.edits[0].duration for track in read_movie(tmp_path / "film.mp4").tracks]
    assert all(abs(duration - exact) < 48 for duration in durations)


def test_assembling_again_finds_the_film(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip())
    shelf.make_pieces()
    assert shelf.assemble() == shelf.assemble()


def test_an_assembly_that_died_before_its_row_converges_to_the_same_film(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    shelf.make_pieces()
    first = shelf.assemble()
    shelf.jobs.table.client.delete_item(
        TableName="rows", Key={"pk": {"S": f"J#{shelf.job.id}"}, "sk": {"S": "FILM#0001"}}
    )
    assert shelf.assemble() == first


def test_nothing_is_left_on_disk_when_it_fails_either(shelf: Shelf, studio: Studio, disk: Path) -> None:
    shelf.keeps(studio.clip())
    shelf.make_pieces()
    shelf.media.put(shelf.pieces[0].key, b"not a film", "video/mp4")
    with pytest.raises(BrokenMedia):
        shelf.assemble()
    assert [path.name for path in disk.iterdir() if path.is_dir()] == []


def parts_of(folder: Path, *clips: Path) -> list[Part]:
    parts = []
    for number, clip in enumerate(clips, 1):
        pcm = folder / f"{number}.pcm"
        parts.append(Part(f"clip {number}", clip, pcm, examine(clip, pcm=pcm).picture))
    return parts


@pytest.mark.parametrize("fault", ["missing", "cut short", "another film", "another encoder"])
def test_a_piece_that_is_not_what_was_proved_never_becomes_part_of_a_film(
    studio: Studio, tmp_path: Path, fault: str
) -> None:
    whole = studio.clip()
    parts = parts_of(tmp_path, whole, whole, whole)
    wrong = {
        "missing": tmp_path / "nowhere.mp4",
        "cut short": damaged(whole, tmp_path / "cut.mp4", keep=whole.stat().st_size // 2),
        "another film": studio.clip(filters="hue=h=90"),
        "another encoder": studio.clip(encoder=("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")),
    }[fault]
    parts[1] = Part("clip 2", wrong, parts[1].pcm, parts[1].picture)

    def film() -> None:
        join(parts, tmp_path / "film.mp4", tmp_path)
        prove(tmp_path / "film.mp4", parts, tmp_path)

    with pytest.raises(BrokenMedia):
        film()


def test_a_film_without_its_whole_sound_is_no_film(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip()
    parts = parts_of(tmp_path, clip, clip)
    join([parts[0]], tmp_path / "half.mp4", tmp_path)
    join(parts, tmp_path / "film.mp4", tmp_path)
    arguments = ["-v", "error", "-y", "-i", tmp_path / "film.mp4", "-i", tmp_path / "half.mp4", "-map", "0:v"]
    arguments += ["-map", "1:a", "-c", "copy", "-movflags", "+faststart", "-movie_timescale", "48000"]
    subprocess.run([FFMPEG, *map(str, arguments), tmp_path / "mixed.mp4"], check=True)
    with pytest.raises(BrokenMedia, match=r"sound lasts 1\.0000 s instead of 2\.0000 s"):
        prove(tmp_path / "mixed.mp4", parts, tmp_path)


def test_a_film_that_does_not_fit_onto_the_disk_is_refused_before_anything_is_fetched(
    shelf: Shelf, studio: Studio
) -> None:
    shelf.keeps(studio.clip())
    shelf.arrange()
    (piece,) = shelf.pieces
    shelf.jobs.films.put_pieces(
        shelf.job.id, 1, [piece.model_copy(update={"bytes": MOST_BYTES // 2, "key": "nowhere"})]
    )
    with pytest.raises(FilmTooLarge, match=r"needs 9\.0 GB"):
        shelf.assemble()


def test_the_manifest_tells_what_the_film_was_made_of(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    shelf.keep(1, studio.clip())
    shelf.fails(2, "Nudity")
    shelf.keep(3, studio.clip())
    shelf.make_pieces()

    film = shelf.assemble()

    manifest = json.loads(shelf.media.read(film.manifest_key))
    assert manifest["film"]["sha256"] == film.sha256
    assert [(clip["number"], clip["startsAt"], clip["cost"]) for clip in manifest["clips"]] == [
        (1, 0, 1.2),
        (3, 1, 1.2),
    ]
    first = manifest["clips"][0]
    assert (first["image1AssetId"], first["image2AssetId"]) == ("one", "two")
    assert first["prompt"] == "Smooth transition between images"
    assert len(first["sha256"]) == 64
    assert [attempt["predictionId"] for attempt in first["attempts"]] == ["prediction-1"]
    assert [(clip["number"], clip["errorMessage"]) for clip in manifest["failedClips"]] == [(2, "Nudity")]
    assert manifest["film"]["name"] == "combined.mp4"
    assert [clip["name"] for clip in manifest["clips"]] == ["clip_001.mp4", "clip_003.mp4"]
    assert manifest["history"] == []


def test_the_manifests_cost_is_all_that_the_ledger_settled_and_lost(shelf: Shelf, studio: Studio) -> None:
    shelf.keep(1, studio.clip())
    shelf.fails(2, "Nudity", image=LineState.SETTLED, video=LineState.LOST)
    shelf.make_pieces()
    manifest = json.loads(shelf.media.read(shelf.assemble().manifest_key))
    assert manifest["cost"] == {"currency": "USD", "total": 2.4, "lost": 1.2}


def test_a_piece_that_was_not_made_is_named_with_its_clip_and_its_reason(shelf: Shelf, studio: Studio) -> None:
    shelf.keep(1, studio.clip())
    shelf.fails(2, "Nudity")
    shelf.keep(3, studio.clip(fps="30"))
    shelf.arrange()
    with pytest.raises(BrokenMedia, match="Clip 1 could not be made fit for the film: the step ended without a result"):
        shelf.assemble()

    second = shelf.pieces[1]
    shelf.media.put(second.shots[0].key, b"not a film", "video/mp4")
    shelf.make_pieces()

    with pytest.raises(PieceUnfit, match=r"Clip 3 could not be made fit for the film: ffmpeg ended with "):
        shelf.assemble()


def test_the_poster_is_a_jpeg_of_the_films_size(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    shelf.keeps(studio.clip())
    shelf.make_pieces()
    poster = shelf.fetched(shelf.assemble().poster_key, tmp_path)
    from PIL import Image

    with Image.open(poster) as picture:
        assert (picture.format, picture.size) == ("JPEG", (320, 180))


def test_a_black_opening_is_not_the_poster(studio: Studio, tmp_path: Path) -> None:
    make_poster([studio.clip(colour="black"), studio.clip()], tmp_path / "poster.jpg")
    from PIL import Image, ImageStat

    with Image.open(tmp_path / "poster.jpg") as picture:
        assert ImageStat.Stat(picture.convert("L")).mean[0] > 60


def test_the_sharpest_of_pleasant_frames_is_chosen_and_the_least_extreme_where_none_is() -> None:
    dark, blurred, sharp = (
        Look(Path("a"), "0", luma, blur) for luma, blur in ((17.0, 1.0), (120.0, 9.0), (120.0, 4.0))
    )
    assert choose([dark, blurred, sharp]) is sharp
    bright = Look(Path("b"), "0", 220.0, 1.0)
    assert choose([dark, bright]) is bright


def test_a_run_that_lost_its_job_makes_no_film(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip())
    shelf.make_pieces()
    shelf.jobs.table.commit(shelf.jobs.move_job(shelf.job.id, 1, JobStatus.FAILED))
    with pytest.raises(StaleRun):
        shelf.assemble()


def test_sound_is_cut_or_followed_by_silence_to_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "sound.pcm"
    path.write_bytes(b"\x01" * 40)
    assert b"".join(sound.read(path, 5)) == b"\x01" * 20
    assert b"".join(sound.read(path, 12)) == b"\x01" * 40 + bytes(8)
    sound.cut_to(path, 12)
    assert path.read_bytes() == b"\x01" * 40 + bytes(8)
