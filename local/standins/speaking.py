"""A real voice: eSpeak NG, whose events tell when each word is heard."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import imageio_ffmpeg

from local.standins import espeak

USUAL_RATE: Final = 165
"""Words a minute."""
SLOWEST, FASTEST = 80, 450
"""That eSpeak NG takes; beyond it what was said is stretched."""
SECONDS: Final = 60
PAUSE: Final = "_:"

_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")

FORMS: Final = {
    "flac": "-f flac",
    "mp3": "-c:a libmp3lame -b:a 96k -f mp3",
    "aac": "-c:a aac -aac_coder fast -b:a 96k -f adts",
    "opus": "-c:a libopus -b:a 64k -compression_level 3 -f ogg",
    "vorbis": "-c:a libvorbis -q:a 4 -f ogg",
}


class Word(NamedTuple):
    """A stretch of the text between white space, or where a script has none as much as is said at once.

    start, end: seconds; at: the place of its first character."""

    text: str
    start: float
    end: float
    at: int


@dataclass(frozen=True)
class Speech:
    """s16le mono."""

    text: str
    pcm: bytes
    rate: int
    words: Sequence[Word]

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate

    def beginning(self, part: float) -> Speech:
        """As much of it, 0 to 1, and the words that are whole in it."""
        pcm = self.pcm[: round(len(self.pcm) / 2 * part) * 2]
        words = [word for word in self.words if word.end <= self.seconds * part]
        return Speech(self.text, pcm, self.rate, words)


class Unspeakable(Exception):
    """There is no voice for it."""


def speak(text: str, voice: str, *, speed: float = 1.0, pitch: int = 50) -> Speech:
    """`voice` is one of eSpeak NG's, with a variant as in `en-us+f3`; `pitch` is from 0 to 99."""
    wished = USUAL_RATE * speed
    rate = round(min(max(wished, SLOWEST), FASTEST))
    asked = json.dumps({"text": text, "voice": voice, "rate": rate, "pitch": pitch})
    done = subprocess.run(
        [sys.executable, "-I", espeak.__file__],
        input=asked.encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise Unspeakable(done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2])
    told, _, pcm = done.stdout.partition(b"\n")
    heard = json.loads(told)
    stretched = wished / rate
    words = [
        word._replace(start=word.start / stretched, end=word.end / stretched)
        for word in _words(text, heard["events"], heard["rate"], len(pcm) // 2)
    ]
    if abs(stretched - 1) > 0.01:
        pcm = _filtered(pcm, heard["rate"], _tempo(stretched))
    return Speech(text, pcm, heard["rate"], words)


def encoded(speech: Speech, form: str, rate: int) -> bytes:
    """One of FORMS, or `pcm`. Written to a file: what is written to a pipe cannot say how much of it is padding."""
    if form == "pcm":
        return _filtered(speech.pcm, speech.rate, "anull", rate)
    with tempfile.TemporaryDirectory() as scratch:
        to = Path(scratch, "speech")
        how = [*shlex.split(FORMS[form]), "-fflags", "+bitexact", "-flags:a", "+bitexact"]
        _ffmpeg(speech.pcm, speech.rate, ["-ar", str(rate), *how, str(to)])
        return to.read_bytes()


def _filtered(pcm: bytes, rate: int, chain: str, to_rate: int | None = None) -> bytes:
    return _ffmpeg(pcm, rate, ["-af", chain, "-ar", str(to_rate or rate), "-f", "s16le", "pipe:1"])


def _ffmpeg(pcm: bytes, rate: int, how: Sequence[str]) -> bytes:
    raw = shlex.split(f"-v error -f s16le -ar {rate} -ac 1 -i pipe:0")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *raw, *how]
    return subprocess.run(command, input=pcm, check=True, capture_output=True, timeout=SECONDS).stdout


def _tempo(times: float) -> str:
    """One filter slows down by half at most."""
    steps = []
    while times < 0.5:
        steps.append(0.5)
        times /= 0.5
    return ",".join(f"atempo={step}" for step in [*steps, times])


Event = tuple[str, int, int, str]


class _Heard(NamedTuple):
    """What begins at a word's event: `sound` is the sample at which it is heard, `silence` that of a pause after it."""

    at: int
    sound: int
    silence: int


def _words(text: str, events: Sequence[Event], rate: int, samples: int) -> Iterator[Word]:
    """Events of one place of the text are many where it is a number, and none where two words are said as one: then they
    share the time by their letters."""
    heard = _heard(events, samples)
    spans = list(_spans(text, [one.at for one in heard]))
    firsts = [next((one for one in heard if start <= one.at < end), None) for start, end in spans]
    kept = [
        (span, first)
        for span, first in zip(spans, firsts, strict=True)
        if first is not None or any(letter.isalnum() for letter in text[slice(*span)])
    ]
    known = [place for place, (_, first) in enumerate(kept) if first is not None]
    if not known:
        return
    begins = [0, *known[1:]]  # words before the first known one share its time
    for begin, end, place in zip(begins, [*known[1:], len(kept)], known, strict=True):
        first = kept[place][1]
        assert first is not None
        following = kept[end][1] if end < len(kept) else None
        last = heard[(heard.index(following) if following else len(heard)) - 1]
        until = min(last.silence, following.sound if following else samples)
        yield from _shared(text, [span for span, _ in kept[begin:end]], first.sound / rate, until / rate)


def _shared(text: str, spans: Sequence[tuple[int, int]], start: float, end: float) -> Iterator[Word]:
    weights = [max(1, sum(map(str.isalnum, text[slice(*span)]))) for span in spans]
    each, at = (end - start) / sum(weights), start
    for span, weight in zip(spans, weights, strict=True):
        yield Word(text[slice(*span)], at, at + each * weight, span[0])
        at += each * weight


def _spans(text: str, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    for found in re.finditer(r"\S+", text):
        inner = [at for at in places if found.start() < at < found.end()] if _IDEOGRAPH.search(found[0]) else []
        edges = sorted({found.start(), *inner, found.end()})
        yield from pairwise(edges)


def _heard(events: Sequence[Event], samples: int) -> list[_Heard]:
    """Each word with its first phoneme, which a stop's closure may keep waiting, and the first pause after that."""
    found = []
    pause = silence = sound = samples
    for kind, at, sample, name in reversed(events):
        if kind == "word":
            found.append(_Heard(at, sound, silence))
        elif name == PAUSE:
            pause = sample
        elif kind == "phoneme" and not name.startswith(("_", "(")):
            sound, silence = sample, pause
    return found[::-1]
