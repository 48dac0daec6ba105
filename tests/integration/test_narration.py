"""A listing's film is written, spoken and timed by services that really do it, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.plan.paying import MORE_TRIES
from functions.plan.voice import PAUSE
from functions.studio import sound
from functions.studio.captions import CaptionStyle
from functions.studio.clips import ClipStatus
from functions.studio.errors import NarrationFailed, NotFound, ProviderBusy
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.rows import today
from local.standins.openai import OpenAi
from local.standins.polly import Polly
from tests.integration.narration_stage import Stage

SAID = "Meet the car. It is large, and it is quiet."


@pytest.fixture(scope="session")
def polly_service() -> Iterator[Polly]:
    service = Polly().start()
    yield service
    service.stop()


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, openai_service: OpenAi) -> Stage:
    requests.post(f"{openai_service.url}/_reset", timeout=5).raise_for_status()
    return Stage(jobs, ledger, library, media, openai_service.url)


@pytest.fixture
def polly(stage: Stage, polly_service: Polly, monkeypatch: pytest.MonkeyPatch) -> Polly:
    requests.post(f"{polly_service.url}/_reset", timeout=5).raise_for_status()
    monkeypatch.setenv("AWS_ENDPOINT_URL_POLLY", polly_service.url)
    return polly_service


def of_polly(polly: Polly) -> list[dict[str, Any]]:
    return [entry["body"] for entry in requests.get(f"{polly.url}/_log", timeout=5).json()]


def test_a_listing_is_written_spoken_and_timed(stage: Stage) -> None:
    job = stage.planned()
    told = stage.narration(job)
    assert stage.asked() == {"script": 1, "voice": 1, "captions": 1}
    assert (told.timed, told.voice, told.language) == ("heard", "alloy", "en")
    assert [word.text for word in told.words] == told.script.split()
    starts = [word.start for word in told.words]
    assert starts == sorted(starts)
    assert job.narration is not None
    assert (job.narration.script, job.narration.words, job.narration.spoken) == (told.script, len(told.words), True)
    assert len(job.narration.sentences) == 2
    assert "18,500" in told.script


def test_the_film_shows_every_picture_at_once(stage: Stage) -> None:
    job = stage.job()
    assert stage.plan(job).tasks == []
    clips = stage.jobs.clips(job.id)
    assert [clip.status for clip in clips] == [ClipStatus.COMPLETED] * 2
    assert [clip.still and clip.still.key for clip in clips] == [picture.key for picture in stage.pictures]
    assert sum(clip.duration_seconds for clip in clips) == pytest.approx(job.duration_seconds, abs=1), "a share each"
    assert stage.jobs.job(job.id).status is JobStatus.PROCESSING


def test_the_sound_is_exactly_as_long_as_the_narration_and_begins_and_ends_with_the_voice(stage: Stage) -> None:
    job = stage.planned()
    samples = stage.samples(job)
    assert Fraction(stage.narration(job).seconds).limit_denominator(48_000) == Fraction(len(samples) // 4, 48_000)
    tenth = 4800 * 4
    assert sound.loudest([samples[:tenth]]) > 1000 < sound.loudest([samples[-tenth:]])


def test_the_speech_is_an_asset_of_its_campaign(stage: Stage) -> None:
    job = stage.planned()
    speech = stage.speech(job)
    assert (speech.type, speech.content_type, speech.tags) == ("audio", "audio/flac", ["narration"])
    assert speech.duration_seconds == pytest.approx(stage.narration(job).seconds, abs=0.001)
    assert stage.media.read(speech.key).startswith(b"fLaC")
    again = stage.planned(stage.listing(script=stage.narration(job).script))
    assert stage.speech(again).id == speech.id, "the same speech is the same asset"


def test_each_step_has_its_line_and_what_it_cost_is_settled(stage: Stage) -> None:
    job = stage.planned()
    lines = {line.stage: line for line in stage.lines(job)}
    assert stage.money(job) == [("script", "settled"), ("voice", "settled"), ("captions", "settled")]
    assert {line.clip for line in lines.values()} == {0}
    assert lines["voice"].cost == Decimal(len(stage.narration(job).script)) * 30 / 1_000_000
    assert {stage_: line.model for stage_, line in lines.items()} == {
        "script": "gpt-4o-mini",
        "voice": "tts-1-hd",
        "captions": "whisper-1",
    }
    assert job.beside_clips == {name: line.cost for name, line in lines.items()}
    assert job.reserved_cost == sum(job.beside_clips.values()) < Decimal("0.01")
    assert stage.board.budgets.tenant("acme").reserved == job.reserved_cost


def test_what_is_reserved_holds_every_question_twice(stage: Stage) -> None:
    job = stage.job()
    stage.plan(job)
    assert job.reserved_cost >= 2 * sum((line.amount for line in stage.lines(job)), Decimal(0))


def test_a_given_script_is_spoken_word_for_word_and_nobody_writes(stage: Stage) -> None:
    job = stage.planned(stage.listing(script=SAID))
    assert stage.narration(job).script == SAID
    assert stage.asked() == {"voice": 1, "captions": 1}


def test_a_silent_film_has_timed_captions_and_pays_for_its_script_alone(stage: Stage) -> None:
    job = stage.planned(stage.listing(voice="none"))
    told = stage.narration(job)
    assert (told.timed, told.pcm_key) == ("estimated", None)
    assert told.words[-1].end == pytest.approx(told.seconds, abs=0.01)
    assert stage.money(job) == [("script", "settled")]
    assert job.narration is not None
    assert not job.narration.spoken


def test_the_language_is_honoured_by_script_voice_and_timing(stage: Stage) -> None:
    job = stage.planned(stage.listing(language="es", description="Coche familiar muy amplio."))
    asked = stage.log()
    assert "in Spanish (es)" in json.dumps(asked[0]["body"])
    assert "language" in json.dumps(asked[2]["body"]) or asked[2]["path"].endswith("transcriptions")
    assert stage.narration(job).language == "es"
    assert len(stage.narration(job).words) > 5


def test_a_long_script_is_spoken_in_parts_at_once_and_joined_to_the_sample(stage: Stage) -> None:
    short = [one.model_copy(update={"limit": 60}) for one in stage.models.narrators.speakers]
    narrators = stage.models.narrators.model_copy(update={"speakers": short})
    stage.models = stage.models.model_copy(update={"narrators": narrators})
    script = "The first sentence is here. A second one follows it. And the third one ends the film."
    job = stage.planned(stage.listing(script=script))
    assert stage.asked() == {"voice": 2, "captions": 2}
    spoken = [entry["body"]["input"] for entry in stage.log() if entry["path"].endswith("speech")]
    assert all(len(part) <= 60 and part.endswith(".") for part in spoken)
    told = stage.narration(job)
    assert [word.text for word in told.words] == script.split()
    assert len(stage.samples(job)) // 4 == round(told.seconds * 48_000)
    silent = PAUSE / 48_000
    gaps = [after.start - before.end for before, after in zip(told.words, told.words[1:], strict=False)]
    assert max(gaps) >= silent * 0.8


def test_words_are_shown_when_they_are_heard(stage: Stage) -> None:
    """The script has silences where sentences end: where sound begins again, a sentence begins, within 80 ms."""
    script = "Lamp. Bottle. Zebra. Garden. Mirror."
    job = stage.planned(stage.listing(script=script))
    samples = stage.samples(job)
    block = 480 * 4
    loud = [sound.loudest([samples[at : at + block]]) > 600 for at in range(0, len(samples), block)]
    begins = [turn / 100 for turn in range(len(loud)) if loud[turn] and not any(loud[max(0, turn - 12) : turn])]
    words = stage.narration(job).words
    assert len(begins) == len(words)
    assert max(abs(word.start - start) for word, start in zip(words, begins, strict=True)) <= 0.08


# money and misbehaviour


def test_a_service_that_is_busy_is_waited_for_as_it_says_and_costs_nothing(stage: Stage) -> None:
    stage.script("throttle", match={"voice": "alloy"}, times=2, seconds=7)
    job = stage.planned()
    assert stage.clock.waits == [7.0, 7.0]
    assert stage.money(job).count(("voice", "released")) == 2
    assert stage.asked()["voice"] == 3


@pytest.mark.parametrize(("do", "state"), [("server_error", "released"), ("fail", "released"), ("lose_answer", "lost")])
def test_what_failed_is_asked_for_again_and_what_nobody_answered_is_lost(stage: Stage, do: str, state: str) -> None:
    stage.script(do, match={"voice": "alloy"})
    job = stage.planned()
    assert stage.money(job) == [
        ("script", "settled"),
        ("voice", state),
        ("voice", "settled"),
        ("captions", "settled"),
    ]
    assert job.reserved_cost == stage.ledger.totals(job.id).settled + stage.ledger.totals(job.id).lost


@pytest.mark.parametrize(
    "what", [b"<html>Good day</html>", b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"]
)
def test_what_is_no_speech_was_paid_for_and_is_asked_for_again(stage: Stage, tmp_path: Path, what: bytes) -> None:
    (tmp_path / "speech").write_bytes(what)
    stage.script("serve", match={"voice": "alloy"}, file=str(tmp_path / "speech"))
    job = stage.planned(stage.listing(script=SAID))
    assert stage.money(job) == [("voice", "lost"), ("voice", "settled"), ("captions", "settled")]


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ({"voice": "alloy"}, "The script could not be spoken: OpenAI answered 503"),
        ({"response_format": "verbose_json"}, "The captions could not be timed: OpenAI answered 503"),
        ({"store": False}, "The script could not be written: OpenAI answered 503"),
    ],
)
def test_a_service_that_stays_down_fails_the_job_and_says_which_it_is(
    stage: Stage, match: dict[str, Any], words: str
) -> None:
    stage.script("server_error", match=match, times=50)
    job = stage.job()
    with pytest.raises(NarrationFailed, match=words):
        stage.plan(job)
    assert not [line for line in stage.lines(job) if line.state.value in ("reserved", "lost")]


def test_where_timing_is_down_and_the_caller_allows_it_the_film_has_no_captions(stage: Stage) -> None:
    stage.script("server_error", match={"response_format": "verbose_json"}, times=50)
    job = stage.planned(stage.listing(captions_required=False))
    told = stage.narration(job)
    assert (told.words, told.pcm_key is None) == ([], False)
    [warning] = job.warnings
    assert warning.startswith("captions: The captions could not be timed: OpenAI answered 503")


def test_where_speech_is_down_and_the_caller_allows_it_the_film_is_silent(stage: Stage) -> None:
    stage.script("server_error", match={"voice": "alloy"}, times=50)
    job = stage.planned(stage.listing(captions_required=False))
    told = stage.narration(job)
    assert (told.words, told.pcm_key, job.narration and job.narration.spoken) == ([], None, False)
    [warning] = job.warnings
    assert warning.endswith("The film is silent, and has no captions.")


def test_tries_end_when_the_time_does(stage: Stage) -> None:
    stage.clock.seconds = 100
    stage.script("throttle", match={"voice": "alloy"}, times=9, seconds=20)
    with pytest.raises(NarrationFailed, match="could not be spoken: OpenAI answered 429"):
        stage.plan(stage.job())
    assert len(stage.clock.waits) < MORE_TRIES[ProviderBusy]


def test_more_than_was_reserved_is_never_asked_for(stage: Stage) -> None:
    stage.script("lose_answer", match={"voice": "alloy"}, times=9)
    listing = stage.listing(script=SAID)
    job = stage.job(listing, reserved_cost=Decimal("0.0015"))
    with pytest.raises(NarrationFailed, match="could not be spoken: what was reserved for it is used up"):
        stage.plan(job)
    assert stage.asked() == {"voice": 1}
    assert stage.ledger.totals(job.id).lost <= job.reserved_cost


def test_a_writer_that_is_gone_before_its_day_gives_way_to_the_next(stage: Stage) -> None:
    writers = stage.models.narrators.writers
    gone = [writers[0].model_copy(update={"slug": "gpt-3.5-turbo-0613"}), *writers[1:]]
    narrators = stage.models.narrators.model_copy(update={"writers": gone})
    stage.models = stage.models.model_copy(update={"narrators": narrators})
    job = stage.planned()
    assert stage.money(job)[:2] == [("script", "released"), ("script", "settled")]
    assert [line.model for line in stage.lines(job) if line.stage == "script"] == ["gpt-4o-mini", "gpt-6-luna"]


def test_a_script_that_the_model_refuses_fails_the_job(stage: Stage) -> None:
    stage.script("refuse", match={"store": False})
    job = stage.job()
    with pytest.raises(NarrationFailed, match="the model refused"):
        stage.plan(job)
    assert stage.asked() == {"script": 1}
    assert stage.money(job) == [("script", "lost")]
    [line] = stage.lines(job)
    assert 0 < line.counts < line.amount, "what was charged, and no more"


@pytest.mark.parametrize("do", ["truncate_output", "corrupt_output"])
def test_a_script_that_nobody_can_read_is_lost_and_the_next_one_is_settled(stage: Stage, do: str) -> None:
    stage.script(do, match={"store": False})
    job = stage.planned(stage.listing(voice="none"))
    assert stage.money(job) == [("script", "lost"), ("script", "settled")]
    assert job.beside_clips["script"] == stage.ledger.totals(job.id).settled
    assert all(line.counts < line.amount for line in stage.lines(job))


def test_a_picture_that_was_deleted_ends_the_job_before_anything_is_spent(stage: Stage) -> None:
    job = stage.job()
    stage.library.remove_asset(stage.pictures[1])
    with pytest.raises(NotFound, match="has been deleted"):
        stage.plan(job)
    assert stage.asked() == {}


# Amazon Polly


def test_polly_speaks_and_marks_its_own_words(stage: Stage, polly: Polly) -> None:
    job = stage.planned(stage.listing(script=SAID, voice="joanna"))
    told = stage.narration(job)
    assert (told.timed, [word.text for word in told.words]) == ("marked", SAID.split())
    asked = of_polly(polly)
    assert [one["OutputFormat"] for one in asked] == ["pcm", "json"]
    assert {(one["VoiceId"], one["Engine"], one["LanguageCode"]) for one in asked} == {("Joanna", "neural", "en-US")}
    assert [(line.stage, line.cost) for line in stage.lines(job)] == [
        ("captions", Decimal(len(SAID)) * 16 / 1_000_000),
        ("voice", Decimal(len(SAID)) * 16 / 1_000_000),
    ]
    assert stage.asked() == {}


def test_marks_fit_the_sound(stage: Stage, polly: Polly) -> None:
    job = stage.planned(stage.listing(script="Lamp. Bottle. Zebra.", voice="joanna"))
    samples, words = stage.samples(job), stage.narration(job).words
    for word in words:
        at = round(word.start * 48_000) * 4
        assert sound.loudest([samples[at : at + 4800 * 4]]) > 1000
    assert words[-1].end <= stage.narration(job).seconds


def test_when_openai_speaks_no_more_polly_takes_over_and_the_job_says_so(stage: Stage, polly: Polly) -> None:
    narrators = stage.models.narrators
    for gone in ("tts-1-hd", "tts-1", "gpt-4o-mini-tts"):
        narrators = narrators.retired(gone, today())
    stage.models = stage.models.model_copy(update={"narrators": narrators})
    job = stage.planned(stage.listing(script=SAID))
    assert stage.narration(job).timed == "marked"
    [warning] = job.warnings
    assert warning.endswith("Joanna (polly-neural) speaks instead.")


def test_speech_that_is_gone_before_its_day_is_as_if_it_were_retired(stage: Stage, polly: Polly) -> None:
    gone = [
        one.model_copy(update={"slug": "gpt-3.5-turbo-0613"}) if one.provider == "openai" else one
        for one in stage.models.narrators.speakers
    ]
    narrators = stage.models.narrators.model_copy(update={"speakers": gone})
    stage.models = stage.models.model_copy(update={"narrators": narrators})
    job = stage.planned(stage.listing(script=SAID))
    assert stage.narration(job).timed == "marked"
    assert stage.money(job)[-2:] == [("voice", "settled"), ("captions", "settled")]
    assert {state for _, state in stage.money(job)[:-2]} == {"released"}


@pytest.mark.parametrize(
    ("do", "state"), [("throttle", "released"), ("server_error", "released"), ("lose_answer", "lost")]
)
def test_polly_is_asked_again_by_us_alone(stage: Stage, polly: Polly, do: str, state: str) -> None:
    rule = {"match": {"OutputFormat": "pcm"}, "times": 1, "do": do}
    requests.post(f"{polly.url}/_script", json=[rule], timeout=5).raise_for_status()
    job = stage.planned(stage.listing(script=SAID, voice="joanna"))
    assert stage.money(job) == [("voice", state), ("voice", "settled"), ("captions", "settled")]
    assert len(of_polly(polly)) == 3


def test_a_speech_that_ends_before_its_words_do_is_asked_for_once_more(stage: Stage) -> None:
    stage.script("truncate_output", match={"voice": "alloy"})
    job = stage.planned(stage.listing(script=SAID))
    assert stage.asked() == {"voice": 2, "captions": 2}
    states = ("lost", "lost", "settled", "settled")
    assert stage.money(job) == list(zip(("voice", "captions") * 2, states, strict=True))
    charged = [line.counts for line in stage.lines(job) if line.stage == "voice"]
    assert charged == [Decimal(len(SAID)) * 30 / 1_000_000] * 2, "what was charged, no more"
    assert job.beside_clips == {line.stage: line.cost for line in stage.lines(job) if line.state.value == "settled"}
    whole = stage.planned(stage.listing(script=SAID))
    assert stage.samples(job) == stage.samples(whole)
    stage.plan(job)
    assert sum(stage.asked().values()) == 6, "nothing is asked again"


def test_a_speech_that_is_cut_short_twice_is_not_filmed(stage: Stage) -> None:
    stage.script("truncate_output", match={"voice": "alloy"}, times=2)
    with pytest.raises(NarrationFailed, match=r"could not be spoken: the speech ends before '.*quiet\.'"):
        stage.planned(stage.listing(script=SAID))
    assert stage.asked()["voice"] == 2
    [job] = stage.jobs.unfinished_jobs()
    assert {state for _, state in stage.money(job)} == {"lost"}, "it has bought nothing"


def test_what_no_font_shows_and_pictures_without_time_are_warnings_of_the_job(stage: Stage) -> None:
    stage.pictures += [stage.picture(number) for number in range(2, 9)]
    listing = stage.listing(title="Car 🔥", title_card=True, script=f"{SAID} 😀", captions=CaptionStyle())
    assert listing.script is not None
    job = stage.planned(listing)
    assert [one.partition(":")[0] for one in job.warnings] == ["assetIds", "captions", "title"]
    assert "no font shows 🔥" in job.warnings[2]
    assert "9 pictures need more time" in job.warnings[0]
    assert stage.planned(stage.listing(script=SAID, asset_ids=listing.asset_ids[:2])).warnings == []
