"""Which font shows what: known without looking at a font."""

from __future__ import annotations

import pytest

from functions.studio.fonts import FACES, glyphs, main_face, runs, unshowable, width
from tests.unit.test_writing import SCRIPTS


@pytest.mark.parametrize(
    ("language", "face"),
    [
        ("en", "inter"),
        ("de", "inter"),
        ("el", "inter"),
        ("ru", "inter"),
        ("ar", "arabic"),
        ("he", "hebrew"),
        ("hi", "devanagari"),
        ("th", "thai"),
        ("zh", "chinese"),
        ("ja", "japanese"),
        ("ko", "korean"),
    ],
)
def test_each_writing_has_its_font(language: str, face: str) -> None:
    assert main_face(SCRIPTS[language], "inter", language) == face


@pytest.mark.parametrize(
    ("language", "face"), [("zh", "chinese"), ("zh-TW", "chinese"), ("ja-JP", "japanese"), ("ko", "korean")]
)
def test_the_same_sign_is_drawn_as_its_country_does(language: str, face: str) -> None:
    assert [run.face for run in runs("直", "inter", language)] == [face]


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_of_ours_can_be_shown_and_nothing_of_it_is_lost(language: str) -> None:
    assert unshowable(SCRIPTS[language]) == []
    assert "".join(run.text for run in runs(SCRIPTS[language], "inter", language)) == SCRIPTS[language]


@pytest.mark.parametrize("language", SCRIPTS)
@pytest.mark.parametrize("font", ["inter", "inter-black", "noto-sans"])
def test_every_run_is_in_a_font_that_has_all_of_it(language: str, font: str) -> None:
    for run in runs(SCRIPTS[language] + " ₹€£¥ iPhone 12", font, language):
        assert all(glyphs(run.face).has(one) for one in run.text), run


def test_latin_within_other_writings_is_set_in_the_font_of_the_style() -> None:
    assert [run.face for run in runs("你好iPhone好", "inter-black", "zh")] == ["chinese", "inter-black", "chinese"]


def test_what_no_font_has_is_named_once_and_left_out() -> None:
    assert unshowable("Hot 🔥🔥 deal 😀") == ["🔥", "😀"]
    assert "".join(run.text for run in runs("Hot 🔥 deal", "inter", "en")) == "Hot  deal"


def test_marks_that_nobody_sees_are_no_reason_to_warn() -> None:
    assert unshowable("\u200fשלום\u200e ❤\ufe0f a\u00adb") == []


def test_a_letter_that_the_style_s_font_lacks_comes_from_another() -> None:
    assert not glyphs("inter").has("ሀ")
    assert unshowable("ሀ") == ["ሀ"]
    lacking = next(
        one for one in map(chr, range(0x2070, 0x2C00)) if not glyphs("inter").has(one) and not unshowable(one)
    )
    [run] = runs(lacking, "inter", "en")
    assert run.face != "inter"


def test_widths_are_in_ems() -> None:
    assert width("", "inter", "en") == 0
    assert width("你好", "inter", "zh") == 2
    assert 0.5 < width("a", "inter", "en") < 0.7
    assert width("WWW", "inter", "en") > 2 * width("iii", "inter", "en")


def test_every_font_says_what_it_covers() -> None:
    for name in FACES:
        assert glyphs(name).has(" "), name
        assert not glyphs(name).has("\U0001f600"), name
