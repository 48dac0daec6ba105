"""What a prompted film was asked to be, and the styles that its script can be told in: data. Pure."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from functions.studio.data import Data
from functions.studio.rows import Row


class ContinueFrom(Row):
    """A clip whose last frame the film begins with."""

    job_id: str
    sub_job_number: int


class Brief(Row):
    mode: Literal["text", "image"]
    script: str | None = None
    prompt: str | None = None
    style: str | None = None
    """Of a script; a prompt is sent as it is."""
    duration_seconds: Decimal | None = None
    """As it was asked for."""
    fill: bool = False
    aspect_ratio: str | None = None
    image_asset_id: str | None = None
    """The picture that every shot begins with."""
    continue_from: ContinueFrom | None = None
    provider: str | None = None
    count: int = 1


class Style(Data):
    name: str
    title: str
    text: str
    """What a prompt begins with."""
    for_models: dict[str, str] = {}
    """The same for models that are told it in other words, by the name of their template."""
    source: str


class Template(Data):
    """`{style}`, `{script}`, `{asked}` (the seconds that were asked for) and `{seconds}` (those of the clip)."""

    name: str
    text: str
    models: list[str] = []
    """Those that it is for; empty: all others."""
    source: str


class Styles(Data):
    """The first style and the first template are the usual ones."""

    styles: list[Style]
    templates: list[Template]

    def find(self, name: str) -> Style | None:
        return next((style for style in self.styles if style.name == name), None)

    def prompt(self, style: Style, script: str, model: str, asked: Decimal, seconds: int) -> str:
        """What a model is told of a script."""
        template = next((one for one in self.templates if model in one.models), self.templates[0])
        text = style.for_models.get(template.name, style.text)
        return template.text.format(style=text, script=script, asked=f"{asked.normalize():f}", seconds=seconds)


@cache
def styles() -> Styles:
    return Styles.model_validate_json(Path(__file__).with_name("styles.json").read_bytes())
