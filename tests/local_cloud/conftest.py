"""The little cloud, deployed once for all tests of a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.local_cloud.little import little_cloud

Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with little_cloud(tmp_path_factory.mktemp("cloud")) as up:
        yield up


@pytest.fixture
def eventually() -> Eventually:
    """Waits until what it is given returns something true, and gives that."""

    def wait(look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 30
        while not (found := look()):
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.05)
        return found

    return wait
