"""The places of a film and the variants that were made for each: which of them the film is cut from. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from functions.studio.clips import Clip, ClipStatus
from functions.studio.cut import Cut, Take

GONE = frozenset({ClipStatus.FAILED, ClipStatus.CANCELLED})


def numbered(shot: int, variant: int, variants: int) -> int:
    """A clip's number: the variants of a shot follow each other."""
    return (shot - 1) * variants + variant


def by_shot(clips: Sequence[Clip]) -> list[list[Clip]]:
    """The variants of each shot, in the order of the film."""
    in_order = sorted(clips, key=lambda clip: (clip.place, clip.number))
    return [list(variants) for _, variants in groupby(in_order, key=lambda clip: clip.place)]


def one_of_each(clips: Sequence[Clip], without: Collection[int] = ()) -> list[Clip]:
    """Of each shot the variant that stands for it: the first that is not lost; its first, where all are.

    `without` are the numbers of clips that the film cannot be made with.
    """

    def lost(clip: Clip) -> bool:
        return clip.number in without or clip.status in GONE

    return [min(variants, key=lambda clip: (lost(clip), clip.number)) for variants in by_shot(clips)]


def takes(clips: Sequence[Clip], cut: Cut, without: Collection[int] = ()) -> list[Take]:
    """The film as the cut says it; where that names no clips, one of each shot."""
    if cut.takes is not None:
        return cut.takes
    return [take(clip) for clip in one_of_each(clips, without)]


def take(clip: Clip) -> Take:
    """As much of the clip as it was made for."""
    return Take(clip=clip.number, ends_at=clip.ends_at)
