"""What it takes to put a film together, against copying its bytes and against how others do it."""

from __future__ import annotations

import re
import shlex
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from bench import drift, peers
from bench.figures import Figure
from bench.noted_ffmpeg import noted
from functions.arrange.arrangement import arrangement
from functions.assemble.film import Part, join, prove
from functions.make_piece.conform import conform
from functions.studio.clips import Kept
from functions.studio.cut import Cut, Transition, TransitionKind
from functions.studio.media import Piece, Probe
from functions.studio.probe import examine

FEW: Final = 10
MANY: Final = 50
TIMES: Final = 5
SECONDS: Final = 8
CROSSFADES: Final = Cut(transition=Transition(kind=TransitionKind.CROSSFADE), audio="strip")


def measure(folder: Path) -> list[Figure]:
    clips = [draw(folder / "clip_001.mp4")]
    probe = examine(clips[0], pcm=folder / "clip.pcm")
    for number in range(2, MANY + 1):
        clips.append(Path(shutil.copy(clips[0], folder / f"clip_{number:03d}.mp4")))
    mute = [Part(f"clip {number}", clip, None, probe.picture) for number, clip in enumerate(clips, 1)]
    heard = [replace(part, pcm=folder / "clip.pcm") for part in mute]
    film = folder / "film.mp4"

    ratios = {count: against_cat(mute[:count], folder) for count in (FEW, MANY)}
    sounding = statistics.median(assembled(heard, film) for _ in range(3))
    faults, errors = decoded(film, sum(part.picture.frames for part in heard))
    peaks = {count: peak(heard[:count], folder / f"peak-{count}") for count in (FEW, MANY)}
    film.unlink()
    for clip in clips[FEW:]:
        clip.unlink()
    return [
        *(Figure(f"assembly of {count} clips against cat", ratio, "×", 5) for count, ratio in ratios.items()),
        Figure(f"ffmpeg at its peak, {MANY} clips", peaks[MANY], "MiB", 64),
        Figure(f"the same, growth from {FEW} to {MANY} clips", peaks[MANY] / peaks[FEW], "×", 1.25),
        Figure(f"assembly with sound, {MANY} clips, of the film's length", 100 * sounding / (MANY * SECONDS), "%", 5),
        Figure(f"frames missing or too many, {MANY} clips", faults, "", 0),
        Figure("errors when they are decoded", errors, "", 0),
        Figure(f"sound against picture at clip {drift.CLIPS}", drift.measure(folder), "ms", 1),
        *against_others(clips[:FEW], mute[:FEW], probe, folder),
    ]


def draw(path: Path) -> Path:
    """As heavy as what models send: about 13 MB, full HD, B-frames, sound of 44.1 kHz."""
    grain = "noise=c0s=14:c0f=t"
    command = ["-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=24:d={SECONDS},{grain}"]
    command += ["-f", "lavfi", "-i", f"sine=frequency=220:sample_rate=44100:duration={SECONDS}"]
    command += shlex.split("-c:v libx264 -preset veryfast -b:v 13M -pix_fmt yuv420p -c:a aac -b:a 128k -f mp4")
    drift.ffmpeg(*command, str(path))
    return path


def assembled(parts: Sequence[Part], film: Path) -> float:
    """Seconds for the film and its proof."""
    film.unlink(missing_ok=True)
    began = time.perf_counter()
    join(parts, film, film.parent)
    prove(film, parts, film.parent)
    return time.perf_counter() - began


def against_cat(parts: Sequence[Part], folder: Path) -> float:
    """The median of pairs, each measured within seconds: the machine's speed drifts."""
    paths, film, bytes_alone = [part.film for part in parts], folder / "film.mp4", folder / "film.cat"
    peers.cat(paths, bytes_alone)  # from now on they are in memory, whoever asks
    pairs = [(assembled(parts, film), peers.cat(paths, bytes_alone)) for _ in range(TIMES)]
    bytes_alone.unlink()
    return statistics.median(ours / theirs for ours, theirs in pairs)


def peak(parts: Sequence[Part], folder: Path) -> float:
    with noted(folder) as runs:
        assembled(parts, folder / "film.mp4")
    (folder / "film.mp4").unlink()
    return max(run.resident for run in runs)


def decoded(film: Path, planned: int) -> tuple[int, int]:
    """Frames by which the film misses the plan, and complaints of the decoder."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-stats", "-nostdin", "-i", film]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=False)
    frames = re.findall(r"frame= *(\d+)", done.stderr)
    complaints = [line for line in re.split(r"[\r\n]+", done.stderr) if line and not line.startswith("frame=")]
    return abs(planned - int(frames[-1] if frames else 0)), len(complaints) + abs(done.returncode)


def against_others(clips: Sequence[Path], mute: Sequence[Part], probe: Probe, folder: Path) -> list[Figure]:
    """One run each: they take minutes."""
    film = folder / "film.mp4"
    ours = statistics.median(assembled(mute, film) for _ in range(TIMES))
    anew = peers.encoded_anew(clips, folder / "anew.mp4")
    theirs = peers.moviepy(clips, folder / "moviepy.mp4")
    parts, encoding = pieces(clips, probe, folder)
    with noted(folder / "faded") as copying:
        assembled(parts, film)
        copied = sum(run.encoded for run in copying)
    faded = statistics.median(assembled(parts, film) for _ in range(TIMES))
    fade = Fraction(CROSSFADES.transition.seconds)
    chained = peers.xfade_chain(clips, [probe.picture.seconds] * len(clips), fade, folder / "chain.mp4")
    length = float(sum((part.picture.seconds for part in parts), Fraction(0)))
    return [
        Figure(f"a film of {FEW} clips encoded anew (veryfast) against assembly", anew / ours, "×", 50, "higher"),
        Figure(f"the same by moviepy (veryfast), {FEW} clips", theirs / ours, "×", 80, "higher"),
        Figure(f"xfade chain against assembly with crossfades, {FEW} clips", chained / faded, "×", 50, "higher"),
        Figure(f"picture that Assemble encodes, film of {length:.0f} s with crossfades", copied, "s", 0),
        Figure("picture that MakePieces encodes, against the film's length", round(encoding / length, 6), "×", 1),
    ]


def pieces(clips: Sequence[Path], probe: Probe, folder: Path) -> tuple[list[Part], float]:
    """The pieces of a film with crossfades, and the seconds of picture that were encoded for them."""
    survivors = {
        number: Kept(key=str(clip), pcm_key="", sha256="", probe=probe) for number, clip in enumerate(clips, 1)
    }
    planned = arrangement(survivors, CROSSFADES, lambda number, extension: str(folder / f"piece_{number}.{extension}"))
    with noted(folder / "pieces") as runs:
        parts = [made(piece) for piece in planned]
    return parts, sum(run.encoded for run in runs)


def made(piece: Piece) -> Part:
    assert piece.target
    found = conform(piece, piece.target, CROSSFADES, [Path(shot.key) for shot in piece.shots], Path(piece.key))
    return Part(piece.name, Path(piece.key), None, found.picture)
