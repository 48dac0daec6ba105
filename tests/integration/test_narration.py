"""A listing's film is written, spoken and timed by services that really do it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from local.standins.openai import OpenAi
from tests.integration.narration_stage import Stage


@pytest.fixture(scope="session")
def openai_service() -> Iterator[OpenAi]:
    service = OpenAi(token="key").start()
    yield service
    service.stop()


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, openai_service: OpenAi) -> Stage:
    requests.post(f"{openai_service.url}/_reset", timeout=5).raise_for_status()
    return Stage(jobs, ledger, library, media, openai_service.url)


def test_a_listing_is_written_spoken_and_timed(stage: Stage) -> None:
    job = stage.planned()
    stage.narration(job)
    assert stage.asked() == {"script": 1, "voice": 1, "captions": 1}
