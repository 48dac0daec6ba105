"""Captions and cards in pixels: real ffmpeg, real fonts, frames that are looked at."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pysubs2
import pytest

from functions.make_piece.burning import Burn, captioned, titled
from functions.studio.caption_lines import Line, grouped, safe_area
from functions.studio.captions import CaptionStyle, estimated
from functions.studio.errors import NotConfigured
from functions.studio.fonts import FACES
from functions.studio.media import Target
from functions.studio.narration import Word

UPRIGHT = Target(width=360, height=640, fps=30)
SQUARE = Target(width=360, height=360, fps=30)
BROAD = Target(width=640, height=360, fps=30)
GREY = (128, 128, 128)
YELLOW, WHITE = (255, 212, 0), (255, 255, 255)

GREETINGS = {
    "en": "Hello world today",
    "ar": "مرحبا بالعالم اليوم",
    "he": "שלום עולם היום",
    "th": "สวัสดี ชาวโลก วันนี้",
    "hi": "नमस्ते दुनिया आज",
    "zh": "你好世界今天",
    "ja": "こんにちは世界",
    "ko": "안녕하세요 세계 오늘",
}

Frames = np.ndarray


def drawn(burn: Burn | None, target: Target, frames: int, says: bytes = b"") -> Frames:
    """The frames of a grey piece, as (frame, row, column, colour). libass tells of a glyph that no font has."""
    text = f",{burn.filter}" if burn else ""
    grey = f"color=c=0x808080:s={target.width}x{target.height}:r={target.fps},format=yuv420p"
    told = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    graph = f"{grey},{told},trim=end_frame={frames},setpts=N/({target.fps}*TB){text}"
    done = subprocess.run(
        ["ffmpeg", "-v", "warning", "-f", "lavfi", "-i", graph, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
        env={**os.environ, **(burn.environment if burn else {})},
        capture_output=True,
        check=True,
    )
    assert says in done.stderr
    assert bool(done.stderr) == bool(says), done.stderr
    seen = np.frombuffer(done.stdout, np.uint8).reshape(-1, target.height, target.width, 3)
    assert len(seen) == frames
    return seen


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (np.abs(picture.astype(int) - colour) <= 24).all(axis=-1)


def touched(picture: np.ndarray) -> np.ndarray:
    return ~near(picture, GREY)


def box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is set."""
    down, across = np.nonzero(mask)
    return int(across.min()), int(down.min()), int(across.max()) + 1, int(down.max()) + 1


def lines_of(text: str, language: str, style: CaptionStyle, target: Target) -> list[Line]:
    return grouped(estimated(text, 2.0), style, language, target)


def at_once(text: str, language: str, style: CaptionStyle, target: Target, folder: Path) -> np.ndarray:
    """The first frame of a text's first line."""
    return drawn(captioned(lines_of(text, language, style, target), style, language, target, 0, 30, folder), target, 1)[
        0
    ]


@pytest.mark.parametrize("position", ["bottom", "middle", "top"])
@pytest.mark.parametrize(
    ("target", "backing"),
    [(UPRIGHT, "outline"), (UPRIGHT, "box"), (SQUARE, "shadow"), (BROAD, "none"), (BROAD, "box")],
    ids=["9:16", "9:16 in a box", "1:1", "16:9", "16:9 in a box"],
)
def test_text_is_where_it_should_be_and_nowhere_else(
    target: Target, position: str, backing: str, tmp_path: Path
) -> None:
    style = CaptionStyle.model_validate({"position": position, "backing": backing})
    left, top, right, bottom = box(touched(at_once("Ready for the open road", "en", style, target, tmp_path)))
    area = safe_area(target)
    edge = 0.02 * target.width if backing != "box" else 0.04 * target.width  # what lies around the letters
    assert left >= target.width * area.side - edge
    assert right <= target.width * (1 - area.side) + edge
    assert top >= target.height * area.above - edge
    assert bottom <= target.height * (1 - area.below) + edge
    assert abs((left + right) / 2 - target.width / 2) <= 4
    middle = (top + bottom) / 2 / target.height
    assert {"bottom": middle > 0.6, "middle": 0.45 < middle < 0.55, "top": middle < 0.4}[position]


@pytest.mark.parametrize(
    ("size", "font"), [("small", "noto-sans"), ("medium", "inter"), ("large", "inter"), ("large", "inter-black")]
)
def test_letters_are_as_high_and_rows_no_wider_than_planned(size: str, font: str, tmp_path: Path) -> None:
    style = CaptionStyle.model_validate({"size": size, "font": font, "backing": "none", "highlight": None})
    left, top, right, bottom = box(touched(at_once("HHH HHH", "en", style, UPRIGHT, tmp_path)))
    em = {"small": 0.046, "medium": 0.062, "large": 0.082}[size] * UPRIGHT.width
    assert abs((bottom - top) - 0.72 * em) <= 2
    assert right - left <= UPRIGHT.width * (1 - 2 * safe_area(UPRIGHT).side)


def test_the_word_that_is_spoken_is_lit_and_no_other(tmp_path: Path) -> None:
    """From left to right, for as many frames as it is spoken, none before and none after."""
    words = [Word(text=text, start=at, end=at + 0.4) for text, at in [("one", 0.2), ("two", 0.6), ("three", 1.0)]]
    lines, style = grouped(words, CaptionStyle(), "en", BROAD), CaptionStyle()
    frames = drawn(captioned(lines, style, "en", BROAD, 0, 60, tmp_path), BROAD, 60)
    assert not touched(frames[:6]).any()
    assert touched(frames[6]).any()
    lit = {}
    for frame in range(6, 42):
        mask = near(frames[frame], YELLOW)
        lit[frame] = (box(mask)[0] + box(mask)[2]) / 2
    thirds = [set(range(6, 18)), set(range(18, 30)), set(range(30, 42))]
    centres = [{lit[frame] for frame in third} for third in thirds]
    assert [len(each) for each in centres] == [1, 1, 1]
    one, two, three = (each.pop() for each in centres)
    left, _, right, _ = box(touched(frames[6]))
    assert left < one < two < three < right
    assert not touched(frames[round(lines[-1].end * 30) :]).any()


def test_in_right_to_left_scripts_the_first_word_is_lit_at_the_right(tmp_path: Path) -> None:
    for language in ("ar", "he"):
        lines = lines_of(GREETINGS[language], language, CaptionStyle(), BROAD)
        burn = captioned(lines, CaptionStyle(), language, BROAD, 0, 60, tmp_path)
        last = round(lines[0].words[-1].start * 30) + 1
        frames = drawn(burn, BROAD, last + 1)
        first_lit, last_lit = box(near(frames[1], YELLOW)), box(near(frames[last], YELLOW))
        assert first_lit[0] > last_lit[2], language


def test_a_number_in_a_right_to_left_film_has_its_punctuation_at_the_left(tmp_path: Path) -> None:
    style, shapes = CaptionStyle(highlight=None, backing="none"), []
    for text in ("055-123-4567", "055-123-4567!"):
        words = [Word(text=text, start=0, end=1), Word(text="اتصل", start=1, end=2)]
        lines = [Line(words=[word], rows=[1], start=word.start, end=word.end) for word in words]
        picture = near(drawn(captioned(lines, style, "ar", BROAD, 0, 60, tmp_path), BROAD, 1)[0], WHITE)
        left, top, right, bottom = box(picture)
        shapes.append(picture[top:bottom, left:right])
    number, exclaimed = shapes
    high, broad = min(number.shape[0], exclaimed.shape[0]), number.shape[1]
    assert exclaimed.shape[1] > broad
    assert (exclaimed[:high, -broad:] == number[:high]).mean() > 0.9


def test_a_card_s_row_runs_as_it_does_within_the_title(tmp_path: Path) -> None:
    """Its "15" stands at the left of its "Pro", as behind the "iPhone" of the row above."""
    title = "هاتف iPhone 15 Pro (جديد) بسعة 256GB"
    assert titled(title, "", CaptionStyle(), "ar", SQUARE, 1, tmp_path)
    document = (tmp_path / "burned.ass").read_text()
    [row] = [line for line in document.splitlines() if "Pro" in line]
    assert "}\u200f\u200e{" in row


def test_lighting_a_word_moves_no_letter(tmp_path: Path) -> None:
    for language, text in GREETINGS.items():
        lines = lines_of(text, language, CaptionStyle(), BROAD)
        moments = sorted({round(word.start * 30) + 1 for word in lines[0].words})
        frames = drawn(captioned(lines, CaptionStyle(), language, BROAD, 0, 90, tmp_path), BROAD, moments[-1] + 1)
        shapes = np.array([box(touched(frames[moment])) for moment in moments])
        assert np.ptp(shapes, axis=0).max() <= 1, language  # colours bleed into the pixel beside them


def test_a_caption_goes_on_from_piece_to_piece_as_if_there_were_none(tmp_path: Path) -> None:
    style = CaptionStyle()
    lines = grouped(
        estimated("Ready for the open road. Call us today, we are waiting for you!", 3.0), style, "en", UPRIGHT
    )
    whole = drawn(captioned(lines, style, "en", UPRIGHT, 0, 100, tmp_path), UPRIGHT, 100)
    at = 0
    for length in (7, 1, 30, 62):
        piece = drawn(captioned(lines, style, "en", UPRIGHT, at, length, tmp_path), UPRIGHT, length)
        assert (piece == whole[at : at + length]).all()
        at += length


@pytest.mark.parametrize("language", list(GREETINGS))
def test_every_script_is_drawn_in_letters_and_never_in_boxes(language: str, tmp_path: Path) -> None:
    """A missing glyph is drawn the same whatever it stands for: here each letter has a shape of its own."""
    style = CaptionStyle(highlight=None, backing="none", size="large")
    shapes: set[bytes] = set()
    signs = [one for one in dict.fromkeys(GREETINGS[language]) if one.isalpha()][:5]
    for sign in signs:
        picture = near(at_once(sign, language, style, SQUARE, tmp_path), WHITE)
        left, top, right, bottom = box(picture)
        shapes.add(picture[top:bottom, left:right].tobytes())
    assert len(shapes) == len(signs)


def test_a_missing_glyph_would_be_seen(tmp_path: Path) -> None:
    """What the test above compares with: without its font every letter is the same box."""
    style = CaptionStyle(highlight=None, backing="none", size="large")
    shapes = set()
    for sign in "你好世界":
        burn = captioned(lines_of(sign, "zh", style, SQUARE), style, "zh", SQUARE, 0, 30, tmp_path)
        assert burn
        configuration = Path(burn.environment["FONTCONFIG_FILE"])
        configuration.write_text(configuration.read_text().replace("/chinese<", "/inter<"))
        picture = near(drawn(burn, SQUARE, 1, says=b"failed to find any fallback with glyph")[0], WHITE)
        left, top, right, bottom = box(picture)
        shapes.add(picture[top:bottom, left:right].tobytes())
    assert len(shapes) == 1


def test_what_no_font_can_show_leaves_no_trace(tmp_path: Path) -> None:
    style = CaptionStyle()
    with_it, without = (
        drawn(
            captioned(
                [Line(words=[Word(text=text, start=0, end=1)], rows=[1], start=0, end=1)],
                style,
                "en",
                SQUARE,
                0,
                9,
                tmp_path,
            ),
            SQUARE,
            1,
        )
        for text in ("Hot😀", "Hot")
    )
    assert (with_it == without).all()


@pytest.mark.parametrize(("sign", "mirrored"), [("{", "}"), ("\\", "/")])
def test_a_sign_of_the_format_is_drawn_as_what_it_is(sign: str, mirrored: str, tmp_path: Path) -> None:
    style, shapes = CaptionStyle(highlight=None, backing="none", size="large"), []
    for text in (sign, mirrored):
        line = Line(words=[Word(text=text, start=0, end=1)], rows=[1], start=0, end=1)
        picture = near(drawn(captioned([line], style, "en", SQUARE, 0, 9, tmp_path), SQUARE, 1)[0], WHITE)
        left, top, right, bottom = box(picture)
        shapes.append(picture[top:bottom, left:right])
    shape, other = shapes[0], shapes[1][:, ::-1]
    assert shape.shape[0] > 1.5 * shape.shape[1]
    high, broad = (min(shape.shape[axis], other.shape[axis]) for axis in (0, 1))
    assert (shape[:high, :broad] == other[:high, :broad]).mean() > 0.9


def test_only_the_fonts_of_the_text_are_looked_over(tmp_path: Path) -> None:
    style = CaptionStyle()
    named = {}
    for language, text in GREETINGS.items():
        burn = captioned(lines_of(text, language, style, BROAD), style, language, BROAD, 0, 30, tmp_path)
        assert burn
        configuration = Path(burn.environment["FONTCONFIG_FILE"]).read_text()
        named[language] = {name for name in FACES if f"/{name}</dir>" in configuration}
    assert named["en"] == {"inter"}
    assert named["zh"] == {"chinese"}
    assert all(len(each) == 1 for each in named.values())


def test_colours_are_those_that_were_asked_for(tmp_path: Path) -> None:
    style = CaptionStyle(colour="#20C0F0", highlight="#F03060", backing="none", size="large", font="inter-black")
    picture = at_once("HHH HHH", "en", style, BROAD, tmp_path)
    assert near(picture, (0x20, 0xC0, 0xF0)).sum() > 200
    assert near(picture, (0xF0, 0x30, 0x60)).sum() > 200


@pytest.mark.parametrize(
    ("title", "price", "language", "target"),
    [
        ("2020 Toyota Camry SE, one owner", "$18,500", "en", UPRIGHT),
        ("2020 Toyota Camry SE, one owner", "$18,500", "en", BROAD),
        ("Donaudampfschifffahrtsgesellschaftskapitänsmütze", "149 €", "de", UPRIGHT),
        ("トヨタ カムリ 2020年式 ワンオーナー", "¥1,850,000", "ja", UPRIGHT),
        ("سيارة تويوتا كامري 2020", "18,500 $", "ar", SQUARE),
        ("A long title that goes on for quite a while, with many words in it, until no room is left", "", "en", SQUARE),
        ("", "$5", "en", BROAD),
    ],
    ids=["upright", "broad", "long", "japanese", "arabic", "no price", "no title"],
)
def test_a_card_s_words_are_large_in_the_middle_with_the_price_beneath(
    title: str, price: str, language: str, target: Target, tmp_path: Path
) -> None:
    burn = titled(title, price, CaptionStyle(), language, target, 3, tmp_path)
    [first, _, last] = drawn(burn, target, 3)
    assert (first == last).all()
    left, top, right, bottom = box(touched(first))
    assert left >= 0.06 * target.width
    assert right <= 0.94 * target.width
    assert top >= 0.1 * target.height
    assert bottom <= 0.9 * target.height
    assert abs((left + right) / 2 - target.width / 2) <= 0.02 * target.width
    assert abs((top + bottom) / 2 - target.height / 2) <= 0.1 * target.height
    assert bottom - top > 0.09 * min(target.width, target.height)
    if title and price:
        yellow, white = near(first, YELLOW), near(first, WHITE)
        assert box(yellow)[1] > box(white)[3] - 0.05 * min(target.width, target.height)


@pytest.mark.parametrize(
    ("title", "language", "rows"),
    [
        ("真鍮のオーロラデスクランプ", "ja", ["真鍮の", "オーロラデスクランプ"]),
        ("y" * 60 + " lamp", "en", ["y" * 15, "y" * 15, "y" * 15, "y" * 15 + " lamp"]),
    ],
    ids=["japanese", "a long word"],
)
def test_a_card_breaks_no_word_that_fits_a_row_and_shrinks_for_none_that_does_not(
    title: str, language: str, rows: list[str], tmp_path: Path
) -> None:
    assert titled(title, "", CaptionStyle(), language, UPRIGHT, 1, tmp_path)
    events = pysubs2.SSAFile.load(str(tmp_path / "burned.ass"))
    assert [event.plaintext for event in events] == rows
    assert all(
        float(size) > 0.05 * UPRIGHT.width for event in events for size in re.findall(r"\\fs([0-9.]+)", event.text)
    )


def test_a_card_without_words_needs_no_filter(tmp_path: Path) -> None:
    assert titled("", "", CaptionStyle(), "en", UPRIGHT, 30, tmp_path) is None
    assert titled("🔥", " ", CaptionStyle(), "en", UPRIGHT, 30, tmp_path) is None


def test_a_piece_in_which_nothing_is_said_needs_no_filter(tmp_path: Path) -> None:
    lines = lines_of("Hello", "en", CaptionStyle(), UPRIGHT)
    assert captioned(lines, CaptionStyle(), "en", UPRIGHT, 900, 30, tmp_path) is None


def test_a_folder_of_any_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "it's, a [b]: c;d"
    folder.mkdir()
    assert touched(at_once("Hello", "en", CaptionStyle(), SQUARE, folder)).any()


def test_without_the_fonts_it_is_said_what_is_missing(tmp_path: Path) -> None:
    there = os.environ.pop("FONTS_FOLDER")
    try:
        with pytest.raises(NotConfigured, match="fonts"):
            titled("Hello", "", CaptionStyle(), "en", SQUARE, 30, tmp_path)
    finally:
        os.environ["FONTS_FOLDER"] = there
