"""Models that go while jobs with them are there: what runs goes on, what would begin anew is told what would do instead."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from functions.studio.catalogue import Catalogue, catalogue
from functions.studio.clips import AttemptStatus
from functions.studio.errors import ModelGone
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.overlay import overlaid
from functions.studio.overrides import Overrides
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything
from tests.integration.clip_stage import ClipStage
from tests.integration.rerun_stage import Ended

GONE = "2026-11-01"
RETIRED = json.dumps({"models": [{"name": "veo3", "retired": GONE}]}).encode()


def stage_of(jobs: JobStore, media: MediaStore, seen: Catalogue) -> ClipStage:
    stage = ClipStage(jobs, media)
    stage.outbox = replace(stage.outbox, catalogue=lambda: seen)
    return stage


def test_a_job_whose_model_is_retired_while_it_runs_goes_on(jobs: JobStore, media: MediaStore) -> None:
    stage = stage_of(jobs, media, overlaid(RETIRED))
    stage.request()
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert [order.slug for order in stage.provider.orders] == ["google/veo-3.1-fast"]


def test_a_clip_whose_model_its_provider_does_not_have_says_what_would_do_and_asks_nobody_else(
    jobs: JobStore, media: MediaStore
) -> None:
    stage = stage_of(jobs, media, catalogue())
    stage.provider.script = [ModelGone("It has no such model")]
    stage.request()
    answer = stage.attempt().answer
    assert answer is not None
    assert (answer.error, answer.error_class) == (
        "It has no such model. Such clips can be had of veo-3.1 ($3.20 a clip), where the job names it",
        "gone",
    )
    assert (answer.charged, len(stage.provider.orders)) == (False, 1)


def test_what_an_override_says_is_what_is_sent(jobs: JobStore, media: MediaStore) -> None:
    said = {"name": "veo3", "slug": "acme/own", "modes": {"pair": {"fixed": {"style": {"mood": "calm"}}}}}
    stage = stage_of(jobs, media, overlaid(json.dumps({"models": [said]}).encode()))
    stage.request()
    [order] = stage.provider.orders
    assert (order.slug, order.input["style"]) == ("acme/own", {"mood": "calm"})


@pytest.fixture
def ended(acme: Caller, jobs: JobStore, ledger: Ledger, library: Library) -> Ended:
    return Ended(acme, jobs, ledger, library)


@pytest.mark.parametrize(("what", "status"), [("retry", 409), ("sub-jobs/2/regenerate", 422)])
def test_clips_are_not_made_anew_with_a_retired_model(
    ended: Ended, table: Table, media: MediaStore, what: str, status: int
) -> None:
    Overrides(media).put(RETIRED)
    problem = Everything(table, media).refused(lambda: ended.asks(what, {}), status, "model")
    assert problem["detail"] == f"The model 'veo3' is retired since {GONE}."
    assert "veo-3.1" in problem["hint"]


def test_a_clip_is_made_anew_with_the_successor(ended: Ended, media: MediaStore) -> None:
    Overrides(media).put(RETIRED)
    assert ended.asks("sub-jobs/2/regenerate", {"model": "veo-3.1"}).status == 202
