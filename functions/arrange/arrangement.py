"""From the survivors to the list of pieces: a pure decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from functions.studio.clips import Clip, Kept
from functions.studio.media import Picture, Piece, Target

RATES = (24, 25, 30)
"""Frames a second that a film is conformed to. Each divides the sound's 48,000 samples."""

SAME_LOOK = 30
"""From here on a clip's rate is halved as often as it takes: 60 becomes 30, 50 becomes 25."""

LONG_SIDE = 1920
SHORT_SIDE = 1080
"""A conformed film is at most this large, whichever way it stands."""


def arrangement(survivors: Mapping[int, Kept], piece_keys: Sequence[str]) -> list[Piece]:
    """One piece a surviving clip, by number of clip.

    Survivors that share one seam are copied as they are. Otherwise all of them are conformed: an encoder of ours cannot
    be made to write the decoder configuration of somebody else's.
    """
    pictures = [kept.probe.picture for kept in survivors.values()]
    seams = {picture.seam for picture in pictures}
    copied = len(seams) == 1 and None not in seams
    target = None if copied else common_target(pictures)
    return [
        Piece(
            number=number,
            clip=clip,
            source_key=kept.key,
            key=kept.key if copied else key,
            pcm_key=kept.pcm_key,
            target=target,
            bytes=kept.probe.bytes if copied else None,
            picture=kept.probe.picture if copied else None,
        )
        for number, ((clip, kept), key) in enumerate(zip(sorted(survivors.items()), piece_keys, strict=True), 1)
    ]


def common_target(pictures: Sequence[Picture]) -> Target:
    """The size and the rate that most seconds of the survivors have; the larger and the faster where two are level."""
    sizes: Counter[tuple[int, int]] = Counter()
    rates: Counter[int] = Counter()
    for picture in pictures:
        milliseconds = round(picture.seconds * 1000)
        sizes[within(*picture.shown)] += milliseconds
        rates[nearest_rate(picture.fps)] += milliseconds
    width, height = max(sizes, key=lambda size: (sizes[size], size[0] * size[1], size))
    return Target(width=width, height=height, fps=max(rates, key=lambda rate: (rates[rate], rate)))


def within(width: int, height: int) -> tuple[int, int]:
    """The size, made smaller where it exceeds the largest film, sides even."""
    scale = min(Fraction(1), Fraction(LONG_SIDE, max(width, height)), Fraction(SHORT_SIDE, min(width, height)))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def nearest_rate(fps: Fraction) -> int:
    while fps > SAME_LOOK + 1:
        fps /= 2
    return min(RATES, key=lambda rate: abs(rate - fps))


def nothing_left(clips: Sequence[Clip]) -> str:
    """Why there is no film: the reason that most clips give."""
    reasons = Counter(clip.error_message for clip in clips if clip.error_message)
    most = reasons.most_common(1)[0][0] if reasons else "no reason was given"
    return f"All {len(clips)} clips failed: {most}" if len(clips) > 1 else f"The only clip failed: {most}"
