"""From the survivors and what the caller asked of the cut to the list of pieces: a pure decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Literal

from functions.arrange.target import film_target, fits, frames
from functions.studio.clips import Kept
from functions.studio.cut import Card, Cut, Take, Transition, TransitionKind
from functions.studio.errors import NoClipSurvived
from functions.studio.media import Piece, PieceKind, Shot, Target

MOST_FRAMES = 900
"""Of a piece that is encoded: a longer clip becomes several. At 1080p they take a minute or two of MakePiece's fifteen."""

SHORTEST_JOIN = 2
"""Frames: of a single one nothing of the next clip would be seen."""

KeyOf = Callable[[int, str], str]
"""The key of a piece in the media bucket, by its number and its file's extension."""


def arrangement(survivors: Mapping[int, Kept], cut: Cut, key_of: KeyOf, first: int = 1) -> list[Piece]:
    """The pieces in the order of the film, numbered from `first` on.

    Survivors that share one seam, fit what was asked and only follow each other are copied as they are. Otherwise all of
    them are conformed: an encoder of ours cannot be made to write the decoder configuration of somebody else's.
    """
    scenes = in_order(survivors, cut)
    target = film_target([scene.kept.probe.picture for scene in scenes], cut)
    if as_they_are(scenes, cut, target):
        return [copied(number, scene, cut) for number, scene in enumerate(scenes, first)]
    drafts = conformed(scenes, cut, target)
    return [numbered(number, draft, target, key_of, cut.clips_are_heard) for number, draft in enumerate(drafts, first)]


@dataclass(frozen=True)
class Scene:
    """A survivor in its place in the film."""

    clip: int
    kept: Kept
    take: Take

    def window(self, target: Target) -> tuple[int, int]:
        """Its frames at the film's rate. A take that a newer, shorter clip has nothing of is the whole clip."""
        whole = frames(self.kept.probe.picture, target)
        start = counted(self.take.starts_at or Decimal(0), target.fps)
        end = whole if self.take.ends_at is None else min(whole, counted(self.take.ends_at, target.fps))
        return (start, end) if start < end else (0, whole)

    def is_whole(self, target: Target) -> bool:
        return self.window(target) == (0, frames(self.kept.probe.picture, target))


def in_order(survivors: Mapping[int, Kept], cut: Cut) -> list[Scene]:
    """As the cut says, without those that did not survive; NoClipSurvived where none of its clips did."""
    takes = cut.takes if cut.takes is not None else [Take(clip=clip) for clip in sorted(survivors)]
    scenes = [Scene(take.clip, survivors[take.clip], take) for take in takes if take.clip in survivors]
    if not scenes:
        raise NoClipSurvived("Of the clips that the film is cut from none is there.")
    return scenes


def as_they_are(scenes: Sequence[Scene], cut: Cut, target: Target) -> bool:
    """Whether the survivors make the film without an encoder."""
    pictures = [scene.kept.probe.picture for scene in scenes]
    seams = {picture.seam for picture in pictures}
    changed = cut.watermark or cut.intro or cut.outro or cut.bitrate or cut.format != "mp4"
    hard = all(cut.after(scene.clip).kind is TransitionKind.CUT for scene in scenes[:-1])
    agree = len(seams) == 1 and None not in seams and pictures[0].codec == "h264"
    whole = all(scene.is_whole(target) for scene in scenes)
    return agree and hard and whole and not changed and all(fits(picture, target, cut) for picture in pictures)


def copied(number: int, scene: Scene, cut: Cut) -> Piece:
    kept, picture = scene.kept, scene.kept.probe.picture
    return Piece(
        number=number,
        kind=PieceKind.CLIP,
        shots=[_shot(scene, 0, picture.frames)],
        frames=picture.frames,
        key=kept.key,
        pcm_key=kept.pcm_key if cut.clips_are_heard else None,
        bytes=kept.probe.bytes,
        picture=picture,
    )


def join_frames(transition: Transition, before: int, after: int, fps: int) -> int:
    """How long a join of two clips of so many frames is: at most half of each; 0 is a hard cut."""
    if transition.kind is TransitionKind.CUT:
        return 0
    length = min(counted(transition.seconds, fps), before // 2, after // 2, MOST_FRAMES)
    return length if length >= SHORTEST_JOIN else 0


def counted(seconds: Decimal, fps: int) -> int:
    return round(seconds * fps)


@dataclass(frozen=True)
class Draft:
    """A piece to be encoded, before it has a number."""

    kind: PieceKind
    frames: int
    shots: tuple[Shot, ...] = ()
    transition: TransitionKind | None = None
    card: Literal["intro", "outro", "title", "price"] | None = None


def conformed(scenes: Sequence[Scene], cut: Cut, target: Target) -> Iterator[Draft]:
    windows = [scene.window(target) for scene in scenes]
    lengths = [end - start for start, end in windows]
    joins = [
        join_frames(cut.after(scene.clip), before, after, target.fps)
        for scene, (before, after) in zip(scenes, pairwise(lengths), strict=False)
    ]
    views = [View(partial(_shot, scene), *window) for scene, window in zip(scenes, windows, strict=True)]
    yield from between_cards(in_turn(views, joins, cut), cut, target)


@dataclass(frozen=True)
class View:
    """What the film shows for a while: frames `first` until before `last` of something."""

    shot: Callable[[int, int], Shot]
    first: int
    last: int
    kind: PieceKind = PieceKind.CLIP
    card: Literal["price"] | None = None
    titled: int = 0
    """So many of its first frames are a piece of their own."""


def in_turn(views: Sequence[View], joins: Sequence[int], cut: Cut) -> Iterator[Draft]:
    """One view after the other, `joins` frames of each in one piece with the next."""
    for turn, view in enumerate(views):
        head, tail = [0, *joins][turn], [*joins, 0][turn]
        begins = view.first + head
        if view.titled:
            begins += view.titled
            yield Draft(view.kind, view.titled, (view.shot(view.first, begins),), card="title")
        for start, end in parts(begins, view.last - tail):
            yield Draft(view.kind, end - start, (view.shot(start, end),), card=view.card)
        if tail:
            following = views[turn + 1]
            shots = view.shot(view.last - tail, view.last), following.shot(following.first, following.first + tail)
            yield Draft(PieceKind.JOIN, tail, shots, transition=cut.after(shots[0].clip).kind)


def between_cards(drafts: Iterable[Draft], cut: Cut, target: Target) -> Iterator[Draft]:
    if cut.intro:
        yield from _card("intro", cut.intro, target)
    yield from drafts
    if cut.outro:
        yield from _card("outro", cut.outro, target)


def parts(start: int, end: int) -> list[tuple[int, int]]:
    """The stretch, divided as few times as the longest piece allows, and evenly; none where it is empty."""
    count = -(-(end - start) // MOST_FRAMES)
    marks = [start + (end - start) * turn // count for turn in range(count + 1)] if count else []
    return list(pairwise(marks))


def _card(which: Literal["intro", "outro"], card: Card, target: Target) -> Iterator[Draft]:
    for start, end in parts(0, max(1, counted(card.seconds, target.fps))):
        yield Draft(PieceKind.CARD, end - start, card=which)


def _shot(scene: Scene, start: int, end: int) -> Shot:
    kept = scene.kept
    return Shot(clip=scene.clip, key=kept.key, pcm_key=kept.pcm_key, picture=kept.probe.picture, start=start, end=end)


def numbered(number: int, draft: Draft, target: Target, key_of: KeyOf, heard: bool) -> Piece:
    return Piece(
        number=number,
        kind=draft.kind,
        shots=list(draft.shots),
        transition=draft.transition,
        card=draft.card,
        frames=draft.frames,
        key=key_of(number, "mp4"),
        pcm_key=key_of(number, "pcm") if heard else None,
        target=target,
    )


NUMBERED = {"number", "key", "pcm_key", "bytes", "picture", "fault"}
"""What two pieces may differ in that show the same."""


def made_before(pieces: Sequence[Piece], there: Sequence[Piece]) -> list[Piece]:
    """The pieces; those that were made already, for a film that had to be cut again, as they were made."""
    made = {one.model_dump_json(exclude=NUMBERED): one for one in there if one.picture and not one.fault}

    def known(piece: Piece) -> Piece:
        before = made.get(piece.model_dump_json(exclude=NUMBERED))
        if before is None:
            return piece
        same = {"key": before.key, "pcm_key": before.pcm_key, "bytes": before.bytes, "picture": before.picture}
        return piece.model_copy(update=same)

    return [known(piece) for piece in pieces]
