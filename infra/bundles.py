"""The archives that Lambda runs: our code, the third-party packages, ffmpeg, the fonts, the music.

Each is built once and kept in .cache under a hash of what it is made from. No Docker: wheels for the target are fetched
and unpacked by pip, whatever this machine is."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from functions.studio import fonts as table
from functions.studio import tracks as names
from functions.studio.fonts import FACES
from functions.studio.tracks import TRACKS, file_of

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# Not manylinux_2_28: Lambda's Python 3.11 lives on Amazon Linux 2, whose glibc is 2.26.
PLATFORM = "manylinux2014_aarch64"


FONTS_ON_LAMBDA = "/opt/fonts"
TRACKS_ON_LAMBDA = "/opt/tracks"


class Bundle(NamedTuple):
    """A zip archive, and the hash of what it was made from."""

    path: Path
    digest: str

    def asset(self) -> lambda_.AssetCode:
        from aws_cdk import AssetHashType
        from aws_cdk import aws_lambda as lambda_

        return lambda_.Code.from_asset(str(self.path), asset_hash=self.digest, asset_hash_type=AssetHashType.CUSTOM)


def our_code() -> Bundle:
    """The package `functions` as it is imported, with its bytecode."""
    sources = sorted(
        path
        for path in (ROOT / "functions").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(".asl.json")
    )

    def lay_out(folder: Path) -> None:
        for source in sources:
            copy = folder / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        _compile(folder, runs_in="/var/task")

    return _built("code", sources, lay_out)


def packages() -> Bundle:
    """Everything of layers/packages/requirements.txt, with its bytecode."""
    lock = ROOT / "layers" / "packages" / "requirements.txt"

    def lay_out(folder: Path) -> None:
        python = folder / "python"
        _install(lock, python)
        shutil.rmtree(python / "bin", ignore_errors=True)
        for tests in python.glob("*/tests"):
            shutil.rmtree(tests)
        _compile(python, runs_in="/opt/python")

    return _built("packages", [lock], lay_out)


def ffmpeg() -> Bundle:
    """`bin/ffmpeg`, which Lambda's PATH finds under /opt."""
    lock = ROOT / "layers" / "ffmpeg" / "requirements.txt"

    def lay_out(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as wheel:
            _install(lock, Path(wheel))
            [binary] = Path(wheel).glob("imageio_ffmpeg/binaries/ffmpeg-*")
            (folder / "bin").mkdir()
            shutil.move(binary, folder / "bin" / "ffmpeg")
        (folder / "bin" / "ffmpeg").chmod(0o755)

    return _built("ffmpeg", [lock], lay_out)


def fonts() -> Bundle:
    """`fonts/{name}/`: each font by itself with its licence, so that only those need be looked at that a text needs."""
    lock = ROOT / "layers" / "fonts" / "package-lock.json"

    def lay_out(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            for file in (lock, lock.with_name("package.json")):
                shutil.copy(file, scratch)
            silent = ["--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(["npm", "ci", *silent], cwd=scratch, stdout=subprocess.DEVNULL, check=True)
            for name, face in FACES.items():
                package = Path(scratch, "node_modules", "@expo-google-fonts", face.package)
                place = folder / "fonts" / name
                place.mkdir(parents=True)
                shutil.copy(package / face.file, place)
                shutil.copy(package / "LICENSE_FONT", place)

    return _built("fonts", [lock, lock.with_name("package.json"), Path(table.__file__)], lay_out)


def tracks() -> Bundle:
    """`tracks/`: our own music, synthesised here."""
    recipe = sorted((ROOT / "infra" / "music").glob("*.py"))

    def lay_out(folder: Path) -> None:
        from infra.music.tracks import write

        (folder / "tracks").mkdir()
        for track in TRACKS:
            write(track, folder / "tracks" / file_of(track))

    return _built("tracks", [*recipe, Path(names.__file__)], lay_out)


def _install(lock: Path, target: Path) -> None:
    what = ["--require-hashes", "--no-deps", "--requirement", str(lock)]
    for_whom = ["--platform", PLATFORM, "--implementation", "cp", "--python-version", PYTHON, "--only-binary=:all:"]
    _python("pip", "install", "-qq", "--no-compile", *what, *for_whom, "--target", str(target))


def _compile(folder: Path, *, runs_in: str) -> None:
    # A zip keeps no times that Python would accept: bytecode that is checked against them would be made anew at every
    # cold start.
    renamed = ["-s", str(folder), "-p", runs_in]
    _python("compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", *renamed, str(folder))


def _python(*module_and_arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *module_and_arguments], check=True)


def _built(name: str, ingredients: list[Path], lay_out: Callable[[Path], None]) -> Bundle:
    """The archive of what `lay_out` puts into a folder, from the cache if the ingredients and this recipe are unchanged."""
    digest = hashlib.sha256(f"{PYTHON} {PLATFORM}".encode())
    for ingredient in [Path(__file__), *ingredients]:
        content = ingredient.read_bytes()
        digest.update(f"\0{ingredient.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    archive = CACHE / f"{name}-{digest.hexdigest()[:16]}.zip"
    if not archive.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            contents, unfinished = Path(scratch, "contents"), Path(scratch, "archive.zip")
            contents.mkdir()
            lay_out(contents)
            _zip(contents, unfinished)
            os.replace(unfinished, archive)
    return Bundle(archive, digest.hexdigest())


def _zip(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(folder.rglob("*")):
            bundle.write(path, path.relative_to(folder))
