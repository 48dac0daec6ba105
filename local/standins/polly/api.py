"""Amazon Polly's HTTP API, as far as boto3 speaks it: speech, and the marks of its sentences and words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from local.standins import languages
from local.standins.service import Failed, Failing, Route, StandIn, Throttled, json_response, obeyed
from local.standins.speaking import Speech, encoded, speak

MOST_BILLED: Final = 3000
"""Characters; of plain text all are."""
SOUNDS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "pcm": ("audio/pcm", "pcm", ("16000", "8000")),
    "mp3": ("audio/mpeg", "mp3", ("24000", "22050", "16000", "8000")),
    "ogg_opus": ("audio/ogg", "opus", ("48000",)),
    "ogg_vorbis": ("audio/ogg", "vorbis", ("24000", "22050", "16000", "8000")),
}
"""Content type, what `speaking` calls the form, samples a second: first what it is unless another is asked for."""
MARKS: Final = "json"
MARKED: Final = ("sentence", "word")
CHUNK: Final = 4096
PUNCTUATION: Final = '.,;:!?…。,、!?;:।؟،"“”«»()[]'

VOICES: Final[Mapping[str, Mapping[str, Any]]] = json.loads(Path(__file__).with_name("voices.json").read_text())
"""Languages, the first unless another is asked for; engines; the variant of eSpeak NG's voices, and its pitch."""


class Refusal(HTTPException):
    """An error as AWS sends it: its kind in a header, its message in the body."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind, self.message, self.code = kind, message, status


NOT_ALLOWED: Final = Refusal(
    "AccessDeniedException",
    "User is not authorized to perform: polly:SynthesizeSpeech because no identity-based policy allows the "
    "polly:SynthesizeSpeech action",
    403,
)


class Polly(StandIn):
    verbs = (
        "throttle",
        "server_error",
        "lose_answer",
        "slow",
        "fail",
        "refuse",
        "serve",
        "truncate_output",
        "corrupt_output",
    )

    def routes(self) -> list[Route]:
        return [("POST", "/v1/speech", self._synthesize)]

    def problem(self, error: HTTPException) -> Response:
        told = _refusal(error)
        response = json_response({"message": told.message}, told.code or 500)
        response.headers["x-amzn-ErrorType"] = told.kind
        return response

    def _synthesize(self, request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
            raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        try:
            asked = json.loads(request.get_data())
        except ValueError:
            raise Refusal("SerializationException", "The request body is no JSON") from None
        _check(asked)
        orders = self.take_orders(asked)
        speech = _spoken(asked["Text"], asked["VoiceId"], _language(asked))
        if asked["OutputFormat"] == MARKS:
            kind, answer = "application/x-json-stream", _marks(speech, asked["SpeechMarkTypes"])
        else:
            kind, form, rates = SOUNDS[asked["OutputFormat"]]
            answer = encoded(speech, form, int(asked.get("SampleRate", rates[0])))
        response = obeyed(Response(answer, content_type=kind), orders, NOT_ALLOWED)
        response.headers["x-amzn-RequestCharacters"] = str(len(asked["Text"]))
        return response


@lru_cache(maxsize=64)
def _spoken(text: str, voice: str, language: str) -> Speech:
    """Once for its sound and its marks, which are asked for one after the other."""
    how = VOICES[voice]
    return speak(text, f"{languages.voice_of(language)}+{how['variant']}", pitch=how["pitch"])


def _check(asked: Mapping[str, Any]) -> None:
    _demand("voiceId", asked.get("VoiceId"), VOICES)
    _demand("outputFormat", asked.get("OutputFormat"), (*SOUNDS, MARKS))
    _demand("engine", asked.get("Engine", "standard"), ("standard", "neural", "long-form", "generative"))
    text, voice = asked.get("Text"), VOICES[asked["VoiceId"]]
    if not isinstance(text, str) or not text.strip():
        _invalid("text", text, "Member must have length greater than or equal to 1")
    if asked.get("TextType", "text") != "text":
        raise Refusal("InvalidSsmlException", "SSML is not stood in for")
    if len(text) > MOST_BILLED:
        raise Refusal("TextLengthExceededException", "Maximum text length has been exceeded")
    if (engine := asked.get("Engine", "standard")) not in voice["engines"]:
        raise Refusal("EngineNotSupportedException", f"This voice does not support the selected engine: {engine}")
    if _language(asked) not in voice["languages"]:
        raise Refusal("LanguageNotSupportedException", "The language specified is not supported by this voice")
    marks, form = asked.get("SpeechMarkTypes", []), asked["OutputFormat"]
    for mark in marks:
        if mark == "ssml":
            what = "SSML speech marks are not supported for plain text type input"
            raise Refusal("SsmlMarksNotSupportedForTextTypeException", what)
        _demand("speechMarkTypes", mark, MARKED)
    if bool(marks) != (form == MARKS):
        what = "Speech marks are supported for the output format json, and for no other"
        raise Refusal("MarksNotSupportedForFormatException", what)
    if form != MARKS and (rate := asked.get("SampleRate")) not in (None, *SOUNDS[form][2]):
        raise Refusal("InvalidSampleRateException", f"The sample rate {rate} is not valid for {form}")


def _demand(field: str, given: Any, allowed: Any) -> None:
    if given not in allowed:
        _invalid(field, given, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def _invalid(field: str, given: Any, constraint: str) -> NoReturn:
    what = f"Value {given!r} at {field!r} failed to satisfy constraint: {constraint}"
    raise Refusal("ValidationException", f"1 validation error detected: {what}")


def _language(asked: Mapping[str, Any]) -> str:
    return str(asked.get("LanguageCode") or VOICES[asked["VoiceId"]]["languages"][0])


def _refusal(error: HTTPException) -> Refusal:
    match error:
        case Refusal():
            return error
        case Throttled():
            return Refusal("ThrottlingException", "Rate exceeded")
        case Failing():
            return Refusal("ServiceUnavailableException", error.description, 503)
        case Failed():
            return Refusal("ServiceFailureException", "An unknown condition has caused a service failure", 500)
    return Refusal("UnknownOperationException", error.description or error.name, error.code or 500)


def _marks(speech: Speech, kinds: list[str]) -> bytes:
    """A JSON object a line, in the order of time."""
    told = [*(_sentences(speech) if "sentence" in kinds else ()), *(_words(speech) if "word" in kinds else ())]
    told.sort(key=lambda mark: (mark["time"], MARKED.index(mark["type"])))
    return b"".join(json.dumps(mark, ensure_ascii=False).encode() + b"\n" for mark in told)


def _words(speech: Speech) -> Iterator[dict[str, Any]]:
    for word in speech.words:
        bare = word.text.strip(PUNCTUATION)
        if bare:
            at = word.at + word.text.index(bare)
            yield _mark("word", speech.text, word.start, at, at + len(bare))


def _sentences(speech: Speech) -> Iterator[dict[str, Any]]:
    for found in re.finditer(r"\S.*?(?:[.!?।](?=\s|$)|[。!?]|$)", speech.text, re.DOTALL):
        starts = [word.start for word in speech.words if found.start() <= word.at < found.end()]
        if starts:
            yield _mark("sentence", speech.text, starts[0], found.start(), found.end())


def _mark(kind: str, text: str, at: float, start: int, end: int) -> dict[str, Any]:
    """Places are those of bytes."""
    place = len(text[:start].encode())
    value = text[start:end]
    return {
        "time": round(at * 1000),
        "type": kind,
        "start": place,
        "end": place + len(value.encode()),
        "value": value,
    }
