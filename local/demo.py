"""`python -m local.demo`: one film, from sample pictures to out/demo/film.mp4, through the API of a local cloud."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

import requests

from functions.studio.errors import MediaError
from functions.studio.media import Probe
from functions.studio.probe import examine
from local.checkout import OUT, ROOT
from local.cloud import FAULTS, LocalCloud
from local.ffmpeg import path_with_ffmpeg
from local.samples import draw_samples
from local.services import SERVICES
from local.settings import SettingRefused, Settings

FOLDER: Final = OUT / "demo"
PAIRS: Final = 4
JOIN: Final = "crossfade"
PATIENCE: Final = 240.0
"""Seconds until a job that has not ended counts as hung."""
LOOK_EVERY: Final = 0.5

HEEDED: Final = ("VIDEO_GENERATION_MODEL", "LOG_LEVEL")
"""Of the settings. Keys are not among them: whoever wants to see a film first has not agreed to pay for it."""

ENDED: Final = {"completed", "failed", "cancelled"}
SIGNS: Final = {"pending": "·", "processing": "▸", "completed": "✓", "failed": "✗", "cancelled": "–"}

CLIENT: Final = {
    "name": "Aurora Goods",
    "brandGuidelines": "Warm, quiet light. The product is the hero; nothing shouts.",
}
CAMPAIGN: Final = {
    "name": "A day with Aurora",
    "goal": "Show that the range belongs to every hour of the day",
    "targetAudience": "People who buy few things, and good ones",
    "productUrl": "https://aurora.example/range",
}


class NoFilm(Exception):
    """Why there is no good film."""


class Api:
    """Calls of the v3 API, each answered with the `data` of its envelope."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str) -> Any:
        return self._data(self.session.get(self.url + path, timeout=30))

    def post(self, path: str, document: Mapping[str, Any]) -> Any:
        return self._data(self.session.post(self.url + path, json=document, timeout=30))

    def upload(self, campaign_id: str, picture: Path) -> Any:
        fields = {"uploadType": "file", "type": "image", "campaignId": campaign_id, "name": picture.stem}
        with picture.open("rb") as file:
            form = {"data": fields | {"tags": '["sample"]'}, "files": {"file": (picture.name, file)}}
            return self._data(self.session.post(f"{self.url}/api/v3/assets/upload", timeout=30, **form))  # type: ignore[arg-type]  # data and files, by name

    def download(self, path: str, to: Path) -> None:
        """Follows the API's redirect to the signed URL."""
        answer = self.session.get(self.url + path, timeout=120)
        if not answer.ok:
            raise NoFilm(f"{path} answered {answer.status_code}")
        to.write_bytes(answer.content)

    @staticmethod
    def _data(answer: requests.Response) -> Any:
        envelope = answer.json()
        if envelope["error"]:
            raise NoFilm(f"{answer.request.method} {answer.request.path_url}: {envelope['error']['detail']}")
        return envelope["data"]


class Board:
    """A line for the job and one a clip: rewritten in place on a terminal, else printed when something changed."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.shown: list[str] = []
        self.said: dict[int, str] = {}
        self.began = time.monotonic()

    def show(self, job: Mapping[str, Any], clips: Sequence[Mapping[str, Any]]) -> None:
        seconds = time.monotonic() - self.began
        if self.out.isatty():
            self._rewrite([f"{seconds:5.1f} s  {job['status']}", *map(clip_line, clips)])
        else:
            self._append(seconds, [str(job["status"]), *map(clip_line, clips)])

    def _rewrite(self, lines: list[str]) -> None:
        width = shutil.get_terminal_size().columns - 1
        up = f"\x1b[{len(self.shown)}F" if self.shown else ""
        self.out.write(up + "".join(f"\x1b[2K{line[:width]}\n" for line in lines))
        self.out.flush()
        self.shown = lines

    def _append(self, seconds: float, lines: list[str]) -> None:
        for number, line in enumerate(lines):
            if self.said.get(number) != line:
                self.said[number] = line
                print(f"{seconds:5.1f} s  {line}", file=self.out, flush=True)


def clip_line(clip: Mapping[str, Any]) -> str:
    cost = f"${clip['actualCost']:.2f}" if clip["actualCost"] is not None else ""
    why = clip["errorMessage"] or clip["reason"] or ""
    state = f"{SIGNS[clip['status']]} {clip['status']:<10}"
    return f"clip {clip['subJobNumber']:>2}  {state}  {clip['durationSeconds']:g} s  {cost:<5}  {why}"


def make_film(api: Api, pictures: Sequence[Path], board: Board) -> str:
    """Asks for the film and waits for the job's end; its id."""
    client = api.post("/api/v3/clients", CLIENT)
    campaign = api.post("/api/v3/campaigns", {**CAMPAIGN, "clientId": client["id"]})
    for picture in pictures:
        api.upload(campaign["id"], picture)
    asked = {"campaignId": campaign["id"], "clientId": client["id"], "numPairs": PAIRS, "transition": JOIN}
    job_id: str = api.post("/api/v3/jobs/from-image-pairs", asked)["jobId"]
    until = time.monotonic() + PATIENCE
    while True:
        # The job first: the clips that are read after its end are the last word on them.
        job = api.get(f"/api/v3/jobs/{job_id}")
        board.show(job, api.get(f"/api/v3/jobs/{job_id}/sub-jobs")["subJobs"])
        if job["status"] in ENDED:
            break
        if time.monotonic() > until:
            raise NoFilm(f"the job is still {job['status']} after {PATIENCE:g} s")
        time.sleep(LOOK_EVERY)
    if job["status"] != "completed":
        raise NoFilm(f"the job {job['status']}: {job['errorMessage']}")
    return job_id


def fetch(api: Api, job_id: str, folder: Path) -> None:
    """Film, poster and manifest, under the names that the demo promises."""
    api.download(f"/api/v3/videos/{job_id}/combined", folder / "film.mp4")
    api.download(f"/api/v3/videos/{job_id}/thumbnail", folder / "poster.jpg")
    document = api.get(f"/api/v3/jobs/{job_id}/manifest")
    (folder / "manifest.json").write_text(json.dumps(document, indent=2) + "\n")


def verdict(folder: Path) -> str:
    """What the film is, after it was decoded whole and held against its manifest; NoFilm where they differ."""
    manifest = json.loads((folder / "manifest.json").read_text())
    film = folder / "film.mp4"
    try:
        probe = examine(film)
    except MediaError as error:
        raise NoFilm(f"the film is broken: {error}") from None
    checks = {
        "every pair became a clip of the film": len(manifest["clips"]) == PAIRS,
        "the film is the one that the manifest describes": _sha256(film) == manifest["film"]["sha256"],
        "the poster is the one that the manifest describes": _sha256(folder / "poster.jpg")
        == manifest["poster"]["sha256"],
        f"every clip goes over into the next one in a {JOIN}": [
            (piece["transition"], piece["clips"]) for piece in manifest["pieces"] if piece["kind"] == "join"
        ]
        == [(JOIN, [clip, clip + 1]) for clip in range(1, PAIRS)],
        "the film has as many frames as its pieces together": probe.picture.frames
        == sum(piece["frames"] for piece in manifest["pieces"]),
        "the clips are as long as they were asked": all(
            abs(clip["seconds"] - clip["durationSeconds"]) < 0.05 for clip in manifest["clips"]
        ),
        "browsers play the film": _plays(probe),
    }
    for promise, kept in checks.items():
        if not kept:
            raise NoFilm(f"not so: {promise}")
    seconds, clips, cost = float(probe.picture.seconds), len(manifest["clips"]), manifest["cost"]["total"]
    return f"{seconds:.1f} s, {clips} clips, {JOIN}s between them, ${cost:.2f}"


def _plays(probe: Probe) -> bool:
    picture, sound = probe.picture, probe.sound
    return (picture.codec, picture.pixel_format, sound and sound.codec) == ("h264", "yuv420p", "aac")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        given = Settings.of_this_machine()
    except SettingRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory() as binaries:
            os.environ["PATH"] = path_with_ffmpeg(Path(binaries), os.environ["PATH"])
            return _run(given, lambda line: print(line, flush=True))
    except (NoFilm, *FAULTS, requests.RequestException) as error:
        print(f"no good film: {error}\nthe log is {_shown(FOLDER / 'local.log')}", file=sys.stderr)
    except KeyboardInterrupt:
        print("no good film: interrupted", file=sys.stderr)
    return 1


def _run(given: Settings, say: Callable[[str], None]) -> int:
    say("drawing pictures, starting the local cloud")
    if unused := [one.key for one in SERVICES.values() if one.key in given]:
        say(f"not used here: {', '.join(unused)}; the demo costs nothing")
    pictures = draw_samples(FOLDER / "pictures")
    with LocalCloud(out=FOLDER, settings=given.only(HEEDED)) as cloud:
        say(f"the API is at {cloud.url}; {len(pictures)} pictures, {PAIRS} pairs of them")
        api = Api(cloud.url, cloud.keys["demo"])
        job_id = make_film(api, pictures, Board(sys.stdout))
        fetch(api, job_id, FOLDER)
    say(f"film: {_shown(FOLDER / 'film.mp4')} ({verdict(FOLDER)})")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
