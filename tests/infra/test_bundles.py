"""What Lambda unzips: everything that is needed, ready to run, and not too much of it."""

from __future__ import annotations

import marshal
import re
import sys
import types
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from functions.studio.fonts import FACES, GLYPHS
from infra import bundles, glyphs
from infra.bundles import Bundle

ROOT = Path(__file__).parents[2]
LIMIT = 250 * 1024 * 1024
"""Bytes of a function unzipped, its layers included."""


@pytest.fixture(scope="module")
def code() -> Bundle:
    return bundles.our_code()


@pytest.fixture(scope="module")
def packages() -> Bundle:
    return bundles.packages()


@pytest.fixture(scope="module")
def ffmpeg() -> Bundle:
    return bundles.ffmpeg()


@pytest.fixture(scope="module")
def fonts() -> Bundle:
    return bundles.fonts()


def unzipped(bundle: Bundle) -> int:
    with zipfile.ZipFile(bundle.path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def names(bundle: Bundle) -> list[str]:
    with zipfile.ZipFile(bundle.path) as archive:
        return archive.namelist()


def bytecode_of(source: str) -> str:
    path = PurePosixPath(source)
    return str(path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc")


def test_the_largest_function_fits_into_lambda(code: Bundle, packages: Bundle, ffmpeg: Bundle, fonts: Bundle) -> None:
    assert sum(map(unzipped, (code, packages, ffmpeg, fonts))) < LIMIT


def test_every_module_comes_with_its_bytecode(code: Bundle, packages: Bundle) -> None:
    for bundle in (code, packages):
        there = set(names(bundle))
        sources = [name for name in there if name.endswith(".py")]
        assert sources
        assert {bytecode_of(source) for source in sources} <= there


def test_bytecode_is_used_whatever_the_files_times_are(code: Bundle, packages: Bundle) -> None:
    for bundle in (code, packages):
        with zipfile.ZipFile(bundle.path) as archive:
            for name in archive.namelist():
                if name.endswith(".pyc"):
                    flags = int.from_bytes(archive.read(name)[4:8], "little")
                    assert flags == 0b01, f"{name}: hash-based, and not checked against its source"


def test_a_traceback_names_the_file_where_lambda_has_it(code: Bundle, packages: Bundle) -> None:
    for bundle, source, place in (
        (code, "functions/__init__.py", "/var/task/functions/__init__.py"),
        (packages, "python/replicate/__init__.py", "/opt/python/replicate/__init__.py"),
    ):
        with zipfile.ZipFile(bundle.path) as archive:
            compiled = marshal.loads(archive.read(bytecode_of(source))[16:])
        assert isinstance(compiled, types.CodeType)
        assert compiled.co_filename == place


def test_our_code_is_the_package_functions_and_nothing_else(code: Bundle) -> None:
    there = {name for name in names(code) if "__pycache__" not in name and not name.endswith("/")}
    assert {PurePosixPath(name).parts[0] for name in there} == {"functions"}
    on_disk = {str(path.relative_to(ROOT)) for path in (ROOT / "functions").rglob("*.py")}
    assert {name for name in there if name.endswith(".py")} == on_disk


def test_the_packages_are_the_lock_s_and_for_arm64(packages: Bundle) -> None:
    there = names(packages)
    for package in ("aws_lambda_powertools", "openai", "PIL", "pydantic", "replicate", "requests", "standardwebhooks"):
        assert f"python/{package}/__init__.py" in there
    libraries = [name for name in there if re.search(r"\.so(\.\d+)*$", name)]
    assert libraries
    with zipfile.ZipFile(packages.path) as archive:
        assert {machine_of(archive, name) for name in libraries} == {"aarch64"}


def test_ffmpeg_is_an_arm64_program_on_lambda_s_path(ffmpeg: Bundle) -> None:
    assert [name for name in names(ffmpeg) if not name.endswith("/")] == ["bin/ffmpeg"]
    with zipfile.ZipFile(ffmpeg.path) as archive:
        assert machine_of(archive, "bin/ffmpeg") == "aarch64"
        assert archive.getinfo("bin/ffmpeg").external_attr >> 16 & 0o777 == 0o755


def test_each_font_lies_by_itself_with_its_licence(fonts: Bundle) -> None:
    wanted = {f"fonts/{name}/{PurePosixPath(face.file).name}" for name, face in FACES.items()}
    wanted |= {f"fonts/{name}/LICENSE_FONT" for name in FACES}
    assert {name for name in names(fonts) if not name.endswith("/")} == wanted
    with zipfile.ZipFile(fonts.path) as archive:
        for name in FACES:
            assert b"SIL Open Font License, Version 1.1" in archive.read(f"fonts/{name}/LICENSE_FONT")


def test_what_is_known_of_the_fonts_is_what_they_say_of_themselves() -> None:
    """`python -m infra.glyphs` writes it anew."""
    assert glyphs.written() == GLYPHS.read_text()
    for name, font in glyphs.fonts().items():
        assert (FACES[name].rise, FACES[name].depth) == (font.rise, font.depth), name


def machine_of(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        header = file.read(20)
    assert header[:4] == b"\x7fELF"
    return {183: "aarch64", 62: "x86_64"}[int.from_bytes(header[18:20], "little")]


def test_a_bundle_is_built_once(packages: Bundle) -> None:
    built = packages.path.stat().st_mtime_ns
    assert bundles.packages() == packages
    assert packages.path.stat().st_mtime_ns == built
