"""Pictures in motion, as they come out of the encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.gliding import jitter
from functions.arrange.narrated import Story, narrated
from functions.make_piece.conform import conform
from functions.make_piece.slides import drawn
from functions.studio.cut import Cut, Transition, TransitionKind, Watermark
from functions.studio.detail import still_of
from functions.studio.errors import BrokenMedia
from functions.studio.media import Piece, PieceKind, Probe, Shot, Target
from functions.studio.narration import NarrationRef
from functions.studio.pictures import upright
from functions.studio.probe import examine
from functions.studio.stills import Box, Look, Slide, slide
from tests.media import Studio
from tests.seen import decoded

SIZE = (144, 256)
TARGET = Target(width=SIZE[0], height=SIZE[1], fps=30)
Frames = NDArray[np.int16]


def a_map(path: Path, size: tuple[int, int] = (600, 800)) -> Path:
    """A picture whose colours tell where one is: red from left to right, green from top to bottom."""
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    Image.fromarray(np.dstack([across, down, np.full_like(across, 128)]).astype(np.uint8)).save(path)
    return path


def a_box(*sides: float) -> Box:
    return Box(
        **dict(zip(("left", "top", "right", "bottom"), (round(side * 1_000_000) for side in sides), strict=True))
    )


def a_slide(start: Box, end: Box, frames: int = 20, look: Look = "filled") -> Slide:
    return Slide(key="", start=start, end=end, frames=frames, look=look)


FROM, TO = a_box(0.1, 0.1, 0.775, 1.0), a_box(0.3, 0.2, 0.75, 0.8)
"""Of a map's shape and a film of 9 by 16."""


def a_piece(*slides: tuple[Slide, int, int], transition: TransitionKind | None = None) -> Piece:
    shots = [
        Shot(clip=turn, key="", slide=one, start=start, end=end) for turn, (one, start, end) in enumerate(slides, 1)
    ]
    kind = PieceKind.JOIN if transition else PieceKind.SLIDE
    return Piece(number=1, kind=kind, shots=shots, transition=transition, frames=shots[0].frames, key="", target=TARGET)


def made(piece: Piece, pictures: Sequence[Path], to: Path, cut: Cut | None = None) -> Probe:
    return conform(piece, piece.target or TARGET, cut or Cut(), pictures, to)


def frames(film: Path, size: tuple[int, int] = SIZE) -> Frames:
    raw = np.frombuffer(decoded(film, "-f", "rawvideo", "-pix_fmt", "rgb24"), np.uint8)
    return raw.reshape(-1, size[1], size[0], 3).astype(np.int16)


def test_the_first_and_the_last_frame_show_the_ends_of_the_way(tmp_path: Path) -> None:
    picture, piece = a_map(tmp_path / "map.png"), a_piece((a_slide(FROM, TO), 0, 20))
    found = made(piece, [picture], tmp_path / "piece.mp4")

    seen = frames(tmp_path / "piece.mp4")

    assert found.picture.frames == len(seen) == 20
    for frame, box in ((seen[0], FROM.place), (seen[-1], TO.place)):
        for x, y in ((0.05, 0.05), (0.5, 0.5), (0.95, 0.9)):
            red, green, blue = frame[int(y * SIZE[1]), int(x * SIZE[0])]
            assert abs(red - 255 * (box.left + x * (box.right - box.left))) < 8
            assert abs(green - 255 * (box.top + y * (box.bottom - box.top))) < 8
            assert abs(blue - 128) < 8


def test_no_frame_of_any_way_has_an_edge_that_is_not_the_picture(tmp_path: Path) -> None:
    picture = tmp_path / "white.png"
    Image.new("RGB", (700, 520), "white").save(picture)
    still = still_of("", "", 700, 520, picture.read_bytes())
    for turn in (0, 1):
        for seconds in (1.0, 6.0):
            shown = slide(still, SIZE, seconds, 12, turn)
            made(a_piece((shown, 0, 12)), [picture], tmp_path / "piece.mp4")
            assert frames(tmp_path / "piece.mp4").min() > 245, shown.look


def test_the_picture_glides(tmp_path: Path) -> None:
    """To a third of what the benchmark allows for in full HD: these frames are an eighth as large."""
    assert jitter(tmp_path, (288, 512), 24) < 0.1


def test_a_way_goes_on_from_piece_to_piece_without_a_jump(tmp_path: Path) -> None:
    pictures = {1: a_map(tmp_path / "one.png"), 2: a_map(tmp_path / "two.png", (500, 520))}
    shown = {
        number: still_of(str(path), "", *Image.open(path).size, path.read_bytes()) for number, path in pictures.items()
    }
    cut = Cut(transition=Transition(kind=TransitionKind.CROSSFADE))
    story = Story(NarrationRef(key="", script="", seconds=3.0, words=3), spoken=True)
    pieces = narrated(shown, cut, story, lambda number, _: str(tmp_path / f"{number}.mp4"))
    assert [piece.kind for piece in pieces] == [PieceKind.SLIDE, PieceKind.JOIN, PieceKind.SLIDE]
    small = [piece.model_copy(update={"target": TARGET}) for piece in pieces]
    seams = {
        made(piece, [Path(shot.key) for shot in piece.shots], Path(piece.key), cut).picture.seam for piece in small
    }
    assert len(seams) == 1

    seen = np.concatenate([frames(Path(piece.key)) for piece in small])

    steps = np.abs(np.diff(seen, axis=0)).mean(axis=(1, 2, 3))
    borders = [piece.at for piece in small[1:]]
    for border in borders:
        assert border is not None
        around = steps[border - 4 : border - 1].max(), steps[border : border + 3].max()
        assert steps[border - 1] <= max(around) * 1.3 + 0.5


@pytest.mark.parametrize("kind", [kind for kind in TransitionKind if kind is not TransitionKind.CUT])
@pytest.mark.parametrize("shows", ["slides", "a slide and a clip", "a clip and a slide"])
def test_every_transition_begins_with_the_one_and_ends_with_the_other(
    kind: TransitionKind, shows: str, studio: Studio, tmp_path: Path
) -> None:
    red, blue = tmp_path / "red.png", tmp_path / "blue.png"
    Image.new("RGB", (300, 400), (200, 30, 30)).save(red)
    Image.new("RGB", (300, 400), (30, 30, 200)).save(blue)
    still = Slide(key="", start=FROM, end=TO, frames=40)
    piece = a_piece((still, 28, 40), (still, 0, 12), transition=kind)
    sources = [red, blue]
    clips = {"slides": [], "a slide and a clip": [1], "a clip and a slide": [0]}[shows]
    for turn in clips:
        clip = studio.clip(colour=("red", "blue")[turn], fps="30", seconds=2, size="144x256")
        shot = Shot(clip=1, key="", pcm_key="", picture=examine(clip).picture, start=5, end=17)
        piece.shots[turn], sources[turn] = shot, clip

    found = made(piece, sources, tmp_path / "piece.mp4")

    seen = frames(tmp_path / "piece.mp4")
    assert found.picture.frames == len(seen) == 12
    first, last = (seen[at].mean(axis=(0, 1)) for at in (0, -1))
    assert first[0] > 4 * first[2]
    assert last[2] > 2 * last[0]


def test_all_that_can_be_in_a_film_shares_one_seam(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip()
    shot = Shot(clip=1, key="", pcm_key="", picture=examine(clip).picture, end=20)
    conformed = Piece(number=1, kind=PieceKind.CLIP, shots=[shot], frames=20, key="", target=TARGET)
    picture = a_map(tmp_path / "map.png")
    found = [
        made(conformed, [clip], tmp_path / "1.mp4"),
        made(a_piece((a_slide(FROM, TO), 0, 20)), [picture], tmp_path / "2.mp4"),
        made(a_piece((a_slide(FROM, FROM, look="veiled"), 0, 20)), [picture], tmp_path / "3.mp4"),
        made(a_piece((a_slide(FROM, TO), 0, 1)), [picture], tmp_path / "4.mp4"),
    ]
    assert len({one.picture.seam for one in found}) == 1


def test_a_picture_of_another_shape_stands_whole_before_a_blurred_copy(tmp_path: Path) -> None:
    picture = a_map(tmp_path / "map.png", (800, 400))
    whole = a_box(0, 0, 1, 1)
    made(
        a_piece((a_slide(whole, a_box(0.05, 0.05, 0.95, 0.95), look="backed"), 0, 20)),
        [picture],
        tmp_path / "piece.mp4",
    )

    seen = frames(tmp_path / "piece.mp4")

    standing = seen[0][94:162]
    assert abs(standing[:, 2, 0].mean() - 3) < 12
    assert abs(standing[:, -3, 0].mean() - 252) < 12
    assert seen[0][20, 5:-5, 0].max() - seen[0][20, 5:-5, 0].min() < 90, "the ground shows a part of it only"
    assert (np.abs(seen[0][:80] - seen[-1][:80]).mean()) < 2, "the ground stands still"
    assert np.abs(standing - seen[-1][94:162]).mean() > 1


def test_the_ground_for_words_is_dark_and_still(tmp_path: Path) -> None:
    picture = a_map(tmp_path / "map.png")
    found = made(a_piece((a_slide(FROM, FROM, 45, "veiled"), 0, 45)), [picture], tmp_path / "piece.mp4")
    seen = frames(tmp_path / "piece.mp4")
    assert seen.max() < 130
    assert found.picture.still


@pytest.mark.parametrize("colour", ["black", "grey"])
def test_a_picture_may_be_as_dark_and_as_calm_as_it_likes(colour: str, tmp_path: Path) -> None:
    picture = tmp_path / "calm.png"
    Image.new("RGB", (300, 400), colour).save(picture)
    found = made(a_piece((a_slide(FROM, TO, 60), 0, 60)), [picture], tmp_path / "piece.mp4")
    assert found.picture.still


def test_a_clip_that_is_shown_beyond_its_end_stands_still_there(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip(seconds=1, fps="30")
    shot = Shot(clip=1, key="", pcm_key="", picture=examine(clip).picture, start=35, end=80)
    piece = Piece(number=1, kind=PieceKind.CLIP, shots=[shot], frames=45, key="", target=TARGET)
    found = made(piece, [clip], tmp_path / "piece.mp4")
    assert found.picture.frames == 45
    assert found.picture.still


def test_the_same_piece_comes_out_the_same(tmp_path: Path) -> None:
    picture, piece = a_map(tmp_path / "map.png"), a_piece((a_slide(FROM, TO), 3, 17))
    shot = piece.shots[0]
    first, second = (b"".join(drawn([shot], [upright(picture.read_bytes())], TARGET)) for _ in range(2))
    assert first == second
    assert len(first) == 14 * SIZE[0] * SIZE[1] * 3 // 2


def test_a_part_of_a_slide_shows_what_the_whole_shows_there(tmp_path: Path) -> None:
    picture = upright(a_map(tmp_path / "map.png").read_bytes())
    whole, part = (
        list(drawn(a_piece((a_slide(FROM, TO), *stretch)).shots, [picture], TARGET)) for stretch in ((0, 20), (7, 12))
    )
    assert whole[7:12] == part


def test_a_watermark_lies_on_slides_as_on_clips(tmp_path: Path) -> None:
    mark = tmp_path / "mark.png"
    Image.new("RGBA", (40, 40), (255, 0, 0, 255)).save(mark)
    white = tmp_path / "white.png"
    Image.new("RGB", (300, 400), "white").save(white)
    cut = Cut(watermark=Watermark(asset_id="", key="", position="bottom-right"))
    made(a_piece((a_slide(FROM, TO), 0, 10)), [white, mark], tmp_path / "piece.mp4", cut)
    red, green, _ = frames(tmp_path / "piece.mp4")[5][SIZE[1] - 12, SIZE[0] - 12]
    assert red > 200
    assert green < 120


def saved(form: str, mode: str, size: tuple[int, int] = (60, 80), **options: object) -> bytes:
    file = BytesIO()
    Image.new(mode, size, {"CMYK": (0, 255, 255, 0), "I;16": 52_000, "L": 200}.get(mode, "red")).save(
        file, form, **options
    )
    return file.getvalue()


def turned() -> bytes:
    """Lies on its side, and says so: what is left in the file is the top."""
    image = Image.new("RGB", (80, 60), "blue")
    image.paste("red", (0, 0, 20, 60))
    exif = Image.Exif()
    exif[274] = 6
    file = BytesIO()
    image.save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def clear() -> bytes:
    file = BytesIO()
    image = Image.new("RGBA", (60, 80), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 30, 80))
    image.save(file, "PNG")
    return file.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], tuple[int, int, int]]] = {
    "CMYK": (lambda: saved("JPEG", "CMYK", quality=95), (255, 0, 0)),
    "16 bits": (lambda: saved("PNG", "I;16"), (203, 203, 203)),
    "grey": (lambda: saved("JPEG", "L", quality=95), (200, 200, 200)),
    "palette": (lambda: saved("PNG", "P"), (255, 0, 0)),
    "turned": (turned, (255, 0, 0)),
    "half clear": (clear, (255, 0, 0)),
    "a pixel": (lambda: saved("PNG", "RGB", (1, 1)), (255, 0, 0)),
    "a thread": (lambda: saved("PNG", "RGB", (1, 4000)), (255, 0, 0)),
    "a ribbon": (lambda: saved("PNG", "RGB", (9000, 3)), (255, 0, 0)),
    "large": (lambda: saved("JPEG", "RGB", (7000, 7000), quality=50), (255, 0, 0)),
}


@pytest.mark.parametrize("name", FILES)
def test_pictures_of_all_kinds_are_shown_upright_in_their_colours(name: str) -> None:
    body, colour = FILES[name][0](), FILES[name][1]
    picture = upright(body)
    still = still_of("", "", picture.width, picture.height, body)
    shown = slide(still, SIZE, 2, 3, 0)
    (first, *_) = drawn(a_piece((shown, 0, 3)).shots, [picture], TARGET)
    planes = np.frombuffer(first, np.uint8)
    pixels = SIZE[0] * SIZE[1]
    place = {"turned": (SIZE[1] // 4 - 20) * SIZE[0] + 70, "half clear": 128 * SIZE[0] + 10}.get(
        name, 128 * SIZE[0] + 72
    )
    brightness = int(planes[:pixels][place])
    assert (
        abs(
            brightness
            - (16 + 219 * sum(part * one for part, one in zip((0.2126, 0.7152, 0.0722), colour, strict=True)) / 255)
        )
        < 4
    )


def test_what_can_be_seen_through_lies_on_white() -> None:
    assert upright(clear()).getpixel((50, 40)) == (255, 255, 255)


def test_what_is_no_picture_is_broken() -> None:
    for body in (b"", b"GIF89a", saved("PNG", "RGB")[:60], saved("JPEG", "RGB")[:-40]):
        with pytest.raises(BrokenMedia):
            upright(body)
