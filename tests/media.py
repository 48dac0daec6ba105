"""Real clips, drawn by the real ffmpeg: small, quick, and made once however many tests ask for them."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([FFMPEG, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


class Studio:
    """Draws clips into a folder; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def clip(
        self,
        *,
        seconds: float = 1.0,
        fps: str = "24",
        size: str = "320x180",
        picture: str = "testsrc2",
        colour: str = "",
        sound: bool = True,
        tone: int = 440,
        encoder: Sequence[str] = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
        filters: str = "null",
        extension: str = "mp4",
    ) -> Path:
        """As a provider would make it; `colour` draws a plain picture instead of a moving one."""
        source = (
            f"color=c={colour}:s={size}:r={fps}:d={seconds}" if colour else f"{picture}=s={size}:r={fps}:d={seconds}"
        )
        arguments = ["-f", "lavfi", "-i", source]
        if sound:
            arguments += ["-f", "lavfi", "-i", f"sine=f={tone}:r=44100:d={seconds}"]
        arguments += ["-vf", filters, *encoder]
        arguments += ["-c:a", "aac", "-shortest"] if sound else []
        return self.made(arguments, extension)

    def made(self, arguments: Sequence[str | Path], extension: str) -> Path:
        """The file that ffmpeg makes of these arguments."""
        name = hashlib.sha256("\0".join(map(str, arguments)).encode()).hexdigest()[:16]
        path = self.folder / f"{name}.{extension}"
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                    ffmpeg(*arguments, Path(folder, path.name))
                    Path(folder, path.name).rename(path)
        return path


def damaged(clip: Path, to: Path, *, keep: int | None = None, flip: int | None = None) -> Path:
    """A copy cut after `keep` bytes, or with 64 bytes turned over from byte `flip` on."""
    content = bytearray(clip.read_bytes()[:keep])
    if flip is not None:
        content[flip : flip + 64] = bytes(byte ^ 0xFF for byte in content[flip : flip + 64])
    to.write_bytes(content)
    return to


def box(name: str, content: bytes = b"") -> bytes:
    """Of an MP4 file."""
    return (8 + len(content)).to_bytes(4) + name.encode() + content
