"""MakePiece: whatever a provider makes becomes a piece that fits every other piece."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.arrange.target import frames
from functions.make_piece.conform import conform
from functions.make_piece.filters import late
from functions.make_piece.make import make_piece
from functions.make_piece.mixing import check_heard
from functions.studio.cut import Cut
from functions.studio.errors import BrokenMedia, ConditionLost, StaleRun
from functions.studio.jobs import JobStatus
from functions.studio.media import Piece, PieceKind, Shot, Target
from functions.studio.probe import examine
from tests.media import Studio, damaged
from tests.scripted import a_picture
from tests.seen import pixels
from tests.shelf import Shelf

TARGET = Target(width=320, height=180, fps=24)


def whole(clip: Path, target: Target = TARGET, cut: Cut | None = None) -> tuple[Piece, Target, Cut, list[Path]]:
    """What `conform` is given for a clip from its first frame to its last."""
    picture = examine(clip).picture
    shot = Shot(clip=1, key="", pcm_key="", picture=picture, end=frames(picture, target))
    piece = Piece(number=1, kind=PieceKind.CLIP, shots=[shot], frames=shot.frames, key="", pcm_key=None)
    return piece, target, cut or Cut(), [clip]


X264 = ("-c:v", "libx264", "-preset", "ultrafast")


def sources(studio: Studio) -> dict[str, Path]:
    return {
        "as it should be": studio.clip(),
        "portrait": studio.clip(size="180x320"),
        "30 frames a second": studio.clip(fps="30"),
        "29.97 frames a second": studio.clip(fps="30000/1001"),
        "a varying rate": studio.clip(
            fps="30", filters="select='mod(n\\,7)'", encoder=(*X264, "-pix_fmt", "yuv420p", "-fps_mode", "vfr")
        ),
        "one frame": studio.clip(seconds=0.04, sound=False),
        "a fifth of a second": studio.clip(seconds=0.2, sound=False),
        "odd size": studio.clip(size="321x181", encoder=(*X264, "-pix_fmt", "yuv444p")),
        "ten bits": studio.clip(encoder=(*X264, "-pix_fmt", "yuv420p10le")),
        "4:4:4": studio.clip(encoder=(*X264, "-pix_fmt", "yuv444p")),
        "HEVC": studio.clip(encoder=("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")),
        "interlaced": studio.clip(
            fps="50",
            filters="tinterlace=interleave_top",
            encoder=(*X264, "-pix_fmt", "yuv420p", "-flags", "+ilme+ildct"),
        ),
        "anamorphic": studio.clip(size="240x180", filters="setsar=4/3", encoder=(*X264, "-pix_fmt", "yuv420p")),
        "HDR": studio.clip(
            encoder=(
                *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params"),
                "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
            )
        ),
        "rotated": studio.made(["-display_rotation", "90", "-i", studio.clip(), "-c", "copy"], "mp4"),
        "MPEG-4": studio.clip(
            encoder=(
                "-c:v",
                "mpeg4",
            )
        ),
    }


SOURCES = [
    "as it should be",
    "portrait",
    "30 frames a second",
    "29.97 frames a second",
    "a varying rate",
    "one frame",
    "a fifth of a second",
    "odd size",
    "ten bits",
    "4:4:4",
    "HEVC",
    "interlaced",
    "anamorphic",
    "HDR",
    "rotated",
    "MPEG-4",
]


@pytest.fixture(scope="session")
def reference(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    clip = studio.clip()
    made = tmp_path_factory.mktemp("reference") / "piece.mp4"
    seam = conform(*whole(clip), made).picture.seam
    assert seam
    return seam


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_becomes_a_piece_that_shares_one_seam(
    name: str, studio: Studio, tmp_path: Path, reference: tuple[object, ...]
) -> None:
    clip = sources(studio)[name]
    source = examine(clip).picture

    piece = conform(*whole(clip), tmp_path / "piece.mp4").picture

    assert piece.seam == reference
    assert piece.frames == max(1, round(source.seconds * 24))


def test_the_seam_does_not_depend_on_how_hard_the_picture_is_to_code(
    studio: Studio, tmp_path: Path, reference: tuple[object, ...]
) -> None:
    for filters in ("null", "noise=alls=90:allf=t", "drawbox=t=fill:c=black"):
        clip = studio.clip(filters=filters)
        made = conform(*whole(clip), tmp_path / "piece.mp4")
        assert made.picture.seam == reference


def test_a_piece_is_stored_and_its_row_describes_it(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"))
    shelf.make_pieces()
    for piece in shelf.pieces:
        assert piece.picture == examine(shelf.fetched(piece.key, tmp_path)).picture
        assert piece.bytes


def test_a_piece_that_is_made_is_not_made_again(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"))
    shelf.make_pieces()
    shelf.media.delete(*(piece.shots[0].key for piece in shelf.pieces))
    for task in shelf.arrange():
        make_piece(task, shelf.jobs, shelf.media)


def test_a_piece_that_cannot_be_made_says_why_on_its_row_and_may_be_tried_again(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"))
    first, second = shelf.arrange()
    key = shelf.pieces[1].shots[0].key
    whole = shelf.media.read(key)
    shelf.media.put(key, whole[: len(whole) // 2], "video/mp4")

    make_piece(first, shelf.jobs, shelf.media)
    make_piece(second, shelf.jobs, shelf.media)

    made, broken = shelf.pieces
    assert made.picture
    assert made.fault is None
    assert broken.picture is None
    assert broken.fault
    assert broken.fault.startswith("ffmpeg ended with ")
    shelf.media.put(key, whole, "video/mp4")
    make_piece(second, shelf.jobs, shelf.media)
    assert shelf.pieces[1].picture
    assert shelf.pieces[1].fault is None


def test_a_fault_that_comes_after_the_piece_is_made_does_not_stand_on_it(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"))
    shelf.make_pieces()
    with pytest.raises(ConditionLost):
        shelf.jobs.table.commit(shelf.jobs.films.piece_failed(shelf.job.id, 1, 1, "too late"))
    assert shelf.pieces[0].fault is None


def test_a_run_that_lost_its_job_makes_no_piece(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"))
    task = shelf.arrange()[0]
    shelf.jobs.table.commit(shelf.jobs.move_job(shelf.job.id, 1, JobStatus.FAILED))
    with pytest.raises(StaleRun):
        make_piece(task, shelf.jobs, shelf.media)


def test_a_clip_that_breaks_on_the_way_is_not_made_into_a_piece(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip()
    piece, target, cut, _ = whole(clip)
    with pytest.raises(BrokenMedia):
        conform(piece, target, cut, [damaged(clip, tmp_path / "cut.mp4", keep=20_000)], tmp_path / "piece.mp4")


def test_a_late_part_of_a_long_clip_is_not_decoded_from_the_beginning(studio: Studio, tmp_path: Path) -> None:
    """The beginning is damaged: whoever reads it fails. The late part is what it is of the whole clip, read from there."""
    brighter = "geq=lum='20+2*mod(N,100)':cb=128:cr=128"
    often = ("-c:v", "libx264", "-preset", "veryfast", "-g", "24", "-pix_fmt", "yuv420p")
    clip = studio.clip(seconds=8, size="64x36", filters=brighter, encoder=often, sound=False)
    spoilt = damaged(clip, tmp_path / "spoilt.mp4", flip=clip.read_bytes().index(b"mdat") + 1000)
    piece, _, cut, _ = whole(clip)
    target = Target(width=64, height=36, fps=24)

    def part(source: Path, start: int, **picture: None) -> list[tuple[int, ...]]:
        shown = piece.shots[0].picture.model_copy(update=picture)
        shot = piece.shots[0].model_copy(update={"start": start, "end": start + 30, "picture": shown})
        made = tmp_path / "part.mp4"
        conform(piece.model_copy(update={"shots": [shot], "frames": 30}), target, cut, [source], made)
        return [pixels(made, frame, [(32, 18)], (64, 36))[0] for frame in (0, 1, 15, 29)]

    assert part(spoilt, 150) == part(clip, 150, ticks=None)
    for from_its_beginning in (lambda: part(spoilt, 0), lambda: part(spoilt, 150, ticks=None)):
        with pytest.raises(BrokenMedia):
            from_its_beginning()


@pytest.mark.parametrize(
    ("picture", "start", "seconds"),
    [({}, 0, 0), ({}, 47, 0), ({}, 48, 1), ({}, 100, 3), ({"ticks": None}, 100, 0), ({"ticks": 12_288}, 100, 0)],
)
def test_a_part_is_opened_a_whole_second_before_it_where_every_second_has_its_frames(
    picture: dict[str, int | None], start: int, seconds: int
) -> None:
    shot = Shot(clip=1, key="", pcm_key="", picture=a_picture(**picture), start=start, end=start + 10)
    assert late(shot, TARGET) == seconds


def test_a_piece_that_comes_out_black_of_a_clip_that_is_not_is_at_fault(studio: Studio, tmp_path: Path) -> None:
    """The file under the clip's name is another one."""
    piece, target, cut, _ = whole(studio.clip())
    with pytest.raises(BrokenMedia, match="the piece came out black, and its clips are not"):
        conform(piece, target, cut, [studio.clip(colour="black")], tmp_path / "piece.mp4")


@pytest.mark.parametrize(("level", "lost"), [(0, True), (20, True), (40, False)])
def test_a_piece_that_comes_out_silent_of_a_clip_that_is_not_is_at_fault(
    studio: Studio, tmp_path: Path, level: int, lost: bool
) -> None:
    piece, target, _, _ = whole(studio.clip())
    loud, made = tmp_path / "clip.pcm", tmp_path / "piece.pcm"
    loud.write_bytes(b"\x00\x20" * 96_000)
    made.write_bytes(bytes([level, 0]) * 96_000)
    if not lost:
        check_heard(piece, target, [loud], made)
        return
    with pytest.raises(BrokenMedia, match="the piece came out silent, and its clip is not"):
        check_heard(piece, target, [loud], made)
    check_heard(piece, target, [made], made)
