"""Where a clip and its stills are had: URLs that stay, by the clip's number; None of what is not there (yet)."""

from __future__ import annotations

from functions.api.envelope import ROOT
from functions.studio.clips import Clip
from functions.studio.jobs import Job
from functions.studio.media import clip_name
from functions.studio.media_store import last_frame_key, thumbnail_key


def clip_url(job: Job, clip: Clip) -> str | None:
    return _url(job, clip_name(clip.number)) if clip.latest else None


def thumbnail_url(job: Job, clip: Clip) -> str | None:
    kept = clip.latest
    return _url(job, thumbnail_key(clip_name(clip.number))) if kept and kept.thumbnail_key else None


def last_frame_url(job: Job, clip: Clip) -> str | None:
    kept = clip.latest
    return _url(job, last_frame_key(clip_name(clip.number))) if kept and kept.last_frame_key else None


def files(clip: Clip) -> dict[str, str | None]:
    """By the names that its URLs end in: the keys in the bucket of those that are there."""
    name, kept = clip_name(clip.number), clip.latest
    return {
        name: kept.key if kept else None,
        thumbnail_key(name): kept.thumbnail_key if kept else None,
        last_frame_key(name): kept.last_frame_key if kept else None,
    }


def _url(job: Job, name: str) -> str:
    return f"{ROOT}/videos/{job.id}/clips/{name}"
