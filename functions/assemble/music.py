"""The film's music: laid to the film's length, lowered while the clips are heard, brought to the loudness of the web.

The mix is made once and lies on the disk as floating point; what is tried again until it fits is only how far it is turned
up on its way into the film (`Level`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from typing import Literal, NamedTuple

from functions.studio import ffmpeg, loudness, sound
from functions.studio.cut import Music, TransitionKind
from functions.studio.errors import BrokenMedia
from functions.studio.media import Loudness
from functions.studio.music import MOST_SECONDS as LONGEST_MUSIC
from functions.studio.music import SILENT, listen

ASKED = -14.0
"""LUFS of a film with music."""
TOLERANCE = 1.0
AIM = 0.5
"""LU: so near, and nothing is tried again."""
MOST_PEAK = -1.0
"""dBTP."""
CEILING = -2.0
"""dBTP that the limiter leaves: AAC's own peaks come on top."""

SEAM = sound.RATE
"""Samples by which the music's end and its beginning overlap where it begins again; a quarter of it at most."""
FADE_IN = 2400
FADE_OUT = 2 * sound.RATE
"""Samples; a quarter of a short film."""

CLIPS_AT = -16.0
"""LUFS, roughly: the clips' own balance stays, quiet ones are not dragged up to it."""
MOST_LIFTED, MOST_LOWERED = 12.0, -20.0
"""dB."""
DUCK = "sidechaincompress=threshold=0.03:ratio=6:attack=20:release=500"
"""About 12 dB while clips are at their usual loudness, nothing while they are silent."""

MIX_SECONDS = 600
RAW = ("-f", "s16le", "-ar", str(sound.RATE), "-ac", "2")
FLOAT_BYTES = 8
"""Of a sample of the mix, both channels."""


class Stretch(NamedTuple):
    """Samples of the music, or of the seam where its end and its beginning overlap."""

    of: Literal["music", "seam"]
    start: int
    samples: int


def laid(length: int, seam: int, total: int) -> Iterator[Stretch]:
    """How music of so many samples fills a film of `total`: as it is, or again and again with a seam in between."""
    again = (Stretch("seam", 0, seam), Stretch("music", seam, length - 2 * seam))
    once = Stretch("music", 0, length if total <= length else length - seam)
    left = total
    for part in chain([once], cycle(again)):
        yield part._replace(samples=min(part.samples, left))
        left -= part.samples
        if left <= 0:
            return


class Level(NamedTuple):
    """How the mix goes into the film."""

    gain: float
    """dB."""
    ceiling: float = CEILING

    def filters(self, samples: int) -> str:
        """The limiter works on four times the samples: peaks between them are peaks too."""
        limit = 10 ** (self.ceiling / 20)
        return (
            f"volume={self.gain:.3f}dB,aresample=192000,alimiter=limit={limit:.5f}:level=0:latency=1,"
            f"aresample=48000,apad=whole_len={samples},atrim=end_sample={samples}"
        )


def first_level(mix: Loudness) -> Level:
    return Level(0.0 if mix.integrated is None else ASKED - mix.integrated)


def corrected(level: Level, heard: Loudness) -> Level:
    """The next one to try, when the film came out like this."""
    gain = level.gain + (0.0 if heard.integrated is None else ASKED - heard.integrated)
    over = 0.0 if heard.peak is None else max(0.0, heard.peak - MOST_PEAK)
    return Level(gain, level.ceiling - (over + 0.2 if over else 0.0))


def fits(heard: Loudness) -> bool:
    return not any(faults(heard, AIM))


def faults(heard: Loudness, tolerance: float = TOLERANCE) -> Iterator[str]:
    """What the loudness of a film with music has against it; a film too short to be measured has nothing."""
    if heard.integrated is not None and abs(heard.integrated - ASKED) > tolerance:
        yield f"it is {heard.integrated:.1f} LUFS loud instead of {ASKED:.0f}"
    if heard.peak is not None and heard.peak > MOST_PEAK:
        yield f"its peaks reach {heard.peak:.1f} dBTP, {MOST_PEAK:.0f} is the most"


def silence_faults(heard: Loudness, mix: Mix | None, loudest: float) -> Iterator[str]:
    """`loudest` is what the clips reach, in dB, where there is no mix."""
    expected = mix.loudness.peak if mix else loudest
    if mix and (expected is None or expected < SILENT):
        yield f"its {mix.of} cannot be heard"
    elif expected is not None and expected > SILENT and (heard.peak is None or heard.peak < SILENT):
        yield "it is silent, though its clips are not"


@dataclass(frozen=True)
class Mix:
    """The film's whole sound before it is encoded: floating point, 48 kHz, stereo."""

    pcm: Path
    samples: int
    loudness: Loudness
    of: Literal["music", "voice"] = "music"
    """What is to be heard of it at least."""

    def read(self) -> Iterator[bytes]:
        with self.pcm.open("rb") as file:
            while chunk := file.read(sound.CHUNK):
                yield chunk


Clips = Callable[[], Iterator[bytes]]
"""The clips' own sound from its beginning, as often as it is asked for."""


def make_mix(file: Path, music: Music, clips: Clips | None, samples: int, folder: Path) -> Mix:
    """Of the music in `file` and the clips' sound (None: the music alone), `samples` long."""
    tune, bed, pcm = folder / "music.pcm", folder / "bed.pcm", folder / "mix.pcm"
    lasts = min(LONGEST_MUSIC, samples / sound.RATE + 1)
    heard = listen(file, pcm=tune, most_seconds=lasts, loop=music.track is not None).loudness
    _lay(tune, bed, samples, most_seam=0 if music.track else SEAM)
    opened: list[str | Path] = ["-protocol_whitelist", "file", *RAW, "-i", bed]
    own = None
    if clips:
        own = _measured(clips)
        opened += ["-protocol_whitelist", "pipe", *RAW, "-i", "pipe:0"]
    mixing = ["-filter_complex", graph(heard, music, own, samples), "-map", "[mix]", "-f", "f32le"]
    words = ffmpeg.run([*opened, *mixing, pcm], seconds=MIX_SECONDS, stdin=clips() if clips else ())
    for spent in (file, tune, bed):
        spent.unlink()
    if pcm.stat().st_size != samples * FLOAT_BYTES:
        raise BrokenMedia("The music could not be laid to the film's exact length.")
    return Mix(pcm, samples, loudness.read(words))


def voice_alone(pieces: Clips, samples: int, folder: Path) -> Mix:
    """The sound of a film in which somebody speaks, as a mix without music: to be brought to the same loudness."""
    pcm = folder / "mix.pcm"
    whole = f"aformat=sample_fmts=fltp,apad=whole_len={samples},atrim=end_sample={samples},{loudness.MEASURE}"
    opened: list[str | Path] = ["-protocol_whitelist", "pipe", *RAW, "-i", "pipe:0"]
    words = ffmpeg.run([*opened, "-af", whole, "-f", "f32le", pcm], seconds=MIX_SECONDS, stdin=pieces())
    return Mix(pcm, samples, loudness.read(words), of="voice")


def _lay(tune: Path, bed: Path, samples: int, most_seam: int) -> None:
    """Our own tracks are loops, which a seam would make shorter, and put out of step."""
    length = tune.stat().st_size // sound.SAMPLE_BYTES
    seam = min(most_seam, length // 4)
    ends = [b"".join(sound.read(tune, seam, start)) for start in (length - seam, 0)]
    overlapping = tune.with_name("seam.pcm")
    overlapping.write_bytes(sound.mixed(TransitionKind.CROSSFADE, *ends))
    files = {"music": tune, "seam": overlapping}
    with bed.open("wb") as file:
        for part in laid(length, seam, samples):
            for chunk in sound.read(files[part.of], part.samples, part.start):
                file.write(chunk)
    overlapping.unlink()


def _measured(clips: Clips) -> Loudness:
    measure = ["-protocol_whitelist", "pipe", *RAW, "-i", "pipe:0", "-af", loudness.MEASURE, "-f", "null", "-"]
    return loudness.read(ffmpeg.run(measure, seconds=MIX_SECONDS, stdin=clips()))


def graph(heard: Loudness, music: Music, own: Loudness | None, samples: int) -> str:
    """ffmpeg's filters from the laid music, which is as loud as `heard`, and the clips' sound, as loud as `own` (None:
    there is none), to the mix."""
    fade_out = min(FADE_OUT, samples // 4)
    turned = (CLIPS_AT - heard.integrated if heard.integrated is not None else 0.0) + 20 * math.log10(music.volume)
    bed = (
        f"[0:a]aformat=sample_fmts=fltp,volume={turned:.2f}dB,afade=t=in:ns={min(FADE_IN, samples // 4)},"
        f"afade=t=out:ss={samples - fade_out}:ns={fade_out}"
    )
    exact = f"apad=whole_len={samples},atrim=end_sample={samples},{loudness.MEASURE}[mix]"
    if own is None:
        return f"{bed},{exact}"
    lifted = min(MOST_LIFTED, max(MOST_LOWERED, CLIPS_AT - own.integrated)) if own.integrated is not None else 0.0
    clips = f"[1:a]aformat=sample_fmts=fltp,volume={lifted:.2f}dB,asplit[clips][key]"
    mixed = f"[bed][key]{DUCK}[under];[clips][under]amix=inputs=2:duration=first:normalize=0,{exact}"
    return f"{bed}[bed];{clips};{mixed}"
