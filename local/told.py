"""`local.json`: what a local cloud tells the other processes of its checkout while it is up."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def tell(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps({"pid": os.getpid(), **told}, indent=2) + "\n")


def told_in(path: Path) -> dict[str, Any] | None:
    """What the cloud that is up has told; None where none is, also when one was killed and has left its file."""
    try:
        told: dict[str, Any] = json.loads(path.read_text())
        os.kill(told["pid"], 0)
    except (FileNotFoundError, ProcessLookupError, ValueError, KeyError):
        return None
    except PermissionError:
        pass  # it lives, as somebody else's
    return told


def withdraw(path: Path) -> None:
    """Takes back what this process has told, and nothing that another has."""
    told = told_in(path)
    if told and told["pid"] == os.getpid():
        path.unlink(missing_ok=True)
