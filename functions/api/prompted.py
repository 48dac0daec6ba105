"""A prompted film, from what was asked to the rows that it begins with: its clips are known at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product

from functions.api.accept_job import expiry
from functions.api.choosing import Chosen, Room, check_duration, the_models
from functions.api.clip_failure import the_fallbacks, the_wish
from functions.api.film_options import not_as_asked, the_cut
from functions.api.first_picture import Darkroom, FirstPicture
from functions.api.job_request import as_asked, for_whom
from functions.api.named_model import passing, snapped
from functions.api.prompt_request import PromptRequest, check_together
from functions.api.standing import Moment, require_tier
from functions.api.variants import by_clip, check_number, refuse
from functions.studio.brief import Brief, ContinueFrom, Style, styles
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue, Model, dearest
from functions.studio.choice import Facts
from functions.studio.clips import Clip, pending_clip
from functions.studio.cut import Cut, TransitionKind
from functions.studio.errors import FieldError
from functions.studio.filling import lengths, parted
from functions.studio.jobs import Job, Purpose
from functions.studio.library import Campaign
from functions.studio.rows import new_id, now, today
from functions.studio.shots import numbered
from functions.studio.tiers import Tier

SHORTEST_END = Decimal(1)
"""Seconds of the last clip that a film shows at least."""


@dataclass(frozen=True)
class Shots:
    """The film as one model makes it: of each shot its seconds and its prompt."""

    model: Model
    seconds: list[int]
    prompts: list[str]
    ends_at: Decimal | None
    """Where the film leaves the last of them."""

    def cost(self, cut: Cut) -> Decimal:
        return sum((self.model.offer(cut, one).cost for one in self.seconds), Decimal(0))

    @property
    def too_long(self) -> str | None:
        """Why the model cannot be told its prompts."""
        over = max((units(prompt) for prompt in self.prompts if not self.model.takes(prompt)), default=0)
        return f"takes prompts of {self.model.prompt_limit} characters, not of {over}" if over else None


def units(prompt: str) -> int:
    """Its length as limits count it: UTF-16."""
    return len(prompt.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class Planned:
    job: Job
    variants: list[Shots]
    models: list[Model]
    """All that may be asked."""
    campaign: Campaign
    style: Style | None
    picture: FirstPicture | None
    shape: str | None
    """The ratio that clips are asked for."""


@dataclass(frozen=True)
class Drafting:
    """A request on its way; nothing is written but for a picture that was fetched, when all else is known to be well."""

    asked: PromptRequest
    tenant: str
    darkroom: Darkroom
    budgets: Budgets
    catalogue: Catalogue
    tier: Tier
    moment: Moment
    on: date
    as_made: bool = False
    """The film is whatever one clip is: shorter than asked, in a shape that its model has."""

    def job(self) -> tuple[Job, list[Clip]]:
        facts = self.moment.facts(self.asked.made_from)
        planned = self._planned(facts)
        while planned.job.choice and planned.job.model in facts.tried:
            if self.moment.take_probe(planned.job.model, self.asked.made_from):
                break
            facts = facts.taken(planned.job.model)
            planned = self._planned(facts)
        job, picture = planned.job, planned.picture
        if self.asked.image_url is not None:
            picture = self.darkroom.fetched(self.asked.image_url, planned.campaign)
            job = job.model_copy(update={"brief": self._brief(planned.style, picture)})
        job = job.model_copy(update=_ratios(planned.models, picture, planned.shape))
        return job, _clips(job, planned.variants, picture)

    def _planned(self, facts: Facts) -> Planned:
        """All but what has to be fetched; nothing is written."""
        asked = self.asked
        check_together(asked)
        campaign = for_whom(asked, asked.campaign_id, self.tenant, self.darkroom.library)
        style = self._style()
        if not self.as_made:
            check_duration(asked, self.catalogue, self.on)
        cut = the_cut(asked, self.tenant, self.darkroom.library, None)
        chosen = self._models(
            cut, style, self.budgets.room(self.tenant, campaign, as_asked(asked)["budget_usd"]), facts
        )
        films = self._films(chosen.models, cut, style)
        variants = [film for film in films for _ in range(asked.count)]
        shots = len(films[0].seconds)
        check_number(shots, len(variants), "durationSeconds")
        cut = by_clip(the_cut(asked, self.tenant, self.darkroom.library, shots), len(variants))
        picture = self.darkroom.at_hand(asked, self.tenant)
        models = [film.model for film in films]
        shape = cut.aspect_ratio
        if self.as_made:
            cut = cut.model_copy(update={"aspect_ratio": None})
        fallbacks = the_fallbacks(asked, models[0], films[0].seconds, self.catalogue, self.on)
        cost = _cost(variants, fallbacks, cut)
        stamp = now()
        job = Job(
            id=new_id(),
            tenant=self.tenant,
            kind="prompt",
            campaign_id=campaign.id,
            client_id=campaign.client_id,
            brief=self._brief(style, picture),
            choice=chosen.choice,
            model=models[0].name,
            compare=[model.name for model in models] if asked.compare else [],
            fallback_models=[one.name for one in fallbacks],
            on_clip_failure=the_wish(asked, shots),
            duration_seconds=films[0].seconds[0],
            total_clips=shots * len(variants),
            estimated_cost=cost,
            reserved_cost=cost,
            cut=cut,
            purpose=Purpose(chooses=False),
            **as_asked(asked),
            warnings=[
                *self._warnings(films, fallbacks, cut),
                *chosen.despite.warnings(models),
                *facts.warnings(fallbacks),
            ],
            created_at=stamp,
            updated_at=stamp,
        )
        require_tier(job, self.tier, self.catalogue)
        self.budgets.check_beginning(job)
        return Planned(job, variants, [*models, *fallbacks], campaign, style, picture, shape)

    def _style(self) -> Style | None:
        """Of a script; the first of all where none is named."""
        if self.asked.script is None:
            return None
        known = styles()
        style = known.styles[0] if self.asked.style is None else known.find(self.asked.style)
        if style is None:
            names = ", ".join(one.name for one in known.styles)
            refuse(
                FieldError("style", f"must be one of {names}"), hint="GET /api/v3/styles says what each tells a model."
            )
        return style

    def _models(self, cut: Cut, style: Style | None, room: Room, facts: Facts) -> Chosen:
        def film(model: Model) -> Shots:
            return self._film(model, cut, style)

        chosen = the_models(
            self.asked,
            self.catalogue,
            self.on,
            lambda model: film(model).cost(cut) * self.asked.count,
            lambda model: film(model).too_long,
            self.tier,
            room,
            facts,
            as_made=self.as_made,
        )
        for model in chosen.models:
            if why := film(model).too_long:
                refuse(FieldError("script" if style else "prompt", f"is too long: {model.name} {why}"))
        return chosen

    def _films(self, models: Sequence[Model], cut: Cut, style: Style | None) -> list[Shots]:
        """Of each model; filled, all of them make clips of the same lengths."""
        first = self._film(models[0], cut, style)
        others = [self._film(model, cut, style, first.seconds) for model in models[1:]]
        if self.asked.fill:
            wanted = ", ".join(map(str, sorted(set(first.seconds))))
            faults = [
                FieldError(f"compare.{place}", f"must be a model of clips of {wanted} seconds, as {models[0].name}")
                for place, model in enumerate(models)
                if not set(first.seconds) <= set(model.durations)
            ]
            if faults:
                refuse(*faults)
        return [first, *others]

    def _film(self, model: Model, cut: Cut, style: Style | None, covered: Sequence[int] | None = None) -> Shots:
        """`covered` are the lengths of the shots, where another model has said them."""
        asked = None if self.asked.duration_seconds is None else Decimal(repr(self.asked.duration_seconds))
        if not (self.asked.fill and asked):
            seconds, ends_at = [model.duration(self.asked.duration_seconds)], None
        else:
            overlap = _overlap(cut, min(model.durations))
            seconds = list(covered or lengths(asked, model.durations, overlap))
            over = sum(seconds) - overlap * (len(seconds) - 1) - asked
            ends_at = max(SHORTEST_END, seconds[-1] - over) if over > 0 else None
        return Shots(model, seconds, self._prompts(model, style, seconds, asked), ends_at)

    def _prompts(self, model: Model, style: Style | None, seconds: list[int], asked: Decimal | None) -> list[str]:
        """A prompt is every shot's as it is; of a script each tells its part."""
        if style is None or self.asked.script is None:
            return [self.asked.prompt or ""] * len(seconds)
        parts = parted(self.asked.script, seconds)
        whole = None if len(seconds) > 1 else asked
        return [
            styles().prompt(style, part, model.name, whole or Decimal(one), one)
            for part, one in zip(parts, seconds, strict=True)
        ]

    def _brief(self, style: Style | None, picture: FirstPicture | None) -> Brief:
        asked, wish = self.asked, self.asked.continue_from
        return Brief(
            mode=asked.made_from,
            script=asked.script,
            prompt=asked.prompt,
            style=style.name if style else None,
            duration_seconds=None if asked.duration_seconds is None else Decimal(repr(asked.duration_seconds)),
            fill=asked.fill,
            aspect_ratio=asked.aspect_ratio,
            image_asset_id=picture.asset_id if picture else None,
            continue_from=ContinueFrom(job_id=wish.job_id, sub_job_number=wish.sub_job_number) if wish else None,
            provider=asked.provider,
            count=asked.count,
        )

    def _warnings(self, films: Sequence[Shots], fallbacks: Sequence[Model], cut: Cut) -> list[str]:
        models = [*(film.model for film in films), *fallbacks]
        changed = [] if self.asked.fill else films
        return [
            *passing(models, self.catalogue, self.on),
            *(
                said
                for film in changed
                for said in snapped(film.model, self.asked.duration_seconds, film.seconds[0], field="durationSeconds")
            ),
            *(said for model in models for said in not_as_asked(model, cut, films[0].seconds[0])),
            *(said for film in films for said in self._reshaped(film.model)),
        ]

    def _reshaped(self, model: Model) -> list[str]:
        asked = self.asked.aspect_ratio
        if not self.as_made or asked is None or asked in model.aspect_ratios:
            return []
        made = model.aspect_ratio(None, asked)
        if made is None:
            return [f"aspectRatio {asked}: {model.name} takes it from the picture."]
        return [f"aspectRatio {asked} was changed to {made}: {model.name} makes {', '.join(model.aspect_ratios)} only."]


def draft(
    asked: PromptRequest,
    tenant: str,
    darkroom: Darkroom,
    budgets: Budgets,
    catalogue: Catalogue,
    tier: Tier,
    moment: Moment,
    *,
    as_made: bool = False,
) -> tuple[Job, list[Clip]]:
    """The job and its pending clips; a RequestError where it cannot be done, with nothing written or spent."""
    return Drafting(asked, tenant, darkroom, budgets, catalogue, tier, moment, today(), as_made).job()


def _overlap(cut: Cut, shortest: int) -> Decimal:
    """What a join of the usual kind takes."""
    if cut.transition.kind is TransitionKind.CUT:
        return Decimal(0)
    return min(cut.transition.seconds, Decimal(shortest) / 2)


def _cost(variants: Sequence[Shots], fallbacks: Sequence[Model], cut: Cut) -> Decimal:
    """USD of all clips, whichever of its models makes each."""
    return sum((dearest([film.model, *fallbacks], cut, one) for film in variants for one in film.seconds), Decimal(0))


def _ratios(models: Sequence[Model], picture: FirstPicture | None, shape: str | None) -> Mapping[str, object]:
    size = picture.size if picture else None
    fitting = {model.name: model.aspect_ratio(size, shape) for model in models}
    first = models[0].name
    others = {name: ratio for name, ratio in fitting.items() if ratio and name != first}
    return {"aspect_ratio": fitting[first], "other_ratios": others}


def _clips(job: Job, variants: Sequence[Shots], picture: FirstPicture | None) -> list[Clip]:
    expires_at = expiry()
    shots = len(variants[0].seconds)
    return [
        pending_clip(
            job,
            numbered(shot, variant, len(variants)),
            film.model.offer(job.cut, film.seconds[shot - 1]).cost,
            expires_at=expires_at,
            shot=shot,
            variant=variant,
            mode=film.model.mode,
            model=film.model.name,
            duration_seconds=film.seconds[shot - 1],
            prompt=film.prompts[shot - 1],
            ends_at=film.ends_at if shot == shots else None,
            image1_asset_id=picture and picture.asset_id,
            image1_key=picture and picture.key,
        )
        for shot, (variant, film) in product(range(1, shots + 1), enumerate(variants, 1))
    ]
