"""What the caller wants of a job that loses clips, and whether it can still be had: the one place where that is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from functions.studio.clips import Clip, ClipStatus
from functions.studio.cut import Cut
from functions.studio.jobs import OnClipFailure
from functions.studio.shots import GONE, one_of_each

EVERY_CLIP = Cut()


def hopeless(
    wish: OnClipFailure, clips: Sequence[Clip], left_out: Mapping[int, str] | None = None, *, cut: Cut = EVERY_CLIP
) -> str | None:
    """Why there can be no film any more, as the job says it; None while there can.

    Only the clips that the film is cut from count, a shot once, however many variants of it there are; where the caller has
    named fewer than `minClips`, all of them are wanted. Clips that are still open may yet be made. `left_out` are those that the film has to do without although they are kept,
    by their numbers, and why.
    """
    shown = None if cut.takes is None else {take.clip for take in cut.takes}
    clips = [
        _left_out(clip, (left_out or {}).get(clip.number)) for clip in clips if shown is None or clip.number in shown
    ]
    clips = one_of_each(clips) if shown is None else clips
    possible = sum(clip.status not in GONE for clip in clips)
    if possible >= min(wish.least(len(clips)), max(len(clips), 1)):
        return None
    if wish.kind == "fail_fast":
        return _first_lost(clips)
    if possible == 0:
        return _nothing_left(clips)
    return f"{_too_few(possible, len(clips))}, and at least {wish.min_clips} are wanted: {_most_said(clips)}"


def never_enough(wish: OnClipFailure, clips: int) -> str | None:
    """Why a film of so many clips can never have what is wanted, before anything is spent; None where it can."""
    if wish.least(clips) <= clips:
        return None
    return f"The film would have {clips} clips, and onClipFailure wants at least {wish.min_clips}"


def _left_out(clip: Clip, why: str | None) -> Clip:
    return clip.model_copy(update={"status": ClipStatus.FAILED, "error_message": why}) if why is not None else clip


def _first_lost(clips: Sequence[Clip]) -> str:
    lost = next((clip for clip in clips if clip.status is ClipStatus.FAILED), clips[0])
    said = lost.error_message or "no reason was given"
    return f"Clip {lost.number} failed, and the job was to stop at the first: {said}"


def _too_few(possible: int, total: int) -> str:
    return f"Only {possible} of {total} clips can be made"


def _nothing_left(clips: Sequence[Clip]) -> str:
    said = _most_said(clips)
    return f"All {len(clips)} clips failed: {said}" if len(clips) > 1 else f"The only clip failed: {said}"


def _most_said(clips: Sequence[Clip]) -> str:
    """The reason that most clips give."""
    failed = [clip for clip in clips if clip.status is ClipStatus.FAILED] or clips
    reasons = Counter(clip.error_message for clip in failed if clip.error_message)
    return reasons.most_common(1)[0][0] if reasons else "no reason was given"
