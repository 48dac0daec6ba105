"""What players fetch: fragments that begin at zero, hold every frame, and are as long as the playlist says."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from functions.studio.boxes import read_fragments
from functions.studio.errors import BrokenMedia
from functions.studio.media import Segment
from functions.studio.probe import examine
from functions.studio.segment import plays, segment_clip, segment_film
from tests.media import Studio, damaged

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")


def boxes(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The test's own reader."""
    at = 0
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        yield name.decode(), content[at + 8 : at + length]
        at += length


def within(content: bytes, *path: str) -> list[bytes]:
    """The bodies of all boxes at a path."""
    found = [content]
    for step in path:
        found = [body for outer in found for name, body in boxes(outer) if name == step]
    return found


def starts(content: bytes) -> list[int]:
    """When each track of each fragment begins to be decoded."""
    return [
        int.from_bytes(body[4:12] if body[0] else body[4:8], "big") for body in within(content, "moof", "traf", "tfdt")
    ]


def samples(content: bytes) -> list[int]:
    return [int.from_bytes(body[4:8], "big") for body in within(content, "moof", "traf", "trun")]


def first_shown(content: bytes) -> int:
    """The composition offset of the first frame; none is written where all are zero."""
    run = within(content, "moof", "traf", "trun")[0]
    flags = int.from_bytes(run[1:4], "big")
    fields = [flag for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag]
    if not flags & 0x800:
        return 0
    offset = 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0) + 4 * fields.index(0x800)
    return int(struct.unpack_from(">i", run, offset)[0])


def segmented(clip: Path, tmp_path: Path) -> tuple[Segment, bytes]:
    pcm, to = tmp_path / "clip.pcm", tmp_path / "clip.m4s"
    probe = examine(clip, pcm=pcm)
    segment = segment_clip(clip, pcm, probe.picture, to, "key", seconds=60)
    return segment, to.read_bytes()


@pytest.mark.parametrize("sound", [True, False], ids=["heard", "mute"])
@pytest.mark.parametrize("encoder", [(*H264, "-bf", "0"), (*H264, "-bf", "3")], ids=["no B-frames", "B-frames"])
@pytest.mark.parametrize(("fps", "seconds"), [("24", 2.0), ("30000/1001", 1.001), ("25", 0.2)])
def test_a_clip_becomes_one_fragment_with_picture_and_sound_from_zero_on(
    studio: Studio, tmp_path: Path, fps: str, seconds: float, encoder: Sequence[str], sound: bool
) -> None:
    clip = studio.clip(fps=fps, seconds=seconds, encoder=encoder, sound=sound)
    whole = examine(clip).picture
    segment, content = segmented(clip, tmp_path)
    [stretch] = segment.stretches
    assert [name for name, _ in boxes(content)] == ["ftyp", "moov", "moof", "mdat"]
    assert content[segment.initial_bytes + 4 : segment.initial_bytes + 8] == b"moof"
    assert segment.initial_bytes + stretch.bytes == len(content)
    assert stretch.seconds == pytest.approx(float(whole.seconds))
    assert starts(content) == [0, 0]
    assert first_shown(content) == 0
    picture, packets = samples(content)
    assert picture == whole.frames
    assert 0 <= packets * 1024 - whole.seconds * 48_000 < 1024
    assert not within(content, "moov", "trak", "edts")


def test_what_browsers_play_is_copied_packet_by_packet(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip()
    _, content = segmented(clip, tmp_path)
    assert plays(examine(clip).picture)
    (tmp_path / "seen.mp4").write_bytes(content)
    assert examine(tmp_path / "seen.mp4").picture.packets == examine(clip).picture.packets


@pytest.mark.parametrize(
    "encoder",
    [
        ("-c:v", "libx264", "-pix_fmt", "yuv444p"),
        ("-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
        ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=error"),
    ],
    ids=["4:4:4", "10 bit", "HEVC"],
)
def test_what_browsers_may_not_play_is_encoded_small_frame_for_frame(
    studio: Studio, tmp_path: Path, encoder: Sequence[str]
) -> None:
    clip = studio.clip(encoder=encoder, size="1282x722", fps="30")
    segment, content = segmented(clip, tmp_path)
    (tmp_path / "seen.mp4").write_bytes(content)
    seen = examine(tmp_path / "seen.mp4").picture
    assert (seen.codec, seen.pixel_format, seen.width, seen.frames) == ("h264", "yuv420p", 640, 30)
    assert segment.stretches[0].seconds == 1.0


def test_a_film_divides_at_keyframes_into_stretches_of_four_seconds_or_more(studio: Studio, tmp_path: Path) -> None:
    film = studio.clip(seconds=11, encoder=(*H264, "-g", "36", "-keyint_min", "36", "-sc_threshold", "0"))
    to = tmp_path / "film.m4s"
    picture = examine(film).picture
    segment = segment_film(film, picture.fps, picture.frames, to, "key", seconds=60)
    content = to.read_bytes()
    assert [stretch.seconds for stretch in segment.stretches] == [4.5, 4.5, 2.0]
    assert segment.initial_bytes + sum(stretch.bytes for stretch in segment.stretches) == len(content)
    at = segment.initial_bytes
    for stretch in segment.stretches:
        assert [name for name, _ in boxes(content[at : at + stretch.bytes])] == ["moof", "mdat"]
        at += stretch.bytes
    assert starts(content)[:2] == [0, 0]
    assert starts(content)[2] * 2 == starts(content)[4]
    assert samples(content)[::2] == [108, 108, 48]
    assert examine(to).picture.packets == picture.packets


def test_a_film_with_other_frames_than_planned_gets_no_playlist(studio: Studio, tmp_path: Path) -> None:
    film = studio.clip()
    picture = examine(film).picture
    with pytest.raises(BrokenMedia, match="24 of 25 frames"):
        segment_film(film, picture.fps, 25, tmp_path / "film.m4s", "key", seconds=60)


def test_a_file_that_is_not_fragments_all_through_is_refused(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip()
    with pytest.raises(BrokenMedia, match="not in fragments"):
        read_fragments(clip)
    _, content = segmented(clip, tmp_path)
    whole = tmp_path / "whole.m4s"
    whole.write_bytes(content)
    with pytest.raises(BrokenMedia, match="cut short"):
        read_fragments(damaged(whole, tmp_path / "short.m4s", keep=len(content) - 1))
    whole.write_bytes(content + b"\0\0\0\x08free")
    with pytest.raises(BrokenMedia, match="free"):
        read_fragments(whole)
