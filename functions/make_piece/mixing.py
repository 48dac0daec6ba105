"""A piece's own sound: cut from its clips' PCM by sample numbers, mixed where two clips meet, silence under a card.

A conformed film's rate divides the sound's: a frame is a whole number of samples, so that nothing adds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from functions.studio import sound
from functions.studio.errors import BrokenMedia
from functions.studio.media import Piece, Shot, Target


def write_sound(piece: Piece, target: Target, clips: Sequence[Path], to: Path) -> None:
    """`clips` are the PCM of the piece's shots; what is written lasts exactly as long as the piece's frames."""
    each = sound.RATE // target.fps
    with to.open("wb") as file:
        for chunk in _chunks(piece, clips, each):
            file.write(chunk)
    sound.cut_to(to, piece.frames * each)


def check_heard(piece: Piece, target: Target, clips: Sequence[Path], made: Path) -> None:
    """BrokenMedia where the piece of a single clip lost its sound: ten times the threshold, lest it is a matter of taste.

    In the middle of a join both may be faint by right.
    """
    if len(piece.shots) == 1:
        each, shot = sound.RATE // target.fps, piece.shots[0]
        theirs = sound.loudest(sound.read(clips[0], shot.frames * each, shot.start * each))
        if theirs >= 10 * sound.HEARD and sound.loudest(sound.read(made, piece.frames * each)) < sound.HEARD:
            raise BrokenMedia("the piece came out silent, and its clip is not")


def _chunks(piece: Piece, clips: Sequence[Path], each: int) -> Iterator[bytes]:
    def stretch(shot: Shot, pcm: Path) -> Iterator[bytes]:
        return sound.read(pcm, shot.frames * each, shot.start * each)

    stretches = [stretch(shot, pcm) for shot, pcm in zip(piece.shots, clips, strict=True)]
    if piece.transition:
        before, after = (b"".join(one) for one in stretches)
        yield sound.mixed(piece.transition, before, after)
    elif stretches:
        yield from stretches[0]
