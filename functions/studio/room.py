"""Whether a film can be put together where it is: refused before anything is encoded, and again before it is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from functions.studio import sound
from functions.studio.errors import FilmTooLarge
from functions.studio.media import Picture, Piece, Target

MOST_BYTES = 9_000_000_000
"""Of pieces, sound and film together: what fits into Lambda's /tmp."""

MOST_PIECES = 1000
"""Each takes 8 ms of the copy, and the workflow's state holds 256 KB of their numbers."""

BITS_A_PIXEL = Fraction(1, 4)
"""What our encoder writes of a lively picture at its middle quality; quiet ones need a tenth."""


MIX_BYTES = 12
"""Of a sample of a film with music: the music laid to its length, and the mix as floating point."""

MUSIC_BYTES = 250_000_000
"""The longest music, and the largest file that it came in."""


def check_room(pieces: Sequence[Piece], *, music: bool = False) -> None:
    """FilmTooLarge, by what the pieces weigh or, before they are made, are likely to."""
    if len(pieces) > MOST_PIECES:
        raise FilmTooLarge(f"The film would be put together from {len(pieces)} pieces; {MOST_PIECES} is the most.")
    needed = sum(2 * weight(piece) + sound_weight(piece) for piece in pieces)
    if music:
        needed += MUSIC_BYTES + sum(samples(piece) for piece in pieces) * MIX_BYTES
    if needed > MOST_BYTES:
        raise FilmTooLarge(
            f"The film needs {needed / 1e9:.1f} GB to be put together; {MOST_BYTES / 1e9:.0f} GB are there."
        )


def weight(piece: Piece) -> int:
    if piece.bytes is not None:
        return piece.bytes
    pixels = piece.target.width * piece.target.height * piece.frames if piece.target else 0
    return round(pixels * BITS_A_PIXEL / 8)


def sound_weight(piece: Piece) -> int:
    return samples(piece) * sound.SAMPLE_BYTES if piece.pcm_key else 0


def samples(piece: Piece) -> int:
    form: Picture | Target | None = piece.picture or piece.target
    assert form is not None
    return sound.samples(Fraction(piece.frames) / form.fps)
