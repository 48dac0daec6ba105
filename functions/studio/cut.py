"""How a film is cut: what the caller asked of it, beside the clips themselves. Pure."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from functions.studio.rows import Row, plain
from functions.studio.tracks import Track

Resolution = Literal["480p", "720p", "1080p"]
AspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4"]
Rate = Literal[24, 25, 30]
Audio = Literal["keep", "strip", "music"]
Quality = Literal["economy", "balanced", "premium"]
Background = Literal["blurred", "plain"]
Position = Literal["top-left", "top-right", "bottom-left", "bottom-right", "center"]
Format = Literal["mp4", "webm", "hevc"]
"""H.264 and AAC in MP4; VP9 and Opus in WebM; HEVC and AAC in MP4."""


class TransitionKind(StrEnum):
    CUT = "cut"
    CROSSFADE = "crossfade"
    FADE_BLACK = "fade-black"
    WIPE = "wipe"
    SLIDE = "slide"


class Transition(Row):
    """From one survivor to the next; it takes at most half of each, and no time at all as a cut."""

    kind: TransitionKind = TransitionKind.CUT
    seconds: Decimal = Decimal("0.5")

    def as_asked(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "seconds": None if self.kind is TransitionKind.CUT else self.seconds}


class Watermark(Row):
    asset_id: str
    key: str
    """Of the picture in the media bucket."""
    position: Position = "bottom-right"
    opacity: Decimal = Decimal("0.8")


class Card(Row):
    """A picture that stands still, before the first clip or after the last."""

    asset_id: str
    key: str
    seconds: Decimal = Decimal(3)


class Music(Row):
    """Lies under the clips' sound, or stands instead of it."""

    track: Track | None = None
    """One of ours; None where it is an asset."""
    asset_id: str | None = None
    key: str | None = None
    """Of the asset's file in the media bucket, as it came."""
    volume: Decimal = Decimal("0.7")
    """Against the clips' sound: 1 is as loud as they are, wherever they are silent."""


class Take(Row):
    """A clip in the film, or a part of it, in seconds of the clip; to its end, where that is not said or lies beyond."""

    clip: int
    starts_at: Decimal | None = None
    ends_at: Decimal | None = None

    def as_asked(self) -> dict[str, Any]:
        return {"subJobNumber": self.clip, "startsAt": self.starts_at, "endsAt": self.ends_at}


class Cut(Row):
    """Whatever is None follows the clips."""

    resolution: Resolution | None = None
    """The film's short side."""
    aspect_ratio: AspectRatio | None = None
    fps: Rate | None = None
    transition: Transition = Transition()
    joins: dict[str, Transition] = Field(default_factory=dict)
    """By the number of the clip before the join (as text): where it differs from `transition`."""
    audio: Audio = "keep"
    """With `music`: "music" over the clips' sound, "strip" instead of it."""
    music: Music | None = None
    quality: Quality = "balanced"
    background: Background = "blurred"
    """Of what a letterboxed clip leaves empty."""
    watermark: Watermark | None = None
    intro: Card | None = None
    outro: Card | None = None
    takes: list[Take] | None = None
    """In the order of the film; None: every clip, whole, by its number."""
    format: Format = "mp4"
    bitrate: int | None = None
    """Kilobits of picture a second; None leaves it to `quality`."""

    def after(self, clip: int) -> Transition:
        """The transition that follows a clip, whichever survivor comes next."""
        return self.joins.get(str(clip), self.transition)

    @property
    def side(self) -> int | None:
        """The film's short side in pixels."""
        return int(self.resolution.removesuffix("p")) if self.resolution else None

    @property
    def clips_are_heard(self) -> bool:
        return self.audio != "strip"

    @property
    def asset_ids(self) -> set[str]:
        """Of the pictures and the music that the film is cut with."""
        return {asset_id for _, asset_id in self.parts()}

    def parts(self) -> list[tuple[str, str]]:
        """What the film is cut with beside its clips: the option's name, and the asset's id."""
        parts = {"music": self.music, "watermark": self.watermark, "intro": self.intro, "outro": self.outro}
        return [(name, part.asset_id) for name, part in parts.items() if part and part.asset_id]

    def as_asked(self) -> dict[str, Any]:
        """In the form of a request, as JSON, with whatever was left out filled in."""
        joins = sorted((int(clip), transition) for clip, transition in self.joins.items())
        assets = {part: {"key"} for part in ("music", "watermark", "intro", "outro")}
        said = self.model_dump(by_alias=True, exclude={"joins": True, "takes": True, **assets})
        said["clips"] = None if self.takes is None else [take.as_asked() for take in self.takes]
        said["transition"] = self.transition.as_asked()
        said["transitions"] = [{"after": clip, **transition.as_asked()} for clip, transition in joins]
        asked: dict[str, Any] = plain(said)
        return asked
