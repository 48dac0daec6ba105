"""Speech that was spoken here, known again by its sound wherever it lies in a recording: by how loud its bands are, moment
by moment, whatever has been recorded before and after it, at whatever rate and loudness it has come back."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from local.standins.speaking import SECONDS, Speech, Word

RATE: Final = 16_000
HOP: Final = 80
"""Samples: 5 ms."""
WINDOW: Final = 512
BANDS: Final = (120, 350, 700, 1200, 2000, 3200, 5000, 7500)
"""Edges, in Hz."""
FLOOR: Final = 1e-6
"""Of the loudest moment: below it is silence."""
ALIKE: Final = 0.75
"""Of 1. Other words of the same voice reach about 0.5, the same ones after MP3 and a change of rate 0.95."""
MOSTLY: Final = 0.8
"""Of a place nothing else may have been found in."""
FEWEST: Final = 10
"""Hops."""
REMEMBERED: Final = 300
"""Utterances."""
WRONG: Final = 50
"""One word in so many."""

Floats = NDArray[np.float64]

_MISHEARD = {
    "to": "two", "two": "to", "for": "four", "four": "for", "your": "you're", "you're": "your", "their": "there",
    "there": "their", "it's": "its", "its": "it's", "by": "buy", "buy": "by", "one": "won", "new": "knew", "here": "hear",
    "sale": "sail", "right": "write", "see": "sea", "wait": "weight", "know": "no", "our": "hour", "piece": "peace",
}  # fmt: skip
_NEAR = str.maketrans("bdgptkmnszvfBDGPTKMNSZVF", "pdkbtgnmzsfvPDKBTGNMZSFV")


class Unheard(Exception):
    """It is no sound that can be decoded."""


@dataclass(frozen=True)
class Heard:
    """Words at the times of the recording, some of them misheard; `speeches` in the order in which they were found."""

    seconds: float
    words: Sequence[Word]
    speeches: Sequence[Speech]


class Memory:
    """Of what has been spoken lately."""

    def __init__(self) -> None:
        self._spoken: dict[str, tuple[Speech, Floats]] = {}
        self._lock = threading.Lock()

    def keep(self, speech: Speech) -> None:
        key = hashlib.sha256(speech.pcm).hexdigest()
        shape = _shape(_resampled(speech))
        with self._lock:
            self._spoken.pop(key, None)
            self._spoken[key] = (speech, shape)
            while len(self._spoken) > REMEMBERED:
                del self._spoken[next(iter(self._spoken))]

    def recognise(self, recording: bytes, suffix: str) -> Heard:
        """Raises Unheard. What nobody has spoken here stays unheard."""
        sound = _decoded(recording, suffix)
        with self._lock:
            known = list(self._spoken.values())
        within = _Shaped(_shape(sound), longest=max((shape.shape[1] for _, shape in known), default=0))
        found = [(place, speech) for speech, shape in known for place in within.places(shape)]
        free = np.ones(within.hops, bool)
        kept: list[tuple[int, Speech]] = []
        for place, speech in sorted(found, key=lambda one: -one[0].weight):
            span = slice(max(0, place.at), place.at + place.length)
            if free[span].mean() > MOSTLY:
                free[span] = False
                kept.append((place.at, speech))
        kept.sort(key=lambda one: one[0])
        seconds = len(sound) / RATE
        words = [word for at, speech in kept for word in _words(speech, at * HOP / RATE) if word.start < seconds]
        return Heard(seconds, words, [speech for _, speech in kept])


class _Place(NamedTuple):
    """at, length: hops; the first may lie before the recording, where that begins later."""

    at: int
    length: int
    likeness: float

    @property
    def weight(self) -> float:
        """A long stretch that is alike says more than a short one that is more so."""
        return (self.likeness - ALIKE) * self.length


class _Shaped:
    """A recording in which others are looked for. Silence is zero: so there is silence before it and after it."""

    def __init__(self, shape: Floats, longest: int) -> None:
        self.hops = shape.shape[1]
        self._size = 1 << (self.hops + 2 * longest + 1).bit_length()
        self._margin = longest
        padded = np.pad(shape, ((0, 0), (longest, longest)))
        self._spectrum = np.fft.rfft(padded, self._size)
        self._sums, self._squares = (np.pad(np.cumsum(one, axis=1), ((0, 0), (1, 0))) for one in (padded, padded**2))

    def places(self, known: Floats) -> Iterator[_Place]:
        """Where the known one begins, by likeness; a tenth of it may be cut off at either end."""
        length = known.shape[1]
        if length < FEWEST or self.hops < FEWEST:
            return
        wanted = known - known.mean(axis=1, keepdims=True)
        product = (self._spectrum * np.conj(np.fft.rfft(wanted, self._size))).sum(axis=0)
        first = self._margin - length // 10
        last = self._margin + max(0, self.hops - length + length // 10)
        likeness = np.fft.irfft(product, self._size)[first : last + 1]
        energy = self._spread(length)[first : last + 1] * float((wanted**2).sum())
        likeness = likeness / np.sqrt(np.maximum(energy, 1e-9))
        while True:
            best = int(np.argmax(likeness))
            if likeness[best] < ALIKE:
                return
            yield _Place(best + first - self._margin, length, float(likeness[best]))
            likeness[max(0, best - length // 2) : best + length // 2 + 1] = 0

    def _spread(self, length: int) -> Floats:
        """Of each stretch of so many hops, the squares about the bands' means, summed."""
        total, square = (one[:, length:] - one[:, :-length] for one in (self._sums, self._squares))
        spread: Floats = (square - total**2 / length).sum(axis=0)
        return spread


def _words(speech: Speech, at: float) -> Iterator[Word]:
    for number, word in enumerate(speech.words):
        text = misheard(word.text) if _is_misheard(speech.text, number) else word.text
        yield word._replace(text=text, start=max(0.0, word.start + at), end=max(0.0, word.end + at))


def _is_misheard(text: str, number: int) -> bool:
    """The same one each time."""
    return int.from_bytes(hashlib.sha256(f"{number} {text}".encode()).digest()[:4]) % WRONG == 0


def misheard(word: str) -> str:
    """Another word that sounds much like it; punctuation stays."""
    bare = word.strip(".,;:!?\"'()")
    other = _MISHEARD.get(bare.casefold()) or bare.translate(_NEAR)
    if other == bare:
        other = bare[:-1] or "uh"
    return word.replace(bare, other) if bare else other


def _shape(sound: Floats) -> Floats:
    """The logarithm of each band's power, hop by hop, above the floor."""
    hops = max(0, (len(sound) - WINDOW) // HOP + 1)
    if hops == 0:
        return np.zeros((len(BANDS) - 1, 0))
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    edges = [round(hertz * WINDOW / RATE) for hertz in BANDS]
    bands = np.stack([power[:, low:high].sum(axis=1) for low, high in pairwise(edges)])
    shape: Floats = np.log(np.maximum(bands / max(bands.max(), 1e-12), FLOOR)) - np.log(FLOOR)
    return shape


def _resampled(speech: Speech) -> Floats:
    return _pcm(["-f", "s16le", "-ar", str(speech.rate), "-ac", "1", "-i", "pipe:0"], speech.pcm)


def _decoded(recording: bytes, suffix: str) -> Floats:
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(recording)
        file.flush()
        return _pcm(["-protocol_whitelist", "file", "-i", Path(file.name).as_posix()], b"")


def _pcm(source: Sequence[str], given: bytes) -> Floats:
    to = ["-vn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *to]
    done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0 or not done.stdout:
        raise Unheard(done.stderr.decode("utf-8", "replace").strip())
    return np.frombuffer(done.stdout, "<i2").astype(float) / 32_768
