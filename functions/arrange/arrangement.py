"""From the survivors and what the caller asked of the cut to the list of pieces: a pure decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from functions.arrange.target import film_target, fits, frames
from functions.studio.clips import Kept
from functions.studio.cut import Card, Cut, Transition, TransitionKind
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
    kept = sorted(survivors.items())
    target = film_target([clip.probe.picture for _, clip in kept], cut)
    if as_they_are(kept, cut, target):
        return [copied(number, clip, one, cut) for number, (clip, one) in enumerate(kept, first)]
    drafts = conformed(kept, cut, target)
    return [_numbered(number, draft, cut, target, key_of) for number, draft in enumerate(drafts, first)]


def as_they_are(kept: Sequence[tuple[int, Kept]], cut: Cut, target: Target) -> bool:
    """Whether the survivors make the film without an encoder."""
    pictures = [clip.probe.picture for _, clip in kept]
    seams = {picture.seam for picture in pictures}
    drawn = cut.watermark or cut.intro or cut.outro
    hard = all(cut.after(clip).kind is TransitionKind.CUT for clip, _ in kept[:-1])
    agree = len(seams) == 1 and None not in seams
    return agree and hard and not drawn and all(fits(picture, target, cut) for picture in pictures)


def copied(number: int, clip: int, kept: Kept, cut: Cut) -> Piece:
    picture = kept.probe.picture
    return Piece(
        number=number,
        kind=PieceKind.CLIP,
        shots=[_shot(clip, kept, 0, picture.frames)],
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
    card: Literal["intro", "outro"] | None = None


def conformed(kept: Sequence[tuple[int, Kept]], cut: Cut, target: Target) -> Iterator[Draft]:
    lengths = [frames(one.probe.picture, target) for _, one in kept]
    joins = [
        join_frames(cut.after(clip), before, after, target.fps)
        for (clip, _), (before, after) in zip(kept, pairwise(lengths), strict=False)
    ]
    if cut.intro:
        yield from _card("intro", cut.intro, target)
    for turn, ((clip, one), length) in enumerate(zip(kept, lengths, strict=True)):
        head, tail = [0, *joins][turn], [*joins, 0][turn]
        for start, end in parts(head, length - tail):
            yield Draft(PieceKind.CLIP, end - start, (_shot(clip, one, start, end),))
        if tail:
            shots = _shot(clip, one, length - tail, length), _shot(*kept[turn + 1], 0, tail)
            yield Draft(PieceKind.JOIN, tail, shots, transition=cut.after(clip).kind)
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


def _shot(clip: int, kept: Kept, start: int, end: int) -> Shot:
    return Shot(clip=clip, key=kept.key, pcm_key=kept.pcm_key, picture=kept.probe.picture, start=start, end=end)


def _numbered(number: int, draft: Draft, cut: Cut, target: Target, key_of: KeyOf) -> Piece:
    return Piece(
        number=number,
        kind=draft.kind,
        shots=list(draft.shots),
        transition=draft.transition,
        card=draft.card,
        frames=draft.frames,
        key=key_of(number, "mp4"),
        pcm_key=key_of(number, "pcm") if cut.clips_are_heard else None,
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
