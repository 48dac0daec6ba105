"""What is written into the pictures of a piece: the title, the price, or what is being said."""

from __future__ import annotations

from pathlib import Path

from functions.make_piece.burning import Burn, captioned, titled
from functions.studio.caption_lines import burnable, grouped
from functions.studio.captions import CaptionStyle
from functions.studio.listings import Listing, priced
from functions.studio.media import Piece, Target
from functions.studio.narration import Narration


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
    seen = burnable(grouped(narration.words, style, language, target), style, language)
    lines = [line.later(begins) for line in seen]
    return captioned(lines, style, language, target, piece.at, piece.frames, folder)
