"""What a provider's output must be to be kept, and where it may come from. All else was paid for in vain, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.keep_clip.output import may_fetch
from functions.studio.clips import AttemptStatus, ClipStatus
from functions.studio.errors import OutputUnreachable
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState
from functions.studio.media_store import MediaStore
from tests.integration.keep_stage import Desk, a_desk
from tests.media import Studio, damaged
from tests.outputs import Outputs


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    return a_desk(jobs, ledger, media, outputs)


def broken(studio: Studio, folder: Path) -> dict[str, bytes]:
    clip = studio.clip()
    content = clip.read_bytes()
    index = content.index(b"moov")
    return {
        "cut short": content[: index - 200],
        "without its end": damaged(clip, folder / "end.mp4", keep=len(content) - 50).read_bytes(),
        "bits flipped": damaged(clip, folder / "bits.mp4", flip=index // 2).read_bytes(),
        "bits of its first picture flipped": damaged(clip, folder / "first.mp4", flip=3048).read_bytes(),
        "nothing in it": b"",
        "a web page": b"<!DOCTYPE html>\n<html><body>Not found</body></html>",
        "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "a concat script": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "another container": studio.clip(extension="mkv").read_bytes(),
        "no picture": studio.made(
            ["-f", "lavfi", "-i", "sine=440:d=1", "-c:a", "aac", "-f", "mp4"], "m4a"
        ).read_bytes(),
        "a claim of 4 GB": content[:32] + b"\xff\xff\xff\xf0mdat" + content[40:],
        "an index of nothing": content.replace(b"vide", b"text"),
    }


WHY = {
    "cut short": "the file is cut short: its mdat box claims",
    "without its end": "the file is cut short: its moov box claims",
    "bits flipped": "ffmpeg ended with 183: [",
    "bits of its first picture flipped": "ffmpeg ended with 183: [h264] ",
    "nothing in it": "the file is empty",
    "a web page": "the file is not an MP4 file",
    "a playlist": "the file is not an MP4 file",
    "a concat script": "the file is not an MP4 file",
    "a picture": "the file is not an MP4 file",
    "another container": "the file is not an MP4 file",
    "no picture": "the file has no picture",
    "a claim of 4 GB": "the file is cut short: its mdat box claims",
    "an index of nothing": "the file has no picture",
}


@pytest.mark.parametrize("fault", WHY)
def test_a_broken_output_fails_the_clip_with_the_reason_and_its_money_is_lost(
    desk: Desk, studio: Studio, tmp_path: Path, fault: str
) -> None:
    desk.answered(output_url=desk.outputs.holds(broken(studio, tmp_path)[fault]))

    assert desk.keep() is None

    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)
    assert desk.clip.error_class == "broken"
    assert (desk.clip.error_message or "").startswith(f"The clip is unusable: {WHY[fault]}")
    assert not any(noise in (desk.clip.error_message or "") for noise in ("/tmp", "0x", "muxing overhead"))
    assert desk.objects == []


@pytest.mark.parametrize("kind", ["hls", "concat", "dash"])
def test_nothing_that_an_output_names_is_fetched(desk: Desk, studio: Studio, kind: str) -> None:
    """A playlist under the name of a film, whose parts really lie where it says."""
    part = desk.outputs.holds(studio.clip(), "/part.mp4")
    text = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{part}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile {part}\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{part}</BaseURL></MPD>',
    }
    desk.answered(output_url=desk.outputs.holds(text[kind].encode()))
    desk.keep()
    assert desk.clip.error_class == "broken"
    assert desk.outputs.asked == ["/out.mp4"]


def test_an_output_without_an_address_is_broken(desk: Desk) -> None:
    desk.answered(output_url=None)
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: the provider named no output."
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_an_output_that_its_provider_has_deleted_is_expired_and_its_money_is_lost(desk: Desk) -> None:
    desk.answered(output_url=None, removed=True)
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: the provider has deleted its output."
    assert desk.clip.error_class == "expired"
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_without_ffmpeg_the_clip_fails_with_just_these_words(
    desk: Desk, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    monkeypatch.setenv("PATH", "")
    desk.keep()
    assert desk.clip.error_message == "ffmpeg is not available"
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_a_clip_of_another_length_than_was_paid_for_is_broken(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip(seconds=3)))
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: it lasts 3.00 s instead of 1 s."


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_output_fails_the_clip_for_good(desk: Desk, status: int) -> None:
    desk.answered(output_url=desk.outputs.says(status))
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class, desk.money) == (ClipStatus.FAILED, "expired", LineState.LOST)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_output_that_cannot_be_fetched_just_now_is_left_for_another_try(desk: Desk, status: int) -> None:
    desk.answered(output_url=desk.outputs.says(status))
    with pytest.raises(OutputUnreachable):
        desk.keep()
    assert (desk.clip.status, desk.money) == (ClipStatus.PROCESSING, LineState.RESERVED)


def test_an_output_that_breaks_off_is_left_for_another_try(desk: Desk, studio: Studio) -> None:
    content = studio.clip().read_bytes()
    desk.answered(output_url=desk.outputs.says(200, content[: len(content) // 2], Content_Length=str(len(content))))
    with pytest.raises(OutputUnreachable):
        desk.keep()


def test_a_redirect_within_the_provider_is_followed(desk: Desk, studio: Studio) -> None:
    desk.outputs.holds(studio.clip(), "/there.mp4")
    desk.answered(output_url=desk.outputs.says(302, Location="/there.mp4"))
    desk.keep()
    assert desk.clip.status is ClipStatus.COMPLETED


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"])
def test_a_redirect_to_anywhere_else_is_not_followed(desk: Desk, target: str) -> None:
    desk.answered(output_url=desk.outputs.says(302, Location=target))
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class) == (ClipStatus.FAILED, "broken")


ORIGINS = ["https://replicate.delivery", "https://*.replicate.delivery"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://replicate.delivery/a/b.mp4", True),
        ("https://pbxt.replicate.delivery/a.mp4", True),
        ("https://replicate.delivery:443/a.mp4", True),
        ("http://replicate.delivery/a.mp4", False),
        ("https://replicate.delivery:8443/a.mp4", False),
        ("https://replicate.delivery.evil.example/a.mp4", False),
        ("https://evilreplicate.delivery/a.mp4", False),
        ("https://replicate.delivery@evil.example/a.mp4", False),
        ("https://evil@replicate.delivery/a.mp4", False),
        ("file:///replicate.delivery", False),
        ("https:///a.mp4", False),
        ("https://replicate.delivery:port/a.mp4", False),
    ],
)
def test_outputs_come_from_their_providers_origins_only(url: str, allowed: bool) -> None:
    assert may_fetch(url, ORIGINS) is allowed
