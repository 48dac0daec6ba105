"""Lines as files, read back by another's eyes: SRT, VTT, and ASS with the word that is spoken."""

from __future__ import annotations

import re
from itertools import pairwise

import pysubs2
import pytest

from functions.studio.caption_lines import Line, grouped
from functions.studio.captions import CaptionStyle, estimated, reading_seconds
from functions.studio.fonts import unshowable
from functions.studio.media import Target
from functions.studio.narration import Word
from functions.studio.subtitles import GLOW, ass, moment, srt, states, vtt
from tests.unit.test_writing import SCRIPTS

TARGET = Target(width=720, height=1280, fps=30)


def lines_of(language: str, style: CaptionStyle | None = None) -> list[Line]:
    words = estimated(SCRIPTS[language], reading_seconds(SCRIPTS[language], language))
    return grouped(words, style or CaptionStyle(), language, TARGET)


def only(*words: Word, end: float) -> Line:
    return Line(words=list(words), rows=[len(words)], start=words[0].start, end=end)


@pytest.mark.parametrize("form", ["srt", "vtt"])
@pytest.mark.parametrize("language", SCRIPTS)
def test_subtitles_say_the_script_at_its_times(language: str, form: str) -> None:
    words = estimated(SCRIPTS[language], reading_seconds(SCRIPTS[language], language))
    lines = grouped(words, CaptionStyle(), language, TARGET)
    text = srt(lines, language) if form == "srt" else vtt(lines, language)
    found = pysubs2.SSAFile.from_string(text, format_=form)
    assert [(event.start, event.end) for event in found] == [
        (round(1000 * line.start), round(1000 * line.end)) for line in lines
    ]
    said = [event.plaintext.replace("\n", " ") for event in found]
    unescaped = [one.replace("&amp;", "&").replace("\u200f", "") for one in said]
    assert "".join(unescaped).replace(" ", "") == SCRIPTS[language].replace(" ", "")


def test_signs_of_the_format_within_a_script_are_only_signs() -> None:
    words = estimated("Tom & Co {x} C:\\Ok 5 > 3 < 4 <3", 4)
    [line] = grouped(words, CaptionStyle(size="small"), "en", Target(width=1280, height=720, fps=30))
    assert vtt([line], "en").endswith("Tom &amp; Co {x} C:\\Ok 5 &gt; 3 &lt; 4 &lt;3\n\n")
    assert srt([line], "en").endswith("Tom & Co {x} C:\\Ok 5 > 3 < 4 <3\n\n")


def test_what_a_player_takes_for_a_tag_in_srt_has_a_sign_in_it_that_nobody_sees() -> None:
    [line] = grouped(
        estimated("<b>1</b> {\\an8} C:\\New", 4),
        CaptionStyle(size="small"),
        "en",
        Target(width=1280, height=720, fps=30),
    )
    assert srt([line], "en").endswith("<\u2060b>1<\u2060/b> {\u2060\\an8} C:\\\u2060New\n\n")
    assert vtt([line], "en").endswith("&lt;b&gt;1&lt;/b&gt; {\\an8} C:\\New\n\n")


def test_no_lines_make_a_file_that_says_nothing() -> None:
    assert srt([], "en") == ""
    assert vtt([], "en").strip() == "WEBVTT"


def test_every_row_runs_as_its_language_does_whatever_it_begins_with() -> None:
    lines = [
        only(Word(text=text, start=at, end=at + 1), end=at + 1)
        for at, text in enumerate(["اشتر iPhone", "15 Pro.", "اتصل", "055-123-4567!"])
    ]
    document = str(ass(lines, CaptionStyle(highlight=None), "ar", TARGET, 0, 300))
    burned = [re.sub(r"\{[^}]*\}", "", event.text) for event in pysubs2.SSAFile.from_string(document)]
    assert burned == ["اشتر iPhone", "\u200f\u200e15 Pro.", "اتصل", "\u200f\u200e055-123-4567!"]
    assert [event.text for event in pysubs2.SSAFile.from_string(srt(lines, "ar"), format_="srt")] == burned


def test_each_word_is_lit_from_the_frame_at_which_it_is_heard() -> None:
    line = only(Word(text="so", start=1, end=1.2), Word(text="nice", start=1.5, end=2), end=2.2)
    assert states(line, 30, highlighted=True) == [(30, 45, 0), (45, 66, 1)]


def test_in_a_pause_no_word_stays_lit() -> None:
    line = only(Word(text="so", start=1, end=1.2), Word(text="nice", start=3, end=3.2), end=3.4)
    dark = 36 + round(GLOW * 30)
    assert states(line, 30, highlighted=True) == [(30, dark, 0), (dark, 90, None), (90, 102, 1)]


def test_without_a_highlight_a_line_has_one_state() -> None:
    line = only(Word(text="so", start=1, end=1.2), Word(text="nice", start=1.5, end=2), end=2.2)
    assert states(line, 30, highlighted=False) == [(30, 66, None)]


@pytest.mark.parametrize("fps", [24, 25, 30])
@pytest.mark.parametrize("language", SCRIPTS)
def test_states_follow_each_other_without_a_gap(language: str, fps: int) -> None:
    for line in lines_of(language):
        found = states(line, fps, highlighted=True)
        assert (found[0].first, found[-1].last) == (round(line.start * fps), round(line.end * fps))
        assert all(before.last == after.first for before, after in pairwise(found))


@pytest.mark.parametrize("fps", [24, 25, 30])
def test_a_moment_lies_between_its_frame_and_the_one_before(fps: int) -> None:
    for frame in range(1, 5000):
        assert (frame - 1) * 1000 / fps < moment(frame, fps) <= frame * 1000 / fps
        assert moment(frame, fps) % 10 == 0
    assert moment(0, fps) == 0


def test_a_piece_shows_what_the_film_shows_at_its_frames() -> None:
    lines, style = lines_of("en"), CaptionStyle()
    frames = round(lines[-1].end * 30) + 1
    whole = pysubs2.SSAFile.from_string(str(ass(lines, style, "en", TARGET, 0, frames)))

    def seen(file: pysubs2.SSAFile, frame: int) -> list[str]:
        return [event.text for event in file if event.start <= frame * 1000 / 30 < event.end]

    at = 0
    for length in (1, 37, 2, 64, frames - 104):
        document = ass(lines, style, "en", TARGET, at, length)
        piece = pysubs2.SSAFile.from_string(document) if document else pysubs2.SSAFile()
        for frame in range(length):
            assert seen(piece, frame) == seen(whole, at + frame)
        at += length
    assert at == frames


def test_a_piece_in_which_nothing_is_said_has_no_captions() -> None:
    line = only(Word(text="so", start=1, end=1.2), end=2)
    assert ass([line], CaptionStyle(), "en", TARGET, 60, 30) is None
    assert ass([line], CaptionStyle(), "en", TARGET, 0, 30) is None
    assert ass([line], CaptionStyle(), "en", TARGET, 59, 30) is not None


def test_what_a_script_says_cannot_write_tags() -> None:
    line = only(Word(text="{\\an8}\\Nup", start=0, end=1), end=1)
    document = str(ass([line], CaptionStyle(), "en", TARGET, 0, 30))
    assert "}\\{\\\u2060an8\\}\\\u2060Nup" in pysubs2.SSAFile.from_string(document)[0].text


@pytest.mark.parametrize("language", SCRIPTS)
def test_burned_text_is_the_script_and_nothing_that_cannot_be_shown(language: str) -> None:
    style = CaptionStyle(highlight=None, backing="box")
    document = str(ass(lines_of(language, style), style, language, TARGET, 0, 10_000))
    said = "".join(event.plaintext for event in pysubs2.SSAFile.from_string(document))
    assert unshowable(said.replace("\n", "")) == []
    assert "".join(said.replace("\u200f", "").split()) == "".join(SCRIPTS[language].split())
