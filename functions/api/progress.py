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


def progress(clip: Clip, model: Model | None, at: datetime) -> float:
    """Never goes back; 1 only when the clip has ended, well or not."""
    if clip.status not in OPEN_CLIP:
        return 1.0
    return _steps(clip, model, at) / STEPS


def _steps(clip: Clip, model: Model | None, at: datetime) -> int:
    if clip.status is ClipStatus.PENDING:
        return 0
    if clip.prediction_id is None:
        return ASKED
    if model is None or clip.started_at is None:
        return ACCEPTED
    elapsed = (at - datetime.fromisoformat(clip.started_at)).total_seconds()
    share = min(1.0, max(0.0, elapsed / model.typical_seconds))
    return ACCEPTED + int(share * (KEPT - ACCEPTED))
