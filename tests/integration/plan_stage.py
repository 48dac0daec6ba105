"""What the tests of Plan begin with: a campaign of drawn pictures, a job that waits for its selection, a clock."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageDraw

from functions.plan.choice import Choice, Editor, choose
from functions.plan.plan import Board, plan
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Asset, Campaign, Client, Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTasks
from functions.studio.rows import new_id, now
from functions.studio.services import ChatModel
from tests.scripted import a_job


def drawn(number: int) -> bytes:
    picture = Image.new("RGB", (160, 90), (20 * number % 256, 80, (200 - 20 * number) % 256))
    ImageDraw.Draw(picture).ellipse((10 * number % 160, 20, 10 * number % 160 + 40, 60), fill="white")
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def a_model(slug: str) -> ChatModel:
    return catalogue().vision_models[0].model_copy(update={"slug": slug})


class DataUrls(MediaStore):
    """A media store whose signed URLs hold the picture itself: there is no server of objects in this process."""

    def signed_url(self, key: str, *, name: str | None = None, seconds: int = 0) -> str:
        return "data:image/jpeg;base64," + base64.b64encode(self.read(key)).decode()


class Laptop(MediaStore):
    """A media store whose signed URLs lead to where only this machine can fetch from."""

    def signed_url(self, key: str, *, name: str | None = None, seconds: int = 0) -> str:
        return f"http://127.0.0.1:9/{key}?X-Amz-Signature=c0ffee"


class Clock:
    """Time that passes only while somebody waits; `waits` are the seconds of each time."""

    def __init__(self, seconds: float = 300.0) -> None:
        self.seconds = seconds
        self.waits: list[float] = []

    def left(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds -= seconds


class Stage:
    def __init__(self, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: str) -> None:
        self.jobs, self.ledger, self.library, self.xai = jobs, ledger, library, xai
        self.media = DataUrls(media.bucket, media.client)
        self.clock = Clock()
        self.board = Board(
            jobs=jobs,
            ledger=ledger,
            budgets=Budgets(jobs.table),
            library=library,
            editor=Editor(
                media=self.media,
                vision=Chat(lambda: "key", f"{xai}/v1"),
                models=catalogue().vision_models,
                handover="url",
                pause=self.clock.pause,
            ),
            timeout_seconds=600,
            heartbeat_seconds=30,
            catalogue=catalogue,
        )
        stamp = {"tenant": "acme", "created_at": now(), "updated_at": now()}
        self.client = Client(id=new_id(), name="Acme", brand_guidelines="Calm", **stamp)
        self.campaign = Campaign(id=new_id(), client_id=self.client.id, name="Autumn", goal="Sell", **stamp)
        library.add(self.client)
        library.add(self.campaign)
        self.pictures: list[Asset] = []
        self.add_pictures(4)

    def add_pictures(self, many: int) -> None:
        for asset in self.draw_pictures(many):
            self.library.add_asset(asset)

    def draw_pictures(self, many: int) -> list[Asset]:
        """Pictures that no row names yet."""
        fresh = [self._drawn(number) for number in range(len(self.pictures), len(self.pictures) + many)]
        self.pictures += fresh
        return fresh

    def _drawn(self, number: int) -> Asset:
        asset_id = new_id()
        key = f"acme/assets/{asset_id}/thumbnail.jpg"
        self.media.put(key, drawn(number), "image/jpeg")
        return Asset(
            id=asset_id,
            tenant="acme",
            created_at=now(),
            updated_at=now(),
            campaign_id=self.campaign.id,
            name=f"Picture {number}",
            key=f"acme/assets/{asset_id}/original.jpg",
            thumbnail_key=key,
            content_type="image/jpeg",
            bytes=1,
            sha256=f"{number:064x}",
            width=160,
            height=90,
        )

    def chosen(self, wanted: int | None) -> Choice:
        """What is chosen of all pictures, without a job and its rows."""
        return choose(self.pictures, wanted, self.campaign, self.client, self.board.editor, self.clock.left)

    def job(self, **changes: object) -> Job:
        given = {"status": JobStatus.PLANNING, "campaign_id": self.campaign.id, "client_id": self.client.id}
        job = a_job(**{**given, "num_pairs": 3, **changes})
        self.jobs.table.commit(self.jobs.accept(job))
        return job

    def edits(self, **changes: object) -> None:
        """With another editor: its vision, models, handover or media."""
        self.board = replace(self.board, editor=replace(self.board.editor, **changes))

    def plan(self, job: Job) -> ClipTasks:
        return plan(job.id, job.run, self.board, self.clock.left)

    def planned(self, **changes: object) -> Job:
        """A job after its selection."""
        job = self.job(**changes)
        self.plan(job)
        return self.jobs.job(job.id)

    def pairs(self, job: Job) -> list[tuple[str, str]]:
        clips = self.jobs.clips(job.id)
        assert [clip.number for clip in clips] == list(range(1, len(clips) + 1))
        return [(clip.image1_asset_id or "", clip.image2_asset_id or "") for clip in clips]

    def script(self, do: str, **rule: Any) -> None:
        rules = [{"match": {}, "times": 1, "do": do, **rule}]
        requests.post(f"{self.xai}/_script", json=rules, timeout=5).raise_for_status()

    def says(self, folder: Path, *pairs: tuple[int, int] | dict[str, Any], times: int = 1) -> None:
        """The model's next answers: pairs of pictures by their numbers, or of whatever a dict says instead."""
        said = []
        for pair in pairs:
            first, second = (0, 1) if isinstance(pair, dict) else pair
            said.append(
                {
                    "image1AssetId": self.pictures[first].id,
                    "image2AssetId": self.pictures[second].id,
                    "score": 0.5,
                    "reason": "Both glow.",
                    **(pair if isinstance(pair, dict) else {}),
                }
            )
        file = folder / f"{new_id()}.json"
        file.write_text(json.dumps({"pairs": said}))
        self.script("serve", times=times, file=str(file))

    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all questions to the model."""
        log = requests.get(f"{self.xai}/_log", timeout=5).json()
        return [entry["body"] for entry in log if entry["path"] == "/v1/chat/completions"]


def pairs_of(choice: Choice) -> list[tuple[str, str]]:
    return [(pair.image1_asset_id, pair.image2_asset_id) for pair in choice.pairs]


def shown(question: dict[str, Any]) -> Sequence[str]:
    """The URLs of a question's pictures."""
    parts = question["messages"][1]["content"]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def named(question: dict[str, Any]) -> Sequence[str]:
    """The ids of a question's pictures."""
    texts = [part["text"] for part in question["messages"][1]["content"] if part["type"] == "text"]
    return [text.removeprefix("asset ").partition(":")[0] for text in texts if text.startswith("asset ")]
