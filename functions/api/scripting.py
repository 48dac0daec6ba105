"""A script by itself: written while its caller waits, paid from the tenant's budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from functions.api.from_listing import require_known, the_listing
from functions.api.listing_request import Offered
from functions.api.variants import refuse
from functions.studio.budgets import Budgets
from functions.studio.chat import Chat
from functions.studio.clock import epoch, sleep
from functions.studio.errors import (
    FieldError,
    KeyUnreachable,
    ModelGone,
    NarrationFailed,
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    ReelayError,
    Unavailable,
)
from functions.studio.library import Library
from functions.studio.narration_costs import asking_cost, narration_at_most, writing_cost
from functions.studio.rows import new_id, now, today
from functions.studio.scripts import SCHEMA, most_tokens, readable, written
from functions.studio.services import ChatModel, Narrators, Seen
from functions.studio.table import Write
from functions.studio.telemetry import logger
from functions.studio.written_scripts import WrittenScript

MOST_SECONDS = 24.0
"""Of the thirty that a request has."""

LEAST_SECONDS = 4.0
"""Less than that is not worth a question."""

PAUSE = 1.0


@dataclass
class Asking:
    """Of one script: the questions, what they have cost, and what of that bought nothing."""

    writer: Chat
    narrators: Narrators
    tokens: int
    ends: float
    clock: Callable[[], float]
    pause: Callable[[float], None]
    cost: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    gone: list[str] = field(default_factory=list)

    def __call__(self, messages: list[dict[str, Any]]) -> Seen:
        for model in self.narrators.writers_on(today()):
            try:
                return self._answered(model, messages)
            except ModelGone as error:
                self.gone.append(str(error))
        raise NotConfigured("There is no model left that writes scripts")

    def _answered(self, model: ChatModel, messages: list[dict[str, Any]]) -> Seen:
        while True:
            left = self.ends - self.clock()
            if left < LEAST_SECONDS:
                raise ProviderBusy("there was no time left to ask")
            try:
                seen = self.writer.answer(model, messages, SCHEMA, left, called="script", most_tokens=self.tokens)
            except ProviderUnknown:
                self.lost += asking_cost(model, messages, self.tokens)
                raise
            except (ProviderBusy, ProviderFailed) as error:
                wait = error.seconds if isinstance(error, ProviderBusy) and error.seconds is not None else PAUSE
                if self.ends - self.clock() - wait < LEAST_SECONDS:
                    raise
                self.pause(wait)
                continue
            cost = writing_cost(model, seen)
            if readable(seen):
                self.cost += cost
            else:
                self.lost += cost
            return seen


@dataclass(frozen=True)
class Scriptwriter:
    library: Library
    budgets: Budgets
    writer: Chat
    clock: Callable[[], float] = epoch
    pause: Callable[[float], None] = sleep

    def script(
        self,
        asked: Offered,
        tenant: str,
        narrators: Narrators,
        told: Callable[[WrittenScript], Sequence[Write]] = lambda row: (),
    ) -> WrittenScript:
        """InvalidRequest, OverBudget, or Unavailable; what was paid for nothing is lost, and in its row. `told` are the writes
        of the transaction that ends it, where it was written."""
        language = require_known(asked, narrators)
        listing = the_listing(asked)
        voice = narrators.voice(asked.voice)
        pace = voice.pace if voice else Decimal(1)
        stamp = now()
        row = WrittenScript(
            id=new_id(),
            tenant=tenant,
            listing=listing,
            amount=narration_at_most(listing, narrators, today())["script"],
            created_at=stamp,
            updated_at=stamp,
        )
        self.budgets.advance(tenant, row.amount, self.library.new(row))
        tokens = most_tokens(listing, language, pace)
        asking = Asking(self.writer, narrators, tokens, self.clock() + MOST_SECONDS, self.clock, self.pause)
        try:
            script = written(listing, language, pace, asking)
        except ReelayError as error:
            lost = min(row.amount, asking.cost + asking.lost)
            self._ended(
                row.model_copy(update={"status": "failed", "reason": str(error), "lost": lost, "cost": Decimal(0)})
            )
            logger().warning("a script could not be written", extra={"reason": str(error)})
            raise _to_the_caller(error, lost) from None
        said = {"text": script.text, "seconds": script.seconds, "words": script.words, "warnings": script.warnings}
        cost = min(row.amount, asking.cost)
        done = {"status": "written", "cost": cost, "lost": min(row.amount - cost, asking.lost), **said}
        row = row.model_copy(update={**done, "updated_at": now()})
        return self._ended(row, *told(row))

    def _ended(self, row: WrittenScript, *beside: Write) -> WrittenScript:
        change = self.library.replaced(row, {"status": "asked"})
        self.budgets.come_to(row.tenant, row.amount, row.cost or Decimal(0), row.lost or Decimal(0), change, *beside)
        return row


def _to_the_caller(error: ReelayError, lost: Decimal) -> ReelayError:
    match error:
        case NarrationFailed(by_service=True):
            return Unavailable(f"{error}.", lost=lost)
        case NarrationFailed() | ProviderRefused():
            refuse(FieldError("description", str(error)), hint="Say it in other words, or give a script of your own.")
        case ProviderBusy(seconds=seconds):
            return Unavailable(f"The script could not be written: {error}.", seconds, lost)
        case ProviderFailed() | ProviderUnknown() | NotConfigured() | KeyUnreachable():
            return Unavailable(f"The script could not be written: {error}.", lost=lost)
    return error
