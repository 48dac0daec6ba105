"""What the end of an attempt says of its model, counted beside its transaction: a lost count costs nothing, a lost clip does."""

from __future__ import annotations

from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from functions.studio.catalogue import Mode
from functions.studio.clips import Attempt
from functions.studio.health import COUNTED_AS, UNANSWERED, Counted
from functions.studio.pulse import Pulse
from functions.studio.telemetry import logger


def count_made(pulse: Pulse, attempt: Attempt, mode: Mode) -> None:
    _count(pulse, attempt.model, mode, "made", _from_create_to_answer(attempt))


def count_ended(pulse: Pulse, attempt: Attempt | None, mode: Mode, error_class: str) -> None:
    """An attempt that no clip came of; what says nothing of its model is not counted."""
    told = attempt is not None and (attempt.answer is not None or error_class in UNANSWERED)
    if attempt and told and (what := COUNTED_AS.get(error_class)):
        _count(pulse, attempt.model, mode, what)


def _count(pulse: Pulse, model: str, mode: Mode, what: Counted, seconds: float | None = None) -> None:
    try:
        pulse.count(model, mode, what, seconds)
    except (ClientError, BotoCoreError) as error:
        logger().warning("not counted", extra={"model": model, "mode": mode, "counted": what}, exc_info=error)


def _from_create_to_answer(attempt: Attempt) -> float | None:
    if attempt.claimed_at is None or attempt.answered_at is None:
        return None
    return (datetime.fromisoformat(attempt.answered_at) - datetime.fromisoformat(attempt.claimed_at)).total_seconds()
