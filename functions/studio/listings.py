"""What is offered by a listing's film, and how the film is to tell it; its categories are data. Pure."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from functions.studio.captions import CaptionStyle
from functions.studio.data import Data
from functions.studio.rows import Row

SILENT = "none"
"""The voice of a film that nobody speaks in."""

KEN_BURNS = "ken_burns"
"""The motion of pictures that we move ourselves; any other is the public name of a model."""


SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "KRW": "₩", "INR": "₹", "BRL": "R$"}
"""Of currencies that are known by a sign; the others are named."""


class Listing(Row):
    title: str
    description: str
    category: str
    price: Decimal | None = None
    currency: str = "USD"
    """ISO 4217."""
    language: str = "en"
    """BCP 47: of script, voice and captions."""
    target_seconds: int = 15
    script: str | None = None
    """As it was given; None: it is to be written."""
    voice: str = "alloy"
    captions: CaptionStyle | None = None
    """None: none are burned in. They lie beside the film either way."""
    captions_required: bool = True
    """False: where speech cannot be timed, or had, the film is made without captions, or silent."""
    motion: str = KEN_BURNS
    asset_ids: list[str] = []
    """Pictures and short videos, in the order of the film."""
    title_card: bool = False
    price_card: bool = False

    @property
    def spoken(self) -> bool:
        return self.voice != SILENT

    @property
    def animated(self) -> bool:
        """Whether a model moves its pictures."""
        return self.motion != KEN_BURNS


def priced(price: Decimal, currency: str) -> str:
    """As on a price tag: cents where there are any."""
    amount = f"{price:,.0f}" if price == price.to_integral_value() else f"{price:,.2f}"
    sign = SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{amount} {currency}"


class Category(Data):
    name: str
    title: str


class Categories(Data):
    source: str
    categories: Annotated[list[Category], Field(min_length=1)]

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.categories]

    def find(self, name: str) -> Category | None:
        return next((one for one in self.categories if one.name == name), None)


@cache
def categories() -> Categories:
    return Categories.model_validate_json(Path(__file__).with_name("listings.json").read_bytes())
