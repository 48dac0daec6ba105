"""A film's music, measured in the film: as loud as was asked, lower under the clips, gone at the end, as long as the picture."""

from __future__ import annotations

import json
import os
import shutil
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.assemble.music import make_mix
from functions.studio.boxes import read_movie
from functions.studio.cut import Card, Cut, Music, Transition, TransitionKind
from functions.studio.errors import BrokenMedia
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.tracks import TRACKS, Track, file_of
from tests.integration.api_stage import picture
from tests.media import Studio
from tests.music import level, loudness, tune
from tests.shelf import Shelf

BED = "lowpass=f=360", "lowpass=f=360", "highpass=f=300"
"""What leaves the tune of 330 Hz, where the clips have 2 kHz."""


@pytest.fixture
def scored(jobs: JobStore, ledger: Ledger, media: MediaStore) -> Any:
    """A shelf whose film has this music."""

    def made(file: Path, *, audio: Any = "music", volume: str = "0.7", **cut: Any) -> Shelf:
        media.put("music", file.read_bytes(), "audio/mpeg")
        media.put("card", picture(320, 180), "image/png")
        bed = Music(asset_id="a", key="music", volume=Decimal(volume))
        return Shelf(jobs, ledger, media, Cut(audio=audio, music=bed, **cut))

    return made


def filmed(shelf: Shelf, folder: Path) -> Path:
    shelf.make_pieces()
    return shelf.fetched(shelf.assemble().key, folder)


def as_long_as_its_picture(film: Path) -> Fraction:
    """Seconds, of both tracks alike, in samples."""
    movie = read_movie(film)
    [picture_lasts, sound_lasts] = [track.edits[0].duration for track in movie.tracks]
    assert (movie.timescale, picture_lasts) == (48_000, sound_lasts)
    return Fraction(sound_lasts, movie.timescale)


def test_the_film_is_as_loud_as_asked_and_its_music_gives_way_to_the_clips_and_fades_out(
    scored: Any, studio: Studio, tmp_path: Path
) -> None:
    mute, speaking = studio.clip(seconds=4, sound=False), studio.clip(seconds=4, filters="hue=h=90", tone=2000)
    shelf = scored(tune(studio)).keeps(mute, speaking, studio.clip(seconds=4, sound=False, filters="hue=h=40"))
    film = filmed(shelf, tmp_path)

    loud, peak = loudness(film)
    assert abs(loud + 14) <= 1
    assert peak <= -1
    told = json.loads(shelf.media.read(shelf.film.manifest_key))
    assert told["film"]["loudness"] == {"integrated": loud, "peak": peak}
    assert told["options"]["music"] == {"track": None, "assetId": "a", "volume": 0.7}
    assert as_long_as_its_picture(film) == 12

    alone, under, after = (level(film, *when, *BED) for when in ((1, 3.5), (5, 7.5), (9.5, 10)))
    assert alone - under > 8, "it gives way"
    assert abs(alone - after) < 1.5, "it comes back"
    assert level(film, 5, 7.5) > under + 8, "the clip is heard"
    assert level(film, 11.8, 12, *BED) < alone - 15, "it fades out"


def test_short_music_goes_on_to_the_end_of_the_film_without_a_gap(scored: Any, studio: Studio, tmp_path: Path) -> None:
    shelf = scored(tune(studio, "wav", 1.5)).keeps(studio.clip(seconds=9, sound=False))
    film = filmed(shelf, tmp_path)
    levels = [level(film, at / 4, at / 4 + 0.25) for at in range(1, 27)]
    assert max(levels) - min(levels) < 4


def test_music_begins_where_it_is_heard_first(scored: Any, studio: Studio, tmp_path: Path) -> None:
    late = tune(studio, "mp3", source="sine=f=330:r=44100:d=3,adelay=5000:all=1")
    film = filmed(scored(late).keeps(studio.clip(seconds=2, sound=False)), tmp_path)
    assert abs(loudness(film)[0] + 14) <= 1
    assert level(film, 0.1, 0.4) > -25


@pytest.mark.parametrize("form", ["m4a", "aac", "ogg", "opus", "flac"])
def test_music_of_every_form_lies_under_a_film(scored: Any, studio: Studio, tmp_path: Path, form: str) -> None:
    film = filmed(scored(tune(studio, form)).keeps(studio.clip(seconds=2)), tmp_path)
    assert abs(loudness(film)[0] + 14) <= 1
    assert as_long_as_its_picture(film) == 2


def test_music_alone_stands_instead_of_the_clips_sound(scored: Any, studio: Studio, tmp_path: Path) -> None:
    shelf = scored(tune(studio), audio="strip").keeps(studio.clip(seconds=4, tone=2000))
    film = filmed(shelf, tmp_path)
    assert [piece.pcm_key for piece in shelf.pieces] == [None]
    assert abs(loudness(film)[0] + 14) <= 1
    assert as_long_as_its_picture(film) == 4
    assert level(film, 1, 2, "highpass=f=1500", "highpass=f=1500") < level(film, 1, 2) - 30


@pytest.mark.parametrize("track", TRACKS)
def test_one_of_our_tracks_is_heard_in_the_film(
    jobs: JobStore, ledger: Ledger, media: MediaStore, studio: Studio, tmp_path: Path, track: Track
) -> None:
    shelf = Shelf(jobs, ledger, media, Cut(audio="music", music=Music(track=track)))
    film = filmed(shelf.keeps(studio.clip(seconds=3, sound=False)), tmp_path)
    assert abs(loudness(film)[0] + 14) <= 1
    assert as_long_as_its_picture(film) == 3


def test_a_track_that_begins_again_does_so_in_step(tmp_path: Path) -> None:
    """Not a sample is lost or doubled where its end meets its beginning."""
    file = tmp_path / "calm"
    shutil.copyfile(Path(os.environ["TRACKS_FOLDER"], file_of("calm")), file)
    length = 45 * 48_000
    mix = make_mix(file, Music(track="calm"), None, 2 * length, tmp_path)
    heard = np.frombuffer(b"".join(mix.read()), "<f4")
    first, again = (heard[2 * start : 2 * (start + 10 * 48_000)] for start in (48_000, length + 48_000))
    assert np.abs(first).max() > 0.05
    assert np.abs(first - again).max() < 1e-3
    meeting = heard[2 * (length - 480) : 2 * (length + 480)].reshape(-1, 2)
    assert np.abs(np.diff(meeting, axis=0)).max() < 0.1


def test_quiet_music_stays_behind_the_clips(scored: Any, studio: Studio, tmp_path: Path) -> None:
    shelf = scored(tune(studio), volume="0.05").keeps(studio.clip(seconds=3, tone=2000))
    film = filmed(shelf, tmp_path)
    assert level(film, 1, 2, *BED) < level(film, 1, 2) - 20


def test_music_lies_under_joins_and_cards_and_a_rate_that_divides_no_samples(
    scored: Any, studio: Studio, tmp_path: Path
) -> None:
    wishes = {
        "transition": Transition(kind=TransitionKind.CROSSFADE, seconds=Decimal("0.5")),
        "intro": Card(asset_id="c", key="card", seconds=Decimal(1)),
    }
    joined = scored(tune(studio), **wishes).keeps(studio.clip(), studio.clip(size="180x320"))
    assert as_long_as_its_picture(filmed(joined, tmp_path)) == Fraction(2 * 24 - 12, 24) + 1


def test_a_rate_that_divides_no_samples_leaves_sound_and_picture_equal(
    scored: Any, studio: Studio, tmp_path: Path
) -> None:
    shelf = scored(tune(studio)).keeps(studio.clip(fps="24000/1001", seconds=2), studio.clip(fps="24000/1001"))
    movie = read_movie(filmed(shelf, tmp_path))
    durations = [track.edits[0].duration for track in movie.tracks]
    assert abs(durations[0] - durations[1]) <= 48


@pytest.mark.parametrize(
    "source",
    [
        "sine=f=330:r=44100:d=6,volume=12dB,alimiter=limit=1:level=0",
        "anoisesrc=d=6:c=pink:a=0.02,volume='if(lt(mod(t,1),0.02),1,0.02)':eval=frame",
        "sine=f=50:r=44100:d=6,volume=-30dB",
    ],
    ids=["loud", "clicks", "quiet"],
)
def test_music_of_any_dynamic_comes_out_as_loud_as_asked_and_clips_nothing(
    scored: Any, studio: Studio, tmp_path: Path, source: str
) -> None:
    film = filmed(scored(tune(studio, "wav", source=source)).keeps(studio.clip(seconds=4)), tmp_path)
    loud, peak = loudness(film)
    assert abs(loud + 14) <= 1
    assert peak <= -1


def test_music_that_is_not_what_it_was_makes_no_film(scored: Any, studio: Studio) -> None:
    shelf = scored(tune(studio)).keeps(studio.clip())
    shelf.make_pieces()
    shelf.media.put("music", b"#EXTM3U\nhttp://169.254.169.254/", "audio/mpeg")
    with pytest.raises(BrokenMedia, match="neither MP3"):
        shelf.assemble()
    assert shelf.jobs.films.find_film(shelf.job.id, 1) is None


def test_a_film_with_the_clips_own_sound_tells_how_loud_it_is_and_a_silent_one_that_it_is_not(
    shelf: Shelf, studio: Studio
) -> None:
    shelf.keeps(studio.clip(seconds=2))
    shelf.make_pieces()
    heard = shelf.assemble().loudness
    assert heard
    assert heard.integrated == pytest.approx(-22, abs=3)


def test_assembling_with_music_leaves_nothing_on_disk(scored: Any, studio: Studio, disk: Path) -> None:
    shelf = scored(tune(studio)).keeps(studio.clip())
    shelf.make_pieces()
    shelf.assemble()
    assert list(disk.iterdir()) == []
