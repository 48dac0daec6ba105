"""The pairs of a film: chosen by the vision model as far as it answers, by visual continuity where it does not."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from functions.plan import continuity
from functions.plan.asking import Answered, Patience, ask_until_answered
from functions.plan.continuity import Alike, by_continuity, compare, measure, path
from functions.plan.prompt import ask
from functions.plan.questions import MOST_PICTURES, Question, questions
from functions.plan.selection import MOST_CHOSEN, Pair, in_order
from functions.studio.chat import Chat
from functions.studio.clock import sleep
from functions.studio.library import Campaign, Client, PictureAsset
from functions.studio.media_store import MediaStore
from functions.studio.services import ChatModel

READERS = 16
"""Thumbnails that are read at the same time."""


@dataclass(frozen=True)
class Editor:
    """Who chooses, and what with. `handover`: the model fetches signed URLs, or is sent the pictures themselves."""

    media: MediaStore
    vision: Chat
    models: Sequence[ChatModel]
    handover: Literal["url", "upload"]
    pause: Callable[[float], None] = sleep


@dataclass(frozen=True)
class Choice:
    """In the order of the film. `cost` is what all answers took, in USD; `warnings` are for the job, `faults` for the log."""

    pairs: list[Pair]
    model: str
    cost: Decimal
    warnings: list[str]
    faults: list[str]


class Gallery:
    """The pictures of one selection, as the model is shown them and as they measure; each only when it is needed."""

    def __init__(self, assets: Sequence[PictureAsset], editor: Editor) -> None:
        self.assets = {asset.id: asset for asset in assets}
        self.ids = list(self.assets)
        self._editor = editor

    @cached_property
    def _thumbnails(self) -> dict[str, bytes]:
        keys = [asset.thumbnail_key for asset in self.assets.values()]
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(self.ids, pool.map(self._editor.media.read, keys), strict=True))

    @cached_property
    def urls(self) -> dict[str, str]:
        if self._editor.handover == "url":
            return {one: self._editor.media.signed_url(asset.thumbnail_key) for one, asset in self.assets.items()}
        return {
            one: "data:image/jpeg;base64," + base64.b64encode(thumbnail).decode()
            for one, thumbnail in self._thumbnails.items()
        }

    @cached_property
    def alike(self) -> Alike:
        return compare(
            {
                one: measure(thumbnail, f"{self.assets[one].name!r} ({one})")
                for one, thumbnail in self._thumbnails.items()
            }
        )

    def shown(self, question: Question) -> list[tuple[PictureAsset, str]]:
        return [(self.assets[one], self.urls[one]) for one in question.pictures]


def choose(
    pictures: Sequence[PictureAsset],
    wanted: int | None,
    campaign: Campaign,
    client: Client | None,
    editor: Editor,
    left: Callable[[], float],
) -> Choice:
    """`wanted` pairs of at least two pictures, oldest first, or as many as the model likes; `left` tells the seconds
    until asking must end. NotConfigured without a key; BrokenMedia for a picture that cannot be measured."""
    warnings = []
    if len(pictures) > MOST_PICTURES:
        warnings.append(
            f"The campaign has {len(pictures)} pictures: the {MOST_PICTURES} newest of them were considered."
        )
    gallery = Gallery(pictures[-MOST_PICTURES:], editor)
    weights = {one: len(url) for one, url in gallery.urls.items()}
    asked = questions(weights, wanted, lambda: path(gallery.ids, gallery.alike))

    def answer(question: Question, answered: Answered) -> None:
        messages = ask(
            gallery.shown(question),
            campaign,
            client,
            wanted=question.wanted,
            most=question.most,
            of=len(gallery.ids),
        )
        patience = Patience(left, editor.pause)
        ask_until_answered(question, messages, editor.vision, editor.models, patience, answered)

    answers = _all_at_once(answer, asked, left)
    pairs = in_order([one.pairs for one in answers])[: wanted or MOST_CHOSEN]
    unanswered = [(question, one) for question, one in zip(asked, answers, strict=True) if not one.satisfied]
    short = sum(question.expected - len(one.pairs) for question, one in unanswered)
    missing = (wanted or min(MOST_CHOSEN, len(pairs) + short)) - len(pairs)
    by_model = list(dict.fromkeys(one.model for one in answers if one.pairs))
    if missing:
        found = _by_continuity(missing, pairs, unanswered, gallery)
        warnings.append(_told(len(found), len(pairs) + len(found), [one for _, one in unanswered]))
        pairs = pairs + in_order([[pair] for pair in found])
        by_model.append(continuity.NAME)
    return Choice(
        pairs=pairs,
        model=" + ".join(by_model),
        cost=sum((one.cost for one in answers), start=Decimal(0)),
        warnings=warnings,
        faults=[fault for one in answers for fault in one.faults],
    )


def _all_at_once(
    answer: Callable[[Question, Answered], None], asked: Sequence[Question], left: Callable[[], float]
) -> list[Answered]:
    """An answer that trickles past the end of all patience is not waited for; what was answered before it counts."""
    pool = ThreadPoolExecutor(len(asked))
    try:
        answers = [Answered() for _ in asked]
        asking = [pool.submit(answer, question, answered) for question, answered in zip(asked, answers, strict=True)]
        ended, _ = wait(asking, timeout=max(0.0, left()))
        for one in ended:
            one.result()
        return [
            answered if one in ended else answered.without_its_end("xAI did not end its answer")
            for one, answered in zip(asking, answers, strict=True)
        ]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _by_continuity(
    missing: int, pairs: Sequence[Pair], unanswered: Sequence[tuple[Question, Answered]], gallery: Gallery
) -> list[Pair]:
    """First of the pictures of questions that were not answered, which no model has looked at; then of all."""
    found: list[Pair] = []
    shares = [(question.pictures, question.expected - len(one.pairs)) for question, one in unanswered]
    for pictures, share in [*shares, (tuple(gallery.ids), missing)]:
        many = min(share, missing - len(found))
        found += by_continuity(pictures, gallery.alike, many, besides=[*pairs, *found])
    return found


def _told(found: int, pairs: int, unanswered: Sequence[Answered]) -> str:
    """The warning of a job, or a part of it, that the vision model has not chosen: with the last word on each question."""
    why = dict.fromkeys(one.faults[-1] for one in unanswered)
    reason = "; ".join(why) or "more were asked for than the vision model is asked for at once"
    all_of_them = "The pair was" if pairs == 1 else f"All {pairs} pairs were"
    some = all_of_them if found == pairs else f"{found} of {pairs} pairs were"
    return f"{some} chosen by visual continuity, not by the vision model: {reason}"
