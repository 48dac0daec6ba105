"""How a film is cut: what the caller asked of it, beside the clips themselves. Pure."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from functions.studio.rows import Row


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


class Watermark(Row):
    asset_id: str
    key: str
    """Of the picture in the media bucket."""
    position: Literal["top-left", "top-right", "bottom-left", "bottom-right", "center"] = "bottom-right"
    opacity: Decimal = Decimal("0.8")


class Card(Row):
    """A picture that stands still, before the first clip or after the last."""

    asset_id: str
    key: str
    seconds: Decimal = Decimal(3)


class Cut(Row):
    """Whatever is None follows the clips."""

    resolution: Literal["480p", "720p", "1080p"] | None = None
    """The film's short side."""
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4"] | None = None
    fps: Literal[24, 25, 30] | None = None
    transition: Transition = Transition()
    joins: dict[str, Transition] = Field(default_factory=dict)
    """By the number of the clip before the join (as text): where it differs from `transition`."""
    audio: Literal["keep", "strip"] = "keep"
    quality: Literal["economy", "balanced", "premium"] = "balanced"
    background: Literal["blurred", "plain"] = "blurred"
    """Of what a letterboxed clip leaves empty."""
    watermark: Watermark | None = None
    intro: Card | None = None
    outro: Card | None = None

    def after(self, clip: int) -> Transition:
        """The transition that follows a clip, whichever survivor comes next."""
        return self.joins.get(str(clip), self.transition)
