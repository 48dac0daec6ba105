"""Which tests run side by side: those of a file that share a local cloud go to one worker, and go first, for they take longest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

CLOUD = ("tests/workflow/", "tests/survival/")
SURVIVAL = Path(__file__).parent / "survival"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The rows of survival take minutes: they run where they are asked for, `make survive`."""
    asked = any("survival" in argument for argument in config.args)
    return True if collection_path == SURVIVAL and not asked else None


class OneCloud(LoadScopeScheduling):
    """Every test by itself, but each file of CLOUD as one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0] if nodeid.startswith(CLOUD) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneCloud:
    return OneCloud(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(CLOUD))
