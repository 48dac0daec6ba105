"""What a film is cut without when it cannot be made of all its pieces: as little as possible. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from functions.studio.clips import Clip
from functions.studio.cut import Cut
from functions.studio.jobs import LeftOut, Omission
from functions.studio.media import Piece

MOST_ROUNDS = 5
"""A clip that breaks leaves two new joins, of which one may break, and so on. Every round leaves out something."""


def unmade(pieces: Sequence[Piece]) -> dict[int, str]:
    """By number, the pieces that nobody could make, and why."""
    return {piece.number: piece.fault or "the step ended without a result" for piece in pieces if piece.picture is None}


def variants_left(cut: Cut, clips: Sequence[Clip], pieces: Sequence[Piece], left_out: LeftOut) -> set[int]:
    """The clips that are there and not shown, because another of their shot is; none where the cut names its clips."""
    if cut.takes is not None:
        return set()
    there = {clip.number for clip in clips if clip.shown} - left_out.clips
    return there - {clip for piece in pieces for clip in piece.clips}


def leave_out(
    pieces: Sequence[Piece], faults: Mapping[int, str], left_out: LeftOut, variants: Collection[int] = ()
) -> LeftOut | None:
    """What the film is cut without next; None where that is no use: a card is at fault, nothing would be left of the film,
    or it was tried often enough.

    A clip goes when a piece of it alone is at fault. A join that is at fault by itself becomes a cut: if one of its clips
    is to blame, it is found out in the next round. `variants` are clips that can take the place of one that goes.
    """
    wrong = [piece for piece in pieces if piece.number in faults]
    gone = {piece.clips[0]: faults[piece.number] for piece in reversed(wrong) if len(piece.clips) == 1}
    joins = [piece for piece in wrong if len(piece.clips) > 1 and not gone.keys() & set(piece.clips)]
    left = {clip for piece in pieces for clip in piece.clips}.union(variants) - gone.keys()
    if left_out.rounds >= MOST_ROUNDS or not left or not all(piece.clips for piece in wrong):
        return None
    clips = [
        Omission(clip=clip, reason=f"it could not be made fit for the film: {why}")
        for clip, why in sorted(gone.items())
    ]
    cuts = [Omission(clip=piece.clips[0], join=True, reason=faults[piece.number]) for piece in joins]
    return LeftOut(
        rounds=left_out.rounds + 1,
        first_piece=pieces[-1].number + 1,
        due=True,
        omissions=[*left_out.omissions, *cuts, *clips],
    )


def in_words(pieces: Sequence[Piece], faults: Mapping[int, str]) -> str:
    """One of the faults, fit for the job's `errorMessage`: of a card or a clip, rather than of a join that it is part of."""
    piece = min((piece for piece in pieces if piece.number in faults), key=lambda piece: len(piece.clips))
    return f"{piece.name.capitalize()} could not be made fit for the film: {faults[piece.number]}."
