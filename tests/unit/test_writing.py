"""Where words begin and end, in whatever they are written."""

from __future__ import annotations

import random

import pytest

from functions.studio.writing import (
    Writing,
    directed,
    framed,
    joined,
    main_writing,
    normal,
    runs_leftward,
    tokens,
    weight,
)

SCRIPTS = {
    "en": "Looking for a car? Meet the 2020 Toyota — clean & ready. It's just $18,500!",
    "de": "Größe „L“ für 149,– € (nur heute).",
    "el": "Καλημέρα κόσμε, μόνο €50.",
    "ru": "Новый автомобиль — всего 500 000 ₽!",
    "ar": "مرحبا، كيف حالك؟ السعر 18500 دولار فقط.",
    "he": "שלום לכולם, רק 18,500 דולר!",
    "hi": "नमस्ते दुनिया, यह कार आरामदायक है। केवल ₹5,00,000 में!",
    "th": "สวัสดีครับ ยินดีต้อนรับสู่ร้านของเรา ราคาเพียง 1,500 บาท",
    "zh": "这款手机只要¥1999，iPhone 15 很好！ 快来买吧。",
    "ja": "トヨタのカムリは、とても「きれい」です。今すぐ¥100でチャージ！",
    "ko": "안녕하세요, 반갑습니다. 15% 할인!",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_the_words_of_a_script_joined_are_the_script(script: str) -> None:
    assert joined(tokens(script)) == script


def test_any_text_comes_back_from_its_words_but_for_the_number_of_its_spaces() -> None:
    chance = random.Random(8)
    signs = [one for script in SCRIPTS.values() for one in script] + list("  \n\t「（—&%😀¥")
    for _ in range(2000):
        text = "".join(chance.choices(signs, k=chance.randint(0, 30)))
        words = tokens(text)
        if words:
            assert joined(words) == " ".join(text.split()), text


def test_spaces_part_words_where_they_are_written() -> None:
    assert tokens("It's only $18,500, ok?") == ["It's", "only", "$18,500,", "ok?"]


def test_what_nobody_says_belongs_to_the_word_before_it() -> None:
    assert tokens("Sold — yes 😀 !") == ["Sold —", "yes 😀 !"]
    assert tokens("— Sold") == ["— Sold"]


def test_a_sign_that_has_a_name_is_a_word() -> None:
    assert tokens("you & me + 5 %") == ["you", "&", "me", "+", "5", "%"]


@pytest.mark.parametrize("text", ["", "  ", "...", "— … !", "😀 🔥"])
def test_where_nothing_is_said_there_are_no_words(text: str) -> None:
    assert tokens(text) == []


def test_chinese_is_parted_at_every_sign_and_punctuation_never_begins_a_word() -> None:
    assert tokens("很好！快来。") == ["很", "好！", "快", "来。"]
    assert tokens("「好」吗") == ["「好」", "吗"]


def test_latin_words_and_prices_within_chinese_stay_whole() -> None:
    assert tokens("只要¥1999，iPhone 15 很好") == ["只", "要", "¥1999，", "iPhone", "15 ", "很", "好"]


def test_small_kana_and_long_vowels_stay_with_what_they_lengthen() -> None:
    assert tokens("チャージっと") == ["チャー", "ジっ", "と"]


def test_thai_vowels_and_tones_stay_with_their_consonants() -> None:
    for token in tokens("ยินดีต้อนรับสู่ร้านของเราเพียง"):
        assert token[0] not in "ะาำิีึืุู่้๊๋์ั", token
        assert token[-1] not in "เแโใไ", token
    assert tokens("รถคน") == ["รถ", "คน"]


def test_devanagari_is_parted_at_spaces_alone() -> None:
    assert tokens("नमस्ते दुनिया।") == ["नमस्ते", "दुनिया।"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello", Writing.LATIN),
        ("Привет", Writing.LATIN),
        ("你好 iPhone", Writing.LATIN),
        ("你好你好 TV", Writing.HAN),
        ("今日は", Writing.KANA),
        ("안녕", Writing.HANGUL),
        ("12 %", Writing.LATIN),
        ("", Writing.LATIN),
    ],
)
def test_a_text_is_written_in_what_most_of_its_letters_are(text: str, found: Writing) -> None:
    assert main_writing(text) is found


def test_a_text_runs_in_the_direction_of_its_language_or_else_of_its_first_letter() -> None:
    assert runs_leftward("18,500 דולר", "en")
    assert not runs_leftward("Toyota تويوتا", "en")
    assert runs_leftward("Toyota تويوتا", "ar-AE")
    assert runs_leftward("12!", "he")
    assert not runs_leftward("12!", "en")
    assert not runs_leftward("iPhone 15 Pro!", "ar")


RIGHT, LEFT = "\u200f", "\u200e"


@pytest.mark.parametrize(
    ("rows", "language", "marks"),
    [
        (["هاتف iPhone", "15 Pro (جديد)", "بسعة"], "ar", [("", ""), (RIGHT + LEFT, ""), ("", "")]),
        (["هاتف iPhone -", "15 Pro"], "ar", [("", LEFT), (RIGHT + LEFT, "")]),
        (["السعر -", "15 دولار"], "ar", [("", ""), ("", "")]),
        (["iPhone جديد"], "ar", [(RIGHT, "")]),
        (["רק", "12!"], "he", [("", ""), (RIGHT, "")]),
        (["We say", "שלום to you"], "en", [("", ""), (LEFT, "")]),
        (["Hello -", "you"], "en", [("", ""), ("", "")]),
        (["15-20", "дней"], "ru", [("", ""), ("", "")]),
    ],
)
def test_a_row_is_marked_to_run_as_it_does_within_its_text(
    rows: list[str], language: str, marks: list[tuple[str, str]]
) -> None:
    assert framed(rows, language) == marks


def test_a_telephone_number_keeps_its_order_behind_arabic_letters() -> None:
    assert directed("اتصل 055-123-4567 أو +971 55 123") == f"اتصل {LEFT}055-123-4567 أو {LEFT}+971 55 123"
    assert directed("السعر 18,500 و 20%") == "السعر 18,500 و 20%"


def test_spellings_of_one_word_are_the_same_whatever_their_case_width_and_signs() -> None:
    assert normal("“Don’t!”") == normal("DON'T") == "dont"
    assert normal("ＡＢＣ１２") == "abc12"
    assert normal("$18,500") == "18500"


def test_what_takes_longer_to_say_weighs_more() -> None:
    assert weight("$18,500") > weight("eighteen") > weight("car")
    assert weight("好") > weight("a")
    assert weight("...") == 0
