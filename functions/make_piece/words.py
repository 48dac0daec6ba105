"""What is written into the pictures of a piece: the title, the price, or what is being said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from functions.make_piece.burning import Burn, captioned, titled
from functions.studio.caption_lines import grouped
from functions.studio.captions import CaptionStyle
from functions.studio.listings import Listing
from functions.studio.media import Piece, Target
from functions.studio.narration import Narration

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "KRW": "₩", "INR": "₹", "BRL": "R$"}
"""Of currencies that are known by a sign; the others are named."""


def written(piece: Piece, target: Target, listing: Listing, narration: Narration, folder: Path) -> Burn | None:
    """None where nothing is to be read in the piece. Files lie in `folder`."""
    style, language = listing.captions or CaptionStyle(), narration.language
    match piece.card:
        case "title":
            return titled(listing.title, "", style, language, target, piece.frames, folder)
        case "price" if listing.price is not None:
            price = priced(listing.price, listing.currency)
            return titled(listing.title, price, style, language, target, piece.frames, folder)
    if piece.card or listing.captions is None or piece.at is None or piece.narration_at is None:
        return None
    begins = piece.narration_at / target.fps
    lines = [line.later(begins) for line in grouped(narration.words, style, language, target)]
    return captioned(lines, style, language, target, piece.at, piece.frames, folder)


def priced(price: Decimal, currency: str) -> str:
    """As on a price tag: cents where there are any."""
    amount = f"{price:,.0f}" if price == price.to_integral_value() else f"{price:,.2f}"
    sign = SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{amount} {currency}"
