"""Watching a film while it is made: over HTTP, with a player's token and without a key."""

from __future__ import annotations

import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
import requests

from tests.workflow.conftest import GIVE_UP, Team

SLOW = {1: 1, 2: 5, 4: 9, 5: 2}
"""Seconds that the provider takes, by clip. Clip 5 is there before clip 4, and the third one fails."""
FAILED = 3
SECONDS = 4 * len(SLOW)


@dataclass
class Fetched:
    """A segment as a player's cache has it: the beginning that sets the decoder up, and a stretch behind it."""

    url: str
    seconds: float
    content: bytes


class Viewer:
    """A player: it follows a playlist, fetches by byte ranges, and knows nothing but the URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.read: list[str] = []
        """The playlist each time it had changed; signatures are made anew at each read, and left out."""
        self.fetched: list[Fetched] = []

    def look(self) -> str:
        answer = requests.get(self.url, timeout=30)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert answer.headers["cache-control"] == "no-store"
        text = re.sub(r"\?[^\s\"]+", "", answer.text)
        if self.read[-1:] != [text]:
            self.read.append(text)
            self._fetch(answer.text)
        return text

    def follow(self) -> None:
        end = time.monotonic() + GIVE_UP
        while not self.look().endswith("#EXT-X-ENDLIST\n"):
            assert time.monotonic() < end, "the playlist never ends"
            time.sleep(0.2)

    def _fetch(self, text: str) -> None:
        """What is new in it."""
        beginning, seconds, span = b"", 0.0, ""
        found = []
        for line in text.splitlines():
            if at := re.fullmatch(r'#EXT-X-MAP:URI="(.*)",BYTERANGE="(.*)"', line):
                beginning = ranged(at[1], at[2]) if len(found) >= len(self.fetched) else b""
            elif line.startswith("#EXTINF:"):
                seconds = float(line[8:].rstrip(","))
            elif line.startswith("#EXT-X-BYTERANGE:"):
                span = line.partition(":")[2]
            elif not line.startswith("#"):
                found.append((line, seconds, span, beginning))
        for url, seconds, span, beginning in found[len(self.fetched) :]:
            self.fetched.append(Fetched(url.partition("?")[0], seconds, beginning + ranged(url, span)))


def ranged(url: str, span: str) -> bytes:
    length, start = (int(part) for part in span.split("@"))
    answer = requests.get(url, headers={"Range": f"bytes={start}-{start + length - 1}"}, timeout=30)
    assert (answer.status_code, len(answer.content)) == (206, length)
    return answer.content


def played(url: str | Path) -> tuple[int, int]:
    """Frames and samples that ffmpeg decodes of a file or of the film's playlist."""
    decoded = ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "null", "-", "-map", "0:a:0", "-f", "s16le", "pipe:1"]
    words, heard = ffmpeg("-xerror", "-i", str(url), *decoded)
    return int(words.rsplit("frame=", 1)[1].split()[0]), len(heard) // 4


def followed(url: str) -> tuple[int, Fraction]:
    """Frames, and seconds of sound, that ffmpeg is given by a playlist that grows while it plays.

    Copied, not decoded: when time begins anew after a discontinuity, ffmpeg's MP4 reader marks frames as not to be shown
    (AVINDEX_DISCARD_FRAME), as if they were out of order. Browsers decode them.
    """
    live = ["-live_start_index", "0", "-max_reload", "1000"]
    _, packets = ffmpeg(
        *live, "-xerror", "-i", url, "-map", "0:v:0", "-map", "0:a:0", "-c", "copy", "-f", "framecrc", "-"
    )
    lines = [line.split(",") for line in packets.decode().splitlines() if not line.startswith("#")]
    ticks = sum(int(line[3]) for line in lines if line[0] == "1")
    return sum(line[0] == "0" for line in lines), Fraction(ticks, 48_000)


def ffmpeg(*arguments: str) -> tuple[str, bytes]:
    """What it said, and what it wrote."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", *arguments], capture_output=True, check=False, timeout=GIVE_UP
    )
    words = done.stderr.decode(errors="replace")
    assert done.returncode == 0, words
    return words, done.stdout


@pytest.fixture(scope="module")
def watched(cloud: Any, pictures: list[Path]) -> Any:
    """One job, watched from its acceptance to its end by two players at once."""
    for service in cloud.services.values():
        requests.post(f"{service}/_reset", timeout=10).raise_for_status()
    team = Team(cloud)
    slow = [{"match": {"webhook": f".{n:04d}."}, "do": "slow", "seconds": wait} for n, wait in SLOW.items()]
    team.script(*slow, {"match": {"webhook": f".{FAILED:04d}."}, "do": "fail", "times": 2})
    job = team.film(team.campaign(pictures), numPairs=5, clipDuration=4)
    url = cloud.url + team.get(f"/jobs/{job}")["links"]["playlistUrl"]
    viewer = Viewer(url)
    while "#EXTINF" not in viewer.look():
        time.sleep(0.2)
    with ThreadPoolExecutor(1) as beside:
        player = beside.submit(followed, url)
        viewer.follow()
        heard = player.result()
    return team, team.wait(job), viewer, heard


def test_a_playlist_grows_while_the_job_runs_and_never_changes_what_it_has_said(watched: Any) -> None:
    *growing, whole = watched[2].read
    assert len(growing) >= 3
    assert all("#EXT-X-ENDLIST" not in text for text in growing)
    for earlier, later in zip([*growing], [*growing[1:], whole], strict=True):
        assert later.startswith(earlier)
    assert whole.startswith(growing[-1])


def test_it_plays_the_clips_in_order_without_the_failed_one(watched: Any) -> None:
    names = [fetched.url.rsplit("/", 1)[-1] for fetched in watched[2].fetched]
    assert names == [f"clip_{number:03d}.m4s" for number in sorted(SLOW)]
    assert watched[2].read[-1].count("#EXT-X-DISCONTINUITY") == len(SLOW) - 1


def test_each_clip_fetched_by_its_ranges_is_a_whole_video_as_long_as_announced(watched: Any, tmp_path: Path) -> None:
    for fetched in watched[2].fetched:
        file = tmp_path / "clip.mp4"
        file.write_bytes(fetched.content)
        frames, samples = played(file)
        assert (frames, fetched.seconds) == (4 * 24, 4.0)
        assert 4 * 48_000 <= samples < 4 * 48_000 + 1024


def test_ffmpeg_follows_it_from_the_first_clip_to_the_end(watched: Any) -> None:
    frames, heard = watched[3]
    assert frames == SECONDS * 24
    assert SECONDS <= heard < SECONDS + len(SLOW) * Fraction(1024, 48_000)


def test_the_finished_film_has_a_playlist_of_its_own(watched: Any) -> None:
    team, job, *_ = watched
    viewer = Viewer(team.cloud.url + job["links"]["filmPlaylistUrl"])
    viewer.follow()
    assert sum(fetched.seconds for fetched in viewer.fetched) == pytest.approx(SECONDS)
    frames, samples = played(viewer.url)
    assert frames == SECONDS * 24
    assert SECONDS * 48_000 <= samples < SECONDS * 48_000 + 1024


def test_the_film_has_a_small_moving_preview(watched: Any, tmp_path: Path) -> None:
    team, job, *_ = watched
    preview = team.download(job["links"]["preview"], tmp_path / "preview.webp").read_bytes()
    assert preview[:4] + preview[8:12] == b"RIFFWEBP"
    assert b"ANIM" in preview[:64]
    assert len(preview) < 500_000
    assert team.get(f"/jobs/{job['id']}/manifest")["preview"]["name"] == "preview.webp"


def test_a_token_opens_nothing_but_its_own_playlist(watched: Any) -> None:
    team, job, *_ = watched
    links = job["links"]
    token = links["playlistUrl"].partition("?")[2]
    other = links["filmPlaylistUrl"].partition("?")[2]
    for path in (links["self"], links["combined"], links["preview"], links["filmPlaylistUrl"].partition("?")[0]):
        assert requests.get(f"{team.cloud.url}{path}?{token}", timeout=10).status_code == 401
    assert requests.get(f"{team.cloud.url}{links['playlist']}?{other}", timeout=10).status_code == 401
    assert requests.get(f"{team.cloud.url}{links['playlist']}?{token}", timeout=10).status_code == 200
    assert team.http.get(f"{team.cloud.url}{links['playlist']}", timeout=10).status_code == 200
