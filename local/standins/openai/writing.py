"""A script for a film about something that is offered, written from what a conversation says of it and as long as it asks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from local.standins.languages import guess

USUAL_LENGTH: Final = 38
"""Words."""
COUNTED: Final = frozenset({"zh", "ja", "th"})
"""Languages whose length is told in characters: they have no white space between words, or need none."""

_FACTS: Final = ("title", "description", "category", "price", "currency", "language")
_LINE = re.compile(rf"^[\W_]*({'|'.join(_FACTS)})[*_]*\s*[:=]\s*", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(r"(\d+)(?:\s*(?:-|–|to|and)\s*(\d+))?\s+(?:words|characters|letters)", re.IGNORECASE)
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Brief:
    """What a conversation says that is to be written; `length` is in words, or in characters where a language counts those."""

    facts: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    length: int = USUAL_LENGTH


@dataclass(frozen=True)
class Script:
    hook: str
    body: str
    call: str
    length: int

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.hook, self.body, self.call) if part)

    def known(self) -> dict[str, Any]:
        """For `answers`: by the names that a schema may have for the parts."""
        calls = ("callToAction", "call_to_action", "cta", "closing")
        wholes = ("*", "script", "text", "narration")
        return {
            "#": self.length,
            "hook": self.hook,
            "body": self.body,
            **dict.fromkeys(calls, self.call),
            **dict.fromkeys(wholes, self.text),
        }


def read_brief(texts: Sequence[str]) -> Brief:
    """Facts are lines `title: …`, or members of JSON objects; what was said last counts."""
    facts: dict[str, str] = {}
    for text in texts:
        for one in _objects(text):
            facts |= {key.casefold(): str(value) for key, value in one.items() if isinstance(value, str | int | float)}
        marks = list(_LINE.finditer(text))
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        for mark, end in zip(marks, ends, strict=bool(marks)):
            facts[mark[1].casefold()] = text[mark.end() : end].strip().partition("\n\n")[0].strip()
    whole = "\n".join(texts)
    lengths = [[int(number) for number in found if number] for found in _LENGTH.findall(whole)]
    length = sum(lengths[-1]) // len(lengths[-1]) if lengths else USUAL_LENGTH
    return Brief(facts, _language(facts.get("language", ""), whole), max(1, length))


def write(brief: Brief) -> Script:
    """Hook, body and call to action, together as long as was asked, give or take a few words."""
    phrases = _phrases()[brief.language]
    chance = int.from_bytes(hashlib.sha256(repr(sorted(brief.facts.items())).encode()).digest()[:4])
    title = brief.facts.get("title", "").rstrip(".!? ")
    price = " ".join(filter(None, (brief.facts.get("price"), brief.facts.get("currency"))))
    price = "" if brief.facts.get("price", "").casefold() in ("none", "null", "") else price
    filled = {"title": title, "price": price, "category": brief.facts.get("category", "") or title}

    def choose(options: Sequence[str], most: int) -> str:
        known = [one for one in options if title or "{title}" not in one]
        said = [one.format(**filled) for one in known[chance % len(known) :] + known[: chance % len(known)]]
        return next((one for one in said if size(one, brief.language) <= most), min(said, key=len))

    hook = choose(phrases["hooks"], brief.length // 3)
    call = choose(phrases["priced"] if price else phrases["calls"], brief.length // 3)
    room = brief.length - size(hook, brief.language) - size(call, brief.language)
    turn = chance % len(phrases["praise"])
    praise = [one.format(**filled) for one in phrases["praise"][turn:] + phrases["praise"][:turn]]
    own = brief.facts.get("description", "")
    told = _sentences(own) if guess(own) == brief.language else []  # this stand-in cannot translate
    body = " ".join(_filling(told, praise, room, brief.language))
    made = Script(hook, body, call, 0)
    return Script(hook, body, call, size(made.text, brief.language))


def size(text: str, language: str) -> int:
    return sum(map(str.isalnum, text)) if language in COUNTED else len(text.split())


def _filling(own: Sequence[str], praise: Sequence[str], room: int, language: str) -> Iterator[str]:
    """Sentences of the description first, whole as long as they fit, then whatever praise still does."""
    for place, sentence in enumerate([*own, *islice(cycle(praise), 50)]):
        length = size(sentence, language)
        if place == 0 and length > room:
            yield _shortened(sentence, room, language)
            return
        if length <= room:
            yield sentence
            room -= length


def _shortened(sentence: str, most: int, language: str) -> str:
    if language in COUNTED and _IDEOGRAPH.search(sentence):
        return re.sub(r"\W+$", "", sentence[:most]) + "。"
    kept = re.sub(r"\W+$", "", " ".join(sentence.split()[:most]))
    return f"{kept}." if kept else ""


def _sentences(text: str) -> list[str]:
    parts = [part.strip(" •*-\t") for part in re.split(r"(?<=[.!?।])\s+|(?<=[。!?])\s*|\n+", text)]
    return [part if part[-1] in ".!?。!?।" else f"{part}." for part in parts if part]


def _language(tag: str, whole: str) -> str:
    """By its tag, else by its name in the conversation ("in Spanish")."""
    short = re.split(r"[-_]", tag.casefold())[0]
    if short in _phrases():
        return short
    named = [
        (found.start(), language)
        for language, phrases in _phrases().items()
        for name in phrases["names"]
        for found in re.finditer(rf"\bin {re.escape(name)}\b", f"in {tag}\n{whole}", re.IGNORECASE)
    ]
    return max(named)[1] if named else "en"


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """JSON objects anywhere in a text."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        if isinstance(value, dict):
            yield value
            yield from (inner for inner in value.values() if isinstance(inner, dict))


@cache
def _phrases() -> dict[str, dict[str, list[str]]]:
    said: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("phrases.json").read_text("utf-8"))
    return said
