from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", path.read_text(), re.MULTILINE))


def test_what_is_deployed_is_what_is_tested() -> None:
    deployed, tested = pins(ROOT / "layers/packages/requirements.txt"), pins(ROOT / "requirements-dev.txt")
    assert deployed
    assert {name: tested.get(name) for name in deployed} == deployed


def test_others_are_measured_with_the_ffmpeg_that_we_use() -> None:
    ours, theirs = (pins(ROOT / path)["imageio-ffmpeg"] for path in ("requirements-dev.txt", "bench/requirements.txt"))
    assert ours == theirs


def test_lock_files_pin_by_hash_and_name_no_host() -> None:
    locks = (
        "requirements-dev.txt",
        "bench/requirements.txt",
        "layers/packages/requirements.txt",
        "layers/ffmpeg/requirements.txt",
    )
    for path in locks:
        text = (ROOT / path).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
    for path in ("package-lock.json", "layers/fonts/package-lock.json"):
        packages = json.loads((ROOT / path).read_text())["packages"]
        assert all("integrity" in package for name, package in packages.items() if name)
        assert not any("resolved" in package for package in packages.values())
