"""What a film says, and when each word of it is heard. Pure."""

from __future__ import annotations

from typing import Literal

from functions.studio.rows import Row

Timed = Literal["heard", "marked", "estimated"]
"""By a service that listened, by the voice itself, or by reckoning."""


class Word(Row):
    text: str
    """As the script writes it, with its punctuation."""
    start: float
    end: float
    """Seconds of the narration."""


class Narration(Row):
    """Kept as JSON in the media bucket, with its sound beside it."""

    script: str
    language: str
    voice: str
    """The public name; "none" of a silent film."""
    words: list[Word]
    """None where they are not known: then nothing is shown of them."""
    seconds: float
    pcm_key: str | None = None
    """s16le stereo of 48 kHz, exactly so long; None of a silent film."""
    timed: Timed


class NarrationRef(Row):
    """A narration as its job has it."""

    key: str
    """Of the `Narration` as JSON."""
    script: str
    seconds: float
    words: int
    sentences: list[float] = []
    """Where those behind the first begin, in seconds: `timeline.sentence_starts`."""
    asset_id: str | None = None
    """Of the speech among the campaign's assets."""
    spoken: bool = True
    """Whether it has sound: a voice may have been out of reach."""
