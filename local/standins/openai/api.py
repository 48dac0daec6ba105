"""OpenAI's HTTP API, as far as its SDK speaks it: scripts as strict structured answers, speech, and its transcripts."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, NoReturn

from werkzeug import Request, Response

from local.standins import answers, languages
from local.standins.chat import Asked, ChatStandIn, Refusal, Said, Words, read_object, refuse, refused
from local.standins.openai import transcripts, writing
from local.standins.openai.hearing import Memory, Unheard
from local.standins.service import Route, obeyed
from local.standins.speaking import Speech, encoded, speak
from local.standins.spoiling import LEFT

RATE: Final = 24_000
LONGEST_INPUT: Final = 4096
FORMS: Final[Mapping[str, tuple[str, str, int]]] = {
    "mp3": ("audio/mpeg", "mp3", RATE),
    "opus": ("audio/opus", "opus", 48_000),
    "aac": ("audio/aac", "aac", RATE),
    "flac": ("audio/flac", "flac", RATE),
    "wav": ("audio/wav", "pcm", RATE),
    "pcm": ("audio/pcm", "pcm", RATE),
}
"""Content type, what `speaking` calls the form, samples a second."""

VOICES: Final[Mapping[str, Mapping[str, Any]]] = json.loads(Path(__file__).with_name("voices.json").read_text())
"""By OpenAI's name: the variant of eSpeak NG's voices, its pitch, and the models that do not have it."""

NOT_SAFE: Final = refused(
    "Your request was rejected as a result of our safety system.", code="content_policy_violation"
)
UNTOLD: Final = 0xFFFFFFFF

LARGEST_RECORDING: Final = 25 * 2**20
FORM_BYTES: Final = 64 * 2**10
"""Of an upload, beside the recording itself."""
SHORTEST_RECORDING: Final = 0.1
TAKEN: Final = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"]


class OpenAi(ChatStandIn):
    owner = "openai"
    models = json.loads(Path(__file__).with_name("models.json").read_text())
    words = Words(
        no_key=(
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY)."
        ),
        wrong_key="Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
        unknown_model="The model `{id}` does not exist or you do not have access to it.",
        gone_model="The model `{id}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations",
        refusal="I'm sorry, but I can't assist with that request.",
        throttled="Rate limit reached for requests.",
        throttled_type="requests",
        throttled_code="rate_limit_exceeded",
    )

    def __init__(self, port: int = 0, *, token: str | None = None, day: date | None = None) -> None:
        super().__init__(port, token=token, day=day)
        self._memory = Memory()

    def more_routes(self) -> list[Route]:
        return [
            ("POST", "/v1/audio/speech", self._speak),
            ("POST", "/v1/audio/transcriptions", self._transcribe),
        ]

    def answer(self, asked: Asked) -> Said:
        script = writing.write(writing.read_brief(asked.texts))
        if asked.schema is None:
            return Said(script.text)
        return Said(json.dumps(answers.answer(asked.schema, script.known()), ensure_ascii=False))

    def check_schema(self, schema: Mapping[str, Any], name: str) -> None:
        for where, rules in _objects(schema, ()):
            what = _loose(rules)
            if what:
                refuse(
                    f"Invalid schema for response_format '{name}': In context={where!r}, {what}",
                    "response_format",
                    "invalid_json_schema",
                )

    def _speak(self, request: Request) -> Response:
        body = read_object(request)
        model = body.get("model")
        if not isinstance(model, str):
            refuse("you must provide a model parameter", None)
        self.demand_model(model, "speech")
        _check_speech(model, body)
        orders = self.take_orders(body)
        form, speed = body.get("response_format", "mp3"), body.get("speed", 1.0)
        speech = self._said(body["input"], body["voice"], speed)
        if "truncate_output" in orders:
            self._memory.keep(speech.beginning(LEFT))
        kind, encoder, rate = FORMS[form]
        sound = encoded(speech, encoder, rate)
        if form == "wav":
            sound = _wav_header(rate) + sound
        return obeyed(Response(sound, content_type=kind), orders, NOT_SAFE)

    def _said(self, text: str, name: str, speed: float) -> Speech:
        voice = VOICES[name]
        spoken = languages.voice_of(languages.guess(text))
        speech = speak(text, f"{spoken}+{voice['variant']}", speed=speed, pitch=voice["pitch"])
        self._memory.keep(speech)
        return speech

    def _transcribe(self, request: Request) -> Response:
        if (request.content_length or 0) > LARGEST_RECORDING + FORM_BYTES:
            _refuse_size(request.content_length or 0)
        form, file = request.form, request.files.get("file")
        if not form.get("model"):
            refuse("you must provide a model parameter", None)
        self.demand_model(form["model"], "transcription")
        if file is None:
            refuse("Missing required parameter: 'file'.", "file", "missing_required_parameter")
        suffix = Path(file.filename or "").suffix.lower()
        if suffix.removeprefix(".") not in TAKEN:
            refuse(f"Unrecognized file format. Supported formats: {TAKEN}", None)
        wish = transcripts.read_wish(form)
        recording = file.read()
        if len(recording) > LARGEST_RECORDING:
            _refuse_size(len(recording))
        orders = self.take_orders({**form.to_dict(), "filename": file.filename or ""})
        try:
            heard = self._memory.recognise(recording, suffix)
        except Unheard:
            refuse("The audio file could not be decoded or its format is not supported.", None)
        if heard.seconds < SHORTEST_RECORDING:
            what = f"Audio file is too short. Minimum audio length is {SHORTEST_RECORDING} seconds."
            refuse(what, "file", "audio_too_short")
        return obeyed(transcripts.told(wish, heard), orders, NOT_SAFE)


def _refuse_size(size: int) -> NoReturn:
    message = f"413: Maximum content size limit ({LARGEST_RECORDING}) exceeded ({size} bytes read)"
    raise Refusal(413, message, kind="server_error")


def _check_speech(model: str, body: Mapping[str, Any]) -> None:
    """In the words of the validator that answers for the real service."""
    voices = [name for name, voice in VOICES.items() if model not in voice.get("not_with", ())]
    for field, allowed, default in (("voice", voices, None), ("response_format", list(FORMS), "mp3")):
        if (given := body.get(field, default)) not in allowed:
            expected = f"{', '.join(map(repr, allowed[:-1]))} or {allowed[-1]!r}"
            _refuse_field("enum", field, f"Input should be {expected}", given, {"expected": expected})
    text, speed = body.get("input"), body.get("speed", 1.0)
    if not isinstance(text, str):
        _refuse_field("string_type", "input", "Input should be a valid string", text, {})
    if not text.strip():
        _refuse_field("string_too_short", "input", "String should have at least 1 character", text, {"min_length": 1})
    if len(text) > LONGEST_INPUT:
        what = f"String should have at most {LONGEST_INPUT} characters"
        _refuse_field("string_too_long", "input", what, text, {"max_length": LONGEST_INPUT})
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0.25 <= speed <= 4:
        what = "Input should be greater than or equal to 0.25 and less than or equal to 4"
        _refuse_field("number_range", "speed", what, speed, {"ge": 0.25, "le": 4.0})


def _refuse_field(kind: str, field: str, what: str, given: Any, context: Mapping[str, Any]) -> NoReturn:
    fault = {"type": kind, "loc": ("body", field), "msg": what, "input": given, "ctx": context}
    refuse(repr([fault]), None)


def _wav_header(rate: int) -> bytes:
    """Of a stream whose length nobody has told yet, as the real service sends it."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", UNTOLD, b"WAVE") + form + struct.pack("<4sI", b"data", UNTOLD)


def _objects(rules: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every object that a schema speaks of, with its place."""
    if isinstance(rules, Mapping):
        if rules.get("type") == "object" or "properties" in rules:
            yield where, rules
        for name, inner in rules.items():
            yield from _objects(inner, (*where, name))
    elif isinstance(rules, Sequence) and not isinstance(rules, str):
        for number, inner in enumerate(rules):
            yield from _objects(inner, (*where, str(number)))


def _loose(rules: Mapping[str, Any]) -> str | None:
    """What a strict schema must not leave open of an object."""
    if rules.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    if missing := [name for name in rules.get("properties", {}) if name not in rules.get("required", [])]:
        return (
            "'required' is required to be supplied and to be an array including every key in properties. "
            f"Missing {missing[0]!r}."
        )
    return None
