"""What was heard, in the forms that a transcription may be asked for in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from werkzeug import Response
from werkzeug.datastructures import MultiDict

from local.standins import languages
from local.standins.chat import refuse, tokens
from local.standins.openai.hearing import Heard
from local.standins.service import json_response
from local.standins.speaking import Word

FORMS: Final = ("json", "text", "verbose_json")
SUBTITLES: Final = ("srt", "vtt")
TIMING: Final = "whisper-1"
"""The only model that tells times."""
GRANULARITIES: Final = ("word", "segment")
MARKS: Final = ".,;:!?…。,、!?;:।؟،\"'“”«»()[]"


class Wish(NamedTuple):
    model: str
    form: str
    granularities: Sequence[str]


def read_wish(form: MultiDict[str, str]) -> Wish:
    model, wanted = form["model"], form.get("response_format", "json")
    granularities = form.getlist("timestamp_granularities[]")
    if wanted in SUBTITLES and model == TIMING:
        refuse(f"response_format {wanted} is not stood in for", "response_format")
    if wanted not in (*FORMS, *SUBTITLES):
        refuse(f"Invalid value: {wanted!r}. Supported values are: {', '.join(map(repr, FORMS))}.", "response_format")
    if wanted not in ("json", "text") and model != TIMING:
        what = f"response_format {wanted!r} is not compatible with model {model!r}. Use 'json' or 'text' instead."
        refuse(what, "response_format", "unsupported_value")
    if granularities and wanted != "verbose_json":
        what = "`response_format` must be `verbose_json` if `timestamp_granularities[]` is provided"
        refuse(what, "timestamp_granularities[]")
    if unknown := [one for one in granularities if one not in GRANULARITIES]:
        supported = ", ".join(map(repr, GRANULARITIES))
        refuse(f"Invalid value: {unknown[0]!r}. Supported values are: {supported}.", "timestamp_granularities[]")
    return Wish(model, wanted, granularities or ["segment"])


def told(wish: Wish, heard: Heard) -> Response:
    text = _joined(heard.words)
    if wish.form == "text":
        return Response(text + "\n", content_type="text/plain")
    seconds = {"type": "duration", "seconds": math.ceil(heard.seconds)}
    if wish.form == "json":
        return json_response({"text": text, "usage": seconds if wish.model == TIMING else _usage(text, heard)})
    more: dict[str, Any] = {}
    if "word" in wish.granularities:
        more["words"] = [
            {"word": bare, "start": round(word.start, 2), "end": round(word.end, 2)}
            for word in heard.words
            if (bare := word.text.strip(MARKS))
        ]
    if "segment" in wish.granularities:
        more["segments"] = [_segment(number, words) for number, words in enumerate(_sentences(heard.words))]
    language = languages.NAMES.get(languages.guess(text), "english")
    whole = {"task": "transcribe", "language": language, "duration": round(heard.seconds, 2), "text": text}
    return json_response({**whole, **more, "usage": seconds})


def _joined(words: Sequence[Word]) -> str:
    """As the text has them: nothing stands between the words of a script that needs no white space."""
    parts: list[str] = []
    for before, word in zip([None, *words], words, strict=False):
        touches = before is not None and word.at == before.at + len(before.text)
        parts.append(word.text if touches or not parts else f" {word.text}")
    return "".join(parts)


def _usage(text: str, heard: Heard) -> dict[str, Any]:
    sound, out = math.ceil(heard.seconds * 10), tokens(text)
    details = {"text_tokens": 0, "audio_tokens": sound}
    counts = {"input_tokens": sound, "output_tokens": out, "total_tokens": sound + out}
    return {"type": "tokens", "input_token_details": details, **counts}


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if word.text[-1] in ".!?。!?।؟":
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _segment(number: int, words: Sequence[Word]) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": round(words[0].start, 2),
        "end": round(words[-1].end, 2),
        "text": f" {_joined(words)}",
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": -0.2,
        "compression_ratio": 1.2,
        "no_speech_prob": 0.01,
    }
