"""The cloud assembly of the CDK app, synthesized once for all that it is made from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.checkout import ROOT
from local.settings import inherited
from local.template import Assembly, load_assembly

MADE_FROM: Final = (
    "app.py",
    "cdk.json",
    "functions/studio/catalogue.json",
    "functions/studio/catalogue.py",
    "functions/studio/check_queue.py",
    "functions/studio/fonts.py",
    "functions/studio/recording.py",
    "functions/workflow.asl.json",
    "infra",
    "layers",
    "pyproject.toml",
    "requirements-dev.txt",
)
"""Of the functions only what the template takes constants from: nothing else of it depends on their code but an asset's
name, and functions run from the checkout."""
CONTEXT: Final = {"aws:cdk:disable-asset-staging": True}
"""Archives of megabytes, of which nothing here is read, are not copied into each assembly."""
KEPT: Final = 8  # assemblies; going back and forth between a few branches stays quick


class SynthesisFailed(Exception):
    """The CDK app did not run to its end; the message is what it said."""


def synthesized(root: Path = ROOT) -> Assembly:
    """Raises SynthesisFailed."""
    cache = root / ".cache" / "assemblies"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several test processes one synthesizes
        directory = cache / digest(root)
        if not directory.exists():
            synthesize(root, directory)
            forget_old(cache)
        directory.touch()
        return load_assembly(directory)


def digest(root: Path) -> str:
    found = hashlib.sha256(f"{sys.version}\0{root.resolve()}".encode())  # assets stand in an assembly by their paths
    for path in ingredients(root):
        content = path.read_bytes()
        found.update(f"\0{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:16]


def ingredients(root: Path) -> Iterator[Path]:
    for name in MADE_FROM:
        path = root / name
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file() and one.suffix != ".pyc")
        elif path.exists():
            yield path


def synthesize(root: Path, directory: Path) -> None:
    scratch = Path(tempfile.mkdtemp(dir=directory.parent))
    try:
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=root,
            env={**inherited(os.environ), "CDK_OUTDIR": str(scratch), "CDK_CONTEXT_JSON": json.dumps(CONTEXT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SynthesisFailed(f"{done.stdout}\n{done.stderr}".strip())
        scratch.rename(directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def forget_old(cache: Path) -> None:
    assemblies = sorted((path for path in cache.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in assemblies[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    synthesized()
