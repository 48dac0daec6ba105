"""A video of the caller's own in a film: proved as what a provider makes is, and kept as a clip that nobody was paid for."""

from __future__ import annotations

from functions.studio.clips import Kept
from functions.studio.errors import BrokenMedia
from functions.studio.media_store import RAW, MediaStore, last_frame_key, thumbnail_key
from functions.studio.probe import Stills, examine, sha256
from functions.studio.videos import MOST_SECONDS
from functions.studio.visible import clip_faults
from functions.studio.workplace import workplace


def keep_video(media: MediaStore, video: str, key: str, seconds: float) -> Kept:
    """The video under `key`, a clip's, with its sound, a small picture of its middle and its last frame beside it.
    BrokenMedia for what is no MP4 or MOV, is damaged, black, does not move, lasts too long, or takes more than `seconds`."""
    with workplace() as folder:
        film, pcm = folder / "clip.mp4", folder / "clip.pcm"
        media.download(video, film)
        stills = Stills(folder / "thumbnail.jpg", folder / "last_frame.jpg")
        probe = examine(film, pcm=pcm, stills=stills, seconds=seconds)
        if probe.picture.seconds > MOST_SECONDS:
            raise BrokenMedia(f"it lasts {float(probe.picture.seconds):.1f} s, and {MOST_SECONDS} s is the most")
        for fault in clip_faults(probe.picture):
            raise BrokenMedia(fault)
        beside = [(stills.thumbnail, thumbnail_key(key)), (stills.last, last_frame_key(key))]
        pcm_key = key.removesuffix(".mp4") + ".pcm"
        media.upload(pcm, pcm_key, "application/octet-stream", tags=RAW)
        media.upload(film, key, "video/mp4")
        for file, to in beside:
            media.upload(file, to, "image/jpeg")
        return Kept(
            key=key,
            pcm_key=pcm_key,
            sha256=sha256(film),
            probe=probe,
            thumbnail_key=thumbnail_key(key),
            last_frame_key=last_frame_key(key),
        )
