"""What a narration may cost at most, before anything of it is known: what its job reserves. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from functions.studio.listings import Listing
from functions.studio.scripts import most_letters, most_tokens, question, target
from functions.studio.services import ChatModel, Language, Narrators, Seen, usd

TRIES = 2
"""Times that each question may be paid for: once for nothing."""

SLOWEST = 2.5
"""Times as long as usual that a voice may take."""

BYTES_A_TOKEN = 6
"""No usual text has more."""

AGAIN = 1000
"""Bytes in which a model is told what is wrong with its script."""


def most_seconds(text: str, language: Language) -> float:
    """That a voice takes for the text."""
    return 5 + SLOWEST * language.seconds(text)


def asking_cost(model: ChatModel, messages: Sequence[Mapping[str, Any]], tokens: int) -> Decimal:
    """USD at most for an answer of at most so many tokens: a token of what is asked has a byte at least."""
    return usd(model.cost(len(json.dumps(messages, ensure_ascii=False).encode()), tokens))


def writing_cost(model: ChatModel, seen: Seen) -> Decimal:
    """USD that an answer has taken."""
    return usd(model.cost(seen.tokens_in, seen.tokens_out))


def narration_at_most(listing: Listing, narrators: Narrators, on: dt.date) -> dict[str, Decimal]:
    """USD by stage, whoever is asked in the end; nothing of a language that nobody knows."""
    language = narrators.language(listing.language)
    if language is None:
        return {}
    voice = narrators.voice(listing.voice)
    pace = voice.pace if voice else Decimal(1)
    costs: dict[str, Decimal] = {}
    if listing.script is None:
        tokens = most_tokens(listing, language, pace)
        asked = question(listing, language, target(listing, language, pace))
        again = [*asked, {"role": "assistant", "content": "x" * (BYTES_A_TOKEN * tokens + AGAIN)}]
        twice = [
            asking_cost(model, asked, tokens) + asking_cost(model, again, tokens) for model in narrators.writers_on(on)
        ]
        costs["script"] = TRIES * max(twice, default=Decimal(0))
    if listing.spoken:
        text = listing.script or "x" * most_letters(listing, language, pace)
        lasts = SLOWEST * language.seconds(listing.script) if listing.script else SLOWEST * 1.4 * listing.target_seconds
        seconds = 5 * (1 + len(text) // 1000) + lasts
        speakers = narrators.speakers_on(on)
        spoken = [model.cost(text, seconds) for model in speakers]
        marked = [model.cost(text, seconds) for model in speakers if model.marks]
        heard = [model.cost(seconds) for model in narrators.listeners_on(on)]
        costs["voice"] = TRIES * max(spoken, default=Decimal(0))
        costs["captions"] = TRIES * max([*marked, *heard], default=Decimal(0))
    return costs
