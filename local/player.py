"""`python -m local.player`: a browser plays the playlist of a job that is still running, and goes on to its end."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import requests

from local.checkout import OUT, ROOT
from local.cloud import FAULTS, LocalCloud
from local.demo import Api, NoFilm
from local.samples import draw_samples

FOLDER: Final = OUT / "player"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
CLIPS: Final = 4
SECONDS: Final = 4
"""Of each clip, and so of each segment."""

SLOW: Final = {2: 3.0, 3: 6.0}
HELD: Final = 300.0
"""That the last clip would take; it is hurried as soon as the player has come through two segments."""

PATIENCE: Final = 240.0
NEAR: Final = 0.25
"""Seconds by which a player may call itself at the end too early."""


class NotPlayed(Exception):
    """What the player did not do."""


class Player:
    """What it last said, and whether it only ever went on."""

    def __init__(self, output: IO[str]) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._output = output
        self.at = 0.0
        self.shown = 0
        self.ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def until(self, at: float | None = None) -> None:
        """Until it is past a second of the film, or at its end; NotPlayed when it gives up or stands still for too long."""
        limit = time.monotonic() + PATIENCE
        while not (self.ended if at is None else self.at > at):
            try:
                line = self._lines.get(timeout=max(0.0, limit - time.monotonic()))
            except queue.Empty:
                raise NotPlayed(f"the player stands at {self.at:.2f} s") from None
            if not line:
                raise NotPlayed(f"the player went away at {self.at:.2f} s")
            self._heard(json.loads(line))

    def _heard(self, said: Mapping[str, Any]) -> None:
        if "error" in said:
            if said["fatal"]:
                raise NotPlayed(f"the player gave up at {self.at:.2f} s: {said['error']}")
            return
        if said["at"] < self.at:
            raise NotPlayed(f"the player went back from {self.at:.2f} s to {said['at']:.2f} s")
        self.at, self.ended, self.shown = said["at"], said["ended"], said["shown"]

    def _listen(self) -> None:
        for line in self._output:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def playing(browser: str, playlist: str) -> Iterator[Player]:
    command = ["node", "local/player.mjs", browser, playlist]
    with (FOLDER / "player.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdin
    assert process.stdout
    try:
        yield Player(process.stdout)
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def play(cloud: LocalCloud, browser: str) -> str:
    """What was seen; NotPlayed where it is not what a watcher should see."""
    api = Api(cloud.url, cloud.keys["demo"])
    campaign = api.post("/api/v3/campaigns", {"name": "Watched", "goal": "Be seen while it is made"})["id"]
    for picture in draw_samples(FOLDER / "pictures"):
        api.upload(campaign, picture)
    waits = SLOW | {CLIPS: HELD}
    rules = [{"match": {"webhook": f".{n:04d}."}, "do": "slow", "seconds": wait} for n, wait in waits.items()]
    replicate = cloud.services["replicate"]
    requests.post(f"{replicate}/_script", json=rules, timeout=10).raise_for_status()
    asked = {"campaignId": campaign, "numPairs": CLIPS, "model": "veo3", "clipDuration": SECONDS}
    job = f"/api/v3/jobs/{api.post('/api/v3/jobs/from-image-pairs', asked)['jobId']}"
    with playing(browser, cloud.url + api.get(job)["links"]["playlistUrl"]) as player:
        player.until(2 * SECONDS)
        early, status = player.at, api.get(job)["status"]
        if status != "sub_job_processing":
            raise NotPlayed(f"the job was {status} when the player had come to {early:.2f} s")
        requests.post(f"{replicate}/_hurry", timeout=10).raise_for_status()
        player.until()
        told = api.get(job)
    if told["status"] != "completed" or player.at < CLIPS * SECONDS - NEAR:
        raise NotPlayed(f"the player ended at {player.at:.2f} s, the job is {told['status']}")
    return (
        f"played {early:.1f} s while the job was still {status}, and {player.at:.1f} s to the end of the {CLIPS} clips "
        f"when it was {told['status']}; {player.shown} frames were seen"
    )


def main() -> int:
    browser = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *BROWSERS))), None)
    if browser is None:
        print("no player: Chromium is not there. On Debian: apt-get install chromium; elsewhere: CHROMIUM=/path/to/it")
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    began = time.monotonic()
    try:
        with LocalCloud(out=FOLDER) as cloud:
            seen = play(cloud, browser)
    except (NotPlayed, NoFilm, *FAULTS, requests.RequestException) as error:
        print(f"not played: {error}\nthe logs are in {_shown(FOLDER)}", file=sys.stderr)
        return 1
    print(f"{Path(browser).name} with hls.js {seen} ({time.monotonic() - began:.0f} s)")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
