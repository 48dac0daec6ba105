"""Words into lines: what is seen at once, in how many rows, and for how long."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from functions.studio.caption_lines import (
    HOLD,
    LEAST,
    MOST,
    Line,
    burnable,
    grouped,
    room,
    row_width,
    shown,
)
from functions.studio.captions import CaptionStyle, estimated, reading_seconds
from functions.studio.fonts import width
from functions.studio.media import Target
from functions.studio.narration import Word
from functions.studio.writing import joined
from tests.unit.test_captions import LISTINGS
from tests.unit.test_writing import SCRIPTS

UPRIGHT = Target(width=720, height=1280, fps=30)
SQUARE = Target(width=720, height=720, fps=30)
BROAD = Target(width=1280, height=720, fps=30)
STYLE = CaptionStyle()


def spoken(script: str, language: str = "en") -> list[Word]:
    return estimated(script, reading_seconds(script, language))


def rows(lines: list[Line]) -> list[list[str]]:
    return [[joined(word.text for word in row) for row in line.in_rows] for line in lines]


def test_lines_follow_what_is_said() -> None:
    assert rows(grouped(spoken(LISTINGS[0]), STYLE, "en", UPRIGHT)) == [
        ["Looking for a", "reliable family car?"],
        ["Meet the 2020", "Toyota Camry: clean,"],
        ["comfortable and", "ready for the road."],
        ["With only 32,000 miles,"],
        ["it's priced at just", "$18,500 — don't miss it!"],
        ["Call us today &", "take a test drive."],
    ]


@pytest.mark.parametrize("language", SCRIPTS)
@pytest.mark.parametrize("target", [UPRIGHT, SQUARE, BROAD], ids=["9:16", "1:1", "16:9"])
@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_every_word_is_in_one_line_and_every_row_within_the_safe_area(language: str, target: Target, size: str) -> None:
    style = CaptionStyle.model_validate({"size": size})
    words = spoken(SCRIPTS[language], language)
    lines = grouped(words, style, language, target)
    assert [word for line in lines for word in line.words] == words
    for line in lines:
        assert sum(line.rows) == len(line.words)
        assert len(line.rows) <= 2
        for row in line.in_rows:
            assert row_width(row, style, language) <= room(style, target) or len(row) == 1


@pytest.mark.parametrize("at_once", [None, 1, 2, 5])
def test_lines_never_overlap_and_are_seen_while_their_words_are_spoken(at_once: int | None) -> None:
    style = CaptionStyle(words_at_once=at_once)
    for seed in range(60):
        chance = random.Random(seed)
        language = chance.choice([*SCRIPTS])
        words, at = [], 0.0
        for word in spoken(SCRIPTS[language], language):
            at += chance.choice([0, 0, 0, 0.1, 0.5, 1.5])
            lasts = chance.uniform(0.05, 0.8)
            words.append(word.model_copy(update={"start": round(at, 3), "end": round(at + lasts, 3)}))
            at += lasts
        lines = grouped(words, style, language, UPRIGHT)
        for before, after in pairwise(lines):
            assert before.end <= after.start
            if after.start - before.words[-1].end <= HOLD:
                assert before.end == after.start
        for line in lines:
            assert line.start == line.words[0].start
            assert line.end >= line.words[-1].end
            assert len(line.words) == 1 or line.words[-1].end - line.start <= 2 * MOST


def test_a_line_alone_is_seen_long_enough_to_be_read() -> None:
    [line] = grouped([Word(text="Sold!", start=1, end=1.1)], STYLE, "en", UPRIGHT)
    assert line.end - line.start == pytest.approx(LEAST)


def test_a_sentence_ends_its_line() -> None:
    lines = rows(grouped(spoken("It is new. It is red. Buy it now!"), STYLE, "en", UPRIGHT))
    assert lines == [["It is new."], ["It is red."], ["Buy it now!"]]


def test_a_pause_ends_its_line() -> None:
    words = [
        Word(text=text, start=at, end=at + 0.4) for text, at in [("so", 0), ("nice", 0.4), ("and", 3.0), ("new", 3.4)]
    ]
    lines = grouped(words, STYLE, "en", UPRIGHT)
    assert rows(lines) == [["so nice"], ["and new"]]
    assert lines[0].end < 2


def test_no_more_words_at_once_than_are_wished_for() -> None:
    lines = grouped(spoken(LISTINGS[0]), CaptionStyle(words_at_once=3), "en", UPRIGHT)
    assert max(len(line.words) for line in lines) == 3
    assert all(len(line.words) > 1 for line in lines)


def test_one_word_at_once_is_one_word() -> None:
    words = spoken(LISTINGS[0])
    assert [line.words for line in grouped(words, CaptionStyle(words_at_once=1), "en", UPRIGHT)] == [
        [one] for one in words
    ]


def test_a_word_that_is_longer_than_a_row_has_a_line_of_its_own() -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmütze"
    lines = rows(grouped(spoken(f"Die {long} ist da."), STYLE, "de", UPRIGHT))
    assert [long] in lines


def test_capitals_are_wider_so_that_fewer_fit() -> None:
    words = spoken("Comfortable and remarkably spacious automobiles")
    wide = grouped(words, CaptionStyle(upper_case=True, font="inter-black", size="large"), "en", UPRIGHT)
    assert len(wide) > len(grouped(words, CaptionStyle(size="small"), "en", UPRIGHT))


def test_a_row_of_chinese_never_begins_with_punctuation() -> None:
    script = "这款手机只要一千九百九十九，续航时间长，屏幕清晰，拍照好看！快来买吧。"
    for line in rows(grouped(spoken(script, "zh"), STYLE, "zh", UPRIGHT)):
        assert all(row[0] not in "，。！、" for row in line)


def test_japanese_is_parted_behind_particles() -> None:
    lines = rows(grouped(spoken(SCRIPTS["ja"], "ja"), STYLE, "ja", UPRIGHT))
    assert lines == [["トヨタのカムリは、", "とても「きれい」です。"], ["今すぐ¥100でチャージ！"]]


LAMP = "真鍮のオーロラデスクランプ。タッチで明るさを調整でき、目に優しい光で手元を照らします。今すぐお求めください。"


@pytest.mark.parametrize("slower", [1.0, 2.5])
def test_no_word_of_japanese_is_torn_however_slowly_it_is_spoken(slower: float) -> None:
    words = estimated(LAMP, reading_seconds(LAMP, "ja") * slower)
    assert rows(grouped(words, STYLE, "ja", UPRIGHT)) == [
        ["真鍮の", "オーロラデスクランプ。"],
        ["タッチで明るさを", "調整でき、"],
        ["目に優しい光で", "手元を照らします。"],
        ["今すぐお求めください。"],
    ]


def test_a_row_is_as_wide_as_its_text() -> None:
    words = spoken("Ready for the road")
    assert row_width(words, STYLE, "en") == pytest.approx(width("Ready for the road", STYLE.font, "en"))


def test_words_that_no_font_of_ours_can_show_are_in_rows_beside_the_film_alone() -> None:
    lines = grouped(spoken("தமிழ் " * 20, "ta"), STYLE, "ta", UPRIGHT)
    assert len(lines) > 2
    assert all(len(row) <= 24 for line in rows(lines) for row in line)
    assert burnable(lines, STYLE, "ta") == []


def test_what_no_font_can_show_has_no_line_in_the_film() -> None:
    words = [Word(text="🔥", start=0, end=1), Word(text="Hot 🔥", start=1, end=2)]
    [line] = burnable(grouped(words, STYLE, "en", UPRIGHT), STYLE, "en")
    assert line.text == "Hot 🔥"
    assert shown(line.text, STYLE, "en").strip() == "Hot"


def test_capitals_are_those_of_the_language() -> None:
    loud = CaptionStyle(upper_case=True)
    assert shown("iyi", loud, "tr") == "İYİ"
    assert shown("straße", loud, "de") == "STRASSE"
    assert shown("你好 ok", loud, "zh") == "你好 OK"


def test_a_line_can_be_moved_with_its_words() -> None:
    [line] = grouped([Word(text="Sold!", start=1, end=2)], STYLE, "en", UPRIGHT)
    later = line.later(0.5)
    assert (later.start, later.words[0].start, later.words[0].end) == (1.5, 1.5, 2.5)
    assert later.end == pytest.approx(line.end + 0.5)


def test_no_words_are_no_lines() -> None:
    assert grouped([], STYLE, "en", UPRIGHT) == []
