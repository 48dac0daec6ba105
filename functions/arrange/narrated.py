"""The pieces of a film that follows a narration: pictures in motion and clips, as long as the words leave them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate

from functions.arrange.arrangement import KeyOf, Scene, View, between_cards, in_turn, numbered
from functions.arrange.target import told_target
from functions.studio.clips import Kept
from functions.studio.cut import Cut, Take
from functions.studio.errors import NoClipSurvived
from functions.studio.media import Piece, PieceKind, Shot, Target
from functions.studio.narration import NarrationRef
from functions.studio.stills import Slide, Still, slide, veil
from functions.studio.timeline import Timeline, timeline


@dataclass(frozen=True)
class Story:
    """What a narrated film tells, beside its pictures."""

    narration: NarrationRef
    spoken: bool
    title: bool = False
    """Over the first picture, before the first word."""
    price: bool = False
    """On a card behind the last picture."""


def narrated(shown: Mapping[int, Kept | Still], cut: Cut, story: Story, key_of: KeyOf, first: int = 1) -> list[Piece]:
    """The pieces in the order of the film, numbered from `first` on; all of them are encoded. NoClipSurvived where nothing
    is left to show."""
    takes = cut.takes if cut.takes is not None else [Take(clip=clip) for clip in sorted(shown)]
    takes = [take for take in takes if take.clip in shown]
    if not takes:
        raise NoClipSurvived("Of the pictures that the film is cut from none is there.")
    target = told_target(cut)
    ground = _ground(takes, shown) if story.price else None
    story = replace(story, price=ground is not None)
    told = planned(takes, shown, cut, story, target)
    views = list(_views(takes, shown, told, target))
    views[0] = replace(views[0], titled=told.narration if story.title else 0)
    if ground:
        clip, still = ground
        under = veil(still, (target.width, target.height), told.windows[-1])
        views.append(View(partial(_of_still, clip, under), 0, told.windows[-1], PieceKind.CARD, "price"))
    drafts = list(between_cards(in_turn(views, told.joins, cut), cut, target))
    begins = sum(draft.frames for draft in drafts if draft.card == "intro")
    starts = accumulate((draft.frames for draft in drafts), initial=0)
    heard = story.spoken or cut.clips_are_heard
    return [
        numbered(number, draft, target, key_of, heard).model_copy(
            update={"at": at, "narration_at": begins + told.narration}
        )
        for number, (draft, at) in enumerate(zip(drafts, starts, strict=False), first)
    ]


def planned(
    takes: Sequence[Take], shown: Mapping[int, Kept | Still], cut: Cut, story: Story, target: Target
) -> Timeline:
    windows = [_window(take, shown[take.clip], target) for take in takes]
    return timeline(
        story.narration.seconds,
        story.narration.sentences,
        [window and window[1] - window[0] for window in windows],
        [cut.after(take.clip) for take in takes],
        target.fps,
        title=story.title,
        price=story.price,
    )


def _window(take: Take, one: Kept | Still, target: Target) -> tuple[int, int] | None:
    """Of a clip; a picture lasts as long as it has to."""
    return Scene(take.clip, one, take).window(target) if isinstance(one, Kept) else None


def _views(takes: Sequence[Take], shown: Mapping[int, Kept | Still], told: Timeline, target: Target) -> Iterator[View]:
    size = target.width, target.height
    for turn, (take, length) in enumerate(zip(takes, told.windows, strict=False)):
        one = shown[take.clip]
        if isinstance(one, Kept):
            begins = Scene(take.clip, one, take).window(target)[0]
            yield View(partial(_of_clip, take.clip, one), begins, begins + length)
        else:
            moving = slide(one, size, length / target.fps, length, turn)
            yield View(partial(_of_still, take.clip, moving), 0, length, PieceKind.SLIDE)


def _ground(takes: Sequence[Take], shown: Mapping[int, Kept | Still]) -> tuple[int, Still] | None:
    """What the price card stands on: the last picture that there is, be it the last frame of a clip."""
    for take in reversed(takes):
        one = shown[take.clip]
        if isinstance(one, Still):
            return take.clip, one
        if one.last_frame_key:
            width, height = one.probe.picture.shown
            return take.clip, Still(key=one.last_frame_key, sha256="", width=width, height=height)
    return None


def _of_clip(clip: int, kept: Kept, start: int, end: int) -> Shot:
    return Shot(clip=clip, key=kept.key, pcm_key=kept.pcm_key, picture=kept.probe.picture, start=start, end=end)


def _of_still(clip: int, moving: Slide, start: int, end: int) -> Shot:
    return Shot(clip=clip, key=moving.key, slide=moving, start=start, end=end)
