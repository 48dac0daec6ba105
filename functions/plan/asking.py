"""One question to the vision model, until there is an answer that can be used, or no more trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from functions.plan.questions import Question
from functions.plan.selection import SCHEMA, Pair, read
from functions.studio.chat import SECONDS, Chat
from functions.studio.errors import (
    ModelGone,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    ReelayError,
    SelectionUnusable,
)
from functions.studio.services import ChatModel, Seen

MORE_TRIES: Mapping[type[ReelayError], int] = {
    ProviderBusy: 6,
    ProviderFailed: 2,
    ProviderUnknown: 2,
    SelectionUnusable: 2,
}
"""After the first. A refusal is not tried again, and a model that is gone is no try: the next one is asked."""

LONGEST_PAUSE = 30.0

FEWEST_SECONDS = 5.0
"""Less than that is not worth a question."""


@dataclass
class Answered:
    """What has come of a question so far."""

    best: tuple[list[Pair], str] = field(default_factory=lambda: ([], ""))
    """One value, for whoever looks meanwhile: the pairs, perhaps fewer than wanted, perhaps none; the model's slug."""
    cost: Decimal = Decimal(0)
    """USD, of every answer, usable or not."""
    faults: list[str] = field(default_factory=list)
    """What each try in vain met with."""
    satisfied: bool = False

    @property
    def pairs(self) -> list[Pair]:
        return self.best[0]

    @property
    def model(self) -> str:
        return self.best[1]

    def without_its_end(self, fault: str) -> Answered:
        """A copy while somebody still asks: pairs are read before their cost, as they are noted after it."""
        return Answered(best=self.best, cost=self.cost, faults=[*self.faults, fault])


@dataclass(frozen=True)
class Patience:
    """`left` tells the seconds until asking must end; `pause` lets some of them pass."""

    left: Callable[[], float]
    pause: Callable[[float], None]


def ask_until_answered(
    question: Question,
    messages: list[dict[str, Any]],
    vision: Chat,
    models: Sequence[ChatModel],
    patience: Patience,
    answered: Answered,
) -> None:
    """Fills in `answered` with each try. Never raises for what a service may say, but NotConfigured: a deployment
    without its key plans nothing."""
    waiting = list(models)
    tries = dict(MORE_TRIES)
    while waiting:
        if patience.left() < FEWEST_SECONDS:
            answered.faults.append("there was no time left to ask")
            return
        try:
            seen = vision.answer(waiting[0], messages, SCHEMA, min(SECONDS, patience.left()))
            answered.cost += waiting[0].cost(seen.tokens_in, seen.tokens_out)
            _take(seen, question, waiting[0], answered)
            return
        except ModelGone as error:
            answered.faults.append(str(error))
            waiting.pop(0)
        except ProviderRefused as error:
            answered.faults.append(str(error))
            return
        except (ProviderBusy, ProviderFailed, ProviderUnknown, SelectionUnusable) as error:
            answered.faults.append(str(error))
            tries[type(error)] -= 1
            wait = _wait(error, answered)
            if tries[type(error)] < 0 or wait + FEWEST_SECONDS > patience.left():
                return
            patience.pause(wait)


def _take(seen: Seen, question: Question, model: ChatModel, answered: Answered) -> None:
    """The answer's pairs into `answered` when they are more than before; SelectionUnusable unless they suffice."""
    if seen.refusal:
        raise ProviderRefused(f"xAI refused to choose: {seen.refusal}")
    if seen.stopped == "content_filter":
        raise ProviderRefused("xAI refused to choose: its filter stopped the answer")
    if seen.stopped != "stop":
        raise SelectionUnusable(f"The answer is not whole: it stopped for {seen.stopped}.")
    pairs = read(seen.text, question.pictures, question.most)
    if len(pairs) > len(answered.pairs):
        answered.best = pairs, model.slug
    if question.wanted and len(pairs) < question.wanted:
        raise SelectionUnusable(f"The selection holds {len(pairs)} usable pairs instead of {question.wanted}.")
    answered.satisfied = True


def _wait(error: ReelayError, answered: Answered) -> float:
    """As told; else doubling with each try. An answer that breaks the rules is asked for again at once."""
    if isinstance(error, SelectionUnusable):
        return 0.0
    told = error.seconds if isinstance(error, ProviderBusy) else None
    return min(LONGEST_PAUSE, 2.0 ** (len(answered.faults) - 1)) if told is None else told
