"""What a request for a listing's film says."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from functions.api import inputs
from functions.api.film_options import FilmOptions
from functions.api.job_request import AnyJobRequest
from functions.studio.captions import MOST_WORDS, Backing, Colour, Font, Position, Size
from functions.studio.cut import AspectRatio, Resolution
from functions.studio.listings import KEN_BURNS

MOST_PICTURES = 50
LEAST_SECONDS, MOST_SECONDS = 5, 300
"""Of a narration."""

Known = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
"""A name that is to be in a list."""
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Script = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class CaptionsWish(inputs.Input):
    font: Font = "inter"
    size: Size = "medium"
    colour: Colour = "#FFFFFF"
    highlight: Colour | None = "#FFD400"
    """Of the word that is spoken; null: it looks as the others do."""
    backing: Backing = "outline"
    backing_colour: Colour = "#000000"
    position: Position = "bottom"
    upper_case: bool = False
    words_at_once: Annotated[int, Field(ge=1, le=MOST_WORDS)] | None = None
    """Null: as many as two rows take."""


def _styled(said: Any) -> Any:
    return {True: {}, False: None}[said] if isinstance(said, bool) else said


class Offered(inputs.Input):
    """What is offered, and how it is told: what a script needs to know."""

    title: inputs.Name
    description: Description
    price: inputs.Dollars | None = None
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = "USD"
    """ISO 4217."""
    category: Known = "other"
    language: Known = "en"
    """BCP 47: of script, voice and captions."""
    voice: Known = "alloy"
    """`GET /api/v3/models` lists them; `none`: nobody speaks."""
    duration_seconds: Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)] = 15


class ListingRequest(FilmOptions, AnyJobRequest, Offered):
    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["imageUrls"]}, {"required": ["assetIds"]}]})

    title: inputs.Name
    campaign_id: str | None = None
    """Without it the first picture's, or one of their own for listings."""
    asset_ids: list[str] = []
    """Pictures, in the order of the film; with `imageUrls` 1 to 50, and these first."""
    image_urls: list[Url] = []
    """Public, https, of the pictures themselves."""
    script: Script | None = None
    """Spoken as it is; without it one is written."""
    captions: Annotated[
        CaptionsWish | None, BeforeValidator(_styled, json_schema_input_type=CaptionsWish | bool | None)
    ] = Field(default_factory=CaptionsWish)
    """How they are burned in; false: they lie beside the film alone."""
    captions_required: bool = True
    """False: where speech or its times cannot be had, the film is made without captions, or silent."""
    motion: Known = KEN_BURNS
    """`ken_burns`: we move the pictures; or a model of the mode image, which does."""
    title_card: bool = False
    price_card: bool = False
    resolution: Resolution | None = "720p"
    aspect_ratio: AspectRatio | None = "9:16"
