"""What is said of a clip that came, and of one that did not. Pure."""

from __future__ import annotations

from functions.studio.clips import Attempt, leeway
from functions.studio.errors import BrokenMedia
from functions.studio.media import Probe
from functions.studio.messages import StateError
from functions.studio.sound import HEARD
from functions.studio.visible import clip_faults

TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})

TIMED_OUT = "Prediction timed out"
"""The seeds' words."""

ERROR_CLASSES = {
    "ProviderBusy": "busy",
    "ProviderRefused": "refused",
    "ModelGone": "refused",
    "ProviderFailed": "failed",
    "ProviderUnknown": "unknown",
    "StaleRun": "cancelled",
}
"""By the name of the error that the workflow caught; any other is `failed`."""


def check(probe: Probe, asked: int) -> None:
    """BrokenMedia for a whole file that is not the clip of `asked` seconds which was paid for."""
    seconds = float(probe.picture.seconds)
    if abs(seconds - asked) > leeway(asked):
        raise BrokenMedia(f"it lasts {seconds:.2f} s instead of {asked} s")
    for fault in clip_faults(probe.picture):
        raise BrokenMedia(fault)


def is_silent(probe: Probe) -> bool:
    return probe.sound is None or (probe.sound.loudest or 0) < HEARD


def reason(
    error: StateError | None, attempt: Attempt | None, never_begun: bool, stopping: str | None = None
) -> tuple[str, str]:
    """An error that the workflow caught, as a message for people and an error class. `stopping` is why its job is stopped."""
    if stopping and (error is None or error.error not in TIMEOUTS):
        return stopping, "cancelled"
    if error is None:
        return "The step ended without an answer from the provider", "unknown"
    if error.error not in TIMEOUTS:
        return error.said, ERROR_CLASSES.get(error.error, "failed")
    if never_begun:
        return f"{TIMED_OUT}: the provider did not say whether it accepted it, and has not", "timeout"
    if attempt and attempt.postponed:
        return f"{TIMED_OUT}: the provider was too busy to accept it", "busy"
    return TIMED_OUT, "timeout"
