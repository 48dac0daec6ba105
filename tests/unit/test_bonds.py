"""Where a row may end that has no space to end at."""

from __future__ import annotations

import pytest

from functions.studio.bonds import Bond, bonds
from functions.studio.writing import tokens


def phrases(text: str, least: Bond, language: str) -> str:
    """With a bar wherever a tie is looser."""
    words = tokens(text)
    return words[0] + "".join(
        ("" if tie >= least else "|") + word for word, tie in zip(words[1:], bonds(words, language), strict=True)
    )


@pytest.mark.parametrize(
    ("text", "language", "parted"),
    [
        ("タッチで明るさを調整でき、目に優しい", "ja", "タッチで|明るさを|調整でき、|目に|優しい"),
        ("今すぐお求めください。", "ja", "今すぐ|お求めください。"),
        ("新型「オーロラ」の価格は4,980円。", "ja", "新型|「オーロラ」の|価格は|4,980円。"),
        ("真鍮のオーロラデスクランプ", "ja", "真鍮の|オーロラデスクランプ"),
        ("我们的新款手机", "zh", "我们的|新款手机"),
        ("只要一千九百元，快来吧！", "zh", "只要一千九百元，|快来吧！"),
    ],
)
def test_phrases_end_behind_particles_and_punctuation(text: str, language: str, parted: str) -> None:
    assert phrases(text, Bond.PARTS, language) == parted


def test_a_run_of_one_kind_of_sign_is_a_word_and_two_kinds_are_perhaps_two() -> None:
    assert phrases("高級デスクランプ本体", Bond.WORD, "ja") == "高級|デスクランプ|本体"
    assert phrases("2020年式", Bond.WORD, "ja") == "2020年式"


def test_spaces_part_phrases() -> None:
    assert phrases("ready for the road", Bond.WORD, "en") == "ready|for|the|road"
