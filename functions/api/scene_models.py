"""Which two models make a film of scenes: those that are named, or Runway's, or else what comes nearest to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from functions.api.named_model import not_to_be_had, the_model
from functions.api.prompted import units
from functions.api.standing import not_named
from functions.api.variants import refuse
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.choice import Facts
from functions.studio.errors import FieldError
from functions.studio.scenes import Scene
from functions.studio.tiers import Tier

IMAGE_MODEL = "gen4_image"
VIDEO_MODEL = "gen4_turbo"
"""Seed 004's."""


@dataclass(frozen=True)
class Casting:
    """Finds the models for some scenes."""

    scenes: Sequence[Scene]
    catalogue: Catalogue
    tier: Tier
    facts: Callable[[Mode], Facts]
    on: date

    def image(self, asked: str | None) -> tuple[Model, list[str]]:
        """And the warnings that it is another than usual; InvalidRequest where it cannot make their pictures."""
        return self._model(asked, IMAGE_MODEL, "still", "imageModel")

    def video(self, asked: str | None) -> tuple[Model, list[str]]:
        return self._model(asked, VIDEO_MODEL, "image", "model")

    def _model(self, asked: str | None, usual: str, mode: Mode, field: str) -> tuple[Model, list[str]]:
        if asked is not None:
            model = the_model(asked, mode, self.catalogue, asked, self.on, field=field)
            if faults := self._faults(model, field):
                refuse(*faults)
            return model, self.facts(mode).warnings([model])
        wanted = self.catalogue.model(usual, mode)
        against = self._against(wanted)
        if against is None:
            return wanted, []
        others = [one for one in self.catalogue.choosable(mode, self.on) if self._against(one) is None]
        if not others:
            # What is wrong with the scenes themselves is said of them.
            refuse(*(self._faults(wanted, field) or [FieldError(field, f"must be named: {usual} {against}")]))
        # Nobody asked for one that is about to go.
        lasting = [one for one in others if one.state(self.on) == "current"] or others
        nearest = min(lasting, key=lambda one: (abs(one.quality - wanted.quality), one.name))
        return nearest, [f"{field}: {usual} {against}. {nearest.name} is asked instead."]

    def _against(self, model: Model) -> str | None:
        """Why it is not taken unasked."""
        faults = self._faults(model, "")
        why = not_to_be_had(model, self.catalogue, self.on) or self.facts(model.mode).against(model)
        return why or not_named(model, self.tier) or (faults[0].detail if faults else None)

    def _faults(self, model: Model, field: str) -> list[FieldError]:
        """Why it cannot make what the scenes ask for."""
        faults = []
        for scene in self.scenes:
            name, prompt = _told(scene, model)
            if prompt and not model.takes(prompt):
                limit = f"{model.name} takes prompts of {model.prompt_limit} characters, not of {units(prompt)}"
                faults.append(FieldError(f"scenes.{scene.id}.{name}", f"is too long: {limit}"))
        if model.mode != "still":
            return faults
        shown = [bool(scene.reference) for scene in self.scenes]
        if any(shown) and not model.references:
            takers = ", ".join(one.name for one in self.catalogue.choosable("still", self.on) if one.references)
            what = f"must be a model that takes reference pictures, as scenes have them: {takers}"
            faults.append(FieldError(field, what))
        faults += [
            FieldError(
                f"scenes.{scene.id}.productReferenceImageUrl", f"is required: {model.name} makes nothing without"
            )
            for scene, has in zip(self.scenes, shown, strict=True)
            if model.least_references and not has
        ]
        return faults


def _told(scene: Scene, model: Model) -> tuple[str, str | None]:
    """The scene's field that the model is told, and what it says."""
    if model.mode == "still":
        return "imagePrompt", scene.image_prompt
    return "visualPrompt", scene.visual_prompt
