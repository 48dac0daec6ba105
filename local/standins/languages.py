"""Which language a text is in, by its letters and its commonest words, and how eSpeak NG calls it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

VOICES: Final[Mapping[str, str]] = {
    "ar": "ar",
    "ca": "ca",
    "cmn": "cmn",
    "cs": "cs",
    "da": "da",
    "de": "de",
    "en": "en-us",
    "en-au": "en-gb-x-rp",
    "en-gb": "en-gb-x-rp",
    "en-ie": "en-gb-x-rp",
    "en-in": "en-gb-x-rp",
    "en-nz": "en-gb-x-rp",
    "en-za": "en-gb-x-rp",
    "es": "es",
    "es-mx": "es-419",
    "es-us": "es-419",
    "fi": "fi",
    "fr": "fr",
    "he": "he",
    "hi": "hi",
    "it": "it",
    "ja": "ja",
    "ko": "ko",
    "nb": "nb",
    "nl": "nl",
    "pl": "pl",
    "pt": "pt",
    "pt-br": "pt-br",
    "ru": "ru",
    "sv": "sv",
    "th": "th",
    "tr": "tr",
    "yue": "yue",
    "zh": "cmn",
}
"""By language, and where a country's own is wanted by that as well."""

NAMES: Final[Mapping[str, str]] = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "he": "hebrew",
    "hi": "hindi",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "zh": "chinese",
}

_SCRIPTS: Final = (
    ("ja", r"[\u3040-\u30ff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("zh", r"[\u3400-\u9fff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("hi", r"[\u0900-\u097f]"),
    ("th", r"[\u0e00-\u0e7f]"),
    ("ru", r"[\u0400-\u04ff]"),
)
"""Japanese stands first: it has ideographs too."""

_COMMON: Final[Mapping[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and is it you your for with this of to in on now that are",
        "es": "el la los las y es con para por una uno un de que tu su en más ya este esta",
        "de": "der die das und ist mit für ein eine sie ihr in von auf den jetzt nicht dieses diese",
        "fr": "le la les et est avec pour un une de vous votre des du ce cette en plus au",
        "pt": "o a os as e é com para um uma de você seu sua não em mais este esta por já",
        "it": "il lo la gli e è con per un una di che tuo sua non in più questo questa del",
        "nl": "de het een en is met voor van je jouw niet in op dit deze nu",
        "pl": "i jest z na do w nie to twój się dla ten ta już",
        "sv": "och är det en ett med för din på inte i som nu den",
        "tr": "ve bir bu için ile çok en şimdi her daha",
    }.items()
}


def guess(text: str) -> str:
    """ISO 639-1; English where nothing tells."""
    letters = sum(map(str.isalpha, text))
    for language, pattern in _SCRIPTS:
        if len(re.findall(pattern, text)) > letters * (0.1 if language == "ja" else 0.3):
            return language
    words = re.findall(r"\w+", text.casefold())
    counts = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    return max(counts, key=lambda language: counts[language]) if any(counts.values()) else "en"


def voice_of(tag: str) -> str:
    """eSpeak NG's voice for a language, which may name a country; English where it has none."""
    tag = tag.casefold()
    return VOICES.get(tag) or VOICES.get(tag.partition("-")[0], VOICES["en"])
