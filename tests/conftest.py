"""Which tests run side by side: those of a file that share a local cloud go to one worker, and go first, for they take longest."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

CLOUD = "tests/workflow/"


class OneCloud(LoadScopeScheduling):
    """Every test by itself, but each file of CLOUD as one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0] if nodeid.startswith(CLOUD) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneCloud:
    return OneCloud(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(CLOUD))
