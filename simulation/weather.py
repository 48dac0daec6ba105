"""What goes wrong in one history, and how often: drawn once, most of it not at all, so that histories differ in kind."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random

BEGINNING = 1_800_000_000.0
"""Of every history, in seconds since the epoch."""


@dataclass
class Weather:
    """Rates are chances a call, a message or a prediction; `clears` is when, in seconds, the last trouble is over."""

    clears: float = 0.0
    # calls of our functions
    crash: float = 0.0
    slow: float = 0.0
    throttled: float = 0.0
    """AWS asks to come later; its SDK does."""
    unsent: float = 0.0
    """A request gets lost, and the SDK sends it again."""
    unanswered: float = 0.0
    """Its answer does: it was carried out, and the SDK sends it again."""
    partial: float = 0.0
    """A batch or a page is answered in part."""
    stale_index: float = 0.0
    # invocations
    refused_by_lambda: float = 0.0
    answered_wrongly: float = 0.0
    """The function runs, and the workflow is told that it could not be called."""
    # queue, bus
    message_twice: float = 0.0
    message_late: float = 0.0
    event_lost: float = 0.0
    event_twice: float = 0.0
    looks_fail: float = 0.0
    """check_clip is broken: what it is given comes back, and is set aside in the end."""
    # the provider
    busy: float = 0.0
    refuses: float = 0.0
    fails_at_once: float = 0.0
    create_unsent: float = 0.0
    create_unanswered: float = 0.0
    create_slow: float = 0.0
    deaf: float = 0.0
    """To looks and cancels."""
    prediction_fails: float = 0.0
    prediction_refused: float = 0.0
    prediction_drags: float = 0.0
    """It takes about as long as a clip's attempt may, or longer."""
    prediction_instant: float = 0.0
    """It has ended, and says so, before its create is answered."""
    output_broken: float = 0.0
    output_expires: float = 0.0
    output_unreachable: float = 0.0
    # who writes, speaks and listens
    service_unsent: float = 0.0
    service_busy: float = 0.0
    service_fails: float = 0.0
    service_refuses: float = 0.0
    service_gone: float = 0.0
    """From then on."""
    service_slow: float = 0.0
    """It has answered when nobody waits any more."""
    service_unanswered: float = 0.0
    service_spoils: float = 0.0
    """It is paid for what is of no use."""
    # pieces
    piece_spoilt: float = 0.0
    """As Assemble finds it."""
    # its webhooks
    webhook_lost: float = 0.0
    webhook_twice: float = 0.0
    webhook_late: float = 0.0
    webhook_forged: float = 0.0
    webhook_astray: float = 0.0
    """Replayed by somebody at the address of another attempt."""
    # people
    abort: float = 0.0
    cancel: float = 0.0
    asked_twice: float = 0.0
    key_misused: float = 0.0
    """Another request comes with the same key."""
    run_again: float = 0.0
    """A job that has ended, whatever came of it: retry, regenerate, recut, rendition."""
    poor: float = 0.0
    """Somebody's budget is about what a job comes to."""
    cap_moves: float = 0.0
    """While jobs run."""

    @property
    def cleared(self) -> float:
        """Seconds since the epoch."""
        return BEGINNING + self.clears

    @property
    def is_rough(self) -> bool:
        """Whether looks may be late or get lost on their way, several in a row."""
        return any(
            (
                self.crash,
                self.slow,
                self.throttled,
                self.unsent,
                self.unanswered,
                self.message_late,
                self.deaf,
                self.looks_fail,
            )
        )

    @property
    def is_slow(self) -> bool:
        """Whether somebody may be held up between two of its calls."""
        return any((self.slow, self.throttled, self.unsent, self.unanswered))


MOST: dict[str, float] = {
    "crash": 0.06,
    "slow": 0.1,
    "throttled": 0.1,
    "unsent": 0.08,
    "unanswered": 0.12,
    "partial": 0.5,
    "stale_index": 0.7,
    "refused_by_lambda": 0.3,
    "answered_wrongly": 0.15,
    "message_twice": 0.4,
    "message_late": 0.3,
    "looks_fail": 1.0,
    "event_lost": 1.0,
    "event_twice": 0.6,
    "busy": 0.6,
    "refuses": 0.3,
    "fails_at_once": 0.3,
    "create_unsent": 0.4,
    "create_unanswered": 0.6,
    "create_slow": 0.4,
    "deaf": 0.5,
    "prediction_fails": 0.5,
    "prediction_refused": 0.3,
    "prediction_drags": 0.5,
    "prediction_instant": 0.7,
    "output_broken": 0.3,
    "output_expires": 0.3,
    "output_unreachable": 0.4,
    "piece_spoilt": 0.7,
    "webhook_lost": 1.0,
    "webhook_twice": 0.8,
    "webhook_late": 0.6,
    "webhook_forged": 0.5,
    "webhook_astray": 0.7,
    "abort": 0.6,
    "cancel": 0.9,
    "asked_twice": 1.0,
    "key_misused": 1.0,
    "run_again": 1.0,
    "poor": 1.0,
    "cap_moves": 1.0,
    "service_unsent": 0.4,
    "service_busy": 0.6,
    "service_fails": 0.4,
    "service_refuses": 0.3,
    "service_gone": 0.3,
    "service_slow": 0.4,
    "service_unanswered": 0.5,
    "service_spoils": 0.4,
}
"""A rate lies between a tenth of this and this, in the histories that have it at all; of what goes ill together it is high."""

TOGETHER = (
    ("run_again", "event_twice", "abort", "prediction_refused"),
    ("cancel", "event_lost", "busy"),
    ("refuses", "prediction_fails", "busy"),
    ("poor", "cap_moves", "output_broken", "asked_twice"),
    ("answered_wrongly", "slow", "webhook_lost", "piece_spoilt"),
    ("abort", "prediction_fails", "webhook_lost"),
    ("prediction_refused", "prediction_drags", "webhook_lost"),
)
"""What goes ill together: one history in four has all of one of these, beside what else it draws."""


def draw(chance: Random) -> Weather:
    """Of each kind of trouble about one in four; one history in twenty has none."""
    if chance.random() < 0.05:
        return Weather()
    weather = Weather(clears=chance.choice((100.0, 100.0, 200.0, 900.0, 900.0, 3000.0)))
    share = chance.choice((0.1, 0.2, 0.3))
    all_of = chance.choice(TOGETHER) if chance.random() < 0.25 else ()
    for name in MOST:
        if chance.random() < share or name in all_of:
            least = 0.6 if name in all_of else 0.1
            setattr(weather, name, MOST[name] * (least + (1 - least) * chance.random()))
    return weather


def described(weather: Weather) -> str:
    """The troubles that there are."""
    return ", ".join(f"{one.name} {rate:.2f}" for one in fields(weather) if (rate := getattr(weather, one.name)))
