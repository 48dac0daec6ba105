"""One utterance of eSpeak NG, in a process of its own: the library aborts under threads, and only begun anew it says the
same text with the same bytes.

Reads a JSON object from stdin: text, voice, rate (words a minute), pitch (0..99). Writes a line of JSON, the rate of the
samples and the events, and then the samples, s16le mono. Knows nothing of the rest of the house: it has to be quick.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import espeakng_loader

SYNCHRONOUS, PHONEME_EVENTS, UTF8 = 2, 1, 1
RATE, PITCH = 1, 3
KINDS = {1: "word", 2: "sentence", 7: "phoneme"}
"""Of the events that are told of."""


class Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8)]


class Event(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", Id),
    ]


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


class NoVoice(Exception):
    """eSpeak NG has none of this name."""


def speak(text: str, voice: str, rate: int, pitch: int) -> tuple[dict[str, Any], bytes]:
    """Events are (kind, position in characters from 0, sample, phoneme)."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    sound = bytearray()
    events: list[tuple[str, int, int, str]] = []

    def hear(samples: Any, count: int, told: Any) -> int:
        if samples:
            sound.extend(ctypes.string_at(samples, count * 2))
        number = 0
        while told[number].kind:
            event = told[number]
            if event.kind in KINDS:
                phoneme = event.id.text.decode("utf-8", "replace") if KINDS[event.kind] == "phoneme" else ""
                events.append((KINDS[event.kind], event.position - 1, event.sample, phoneme))
            number += 1
        return 0

    callback = Callback(hear)
    samples_a_second = library.espeak_Initialize(
        SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), PHONEME_EVENTS
    )
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise NoVoice(voice)
    library.espeak_SetParameter(RATE, rate, 0)
    library.espeak_SetParameter(PITCH, pitch, 0)
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # breath is noise, else begun by the clock
    raw = text.encode()
    library.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, UTF8, None, None)
    return {"rate": samples_a_second, "events": events}, bytes(sound)


if __name__ == "__main__":
    told, sound = speak(**json.load(sys.stdin))
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + sound)
