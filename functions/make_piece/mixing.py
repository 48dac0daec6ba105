"""A piece's own sound: cut from its clips' PCM by sample numbers, mixed where two clips meet, silence under a card; in a
narrated film the narration, with that underneath.

A conformed film's rate divides the sound's: a frame is a whole number of samples, so that nothing adds up.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from functions.studio import sound
from functions.studio.errors import BrokenMedia
from functions.studio.media import Piece, Shot, Target

UNDER = 0.25
"""Of its loudness is left of a video's own sound while it is shown in a narrated film: -12 dB."""


def write_sound(
    piece: Piece, target: Target, clips: Sequence[Path | None], to: Path, narration: Path | None = None
) -> None:
    """`clips` are the PCM of the piece's shots, None of those that have none; what is written lasts exactly as long as the
    piece's frames."""
    each = sound.RATE // target.fps
    chunks = _chunks(piece, clips, each)
    if narration and any(clips):
        chunks = iter([_under(b"".join(chunks), b"".join(_spoken(piece, narration, each)))])
    elif narration:
        chunks = _spoken(piece, narration, each)
    with to.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    sound.cut_to(to, piece.frames * each)


def check_heard(
    piece: Piece, target: Target, clips: Sequence[Path | None], made: Path, narration: Path | None = None
) -> None:
    """BrokenMedia where the piece lost its words, or that of a single clip its sound: ten times the threshold, lest it is a
    matter of taste.

    In the middle of a join both clips may be faint by right.
    """
    each = sound.RATE // target.fps
    theirs, whose = _spoken(piece, narration, each), "its words are"
    if piece.narration_at is None and len(piece.shots) == 1 and (clip := clips[0]):
        shot = piece.shots[0]
        theirs, whose = sound.read(clip, shot.frames * each, shot.start * each), "its clip is"
    if sound.loudest(theirs) >= 10 * sound.HEARD and sound.loudest(sound.read(made, piece.frames * each)) < sound.HEARD:
        raise BrokenMedia(f"the piece came out silent, and {whose} not")


def _chunks(piece: Piece, clips: Sequence[Path | None], each: int) -> Iterator[bytes]:
    def stretch(shot: Shot, pcm: Path | None) -> Iterator[bytes]:
        return (
            sound.read(pcm, shot.frames * each, shot.start * each) if pcm else iter([bytes(_size(shot.frames, each))])
        )

    stretches = [stretch(shot, pcm) for shot, pcm in zip(piece.shots, clips, strict=True)]
    if piece.transition:
        before, after = (b"".join(one) for one in stretches)
        yield sound.mixed(piece.transition, before, after)
    elif stretches:
        yield from stretches[0]


def _spoken(piece: Piece, narration: Path | None, each: int) -> Iterator[bytes]:
    """What of the narration is heard while the piece is seen: silence before its first word and behind its last."""
    if narration is None or piece.at is None or piece.narration_at is None:
        return
    begins = piece.at - piece.narration_at
    silent = min(piece.frames, max(0, -begins))
    yield bytes(_size(silent, each))
    yield from sound.read(narration, (piece.frames - silent) * each, max(0, begins) * each)


def _size(frames: int, each: int) -> int:
    return frames * each * sound.SAMPLE_BYTES


def _under(own: bytes, spoken: bytes) -> bytes:
    out = array("h", own)
    for turn, (level, word) in enumerate(zip(out, array("h", spoken), strict=True)):
        out[turn] = max(-sound.LOUDEST, min(sound.LOUDEST, round(level * UNDER) + word))
    return out.tobytes()
