"""How many pairs pictures make: the rule at acceptance, and again when pictures may have gone before the selection."""

from __future__ import annotations

from math import comb

from functions.studio.errors import FieldError, InvalidRequest

FEWEST_PICTURES = 2


def enough(pictures: int, pairs: int | None) -> None:
    """InvalidRequest when so many pictures do not make so many pairs, of which no two are the same."""
    if pictures < FEWEST_PICTURES:
        detail = f"Need at least {FEWEST_PICTURES} image assets, but campaign has {pictures}"
        raise InvalidRequest(
            detail,
            hint="Upload more pictures to the campaign.",
            errors=(FieldError("campaignId", detail),),
        )
    most = comb(pictures, 2)
    if pairs is not None and pairs > most:
        detail = f"must be at most {most}: {pictures} pictures make no more pairs"
        raise InvalidRequest(
            f"numPairs: {detail}",
            hint="Upload more pictures, ask for fewer pairs, or leave the number to the selection.",
            errors=(FieldError("numPairs", detail),),
        )
