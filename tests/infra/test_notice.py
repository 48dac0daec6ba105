"""NOTICE names what is fetched, in the version and under the licence in which it is."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from tests.infra.test_locks import pins

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "NOTICE").read_text()
IN_FULL = {"Apache License": "Apache-2.0", "MIT License": "MIT"}
"""First lines of licence texts, where a package tells no name."""


def licence(package: str) -> str:
    said = metadata(package)
    told = said.get("License-Expression") or said.get("License") or ""
    name = told.strip().splitlines()[0] if told.strip() else ""
    if not name:
        [name] = [each.split(" :: ")[-1] for each in said.get_all("Classifier", []) if each.startswith("License ::")]
    return IN_FULL.get(name, name)


def rows(heading: str) -> dict[str, list[str]]:
    """The words of each indented line of a chapter by its first."""
    [chapter] = [each for each in re.split(r"\n\n\n", NOTICE) if each[3:].startswith(heading)]
    lines = [line.split(maxsplit=2) for line in chapter.splitlines() if line.startswith("  ")]
    return {name: rest for name, *rest in lines}


def test_every_package_of_the_layer_is_named_with_its_version_and_licence() -> None:
    lock = pins(ROOT / "layers/packages/requirements.txt")
    del lock["httpx2-jsfetch"]  # its marker says emscripten: for browsers
    assert rows("Python packages in the Lambda layer") == {
        name: [version, licence(name)] for name, version in lock.items()
    }


def test_no_package_under_a_licence_that_asks_for_more_goes_unnamed() -> None:
    asking = []
    for package in pins(ROOT / "requirements-dev.txt"):
        try:
            said = metadata(package)
        except PackageNotFoundError:  # of another platform
            continue
        classes = [each for each in said.get_all("Classifier", []) if each.startswith("License")]
        told = [said.get("License-Expression") or "", (said.get("License") or "").partition("\n")[0], *classes]
        if re.search(r"GPL|General Public|MPL|Mozilla|EUPL|CDDL|SSPL|BUSL|Commercial", " ".join(told)):
            asking.append(package)
    assert asking
    assert [package for package in asking if f"  {package} " not in NOTICE] == []


def test_what_it_says_of_ffmpeg_is_what_ffmpeg_says_of_itself() -> None:
    lock = pins(ROOT / "layers/ffmpeg/requirements.txt")
    assert f"imageio-ffmpeg {lock['imageio-ffmpeg']}" in NOTICE
    said = subprocess.run([get_ffmpeg_exe(), "-version"], capture_output=True, text=True, check=True).stdout
    [version] = re.findall(r"^ffmpeg version (\d+\.\d+\.\d+)-static", said)
    assert f"The program is ffmpeg {version}," in NOTICE
    assert f"/ffmpeg-{version}.tar.xz" in NOTICE
    for flag in ("--enable-gpl", "--enable-version3"):
        assert flag in said
        assert flag in NOTICE


def test_the_tools_from_npm_are_named_with_version_and_licence() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert rows("Command-line tools from npm") == {
        name: [lock[f"node_modules/{name}"]["version"], lock[f"node_modules/{name}"]["license"]] for name in wanted
    }
    assert {each.get("license") for each in lock.values()} <= {"MIT", "BSD-3-Clause", "ISC", "Apache-2.0"}


def test_the_fonts_are_named_with_their_version_and_under_their_licence() -> None:
    lock = json.loads((ROOT / "layers/fonts/package-lock.json").read_text())["packages"]
    fonts = {path.removeprefix("node_modules/"): package for path, package in lock.items() if path}
    assert {name: words[0] for name, words in rows("Fonts").items()} == {
        name: package["version"] for name, package in fonts.items()
    }
    assert {package["license"] for package in fonts.values()} == {"MIT AND OFL-1.1"}
    assert "SIL Open Font License, version 1.1" in NOTICE
