"""The little cloud, deployed once for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.cloud import LocalCloud
from tests.local_cloud.little import little_cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with little_cloud(tmp_path_factory.mktemp("cloud")) as up:
        yield up
