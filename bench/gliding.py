"""Pictures in motion: how fast they are made, how smoothly they move, and how long others take for the same film."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import imageio_ffmpeg
from PIL import Image

from bench import peers
from bench.figures import Figure
from functions.arrange.narrated import Story, narrated
from functions.assemble.film import Part, join, prove
from functions.make_piece.conform import conform
from functions.studio.cut import Cut, Transition, TransitionKind
from functions.studio.detail import still_of
from functions.studio.media import Piece, PieceKind, Shot, Target
from functions.studio.narration import NarrationRef
from functions.studio.stills import Slide, Still, slide
from local.samples import draw_samples

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

FULL_HD: Final = (1080, 1920)
FPS: Final = 30
FRAMES: Final = 8 * FPS
TIMES: Final = 3
CAMERA: Final = (3000, 4000)
"""As large as telephones make pictures."""

PICTURES: Final = 6
SECONDS: Final = 15.0
SMALL: Final = (720, 1280)
FADES: Final = Cut(transition=Transition(kind=TransitionKind.CROSSFADE))

BLOB: Final = 24
"""Pixels of the picture: the spread of what is looked for again in every frame."""
BLOBS: Final = [(x, y) for x in (0.3, 0.5, 0.7) for y in (0.3, 0.45, 0.6, 0.75)]
"""Where, of the picture's width and height."""


def measure(folder: Path) -> list[Figure]:
    pictures = photographs(folder)
    return [
        Figure(
            "a picture in motion against the same one standing still", speed(pictures[0], folder), "×", 0.4, "higher"
        ),
        Figure("its jitter", jitter(folder, FULL_HD, 3 * FPS), "px rms", 0.1),
        Figure(
            f"a film of {PICTURES} pictures in motion by moviepy against ours",
            against_moviepy(pictures, folder),
            "×",
            3,
            "higher",
        ),
    ]


def photographs(folder: Path) -> list[Path]:
    """The sample pictures, upright and as large as a camera's."""
    made = []
    for path in draw_samples(folder / "samples"):
        with Image.open(path) as sample:
            wide = sample.height * CAMERA[0] // CAMERA[1]
            left = (sample.width - wide) // 2
            large = sample.crop((left, 0, left + wide, sample.height)).resize(CAMERA, Image.Resampling.LANCZOS)
        made.append(path.with_name(f"large-{path.name}"))
        large.save(made[-1], quality=90)
    return made


def still(picture: Path) -> Still:
    with Image.open(picture) as image:
        width, height = image.size
    return still_of(str(picture), "", width, height, picture.read_bytes())


def of_slide(shown: Slide, size: tuple[int, int], frames: int) -> Piece:
    target = Target(width=size[0], height=size[1], fps=FPS)
    shot = Shot(clip=1, key=shown.key, slide=shown, end=frames)
    return Piece(number=1, kind=PieceKind.SLIDE, shots=[shot], frames=frames, key="", target=target)


def speed(picture: Path, folder: Path) -> float:
    """Of the whole piece, proof included, against the piece of a card: the picture as large as the film, encoded alike."""
    moving = of_slide(slide(still(picture), FULL_HD, FRAMES / FPS, FRAMES, 0), FULL_HD, FRAMES)
    standing = moving.model_copy(update={"kind": PieceKind.CARD, "shots": [], "card": "intro"})
    sized = folder / "sized.png"
    with Image.open(picture) as image:
        image.resize(FULL_HD).save(sized)
    pairs = [(seconds(standing, sized, folder), seconds(moving, picture, folder)) for _ in range(TIMES)]
    return statistics.median(static / ours for static, ours in pairs)


def seconds(piece: Piece, source: Path, folder: Path) -> float:
    assert piece.target
    began = time.perf_counter()
    conform(piece, piece.target, Cut(), [source], folder / "piece.mp4")
    return time.perf_counter() - began


def jitter(folder: Path, size: tuple[int, int], frames: int) -> float:
    """Pixels, root of the mean square over both directions: by how much blobs miss the places that an ideal camera would show
    them at, in decoded frames, going along a picture either way and coming nearer and going away."""
    import numpy as np

    misses = []
    for width, height in (CAMERA, (CAMERA[1] * size[0] // size[1], CAMERA[1])):
        _blobs(width, height).save(folder / "blobs.png")
        for turn in (0, 1):
            shown = slide(Still(key="", sha256="", width=width, height=height), size, frames / FPS, frames, turn)
            piece = of_slide(shown, size, frames)
            assert piece.target
            conform(piece, piece.target, Cut(), [folder / "blobs.png"], folder / "blobs.mp4")
            for number, frame in enumerate(_decoded(folder / "blobs.mp4", size)):
                at = shown.at(number)
                spread = BLOB / width / (at.right - at.left) * size[0]
                for x, y in BLOBS:
                    ideal = (
                        (x - at.left) / (at.right - at.left) * size[0],
                        (y - at.top) / (at.bottom - at.top) * size[1],
                    )
                    if all(3 * spread < one < side - 3 * spread for one, side in zip(ideal, size, strict=True)):
                        misses += _missed(frame, ideal, spread)
    return float(np.sqrt(np.mean(np.square(misses))))


def _blobs(width: int, height: int) -> Image.Image:
    """Bright, soft spots on grey."""
    import numpy as np

    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    light = np.full((height, width), 60.0)
    for across, down in BLOBS:
        row, column = (
            np.exp(-(((axis - at) / BLOB) ** 2) / 2) for axis, at in ((y, down * height), (x, across * width))
        )
        light += 160 * np.outer(row, column)
    return Image.fromarray(np.clip(np.rint(light), 0, 255).astype(np.uint8)).convert("RGB")


def _decoded(film: Path, size: tuple[int, int]) -> Iterator[NDArray[numpy.uint8]]:
    """Its frames, grey."""
    import numpy as np

    grey = ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", film, *grey]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as decoder:
        assert decoder.stdout
        while raw := decoder.stdout.read(size[0] * size[1]):
            yield np.frombuffer(raw, np.uint8).reshape(size[1], size[0])


def _missed(frame: NDArray[numpy.uint8], ideal: tuple[float, float], spread: float) -> list[float]:
    """Pixels between a blob and its ideal place, across and down: of the grounds, blobs and shifts that there are, those
    whose sum is nearest to what is seen (least squares)."""
    import numpy as np

    left, top = (int(one - 2 * spread) for one in ideal)
    side = int(4 * spread) + 1
    seen = frame[top : top + side, left : left + side].astype(np.float64)
    across, down = (
        (np.arange(side) + 0.5 + begins - at) / spread for begins, at in zip((left, top), ideal, strict=True)
    )
    blob = np.outer(np.exp(-(down**2) / 2), np.exp(-(across**2) / 2))
    parts = [np.ones_like(blob), blob, blob * across[None, :] / spread, blob * down[:, None] / spread]
    _, bright, *shifted = np.linalg.lstsq(np.stack([part.ravel() for part in parts], axis=1), seen.ravel(), rcond=None)[
        0
    ]
    return [float(one / bright) for one in shifted]


def against_moviepy(pictures: list[Path], folder: Path) -> float:
    """One run each, one piece after the other: in the cloud each has a machine of its own."""
    began = time.perf_counter()
    shown = {number: still(picture) for number, picture in enumerate(pictures[:PICTURES], 1)}
    story = Story(NarrationRef(key="", script="", seconds=SECONDS, words=0), spoken=True)
    pieces = narrated(shown, FADES, story, lambda number, _: str(folder / f"{number}.mp4"))
    parts = []
    for piece in pieces:
        assert piece.target
        found = conform(piece, piece.target, FADES, [Path(shot.key) for shot in piece.shots], Path(piece.key))
        parts.append(Part(piece.name, Path(piece.key), None, found.picture))
    join(parts, folder / "film.mp4", folder)
    prove(folder / "film.mp4", parts, folder)
    ours = time.perf_counter() - began
    length = float(sum(part.picture.seconds for part in parts))
    return (
        peers.moving(pictures[:PICTURES], SMALL, FPS, length, float(FADES.transition.seconds), folder / "moviepy.mp4")
        / ours
    )
