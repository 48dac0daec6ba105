"""The decisions about a film's music: how it is laid, how far it is turned up, and when it is loud enough."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from functions.assemble.music import (
    Level,
    Mix,
    Stretch,
    corrected,
    faults,
    first_level,
    fits,
    graph,
    laid,
    silence_faults,
)
from functions.studio.cut import Cut, Music
from functions.studio.errors import BrokenMedia
from functions.studio.loudness import loudest, read, samples
from functions.studio.media import Loudness

MUSIC = Music(asset_id="a", key="k", volume=Decimal(1))


def test_music_that_is_long_enough_is_cut_where_the_film_ends() -> None:
    assert list(laid(100, 10, 40)) == [Stretch("music", 0, 40)]
    assert list(laid(100, 10, 100)) == [Stretch("music", 0, 100)]


def test_music_that_is_too_short_begins_again_over_its_own_end() -> None:
    assert list(laid(100, 10, 250)) == [
        Stretch("music", 0, 90),
        Stretch("seam", 0, 10),
        Stretch("music", 10, 80),
        Stretch("seam", 0, 10),
        Stretch("music", 10, 60),
    ]


@pytest.mark.parametrize("length", [8, 9, 100, 101])
@pytest.mark.parametrize("total", [1, 99, 100, 101, 190, 191, 1000, 4321])
def test_laid_music_is_as_long_as_the_film_to_the_sample_and_never_jumps(length: int, total: int) -> None:
    seam = length // 4
    parts = list(laid(length, seam, total))
    assert sum(part.samples for part in parts) == total
    assert all(part.samples for part in parts)
    at = 0
    for part in parts:
        if part.of == "music":
            assert part.start == at
            at += part.samples
        else:
            assert (part.start, at) == (0, length - seam)
            at = seam


@pytest.mark.parametrize(
    ("heard", "gain"),
    [(Loudness(integrated=-20.0, peak=-5.0), 6.0), (Loudness(integrated=-10.5), -3.5), (Loudness(), 0)],
)
def test_a_mix_is_first_turned_up_by_what_it_lacks(heard: Loudness, gain: float) -> None:
    assert first_level(heard) == Level(gain)


@pytest.mark.parametrize(
    ("integrated", "peak", "words"),
    [
        (-14.0, -1.5, []),
        (-14.99, -1.0, []),
        (-13.01, None, []),
        (None, None, []),
        (-15.1, -2.0, ["it is -15.1 LUFS loud instead of -14"]),
        (-12.9, -2.0, ["it is -12.9 LUFS loud instead of -14"]),
        (-14.0, -0.9, ["its peaks reach -0.9 dBTP, -1 is the most"]),
    ],
)
def test_a_film_with_music_is_within_one_lu_of_what_was_asked_and_does_not_clip(
    integrated: float | None, peak: float | None, words: list[str]
) -> None:
    assert list(faults(Loudness(integrated=integrated, peak=peak))) == words


def test_what_is_only_just_loud_enough_is_tried_once_more() -> None:
    assert fits(Loudness(integrated=-14.4, peak=-1.0))
    assert not fits(Loudness(integrated=-14.7, peak=-3.0))
    assert corrected(Level(3.0, -2.0), Loudness(integrated=-14.7, peak=-3.0)) == pytest.approx(Level(3.7, -2.0))


def test_peaks_that_come_out_too_high_lower_the_limiter() -> None:
    again = corrected(Level(3.0, -2.0), Loudness(integrated=-14.0, peak=-0.5))
    assert again == pytest.approx(Level(3.0, -2.7))


def test_music_and_clips_are_brought_together_and_quiet_clips_are_not_dragged_up() -> None:
    heard = Loudness(integrated=-10.0)
    assert "volume=-6.00dB" in graph(heard, MUSIC, None, 96_000)
    assert "volume=-12.02dB" in graph(heard, MUSIC.model_copy(update={"volume": Decimal("0.5")}), None, 96_000)
    lifted = {
        own: graph(heard, MUSIC, Loudness(integrated=own), 96_000).split("[1:a]")[1] for own in (-20.0, -50.0, 10.0)
    }
    assert ["volume=4.00dB" in lifted[-20.0], "volume=12.00dB" in lifted[-50.0], "volume=-20.00dB" in lifted[10.0]] == [
        True
    ] * 3
    assert "volume=0.00dB" in graph(heard, MUSIC, Loudness(), 96_000).split("[1:a]")[1]


def test_a_film_that_is_silent_though_it_should_be_heard_is_told(tmp_path: Path) -> None:
    quiet, loud = Loudness(), Loudness(integrated=-20.0, peak=-6.0)
    assert list(silence_faults(loud, None, -6.0)) == []
    assert list(silence_faults(quiet, None, float("-inf"))) == []
    assert list(silence_faults(quiet, None, -6.0)) == ["it is silent, though its clips are not"]
    mix = Mix(tmp_path, 1, quiet)
    assert list(silence_faults(quiet, mix, float("-inf"))) == ["its music cannot be heard"]


def test_ffmpegs_words_about_loudness_are_read_and_silence_has_none() -> None:
    said = "I:         {} LUFS\n    LRA: 0.0 LU\n\n  True peak:\n    Peak:       {} dBFS\n"
    assert read(said.format("-14.1", "-1.5")) == Loudness(integrated=-14.1, peak=-1.5)
    assert read(said.format("-70.0", "-inf")) == Loudness()
    with pytest.raises(BrokenMedia, match="could not be measured"):
        read("nothing")
    assert (loudest("max_volume: -21.5 dB"), samples("n_samples: 0\nn_samples: 480000")) == (-21.5, 240_000)
    assert (loudest(""), samples("")) == (float("-inf"), 0)


def test_music_is_part_of_what_a_film_is_cut_with() -> None:
    cut = Cut(audio="music", music=MUSIC)
    assert cut.asset_ids == {"a"}
    assert cut.clips_are_heard
    assert cut.as_asked()["music"] == {"track": None, "assetId": "a", "volume": 1}
    assert not Cut(audio="strip", music=MUSIC).clips_are_heard


def test_one_of_our_tracks_is_no_asset() -> None:
    cut = Cut(audio="music", music=Music(track="calm"))
    assert cut.asset_ids == set()
    assert cut.as_asked()["music"] == {"track": "calm", "assetId": None, "volume": 0.7}


def test_a_loop_without_a_seam_begins_again_where_it_ends() -> None:
    parts = [part for part in laid(100, 0, 250) if part.samples]
    assert parts == [("music", 0, 100), ("music", 0, 100), ("music", 0, 50)]
