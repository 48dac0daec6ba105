"""Files that no film is made of, each as KeepClip's handler meets it: under the name of a clip, in its provider's store."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from functions.keep_clip.handler import handler
from functions.studio import wiring
from functions.studio.attempts import LIMITS
from functions.studio.clips import AttemptStatus, ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState
from functions.studio.media_store import MediaStore
from functions.studio.providers import open_provider
from tests.integration.keep_stage import Desk, a_desk
from tests.media import Studio, box, damaged
from tests.outputs import Outputs

SECONDS = 4
"""What was ordered."""


@pytest.fixture
def desk(
    jobs: JobStore,
    ledger: Ledger,
    media: MediaStore,
    outputs: Outputs,
    disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    monkeypatch.setenv("TABLE_NAME", "rows")
    monkeypatch.setenv("EVENT_BUS_NAME", "bus")
    monkeypatch.setenv("MEDIA_BUCKET", "media")
    monkeypatch.setenv("REPLICATE_OUTPUT_ORIGINS", outputs.origin)
    monkeypatch.setenv("PIAPI_OUTPUT_ORIGINS", "https://*.theapi.app")
    monkeypatch.setenv("RUNWAY_OUTPUT_ORIGINS", "https://outputs.example")
    wiring.forget()
    return a_desk(jobs, ledger, media, outputs, seconds=SECONDS)


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "testing"


def kept(desk: Desk, disk: Path, content: Path | bytes | None) -> str | None:
    """What the handler makes of an output: why it is no clip, or None. Whatever it makes, nothing stays on its disk."""
    url = desk.outputs.origin + "/nowhere.mp4" if content is None else desk.outputs.holds(content)
    desk.answered(output_url=url)
    last = desk.task.model_copy(update={"tries": LIMITS["broken"]})
    assert handler(last.wire(), Context()) == {}
    assert list(disk.iterdir()) == []
    return desk.clip.error_message


def lost(desk: Desk) -> bool:
    """Paid for in vain, with nothing of it in the bucket."""
    return desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST) and desk.objects == []


def a_clip(studio: Studio) -> Path:
    return studio.clip(seconds=SECONDS)


def index_of(clip: Path) -> int:
    return clip.read_bytes().index(b"moov")


def test_a_good_clip_passes_and_leaves_nothing_on_the_disk(desk: Desk, disk: Path, studio: Studio) -> None:
    assert kept(desk, disk, a_clip(studio)) is None
    assert desk.clip.status is ClipStatus.COMPLETED


def test_truncated(desk: Desk, disk: Path, studio: Studio, tmp_path: Path) -> None:
    clip = a_clip(studio)
    why = kept(desk, disk, damaged(clip, tmp_path / "cut.mp4", keep=index_of(clip) - 200))
    assert (why or "").startswith("The clip is unusable: the file is cut short: its mdat box claims")
    assert lost(desk)


def test_truncated_by_its_last_bytes(desk: Desk, disk: Path, studio: Studio, tmp_path: Path) -> None:
    clip = a_clip(studio)
    why = kept(desk, disk, damaged(clip, tmp_path / "end.mp4", keep=clip.stat().st_size - 50))
    assert (why or "").startswith("The clip is unusable: the file is cut short: its moov box claims")
    assert lost(desk)


def test_truncated_though_its_index_is_whole(desk: Desk, disk: Path, studio: Studio, tmp_path: Path) -> None:
    """The index in front, and an mdat box whose length was mended: only decoding tells."""
    web = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    content = studio.clip(seconds=SECONDS, encoder=web).read_bytes()
    media = content.index(b"mdat") - 4
    half = (len(content) - media) // 2
    why = kept(desk, disk, content[:media] + half.to_bytes(4) + content[media + 4 : media + half])
    assert (why or "").startswith("The clip is unusable: ffmpeg ended with ")
    assert lost(desk)


@pytest.mark.parametrize("where", ["in its middle", "in its first picture"])
def test_bit_flipped(desk: Desk, disk: Path, studio: Studio, tmp_path: Path, where: str) -> None:
    clip = a_clip(studio)
    at = {"in its middle": index_of(clip) // 2, "in its first picture": 3048}[where]
    why = kept(desk, disk, damaged(clip, tmp_path / "bits.mp4", flip=at)) or ""
    assert why.startswith("The clip is unusable: ffmpeg ended with 183: [")
    assert not any(noise in why for noise in ("/tmp", "0x", "muxing overhead", str(disk)))
    assert lost(desk)


@pytest.fixture
def replicate_forgot(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Replicate that does not know any prediction."""
    secret = boto3.client("secretsmanager").create_secret(Name=f"replicate-{uuid.uuid4()}", SecretString="r8_key")
    monkeypatch.setenv("REPLICATE_SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("REPLICATE_BASE_URL", desk.outputs.origin)
    open_provider.cache_clear()
    yield
    open_provider.cache_clear()


@pytest.mark.usefixtures("replicate_forgot")
def test_missing(desk: Desk, disk: Path) -> None:
    assert kept(desk, disk, None) == "The clip is unusable: the provider's output has expired (HTTP 404)."
    assert desk.clip.error_class == "expired"
    assert lost(desk)


def test_zero_byte(desk: Desk, disk: Path) -> None:
    assert kept(desk, disk, b"") == "The clip is unusable: the file is empty."
    assert lost(desk)


def test_html_as_mp4(desk: Desk, disk: Path) -> None:
    page = b"<!DOCTYPE html>\n<html><body>Not found</body></html>"
    assert kept(desk, disk, page) == "The clip is unusable: the file is not an MP4 file."
    assert lost(desk)


def test_audio_only(desk: Desk, disk: Path, studio: Studio) -> None:
    tone = studio.made(["-f", "lavfi", "-i", f"sine=440:d={SECONDS}", "-c:a", "aac", "-f", "mp4"], "m4a")
    assert kept(desk, disk, tone) == "The clip is unusable: the file has no picture."
    assert lost(desk)


def test_one_frame(desk: Desk, disk: Path, studio: Studio) -> None:
    why = kept(desk, disk, studio.clip(seconds=0.04, sound=False))
    assert why == f"The clip is unusable: it lasts 0.04 s instead of {SECONDS} s."
    assert lost(desk)


def test_a_header_that_claims_4_gb(desk: Desk, disk: Path, studio: Studio) -> None:
    content = a_clip(studio).read_bytes()
    why = kept(desk, disk, content[:32] + b"\xff\xff\xff\xf0mdat" + content[40:])
    assert (why or "").startswith("The clip is unusable: the file is cut short: its mdat box claims 4294967280 bytes")
    assert lost(desk)


def test_a_header_that_claims_4_exabytes(desk: Desk, disk: Path, studio: Studio) -> None:
    content = a_clip(studio).read_bytes()
    huge = b"\0\0\0\1mdat" + (1 << 62).to_bytes(8)
    why = kept(desk, disk, content[:32] + huge + content[48:])
    assert (why or "").startswith("The clip is unusable: the file is cut short: its mdat box claims")
    assert lost(desk)


def test_an_index_of_no_picture(desk: Desk, disk: Path, studio: Studio) -> None:
    content = a_clip(studio).read_bytes().replace(b"vide", b"text")
    assert kept(desk, disk, content) == "The clip is unusable: the file has no picture."
    assert lost(desk)


def test_another_container(desk: Desk, disk: Path, studio: Studio) -> None:
    assert (
        kept(desk, disk, studio.clip(extension="mkv").read_bytes())
        == "The clip is unusable: the file is not an MP4 file."
    )
    assert lost(desk)


SCRIPTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{part}\n#EXT-X-ENDLIST\n",
    "concat script": "ffconcat version 1.0\nfile {part}\n",
    "ffmetadata": ";FFMETADATA1\ntitle={part}\n",
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na={part}\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{part}</BaseURL></MPD>',
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{part}"/></svg>',
    "QuickTime link": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="{part}"/>',
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_under_the_name_of_a_clip_is_refused_and_what_it_names_is_not_fetched(
    desk: Desk, disk: Path, studio: Studio, kind: str
) -> None:
    """What it names is there, and is a good clip."""
    part = desk.outputs.holds(a_clip(studio), "/part.mp4")
    why = kept(desk, disk, SCRIPTS[kind].format(part=part).encode())
    assert why == "The clip is unusable: the file is not an MP4 file."
    assert lost(desk)
    assert desk.outputs.asked == ["/out.mp4"]


PICTURES = {
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "GIF": b"GIF89a" + bytes(100),
    "JPEG": b"\xff\xd8\xff\xe0" + bytes(100),
    "PDF": b"%PDF-1.7\n" + bytes(100),
    "ZIP": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("front", PICTURES)
def test_a_clip_behind_another_file_is_refused(desk: Desk, disk: Path, studio: Studio, front: str) -> None:
    why = kept(desk, disk, PICTURES[front] + a_clip(studio).read_bytes())
    assert why == "The clip is unusable: the file is not an MP4 file."
    assert lost(desk)


@pytest.mark.parametrize("behind", [*PICTURES, "m3u8", "HTML"])
def test_another_file_behind_a_clip_is_refused(desk: Desk, disk: Path, studio: Studio, behind: str) -> None:
    more = PICTURES | {"m3u8": b"#EXTM3U\nhttp://127.0.0.1/x\n", "HTML": b"<script>alert(1)</script>"}
    why = kept(desk, disk, a_clip(studio).read_bytes() + more[behind])
    assert (why or "").startswith("The clip is unusable: the file is cut short")
    assert lost(desk)


def test_a_playlist_in_the_boxes_of_an_mp4_is_refused(desk: Desk, disk: Path) -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"
    why = kept(desk, disk, box("ftyp", b"isom") + box("mdat", playlist))
    assert why == "The clip is unusable: the file has no index (moov), as if cut short."
    assert lost(desk)


def test_a_clip_whose_media_lies_in_another_file_is_refused(desk: Desk, disk: Path, studio: Studio) -> None:
    """An index that says: my samples are at this address."""
    content = a_clip(studio).read_bytes()
    own = box("url ", b"\0\0\0\1")
    assert content.count(own) == 2
    why = kept(desk, disk, content.replace(own, box("url ", b"\0\0\0\0")))
    assert why == "The clip is unusable: the file's media lies outside it."
    assert lost(desk)


def test_black(desk: Desk, disk: Path, studio: Studio) -> None:
    why = kept(desk, disk, studio.clip(seconds=SECONDS, colour="black"))
    assert why == "The clip is unusable: it is black from its beginning to its end."
    assert desk.clip.error_class == "broken"
    assert lost(desk)


def test_frozen(desk: Desk, disk: Path, studio: Studio) -> None:
    why = kept(desk, disk, studio.clip(seconds=SECONDS, filters=f"loop=loop=-1:size=1,trim=end_frame={24 * SECONDS}"))
    assert why == "The clip is unusable: nothing moves in it: one picture from its beginning to its end."
    assert lost(desk)


@pytest.mark.parametrize("sound", ["none", "zeros"])
def test_silent_is_kept_for_it_is_paid_and_seen_and_the_clip_says_so(
    desk: Desk, disk: Path, studio: Studio, sound: str
) -> None:
    mute = studio.clip(seconds=SECONDS, sound=False)
    zeros = ["-i", mute, "-f", "lavfi", "-i", "anullsrc=r=44100:cl=mono", "-shortest", "-c:v", "copy", "-c:a", "aac"]
    assert kept(desk, disk, mute if sound == "none" else studio.made(zeros, "mp4")) is None
    assert desk.clip.status is ClipStatus.COMPLETED
    assert desk.clip.kept
    assert desk.clip.kept.silent


def test_too_much_for_the_functions_memory(
    desk: Desk, disk: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One typed error, on the clip's own row, instead of a function that is killed."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "320")
    assert kept(desk, disk, a_clip(studio)) == "The clip is unusable: ffmpeg did not get by with 64 MB of memory."
    assert lost(desk)
    assert desk.clip.error_class == "broken"
