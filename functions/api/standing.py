"""What a choice goes by beside the catalogue: how models are at the moment, and what the caller's tier allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends

from functions.api.film_options import MOST_CLIPS
from functions.api.given import Asker, ThePulse
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.choice import Facts
from functions.studio.errors import FieldError, NotOfTier
from functions.studio.health import Health
from functions.studio.jobs import Job
from functions.studio.pulse import Pulse
from functions.studio.rows import today
from functions.studio.telemetry import logger
from functions.studio.tiers import Tier, tiers


@dataclass(frozen=True)
class Moment:
    pulse: Pulse
    healths: Mapping[tuple[str, Mode], Health]
    """Of the models and modes of which something is known."""
    keyless: Mapping[str, str]
    """By provider, what it lacks."""
    dry: bool = False
    """Nothing is tried."""

    def facts(self, mode: Mode) -> Facts:
        known = [one for one in self.healths.values() if one.mode == mode]
        return Facts(
            unfit={one.model: one.breaker.why or "" for one in known if one.breaker.state == "open"},
            tried={one.model: one.breaker.why or "" for one in known if one.breaker.state == "half_open"},
            keyless=self.keyless,
            seconds={one.model: one.seconds for one in known if one.seconds is not None},
            failing={one.model: one.failure_rate or 0.0 for one in known if one.is_known},
        )

    def take_probe(self, model: str, mode: Mode) -> bool:
        """Whether this job, and no other, is to try a model that has rested."""
        return self.dry or self.pulse.take_probe(self.healths[model, mode])


def the_moment(pulse: ThePulse) -> Moment:
    return Moment(pulse, pulse.healths(), pulse.without_key())


def the_tier(asker: Asker) -> Tier:
    """The strictest for a name that nobody knows."""
    tier = tiers().find(asker.tier)
    if tier is None:
        logger().error(
            "no such tier: the strictest holds", extra={"tier": asker.tier, "tierTaken": tiers().strictest.name}
        )
        return tiers().strictest
    return tier


TOO_MANY = {"image_pairs": "numPairs", "prompt": "durationSeconds", "scenes": "sceneIds", "listing": "assetIds"}
"""The field that says of how many clips a job is, by its kind."""


def require_tier(job: Job, tier: Tier, catalogue: Catalogue) -> None:
    """NotOfTier for a job of models that the tier may not name, or of more clips than it has."""
    if job.image_model and (why := not_named(catalogue.model(job.image_model, "still"), tier)):
        refuse_to_tier([FieldError("imageModel", why)], "still", tier, catalogue)
    mode: Mode = job.brief.mode if job.brief else "pair" if job.kind == "image_pairs" else "image"
    asked = "motion" if job.listing else "model"
    named = {asked: [job.model], "compare": job.compare, "fallbackModels": job.fallback_models}
    if job.listing and not job.listing.animated:
        named = {}
    faults = [
        FieldError(field if field == asked else f"{field}.{place}", why)
        for field, names in named.items()
        for place, name in enumerate(names)
        if (why := not_named(catalogue.model(name, mode), tier))
    ]
    if (job.total_clips or MOST_CLIPS) > tier.clips:
        number = f"comes to {job.total_clips} clips" if job.total_clips else "must be named"
        faults.append(
            FieldError(TOO_MANY[job.kind], f"{number}: a job of the tier {tier.name} has at most {tier.clips}")
        )
    refuse_to_tier(faults, mode, tier, catalogue)


def not_named(model: Model, tier: Tier) -> str | None:
    """Why a tenant of the tier may not name the model."""
    why = None if tier.names_others else tier.against(model)
    return why and f"{model.name} {why}"


def refuse_to_tier(faults: Sequence[FieldError], mode: Mode, tier: Tier, catalogue: Catalogue) -> None:
    if not faults:
        return
    there = ", ".join(one.name for one in catalogue.choosable(mode, today()) if not_named(one, tier) is None)
    raise NotOfTier(
        "; ".join(f"{one.field}: {one.detail}" for one in faults),
        hint=f"The tier {tier.name} has {there}; GET /api/v3/me shows its limits.",
        errors=tuple(faults),
    )


TheMoment = Annotated[Moment, Depends(the_moment)]
TheTier = Annotated[Tier, Depends(the_tier)]
