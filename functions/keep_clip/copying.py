"""What a provider has made, fetched, proved and put into a bucket of ours: a clip with what is made of it at once, or a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from functions.keep_clip.judging import check, is_silent
from functions.keep_clip.output import fetch_shown
from functions.studio import telemetry
from functions.studio.catalogue import Catalogue
from functions.studio.clips import Answer, Attempt, Clip, Kept, KeptPicture
from functions.studio.errors import BrokenMedia, NotConfigured, OutputExpired, ProviderError, RequestError
from functions.studio.jobs import Job
from functions.studio.media import Probe, Segment
from functions.studio.media_store import (
    RAW,
    MediaStore,
    SharedStore,
    clip_key,
    last_frame_key,
    segment_key,
    shared_picture_key,
    thumbnail_key,
)
from functions.studio.pictures import MOST_BYTES, kept_as, read_picture
from functions.studio.probe import Stills, examine, sha256
from functions.studio.providers import Provider
from functions.studio.segment import segment_clip
from functions.studio.workplace import workplace

SEGMENT_SECONDS = 40
"""For encoding one of a clip in a foreign format; copying takes a moment. The clip's fetching and proving may take 420 of
the function's 480."""


@dataclass(frozen=True)
class Copier:
    """Fields as of the Keeper."""

    media: MediaStore
    shared: Callable[[], SharedStore]
    provider_of: Callable[[str], Provider]
    origins: Mapping[str, Sequence[str]]
    catalogue: Callable[[], Catalogue]
    segment_seconds: float

    def copy(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer) -> Kept | KeptPicture:
        """BrokenMedia, OutputExpired or NotConfigured where that cannot be."""
        if answer.removed:
            raise OutputExpired("the provider has deleted its output")
        if not answer.output_url:
            raise BrokenMedia("the provider named no output")
        if attempt.stage == "image":
            return self._picture(job, attempt, answer, answer.output_url)
        return self._clip(job, clip, attempt, answer, answer.output_url)

    def _picture(self, job: Job, attempt: Attempt, answer: Answer, url: str) -> KeptPicture:
        with workplace() as folder:
            file = folder / "picture"
            origins = self.origins[attempt.provider]
            fetch_shown(lambda: self._shown_now(attempt), url, file, origins, most_bytes=MOST_BYTES)
            try:
                picture = read_picture(file.read_bytes())
            except RequestError as refused:
                raise BrokenMedia(refused.detail.rstrip(".")) from None
        if picture.blank:
            raise BrokenMedia("it has one colour throughout")
        key, store = shared_picture_key(job.tenant, picture.extension), self.shared()
        store.put(key, picture.body, picture.content_type)
        return kept_as(picture, key, _at_the_provider(attempt, answer))

    def _clip(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer, url: str) -> Kept:
        """With its sound."""
        with workplace() as folder:
            film, pcm = folder / "clip.mp4", folder / "clip.pcm"
            fetch_shown(lambda: self._shown_now(attempt), url, film, self.origins[attempt.provider])
            stills = Stills(folder / "thumbnail.jpg", folder / "last_frame.jpg")
            probe = examine(film, pcm=pcm, stills=stills)
            check(probe, clip.duration_seconds)
            key = clip_key(job.tenant, job.id, attempt.id, clip.number)
            pcm_key = key.removesuffix(".mp4") + ".pcm"
            self.media.upload(pcm, pcm_key, "application/octet-stream", tags=RAW)
            self.media.upload(film, key, "video/mp4")
            segment = self._segment(film, pcm, probe, key)
            return Kept(
                key=key,
                pcm_key=pcm_key,
                sha256=sha256(film),
                probe=probe,
                thumbnail_key=self._still(stills.thumbnail, thumbnail_key(key)),
                last_frame_key=self._still(stills.last, last_frame_key(key)),
                predict_seconds=_at_the_provider(attempt, answer),
                silent=is_silent(probe) and self.catalogue().model(clip.model, clip.mode).sounds(job.cut),
                segment=segment,
            )

    def _shown_now(self, attempt: Attempt) -> str | None:
        """Where the provider shows the attempt's output at the moment; None where it does not (any more)."""
        if not attempt.prediction_id:
            return None
        try:
            answer = self.provider_of(attempt.provider).look(attempt.prediction_id).answer
        except (ProviderError, NotConfigured) as error:
            telemetry.logger().warning("an expired output cannot be looked up again", extra={"reason": str(error)})
            return None
        return None if answer is None or answer.removed else answer.output_url

    def _still(self, file: Path, key: str) -> str | None:
        """None where the file had no such frame: its index may promise more than can be decoded."""
        if not file.exists():
            telemetry.logger().warning("a still is missing", extra={"still": file.name})
            return None
        self.media.upload(file, key, "image/jpeg")
        return key

    def _segment(self, film: Path, pcm: Path, probe: Probe, clip: str) -> Segment | None:
        """What the clip is watched by before there is a film. It is worth no paid clip: None where it cannot be made."""
        to, key = film.with_suffix(".m4s"), segment_key(clip)
        try:
            segment = segment_clip(film, pcm, probe.picture, to, key, seconds=self.segment_seconds)
        except BrokenMedia as fault:
            telemetry.logger().warning("no segment to watch", extra={"reason": str(fault)})
            telemetry.count("SegmentsFailed")
            return None
        self.media.upload(to, key, "video/mp4", tags=RAW)
        return segment


def _at_the_provider(attempt: Attempt, answer: Answer) -> float | None:
    """Seconds, by its own word; else from its acceptance to its answer."""
    if answer.predict_seconds is not None:
        return answer.predict_seconds
    if attempt.accepted_at is None or attempt.answered_at is None:
        return None
    took = datetime.fromisoformat(attempt.answered_at) - datetime.fromisoformat(attempt.accepted_at)
    return max(0.0, took.total_seconds())
