"""From a listing to the narration of its film: written, spoken, timed, and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from functions.plan.paying import Question, Till
from functions.plan.speakers import Speaker
from functions.plan.voice import Speech, Take, as_flac, in_the_whole, joined, parts_of, taken
from functions.studio import sound
from functions.studio.at_once import Each, at_once
from functions.studio.captions import aligned, estimated, lost_end, reading_seconds
from functions.studio.chat import Chat
from functions.studio.errors import BrokenMedia, ConditionLost, ModelGone, NarrationFailed
from functions.studio.jobs import Job
from functions.studio.library import Asset, Campaign, Library
from functions.studio.listings import Listing
from functions.studio.media_store import MediaStore, asset_key, narration_key
from functions.studio.narration import Narration, NarrationRef, Timed, Word
from functions.studio.narration_costs import asking_cost, most_seconds, writing_cost
from functions.studio.rows import new_id, now
from functions.studio.scripts import SCHEMA, Script, as_given, most_tokens, readable, written
from functions.studio.services import Cast, ChatModel, Language, Narrators, Seen
from functions.studio.telemetry import logger
from functions.studio.timeline import sentence_starts
from functions.studio.workplace import workplace

LEAST_SPOKEN = 0.3
"""Of the time that a text usually takes: a speech that is shorter has lost some of it."""

LEAST_SILENT = 3.0
"""Seconds of a film that nobody speaks in."""

TURNS = 2
"""That a part is spoken when its sound ends before its words do."""

HEARD = TypeAdapter(list[Word])


@dataclass(frozen=True)
class Booth:
    """What a narration is made with."""

    library: Library
    media: MediaStore
    writer: Chat
    speakers: Mapping[str, Callable[[], Speaker]]
    """By provider."""
    narrators: Callable[[], Narrators]
    """Those in force."""
    each: Each = at_once
    decode: Callable[[bytes, Sequence[str], Path], Take] = taken
    encode: Callable[[Path, Path], None] = as_flac


@dataclass(frozen=True)
class Told:
    """What is to be heard, and when; `speech` is None where nobody speaks."""

    words: list[Word]
    timed: Timed
    speech: Speech | None = None
    asset_id: str | None = None


def narrate(job: Job, listing: Listing, booth: Booth, till: Till, on: date) -> tuple[NarrationRef, list[str]]:
    """The narration, and what is not as it was asked for. Doing it again finds what there is. NarrationFailed, with the
    reason; else as of `Till.answers`."""
    narrators = booth.narrators()
    language = narrators.language(listing.language)
    if language is None:
        raise NarrationFailed(f"The language {listing.language!r} is not known")
    script = _script(listing, language, narrators, booth, till, on)
    with workplace() as folder:
        speaking = _Speaking(job, listing, language, script.text, booth, till, on, folder, [])
        told = speaking.told(narrators) if listing.spoken else None
        warnings = [*script.warnings, *speaking.warnings]
        return _kept(job, listing, script, told, booth), warnings


def _script(listing: Listing, language: Language, narrators: Narrators, booth: Booth, till: Till, on: date) -> Script:
    voice = narrators.voice(listing.voice)
    pace = voice.pace if voice and listing.spoken else Decimal(1)
    if listing.script is not None:
        return as_given(listing, language, pace)
    tokens = most_tokens(listing, language, pace)

    def ask(messages: list[dict[str, Any]]) -> Seen:
        for model in narrators.writers_on(on):
            asked = _writing(model, messages, tokens, booth.writer)
            with suppress(ModelGone):
                answer = till.answer(asked)
                till.judge([asked], useful=asked.of_use(answer))
                return Seen(**json.loads(answer))
        raise NarrationFailed("The script could not be written: there is no model left that writes")

    return written(listing, language, pace, ask)


def _writing(model: ChatModel, messages: list[dict[str, Any]], tokens: int, writer: Chat) -> Question:
    def ask(seconds: float) -> bytes:
        seen = writer.answer(model, messages, SCHEMA, seconds, called="script", most_tokens=tokens)
        return json.dumps(asdict(seen)).encode()

    return Question(
        stage="script",
        model=model.name,
        said=json.dumps([model.slug, messages, tokens]),
        at_most=asking_cost(model, messages, tokens),
        ask=ask,
        cost=lambda answer: writing_cost(model, Seen(**json.loads(answer))),
        of_use=lambda answer: readable(Seen(**json.loads(answer))),
    )


@dataclass(frozen=True)
class _Speaking:
    job: Job
    listing: Listing
    language: Language
    script: str
    booth: Booth
    till: Till
    on: date
    folder: Path
    warnings: list[str]

    def told(self, narrators: Narrators) -> Told | None:
        """None where the voice is out of reach, and the film may be made without."""
        try:
            return self._told(narrators)
        except NarrationFailed as error:
            if self.listing.captions_required:
                raise
            self.warnings.append(f"voice: {error}. The film is silent, and has no captions.")
            return None

    def _told(self, narrators: Narrators) -> Told:
        """By whoever is there: a service that turns out to be gone is as one whose last day is over."""
        cast = narrators.cast(self.listing.voice, self.language.name, self.on)
        if cast is None:
            raise NarrationFailed(f"Nobody speaks {self.language.title} any more")
        speaker = self.booth.speakers[cast.model.provider]()
        parts = parts_of(self.script, cast.model.limit)
        turns = [1] * len(parts)
        while True:
            spoken = [self._spoken(text, cast, speaker, turn) for text, turn in zip(parts, turns, strict=True)]
            try:
                sounds = self.till.answers(spoken)
            except ModelGone:
                return self._told(narrators.retired(cast.model.name, self.on))
            takes = [
                self.booth.decode(one, speaker.opened, self.folder / f"part_{place}.pcm")
                for place, one in enumerate(sounds)
            ]
            timed = [
                self._timed(text, one, cast, speaker) for text, one in zip(parts, sounds, strict=True) if cast.timed
            ]
            try:
                timings = self._timings(timed)
            except ModelGone:
                return self._told(narrators.retired(cast.timer.name if cast.timer else "", self.on))
            heard = [HEARD.validate_json(words) for words in timings or []]
            short = _cut_short(parts, heard, takes)
            self.till.judge([each[place] for each in (spoken, timed) for place in short], useful=False)
            if not short:
                break
            if last := next((lost for place, lost in short.items() if turns[place] == TURNS), None):
                raise NarrationFailed(f"The script could not be spoken: the speech ends before {last[:80]!r}")
            turns = [turn + (place in short) for place, turn in enumerate(turns)]
        self.till.judge([*spoken, *(timed if timings else [])], useful=True)
        speech = joined(takes, self.folder / "narration.pcm")
        said: list[Word] = []
        for words, take, start in zip(heard, takes, speech.starts, strict=bool(heard)):
            said += in_the_whole(words, take, start)
        self.warnings.extend(cast.warnings)
        asset_id = _asset(self.job, self.listing, speech, self.booth, self.folder)
        if timings is None:
            return Told([], "estimated", speech, asset_id)
        if not timings:
            return Told(estimated(self.script, speech.seconds), "estimated", speech, asset_id)
        return Told(aligned(self.script, said, speech.seconds), speaker.timed, speech, asset_id)

    def _timings(self, timed: Sequence[Question]) -> list[bytes] | None:
        """Of each part; none where nobody can tell, None where that is out of reach and the film may be made without."""
        try:
            return self.till.answers(timed)
        except NarrationFailed as error:
            if self.listing.captions_required:
                raise
            self.warnings.append(f"captions: {str(error).rstrip('.')}. The film has none.")
            return None

    def _spoken(self, text: str, cast: Cast, speaker: Speaker, turn: int) -> Question:
        def ask(seconds: float) -> bytes:
            spoken = speaker.speak(text, cast, seconds)
            take = self.booth.decode(spoken, speaker.opened, self.folder / f"try_{new_id()}.pcm")
            take.pcm.unlink()
            if take.seconds < LEAST_SPOKEN * self.language.seconds(text, cast.voice.pace):
                raise BrokenMedia(f"the speech is cut short: it lasts {take.seconds:.1f} s")
            return spoken

        return Question(
            stage="voice",
            model=cast.model.name,
            said=json.dumps([cast.model.slug, cast.voice.slug, cast.voice.locale, text, *range(2, turn + 1)]),
            at_most=cast.model.cost(text, most_seconds(text, self.language)),
            ask=ask,
            cost=lambda spoken: cast.model.cost(text, speaker.seconds(spoken)),
        )

    def _timed(self, text: str, sound: bytes, cast: Cast, speaker: Speaker) -> Question:
        def ask(seconds: float) -> bytes:
            words = speaker.words(text, sound, cast, self.language.name, seconds)
            if not words:
                raise BrokenMedia("no words were heard")
            return HEARD.dump_json(words)

        cost = cast.timing_cost(text, speaker.seconds(sound))
        return Question(
            stage="captions",
            model=cast.timer.name if cast.timer else "",
            said=json.dumps([cast.voice.slug, self.language.name, text, sha256(sound).hexdigest()]),
            at_most=cost,
            ask=ask,
            cost=lambda _: cost,
        )


def _cut_short(parts: Sequence[str], heard: Sequence[Sequence[Word]], takes: Sequence[Take]) -> dict[int, str]:
    """By their places, the parts whose sound ends before their words do, and the words that are lost."""
    short = {
        place: lost
        for place, (text, words, take) in enumerate(zip(parts, heard, takes, strict=False))
        if (lost := lost_end(text, words, take.last / sound.RATE))
    }
    if short:
        logger().warning("a speech is cut short", extra={"lost": list(short.values())})
    return short


def _kept(job: Job, listing: Listing, script: Script, told: Told | None, booth: Booth) -> NarrationRef:
    seconds = max(LEAST_SILENT, reading_seconds(script.text, listing.language))
    if told is None:
        told = Told([] if listing.spoken else estimated(script.text, seconds), "estimated")
    pcm_key = None
    if told.speech:
        seconds = told.speech.seconds
        pcm_key = _key_of(job, told.speech.pcm.read_bytes(), "pcm", booth.media, "application/octet-stream")
    narration = Narration(
        script=script.text,
        language=listing.language,
        voice=listing.voice,
        words=told.words,
        seconds=seconds,
        pcm_key=pcm_key,
        timed=told.timed,
    )
    document = narration.model_dump_json(by_alias=True).encode()
    return NarrationRef(
        key=_key_of(job, document, "json", booth.media, "application/json"),
        script=script.text,
        seconds=seconds,
        words=script.words,
        sentences=sentence_starts(told.words),
        asset_id=told.asset_id,
        spoken=pcm_key is not None,
    )


def _key_of(job: Job, body: bytes, extension: str, media: MediaStore, content_type: str) -> str:
    key = narration_key(job.tenant, job.id, f"{sha256(body).hexdigest()}.{extension}")
    media.put(key, body, content_type)
    return key


def _asset(job: Job, listing: Listing, speech: Speech, booth: Booth, folder: Path) -> str | None:
    """The speech among the campaign's assets; None where that is being deleted."""
    file = folder / "narration.flac"
    booth.encode(speech.pcm, file)
    body = file.read_bytes()
    digest = sha256(body).hexdigest()
    campaign = booth.library.find(Campaign, job.tenant, job.campaign_id)
    if campaign is None:
        return None
    if known := booth.library.same_asset(campaign, digest):
        return known.id
    write, stamp = new_id(), now()
    asset = Asset(
        id=write,
        tenant=job.tenant,
        client_id=campaign.client_id,
        campaign_id=campaign.id,
        name=f"Narration of {listing.title}"[:200],
        type="audio",
        key=asset_key(job.tenant, write, "original.flac"),
        content_type="audio/flac",
        bytes=len(body),
        sha256=digest,
        duration_seconds=round(speech.seconds, 3),
        tags=["narration"],
        created_at=stamp,
        updated_at=stamp,
    )
    booth.media.put(asset.key, body, asset.content_type)
    try:
        booth.library.add_asset(asset)
    except ConditionLost:  # an earlier write of it whose answer was lost, or the campaign goes
        known = booth.library.same_asset(campaign, digest)
        return known.id if known else None
    return asset.id
