"""ffmpeg under the name that the Lambda layer gives it."""

from pathlib import Path

import imageio_ffmpeg


def path_with_ffmpeg(folder: Path, path: str) -> str:
    """The PATH `path` with a program called `ffmpeg` in front, as on Lambda; the link to it is made in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    return f"{folder}:{path}"
