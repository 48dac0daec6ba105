"""Styles: how the script of a prompted film is told to a model."""

from __future__ import annotations

from decimal import Decimal

from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api.envelope import Envelope, Listed, View, answer
from functions.studio.brief import styles

router = Router()


class StyleView(View):
    id: str
    name: str
    """For people; a request names the `id`."""
    text: str
    """What a model's prompt begins with."""
    example: str
    """The whole of a prompt."""


@router.get("/styles", tags=["styles"], summary="List the styles of scripts")
def page() -> Envelope[Listed[StyleView]]:
    """The first is the one that is taken where none is named."""
    known = styles()
    return answer(
        Listed(
            items=[
                StyleView(
                    id=style.name,
                    name=style.title,
                    text=style.text,
                    example=known.prompt(style, "A cat plays with a ball", "", Decimal(5), 5),
                )
                for style in known.styles
            ]
        )
    )
