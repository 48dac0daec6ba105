"""What ffmpeg and the boxes say, read."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from functions.studio.boxes import read_movie
from functions.studio.errors import BrokenMedia
from functions.studio.media import Sound
from functions.studio.probe import Packet, packets_digest, read_banner, read_packets, steady_ticks
from tests.media import box

BANNER = """Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'clip.mp4':
  Duration: 00:00:08.00, start: 0.000000, bitrate: 705 kb/s
  Stream #0:0[0x1](und): Video: {video}
      Metadata:
        handler_name    : VideoHandler
{side}  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 70 kb/s (default)
Stream mapping:
  Stream #0:0 -> #0:0 (copy)
Output #0, framehash, to 'k.hash':
  Stream #0:0(und): Video: rawvideo, gray, 1x1
"""


@pytest.mark.parametrize(
    ("video", "fields"),
    [
        (
            "h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 640x360 [SAR 1:1 DAR 16:9], 641 kb/s, 24 fps",
            {"codec": "h264", "profile": "High", "pixel_format": "yuv420p", "width": 640, "height": 360, "colour": ""},
        ),
        (
            "h264 (High 4:4:4 Predictive) (avc1 / 0x31637661), yuv444p(pc, bt709, top first), 721x577, 24 fps",
            {
                "profile": "High 4:4:4 Predictive",
                "pixel_format": "yuv444p",
                "colour": "pc, bt709",
                "field_order": "top first",
                "width": 721,
                "sample_aspect": "1:1",
            },
        ),
        (
            "hevc (Main 10) (hev1 / 0x31766568), yuv420p10le(tv, bt2020nc/bt2020/smpte2084), 1920x1080 [SAR 4:3 DAR 64:27]",
            {"codec": "hevc", "colour": "tv, bt2020nc/bt2020/smpte2084", "sample_aspect": "4:3"},
        ),
        (
            "vp9 (Profile 0) (vp09 / 0x39307076), yuv420p(tv), 96x54, SAR 4:3 DAR 64:27, 5 kb/s, 25 fps, 25 tbr",
            {"codec": "vp9", "width": 96, "sample_aspect": "4:3"},
        ),
        (
            "h264 (High) (avc1 / 0x31637661), yuv420p, 720x576 [SAR 1:1 DAR 5:4], 9 kb/s, SAR 64:45 DAR 16:9, 25 fps",
            {"width": 720, "sample_aspect": "64:45"},
        ),
        (
            "mpeg4 (Simple Profile) (mp4v / 0x7634706D), yuv420p, 320x180 [SAR 1:1 DAR 16:9], 200 kb/s",
            {"codec": "mpeg4", "pixel_format": "yuv420p", "field_order": "progressive"},
        ),
    ],
)
def test_ffmpegs_description_of_a_picture_is_read(video: str, fields: dict[str, object]) -> None:
    read, heard = read_banner(BANNER.format(video=video, side=""))
    assert fields.items() <= read.items()
    assert heard == Sound(codec="aac", rate=44100, layout="mono")


def test_a_rotation_is_read() -> None:
    side = "      Side data:\n        displaymatrix: rotation of -90.00 degrees\n"
    fields, _ = read_banner(BANNER.format(video="h264 (High), yuv420p, 640x360", side=side))
    assert fields["rotation"] == 270


def test_a_cover_picture_is_not_a_picture_track() -> None:
    with pytest.raises(BrokenMedia):
        read_banner(BANNER.format(video="mjpeg (Baseline), yuvj420p, 640x360, 90k tbr (attached pic)", side=""))


HASHES = """#format: frame checksums
#hash: murmur3
#tb 0: 1/12288
#stream#, dts,        pts, duration,     size, hash
0,      -1024,          0,      512,     8285, 0f7222d7
0,       -512,       1024,      512,     4139, 70755b31
0,          0,        512,      512,     2585, 76861956, 1, 10
"""


def test_packets_are_read_with_their_times() -> None:
    read = read_packets(HASHES)
    assert read.timescale == Fraction(12_288)
    assert read.packets[0] == Packet(-1024, 0, 512, 8285, "0f7222d7")
    assert steady_ticks(read.packets) == 512


def shown_at(*times: int) -> list[Packet]:
    return [Packet(time, time, 512, 1, "h") for time in times]


@pytest.mark.parametrize(
    ("times", "ticks"),
    [((0, 512, 1024), 512), ((0,), 512), ((512, 1024), None), ((0, 512, 1025), None), ((0, 0, 512), None)],
)
def test_a_rate_is_steady_only_from_zero_and_without_a_gap(times: tuple[int, ...], ticks: int | None) -> None:
    assert steady_ticks(shown_at(*times)) == ticks


def test_the_digest_of_packets_tells_size_content_and_order_but_not_time() -> None:
    one, other = Packet(0, 0, 512, 10, "a"), Packet(512, 512, 512, 10, "b")
    assert packets_digest([one, other]) != packets_digest([other, one])
    assert packets_digest([one]) != packets_digest([one._replace(size=11)])
    assert packets_digest([one]) == packets_digest([one._replace(dts=99, pts=99)])


FTYP, MDAT = box("ftyp", b"isom"), box("mdat", b"media")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "empty"),
        (b"<html></html>", "not an MP4"),
        (b"#EXTM3U\n", "not an MP4"),
        (FTYP, "moov"),
        (FTYP + box("moov"), "mdat"),
        (FTYP + MDAT + box("moov"), "cannot be read"),
        (FTYP + MDAT + box("moov", box("mvhd", b"\0" * 4)), "cannot be read"),
        (FTYP + MDAT + box("moov", box("mvhd", b"\0" * 100)), "time scale"),
        (FTYP + MDAT + b"\0\0\0\x20moov", "cut short"),
        (FTYP + b"\xff\xff\xff\xf0mdat", "cut short"),
        (FTYP + b"\0\0\0\1mdat" + struct.pack(">Q", 1 << 62), "cut short"),
        (FTYP + b"\0\0\0\1mda", "inside a box header"),
        (FTYP + b"\0\0\0\4mdat", "cut short"),
        (FTYP + MDAT + box("moov", b"\xff\xff\xff\xffmvhd"), "more bytes than there are"),
    ],
)
def test_a_file_that_is_no_whole_mp4_is_refused_before_ffmpeg_sees_it(
    tmp_path: Path, content: bytes, fault: str
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(BrokenMedia, match=fault):
        read_movie(path)
