"""How far a clip is, from 0 to 1: by what is known of it and, while its provider is at work, by the time that takes."""

from __future__ import annotations

from datetime import datetime

from functions.studio.catalogue import Model
from functions.studio.clips import OPEN_CLIP, Clip, ClipStatus

STEPS = 20
"""Progress moves by a twentieth, so that what was told stays true, and its tag valid, for some seconds."""
ASKED = 1
ACCEPTED = 2
KEPT = STEPS - 1
"""Steps that a clip has taken when it was begun, when its provider had taken it, and at most before it is kept."""
PICTURE = 6
"""Those of a clip whose picture is kept; its video is begun and taken from there."""


def progress(clip: Clip, model: Model | None, at: datetime) -> float:
    """Never goes back; 1 only when the clip has ended, well or not. `model` is the one that is asked for its stage."""
    if clip.status is ClipStatus.AWAITING_APPROVAL:
        return PICTURE / STEPS
    if clip.status not in OPEN_CLIP:
        return 1.0
    return _steps(clip, model, at) / STEPS


def _steps(clip: Clip, model: Model | None, at: datetime) -> int:
    first = PICTURE if clip.picture else 0
    last = PICTURE if clip.stage == "image" else KEPT
    if clip.status is ClipStatus.PENDING:
        return first
    if clip.prediction_id is None:
        return first + ASKED
    if model is None or clip.started_at is None:
        return first + ACCEPTED
    elapsed = (at - datetime.fromisoformat(clip.started_at)).total_seconds()
    if clip.picture:
        elapsed -= clip.picture.predict_seconds or 0.0
    share = min(1.0, max(0.0, elapsed / model.typical_seconds))
    return first + ACCEPTED + int(share * (last - first - ACCEPTED))
