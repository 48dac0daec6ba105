"""The script's own words, at the times at which a transcript has them; and how captions may be asked to look."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from pydantic import ValidationError

from functions.studio.captions import CaptionStyle, aligned, estimated, lost_end, reading_seconds
from functions.studio.narration import Word
from functions.studio.writing import tokens
from tests.unit.test_writing import SCRIPTS

LISTINGS = [
    (
        "Looking for a reliable family car? Meet the 2020 Toyota Camry: clean, comfortable and ready for the road. "
        "With only 32,000 miles, it's priced at just $18,500 — don't miss it! Call us today & take a test drive."
    ),
    (
        "This hand-made leather bag holds everything you need, from a 13-inch laptop to your keys. Soft, strong and "
        "timeless, it comes in 3 colours. Now 20% off: only $149.99 until Sunday. Order yours before it's gone."
    ),
    (
        "Tired of cold coffee? The mug keeps your drink at 57° for 80 minutes, all day long on its charging coaster. "
        "Rated 4.8 stars by 12,000 people. Get it for £99 and never drink it cold again."
    ),
]
SAID_AS = {
    "2020": "twenty twenty",
    "32,000": "thirty two thousand",
    "$18,500": "eighteen thousand five hundred dollars",
    "13-inch": "thirteen inch",
    "3": "three",
    "20%": "twenty percent",
    "$149.99": "one hundred forty nine dollars and ninety nine cents",
    "57°": "fifty seven degrees",
    "80": "eighty",
    "4.8": "four point eight",
    "12,000": "twelve thousand",
    "£99": "ninety nine pounds",
    "&": "and",
}
OTHERS = [
    "alpha",
    "bread",
    "every",
    "found",
    "great",
    "house",
    "into",
    "large",
    "noise",
    "quick",
    "very",
    "a",
    "the",
    "of",
]


def word(text: str, start: float, end: float) -> Word:
    return Word(text=text, start=start, end=end)


def spoken(chance: random.Random, script: str, wrong: float) -> tuple[list[float], list[Word], float]:
    """When each word of the script begins, what a service heard of it with so many words wrong, and how long it is.

    Of the wrong ones most are other words, some are missing, some are two; numbers are written as they are spoken, or not.
    """
    starts: list[float] = []
    heard: list[Word] = []
    at = chance.uniform(0.1, 0.4)
    for token in tokens(script):
        bare = token.split(" ")[0].strip(".,!?:;")
        begin, before = at, len(heard)
        for each in SAID_AS.get(bare, bare).split():
            length = 0.12 + 0.055 * len(each) * chance.uniform(0.7, 1.3)
            error = chance.random() / wrong if wrong else 1.0
            if error < 0.7:
                other = chance.choice(OTHERS) if chance.random() < 0.5 else each[:-1] + chance.choice("aeiourst")
                heard.append(word(other, at, at + length))
            elif error < 0.9:
                pass
            elif error < 1:
                heard += [word(chance.choice(OTHERS), at, at + length / 3), word(each, at + length / 3, at + length)]
            else:
                heard.append(word(each, at, at + length))
            at += length
        if bare in SAID_AS and bare != "&" and chance.random() < 0.5:
            heard[before:] = [word(bare, begin, at)]
        starts.append(begin)
        at += chance.uniform(0.2, 0.6) if token[-1] in ".!?" else chance.uniform(0.1, 0.2) if token[-1] in ",:" else 0
    return starts, heard, at + 0.3


def share_of_late_starts(wrong: float) -> float:
    """Of words that begin over 80 ms away from where they are spoken."""
    off = of = 0
    for seed in range(150):
        chance = random.Random(seed)
        script = chance.choice(LISTINGS)
        starts, heard, seconds = spoken(chance, script, wrong)
        found = aligned(script, heard, seconds)
        assert [one.text for one in found] == tokens(script)
        off += sum(abs(one.start - start) > 0.08 for one, start in zip(found, starts, strict=True))
        of += len(starts)
    return off / of


def in_order(words: list[Word], seconds: float) -> bool:
    within = all(0 <= one.start <= one.end <= seconds + 0.001 for one in words)
    return within and all(before.end <= after.start + 0.001 for before, after in pairwise(words))


@pytest.mark.parametrize(("wrong", "most"), [(0.0, 0.0), (0.05, 0.015), (0.15, 0.05)])
def test_words_begin_where_they_are_spoken_however_much_was_misheard(wrong: float, most: float) -> None:
    assert share_of_late_starts(wrong) <= most


def test_no_mistake_of_a_transcript_is_ever_shown() -> None:
    heard = [word("Meat", 0, 0.4), word("the", 0.4, 0.6), word("Kamari", 0.6, 1.2)]
    assert [one.text for one in aligned("Meet the Camry!", heard, 1.5)] == ["Meet", "the", "Camry!"]


def test_a_misheard_word_keeps_the_time_of_what_was_heard_instead() -> None:
    heard = [word("Meat", 0.1, 0.4), word("the", 0.4, 0.6), word("Kamari", 0.7, 1.2)]
    assert aligned("Meet the Camry!", heard, 1.5) == [
        word("Meet", 0.1, 0.4),
        word("the", 0.4, 0.6),
        word("Camry!", 0.7, 1.2),
    ]


def test_a_price_lasts_as_long_as_all_the_words_that_say_it() -> None:
    said = ["only", "eighteen", "thousand", "five", "hundred", "dollars", "today"]
    heard = [word(text, turn / 2, turn / 2 + 0.5) for turn, text in enumerate(said)]
    assert aligned("Only $18,500 today", heard, 3.5) == [
        word("Only", 0, 0.5),
        word("$18,500", 0.5, 3.0),
        word("today", 3.0, 3.5),
    ]


def test_words_that_were_heard_as_one_share_its_time_by_their_letters() -> None:
    heard = [word("handmade", 1.0, 1.8), word("bag", 1.8, 2.2)]
    found = aligned("hand made bag", heard, 3)
    assert found == [word("hand", 1.0, 1.4), word("made", 1.4, 1.8), word("bag", 1.8, 2.2)]


def test_words_that_nobody_heard_lie_between_their_neighbours() -> None:
    heard = [word("ready", 0, 0.5), word("road", 1.4, 2.0)]
    found = aligned("ready for the road", heard, 2)
    assert [one.start for one in found] == [0, 0.5, 0.95, 1.4]


def test_words_that_nobody_heard_borrow_from_the_one_before_where_no_time_is_left() -> None:
    heard = [word("ready", 0, 1.0), word("road", 1.0, 2.0)]
    found = aligned("ready for road", heard, 2)
    assert found[0].end < 1.0
    assert found[1].end - found[1].start > 0.2
    assert found[2] == word("road", 1.0, 2.0)


def test_words_that_nobody_said_are_passed_over() -> None:
    heard = [word("so", 0, 0.3), word("um", 0.3, 0.6), word("nice", 0.6, 1.0)]
    assert [one.start for one in aligned("so nice", heard, 1)] == [0, 0.6]


@pytest.mark.parametrize("whole", [True, False], ids=["words", "signs"])
def test_chinese_is_aligned_whether_a_transcript_comes_as_words_or_as_signs(whole: bool) -> None:
    parts = ["这款", "手机", "很", "好"] if whole else list("这款手机很好")
    heard, at = [], 0.0
    for part in parts:
        lasts = 0.3 * len(part)
        heard.append(word(part, at, at + lasts))
        at += lasts
    found = aligned("这款手机很好！", heard, 2)
    assert [one.text for one in found] == ["这", "款", "手", "机", "很", "好！"]
    assert [one.start for one in found] == pytest.approx([0, 0.3, 0.6, 0.9, 1.2, 1.5])


def test_thai_is_aligned_to_a_transcript_that_is_one_long_word() -> None:
    found = aligned("สวัสดีครับ ราคา", [word("สวัสดีครับราคา", 0, 2)], 2)
    assert "".join(one.text for one in found) == "สวัสดีครับ ราคา"
    assert in_order(found, 2)
    assert found[0].start == 0
    assert found[-1].end == pytest.approx(2)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_words_heard_as_they_are_written_have_the_times_at_which_they_were_heard(script: str) -> None:
    truth = estimated(script, 12)
    for mine, theirs in zip(aligned(script, truth, 12), truth, strict=True):
        assert mine.text == theirs.text
        assert mine.start == pytest.approx(theirs.start, abs=0.08)


@pytest.mark.parametrize("script", SCRIPTS.values())
def test_a_sound_that_ends_before_its_script_does_is_known_by_the_words_that_it_has_no_room_for(script: str) -> None:
    words = estimated(script, 20)
    half = words[: len(words) // 2]
    lost = lost_end(script, half, half[-1].end + 0.06)
    assert lost
    assert script.endswith(lost)
    assert lost_end(script, words, 20) == ""
    assert lost_end(script, words, half[-1].end) == lost, "marks are of the text, whatever became of its sound"


def test_words_that_the_sound_has_room_for_have_been_missed_by_the_listener() -> None:
    words = estimated("A quiet car. It is large, and it is yours today.", 6)
    assert lost_end("A quiet car. It is large, and it is yours today.", words[:6], 6) == ""


def test_an_end_that_was_heard_as_other_words_is_there() -> None:
    script = "It is yours for seventy-nine dollars."
    heard = [*estimated("It is yours for", 1.2), Word(text="$79", start=1.2, end=2.6)]
    assert lost_end(script, heard, 2.7) == ""
    assert lost_end("It is yours for $79", estimated("It is yours for seventy-nine dollars.", 2.6), 2.7) == ""


def test_whatever_a_transcript_says_words_stay_in_order_and_within_the_narration() -> None:
    chance = random.Random(88)
    for _ in range(300):
        script = chance.choice([*LISTINGS, *SCRIPTS.values()])
        seconds = chance.choice([0.0, 0.5, 5.0, 60.0])
        times = [chance.choice([chance.uniform(-5, 90), math.nan, math.inf, -1.0]) for _ in range(40)]
        texts = chance.choices([*tokens(script), "what", "", "...", "12", "好吗"], k=40)
        heard = [word(text, at, at + chance.uniform(-1, 2)) for text, at in zip(texts, times, strict=True)]
        found = aligned(script, heard, seconds)
        assert [one.text for one in found] == tokens(script)
        assert in_order(found, seconds)


@pytest.mark.parametrize("heard", [[], [word("...", 0, 1)], [word("x", math.nan, math.nan)]])
def test_where_nothing_was_heard_the_times_are_estimated(heard: list[Word]) -> None:
    assert aligned("Hello there, world", heard, 3) == estimated("Hello there, world", 3)


@pytest.mark.parametrize("script", ["", "   ", "— … !"])
def test_a_script_that_says_nothing_has_no_words(script: str) -> None:
    assert aligned(script, [word("hello", 0, 1)], 2) == []
    assert estimated(script, 2) == []


@pytest.mark.parametrize("script", [*LISTINGS, *SCRIPTS.values()])
def test_estimated_words_fill_just_the_time_that_there_is(script: str) -> None:
    found = estimated(script, 12)
    assert in_order(found, 12)
    assert found[0].start == 0
    assert found[-1].end == pytest.approx(12)


def test_an_estimate_pauses_after_sentences_and_dwells_on_numbers() -> None:
    hello, price, bye = estimated("Hello. $18,500 bye", 10)
    assert price.start - hello.end > 0.3
    assert price.end == bye.start
    assert price.end - price.start > 4 * (bye.end - bye.start)


@pytest.mark.parametrize(("language", "least", "most"), [("en", 9, 17), ("en-US", 9, 17), ("de", 9, 17)])
def test_a_script_of_thirty_words_is_read_in_about_thirteen_seconds(language: str, least: int, most: int) -> None:
    assert least < reading_seconds(" ".join(["word", "little", "picture"] * 10), language) < most


def test_chinese_is_read_at_about_four_signs_a_second() -> None:
    assert 8 < reading_seconds("这" * 40, "zh") < 12


def test_the_style_that_nobody_chose_is_white_on_an_outline_with_the_spoken_word_in_yellow() -> None:
    style = CaptionStyle()
    assert (style.colour, style.highlight, style.backing, style.position) == ("#FFFFFF", "#FFD400", "outline", "bottom")


@pytest.mark.parametrize("said", ["red", "#fff", "FFFFFF", "#GGGGGG", "#FFFFFF00", ""])
def test_a_colour_that_is_none_is_refused_with_the_form_of_one(said: str) -> None:
    with pytest.raises(ValidationError, match="six hexadecimal digits, like #FFD400"):
        CaptionStyle(colour=said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"font": "comic"},
        {"size": "huge"},
        {"position": "left"},
        {"backing": "glow"},
        {"wordsAtOnce": 0},
        {"wordsAtOnce": 11},
        {"highlight": "yellow"},
    ],
)
def test_what_captions_cannot_look_like_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CaptionStyle.model_validate(wrong)


def test_a_style_survives_its_row() -> None:
    style = CaptionStyle(font="inter-black", colour="#aabbcc", highlight=None, words_at_once=3, upper_case=True)
    assert CaptionStyle.model_validate(style.model_dump(by_alias=True)) == style
    assert style.colour == "#AABBCC"
