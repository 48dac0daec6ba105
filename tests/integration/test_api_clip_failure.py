"""What a request may want done when clips fail, and what it is told where that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from functions.studio.job_store import JobStore
from functions.studio.jobs import OnClipFailure
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.rows import new_id
from functions.studio.table import Table, update
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign_of, asked, uploaded


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("best_effort", OnClipFailure()),
        ("fail_fast", OnClipFailure(kind="fail_fast")),
        ({"minClips": 2}, OnClipFailure(kind="min_clips", min_clips=2)),
    ],
)
def test_the_wish_is_kept_and_shown_as_it_was_said(
    acme: Caller, jobs: JobStore, said: Any, kept: OnClipFailure
) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=3, onClipFailure=said).data["jobId"]
    assert jobs.job(job_id).on_clip_failure == kept
    assert acme.get(f"/api/v3/jobs/{job_id}").data["onClipFailure"] == said


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"onClipFailure": "never"}, "onClipFailure"),
        ({"onClipFailure": {"minClips": 0}}, "onClipFailure"),
        ({"onClipFailure": {"minClips": 4}}, "onClipFailure.minClips"),
        ({"onClipFailure": {"minClips": 2, "more": 1}}, "onClipFailure"),
        ({"onClipFailure": None}, "onClipFailure"),
        ({"fallbackModels": ["sora"]}, "fallbackModels.0"),
        ({"fallbackModels": ["veo3"]}, "fallbackModels.0"),
        ({"fallbackModels": ["hailuo-2.0", "hailuo-2.0"], "clipDuration": 6}, "fallbackModels.1"),
        ({"fallbackModels": ["hailuo-2.0"], "clipDuration": 8}, "fallbackModels.0"),
        ({"fallbackModels": ["a", "b", "c", "d"]}, "fallbackModels"),
        ({"fallbackModels": "hailuo-2.0"}, "fallbackModels"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_by_its_field_and_nothing_is_made(
    acme: Caller, jobs: JobStore, wish: dict[str, Any], field: str
) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=3, model="veo3", **wish)
    assert answer.status == 422
    assert any(one["field"].startswith(field) for one in answer.envelope["error"]["errors"])
    assert jobs.unfinished_jobs() == []


def test_a_fallback_that_makes_other_lengths_is_told_which(acme: Caller) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 2), model="veo3", fallbackModels=["hailuo-2.0"])
    [said] = answer.envelope["error"]["errors"]
    assert said["detail"] == "must be a model of clips of 8 seconds; hailuo-2.0 makes 6, 10"


def test_the_estimate_and_the_reservation_are_those_of_the_dearest_model(acme: Caller, ledger: Ledger) -> None:
    wish = {"model": "hailuo-2.0", "fallbackModels": ["veo3"], "clipDuration": 6, "numPairs": 2}
    data = asked(acme, campaignId=a_campaign_of(acme, 3), **wish).data
    assert data["estimatedCost"] == pytest.approx(1.8)
    assert float(ledger.totals(data["jobId"]).reserved) == pytest.approx(1.8)


def test_a_job_is_not_accepted_for_a_campaign_that_is_being_deleted(acme: Caller, table: Table, jobs: JobStore) -> None:
    campaign = a_campaign_of(acme, 2)
    table.commit(update("T#acme", f"CAMPAIGN#{campaign}", {"deleting": new_id()}))
    answer = asked(acme, campaignId=campaign)
    assert (answer.status, answer.envelope["error"]["code"]) == (409, "conflict")
    assert jobs.unfinished_jobs() == []


def test_a_deletion_that_crashed_holds_nothing_up_for_long(acme: Caller, table: Table, library: Library) -> None:
    campaign = a_campaign_of(acme, 2)
    a_minute_ago = "01900000-0000-7000-8000-000000000000"
    table.commit(update("T#acme", f"CAMPAIGN#{campaign}", {"deleting": a_minute_ago}))
    assert uploaded(acme, campaign).status == 409
    assert uploaded(acme, campaign).status == 201
    table.commit(update("T#acme", f"CAMPAIGN#{campaign}", {"deleting": a_minute_ago}))
    assert asked(acme, campaignId=campaign).status == 202
