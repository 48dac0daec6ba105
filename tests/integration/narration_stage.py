"""What the tests of a narration begin with: a campaign of drawn pictures, a listing, and services that really write, speak
and listen."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageDraw

from functions.plan.board import Board
from functions.plan.choice import Editor
from functions.plan.plan import plan
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue, catalogue
from functions.studio.chat import Chat
from functions.studio.cut import Cut
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, Line
from functions.studio.library import Asset, Campaign, Library, PictureAsset
from functions.studio.listing_clips import film_at_most
from functions.studio.listings import Listing
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTasks
from functions.studio.narration import Narration
from functions.studio.rows import new_id, now, today
from tests.integration.plan_stage import Clock
from tests.scripted import a_booth, a_job

CAMRY = {
    "title": "2020 Toyota Camry",
    "description": "Spacious family car with low mileage. One owner, full service history.",
    "category": "automotive",
    "price": Decimal(18500),
}
PATHS = {"/v1/chat/completions": "script", "/v1/audio/speech": "voice", "/v1/audio/transcriptions": "captions"}


def drawn(number: int) -> bytes:
    picture = Image.new("RGB", (320, 240), (40 * number % 256, 90, (200 - 30 * number) % 256))
    ImageDraw.Draw(picture).ellipse((40, 40, 200, 200), fill="white")
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


class Stage:
    def __init__(self, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, openai: str) -> None:
        self.jobs, self.ledger, self.library, self.media, self.openai = jobs, ledger, library, media, openai
        self.clock = Clock()
        self.models: Catalogue = catalogue()
        nobody = Chat(lambda: "key", "http://127.0.0.1:9/v1")
        self.board = Board(
            jobs=jobs,
            ledger=ledger,
            budgets=Budgets(jobs.table),
            library=library,
            editor=Editor(media, nobody, [], "url", pause=self.clock.pause),
            timeout_seconds=600,
            heartbeat_seconds=30,
            catalogue=lambda: self.models,
            booth=replace(a_booth(library, media, f"{openai}/v1"), narrators=lambda: self.models.narrators),
        )
        stamp = {"tenant": "acme", "created_at": now(), "updated_at": now()}
        self.campaign = Campaign(id=new_id(), name="Autumn", **stamp)
        library.add(self.campaign)
        self.pictures = [self.picture(number) for number in range(2)]

    def picture(self, number: int) -> PictureAsset:
        asset_id, body = new_id(), drawn(number)
        keys = {name: f"acme/assets/{asset_id}/{name}.jpg" for name in ("original", "thumbnail")}
        for key in keys.values():
            self.media.put(key, body, "image/jpeg")
        asset = PictureAsset(
            id=asset_id,
            tenant="acme",
            created_at=now(),
            updated_at=now(),
            campaign_id=self.campaign.id,
            name=f"Picture {number}",
            key=keys["original"],
            thumbnail_key=keys["thumbnail"],
            content_type="image/jpeg",
            bytes=len(body),
            sha256=sha256(body).hexdigest(),
            width=320,
            height=240,
        )
        self.library.add_asset(asset)
        return asset

    def video(self, file: Path, seconds: float) -> Asset:
        asset_id, body = new_id(), file.read_bytes()
        keys = {"key": f"acme/assets/{asset_id}/original.mp4", "thumbnail_key": f"acme/assets/{asset_id}/thumbnail.jpg"}
        self.media.put(keys["key"], body, "video/mp4")
        asset = Asset(
            id=asset_id,
            tenant="acme",
            created_at=now(),
            updated_at=now(),
            campaign_id=self.campaign.id,
            name="A video",
            type="video",
            **keys,
            content_type="video/mp4",
            bytes=len(body),
            sha256=sha256(body).hexdigest(),
            width=320,
            height=180,
            duration_seconds=seconds,
        )
        self.library.add_asset(asset)
        return asset

    def listing(self, **changes: Any) -> Listing:
        ids = [picture.id for picture in self.pictures]
        return Listing(**{**CAMRY, "target_seconds": 6, "asset_ids": ids, **changes})

    def job(self, listing: Listing | None = None, **changes: Any) -> Job:
        """As it is accepted: with all reserved that it may come to."""
        listing = listing or self.listing()
        job = a_job(
            kind="listing",
            status=JobStatus.PLANNING,
            campaign_id=self.campaign.id,
            listing=listing,
            model=listing.motion,
            cut=Cut(aspect_ratio="9:16"),
            total_clips=len(listing.asset_ids),
        )
        cost = sum(film_at_most(job, listing, self._shown(listing), self.models, today()).values(), Decimal(0))
        job = job.model_copy(update={"estimated_cost": cost, "reserved_cost": cost, **changes})
        self.board.budgets.accept(job, self.jobs.accept(job), *self.jobs.enlist(job))
        return job

    def _shown(self, listing: Listing) -> list[Asset]:
        found = {asset.id: asset for asset in self.library.assets("acme", listing.asset_ids)}
        return [found[one] for one in listing.asset_ids if one in found]

    def plan(self, job: Job) -> ClipTasks:
        return plan(job.id, job.run, self.board, self.clock.left)

    def planned(self, listing: Listing | None = None, **changes: Any) -> Job:
        job = self.job(listing, **changes)
        self.plan(job)
        return self.jobs.job(job.id)

    def narration(self, job: Job) -> Narration:
        assert job.narration is not None
        return Narration.model_validate_json(self.media.read(job.narration.key))

    def samples(self, job: Job) -> bytes:
        key = self.narration(job).pcm_key
        assert key is not None
        return self.media.read(key)

    def speech(self, job: Job) -> Asset:
        [asset] = [
            asset
            for asset in self.library.page_of_campaign(self.campaign, limit=50)[0]
            if job.narration and asset.id == job.narration.asset_id
        ]
        return asset

    def lines(self, job: Job) -> list[Line]:
        return self.ledger.lines(job.id)

    def money(self, job: Job) -> list[tuple[str, str]]:
        return [(line.stage, line.state.value) for line in sorted(self.lines(job), key=lambda line: line.reserved_at)]

    def script(self, do: str, **rule: Any) -> None:
        rules = [{"match": {}, "times": 1, "do": do, **rule}]
        requests.post(f"{self.openai}/_script", json=rules, timeout=5).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = requests.get(f"{self.openai}/_log", timeout=5).json()
        return [entry for entry in entries if entry["path"] in PATHS]

    def asked(self) -> Counter[str]:
        """How often OpenAI was asked for each step."""
        return Counter(PATHS[entry["path"]] for entry in self.log())
