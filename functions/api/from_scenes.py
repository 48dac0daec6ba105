"""A film of scenes, from what was asked to the rows that it begins with: a clip a scene, all of them known at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Any

from functions.api.accept_asset import Accepted
from functions.api.accept_job import expiry
from functions.api.clip_failure import the_fallbacks, the_wish
from functions.api.film_options import not_as_asked, the_cut
from functions.api.first_picture import Darkroom
from functions.api.job_request import as_asked, for_whom
from functions.api.named_model import passing, snapped
from functions.api.scene_models import Casting
from functions.api.scenes_request import ScenesRequest, the_scenes
from functions.api.standing import require_tier
from functions.api.variants import refuse
from functions.studio.at_once import HANDS, at_once
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue, Mode, Model, dearest
from functions.studio.choice import Facts
from functions.studio.clips import STAGES, Clip, pending_clip
from functions.studio.credits import in_credits
from functions.studio.errors import FieldError
from functions.studio.jobs import Job, Purpose
from functions.studio.library import Asset, Campaign
from functions.studio.resolutions import Resolution, resolutions
from functions.studio.rows import new_id, now, today
from functions.studio.scenes import Scene
from functions.studio.storyboard import Storyboard
from functions.studio.tiers import Tier

MOST_FETCHING = 20.0
"""Seconds that all reference pictures may take to come, of the thirty that a request has."""


@dataclass(frozen=True)
class Planned:
    """All but the reference pictures that have to be fetched."""

    job: Job
    scenes: list[Scene]
    image: Model
    video: Model
    campaign: Campaign
    references: dict[str, Asset]
    """Those that are assets, by scene."""


@dataclass(frozen=True)
class Drafting:
    """A request on its way; nothing is written but for pictures that were fetched, when all else is known to be well."""

    asked: ScenesRequest
    tenant: str
    darkroom: Darkroom
    storyboard: Storyboard
    budgets: Budgets
    catalogue: Catalogue
    tier: Tier
    facts: Callable[[Mode], Facts]

    def job(self) -> tuple[Job, list[Clip]]:
        planned = self._planned()
        fetched = self._fetched(planned)
        references = planned.references | {
            scene.id: fetched[scene.product_reference_image_url]
            for scene in planned.scenes
            if scene.product_reference_image_url is not None
        }
        return planned.job, _clips(planned, references)

    def _planned(self) -> Planned:
        asked, library, on = self.asked, self.darkroom.library, today()
        scenario, scenes = the_scenes(asked, self.tenant, library, self.storyboard)
        campaign = for_whom(asked, asked.campaign_id or scenario.campaign_id, self.tenant, library)
        _require_prompts(scenes)
        casting = Casting(scenes, self.catalogue, self.tier, self.facts, on)
        image, about_image = casting.image(asked.image_model)
        video, about_video = casting.video(asked.model)
        resolution = _resolution(asked.resolution or scenario.resolution)
        seconds = [video.duration(float(scene.duration)) for scene in scenes]
        cut = the_cut(asked, self.tenant, library, len(scenes))
        fallbacks = the_fallbacks(asked, video, set(seconds), self.catalogue, on)
        videos = [video, *fallbacks]
        still = image.offer(cut, 0, resolution.of_image(image)).cost
        cost = sum((still + dearest(videos, cut, one) for one in seconds), Decimal(0))
        stamp = now()
        job = Job(
            id=new_id(),
            tenant=self.tenant,
            kind="scenes",
            campaign_id=campaign.id,
            client_id=campaign.client_id,
            scenario_id=scenario.id,
            resolution=resolution.name,
            image_model=image.name,
            pause_after=asked.pause_after,
            model=video.name,
            fallback_models=[one.name for one in fallbacks],
            on_clip_failure=the_wish(asked, len(scenes)),
            duration_seconds=seconds[0],
            total_clips=len(scenes),
            estimated_cost=cost,
            reserved_cost=cost,
            cut=cut,
            purpose=Purpose(chooses=False),
            **_ratios(resolution, image, videos),
            **as_asked(asked),
            warnings=[
                *about_image,
                *about_video,
                *passing([image, *videos], self.catalogue, on),
                *self.facts("image").warnings(fallbacks),
                *resolution.warnings(image, videos),
                *_lengths(video, scenes, seconds),
                *(said for one in videos for said in not_as_asked(one, cut, seconds[0])),
            ],
            created_at=stamp,
            updated_at=stamp,
        )
        require_tier(job, self.tier, self.catalogue)
        references = self._references(scenes)
        self.budgets.check_beginning(in_credits(job, [STAGES[job.kind][0]] * len(scenes)))
        return Planned(job, scenes, image, video, campaign, references)

    def _references(self, scenes: Sequence[Scene]) -> dict[str, Asset]:
        wanted = {one.id: one.product_reference_image_asset_id for one in scenes}
        there = {
            asset.id: asset
            for asset in self.darkroom.library.assets(self.tenant, [one for one in wanted.values() if one is not None])
        }
        gone = [scene_id for scene_id, asset_id in wanted.items() if asset_id is not None and asset_id not in there]
        if gone:
            detail = "names an asset that has been deleted"
            refuse(*(FieldError(f"scenes.{scene_id}.productReferenceImageAssetId", detail) for scene_id in gone))
        return {scene_id: there[asset_id] for scene_id, asset_id in wanted.items() if asset_id is not None}

    def _fetched(self, planned: Planned) -> dict[str, Asset]:
        """By its URL each picture that has to be fetched, now an asset; none of them where one cannot be had."""
        first = {
            scene.product_reference_image_url: scene.id
            for scene in reversed(planned.scenes)
            if scene.product_reference_image_url is not None
        }
        each = MOST_FETCHING / max(1, ceil(len(first) / HANDS))
        outside = self.darkroom.outside
        darkroom = replace(self.darkroom, outside=replace(outside, seconds=min(outside.seconds, each)))
        kept: dict[str, Accepted] = {}

        def fetch(url: str) -> None:
            field = f"scenes.{first[url]}.productReferenceImageUrl"
            kept[url] = darkroom.accepted(url, planned.campaign, field)

        try:
            at_once(fetch, first)
        except Exception:
            for one in kept.values():
                if one.new:
                    darkroom.forget(one.asset)
            raise
        return {url: one.asset for url, one in kept.items()}


def draft(
    asked: ScenesRequest,
    tenant: str,
    darkroom: Darkroom,
    storyboard: Storyboard,
    budgets: Budgets,
    catalogue: Catalogue,
    tier: Tier,
    facts: Callable[[Mode], Facts],
) -> tuple[Job, list[Clip]]:
    """The job and its pending clips; a RequestError where it cannot be done, with nothing written or spent."""
    return Drafting(asked, tenant, darkroom, storyboard, budgets, catalogue, tier, facts).job()


def _require_prompts(scenes: Sequence[Scene]) -> None:
    faults = [
        FieldError(f"scenes.{scene.id}.{field}", f"is required: scene {place} of the film has none")
        for place, scene in enumerate(scenes, 1)
        for field, said in (("imagePrompt", scene.image_prompt), ("visualPrompt", scene.visual_prompt))
        if said is None
    ]
    if faults:
        refuse(*faults, hint="PATCH /api/v3/scenes/{id} says it.")


def _resolution(name: str) -> Resolution:
    """The usual one for a scenario's that there is no more."""
    known = resolutions()
    found = known.find(name) or known.find(known.usual)
    assert found
    return found


def _ratios(resolution: Resolution, image: Model, videos: Sequence[Model]) -> dict[str, Any]:
    first, *others = videos
    asked = {image.name: resolution.of_image(image)} | {one.name: resolution.of_video(one) for one in others}
    return {
        "aspect_ratio": resolution.of_video(first),
        "other_ratios": {name: ratio for name, ratio in asked.items() if ratio is not None},
    }


def _lengths(video: Model, scenes: Sequence[Scene], seconds: Sequence[int]) -> list[str]:
    """Each change of a duration once."""
    said = [
        warning
        for scene, used in zip(scenes, seconds, strict=True)
        for warning in snapped(video, float(scene.duration), used, field="duration")
    ]
    return list(dict.fromkeys(said))


def _clips(planned: Planned, references: Mapping[str, Asset]) -> list[Clip]:
    job, video = planned.job, planned.video
    still = planned.image.offer(job.cut, 0, job.ratio_of(planned.image.name)).cost
    expires_at = expiry()
    clips = []
    for number, scene in enumerate(planned.scenes, 1):
        seconds = video.duration(float(scene.duration))
        shown = references.get(scene.id)
        clips.append(
            pending_clip(
                job,
                number,
                still + video.offer(job.cut, seconds).cost,
                expires_at=expires_at,
                mode="image",
                scene_id=scene.id,
                prompt=scene.visual_prompt,
                image_prompt=scene.image_prompt,
                image_model=planned.image.name,
                duration_seconds=seconds,
                reference_asset_id=shown and shown.id,
                reference_key=shown and shown.key,
            )
        )
    return clips
