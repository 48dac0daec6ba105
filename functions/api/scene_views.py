"""Scenes in the words of the v3 API: what one is to be and how far the clip is that was asked for last; and a film of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Depends

from functions.api.clip_urls import clip_url
from functions.api.envelope import View
from functions.api.given import SharedUrl, TheJobs, TheSharedUrl, TheStoryboard
from functions.studio.clips import Clip, ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.rows import plain
from functions.studio.scene_progress import standing
from functions.studio.scenes import Filmed, Scene
from functions.studio.storyboard import Storyboard


class SceneView(View):
    id: str
    user_id: str
    scenario_id: str
    image_prompt: str | None
    visual_prompt: str | None
    product_reference_image_url: str | None
    product_reference_image_asset_id: str | None
    duration: int | float
    """Seconds that are wished for."""
    order: int | float
    status: str
    """Of the clip that was asked for last; `pending` of a scene that was never filmed."""
    image_url: str | None
    """Of its picture, for everybody who has the URL."""
    generated_video_url: str | None
    """Of its clip: one that stays, and leads to a signed one."""
    error_message: str | None
    job_id: str | None
    """That makes the clip, and which of its clips it is."""
    sub_job_number: int | None
    created_at: str
    updated_at: str


class ScenesView(View):
    scenario_id: str
    resolution: str
    image_model_id: str
    image_ratio: str
    """That pictures are asked for, in pixels where their model has words for that."""
    video_ratio: str | None
    """The same of videos; None where their model takes it from the picture."""
    pause_after: Literal["image"] | None
    progress: float
    """Per cent, of all scenes in the mean."""
    current_step: str


def scenes_view(job: Job, clips: Sequence[Clip]) -> ScenesView:
    at = standing(job, clips)
    asked = {"image_model_id": job.image_model, "video_ratio": job.aspect_ratio, "progress": at.percent}
    ratio = job.ratio_of(job.image_model) if job.image_model else None
    return ScenesView.model_validate({**job.model_dump(), **asked, "image_ratio": ratio, "current_step": at.step})


@dataclass(frozen=True)
class Made:
    """What the job that was asked for last makes of a scene."""

    job: Job
    clip: Clip

    def told(self, shared: SharedUrl) -> dict[str, Any]:
        picture = self.clip.picture or self.clip.standing.picture
        return {
            "status": self.clip.status.value,
            "image_url": shared(picture.key) if picture else None,
            "generated_video_url": clip_url(self.job, self.clip),
            "error_message": self.clip.error_message,
            "job_id": self.job.id,
            "sub_job_number": self.clip.number,
        }


NEVER = dict.fromkeys(["image_url", "generated_video_url", "error_message", "job_id", "sub_job_number"])


@dataclass(frozen=True)
class Screening:
    """Scenes as the rows of their jobs have them: nothing is written on a scene that could be out of date."""

    storyboard: Storyboard
    jobs: JobStore
    shared: SharedUrl

    def shown(self, scene: Scene) -> SceneView:
        return self.all([scene])[0]

    def all(self, scenes: Sequence[Scene]) -> list[SceneView]:
        """In the same order."""
        made = self._made(scenes)
        return [self._view(scene, made.get(scene.id)) for scene in scenes]

    def _made(self, scenes: Sequence[Scene]) -> dict[str, Made]:
        of = {scene.scenario_id: [one.id for one in scenes if one.scenario_id == scene.scenario_id] for scene in scenes}
        filmed: dict[str, Filmed] = {}
        for scenario_id, ids in of.items():
            filmed |= self.storyboard.latest(scenes[0].tenant, scenario_id, ids)
        jobs = {job.id: job for job in self.jobs.jobs(sorted({one.job_id for one in filmed.values()}))}
        clips = {
            clip.scene_id: clip for clip in self.jobs.clips_of([(one.job_id, one.clip) for one in filmed.values()])
        }
        return {scene_id: Made(jobs[one.job_id], clips[scene_id]) for scene_id, one in filmed.items()}

    def _view(self, scene: Scene, made: Made | None) -> SceneView:
        own = {"user_id": scene.tenant, "duration": plain(scene.duration), "order": plain(scene.order)}
        told = made.told(self.shared) if made else {**NEVER, "status": ClipStatus.PENDING.value}
        last = max(scene.updated_at, made.clip.updated_at) if made else scene.updated_at
        return SceneView.model_validate(scene.model_dump() | own | told | {"updated_at": last})


def the_screening(storyboard: TheStoryboard, jobs: TheJobs, shared: TheSharedUrl) -> Screening:
    return Screening(storyboard, jobs, shared)


TheScreening = Annotated[Screening, Depends(the_screening)]
