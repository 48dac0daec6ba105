"""What may follow the run of a listing's film, asked for over the API."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from functions.studio.closing import close_failed, deliver
from functions.studio.errors import NarrationFailed
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from local.standins.openai import OpenAi
from tests.integration.api_events import Caller, Reply
from tests.integration.narration_stage import Stage
from tests.integration.rerun_stage import a_film
from tests.scripted import a_closing

SAID = "Meet the car. It is quiet."


@pytest.fixture(scope="session")
def openai_service() -> Iterator[OpenAi]:
    service = OpenAi(token="key").start()
    yield service
    service.stop()


@pytest.fixture
def stage(
    deployed: None, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, openai_service: OpenAi
) -> Stage:
    requests.post(f"{openai_service.url}/_reset", timeout=5).raise_for_status()
    return Stage(jobs, ledger, library, media, openai_service.url)


def failed(stage: Stage) -> Job:
    """A job whose script was written, and that nobody spoke."""
    stage.script("server_error", match={"voice": "alloy"}, times=50)
    job = stage.job()
    with pytest.raises(NarrationFailed) as raised:
        stage.plan(job)
    close_failed(job.id, 1, str(raised.value), a_closing(stage.jobs, stage.ledger))
    requests.post(f"{stage.openai}/_reset", timeout=5).raise_for_status()
    return stage.jobs.job(job.id)


def filmed(stage: Stage) -> Job:
    job = stage.planned(stage.listing(script=SAID))
    stage.jobs.table.commit(stage.jobs.move_job(job.id, 1, JobStatus.COMBINING))
    stage.jobs.table.commit(stage.jobs.films.film_made(job.id, 1, a_film(job, [1, 2], delivered_at=None)))
    deliver(job.id, 1, a_closing(stage.jobs, stage.ledger))
    return stage.jobs.job(job.id)


def asked(acme: Caller, job: Job, what: str, **body: object) -> Reply:
    return acme.post(f"/api/v3/jobs/{job.id}/{what}", body)


def test_a_retry_pays_for_nothing_that_the_run_before_has(stage: Stage, acme: Caller) -> None:
    job = failed(stage)
    assert (job.status, job.error_message) == (
        JobStatus.FAILED,
        "The script could not be spoken: OpenAI answered 503: The service is not available just now.",
    )
    answer = asked(acme, job, "retry")
    assert answer.status == 202, answer.text
    assert answer.data["message"] == "Run 2 (retry) of the job has begun: what its narration lacks is made."
    stage.plan(stage.jobs.job(job.id))
    assert stage.asked() == {"voice": 1, "captions": 1}
    assert stage.jobs.job(job.id).beside_clips["script"] == job.actual_cost


def test_a_film_of_one_picture_can_be_retried(stage: Stage, acme: Caller) -> None:
    """Pairs need two; a listing does not."""
    stage.library.remove_asset(stage.pictures.pop())
    assert asked(acme, failed(stage), "retry").status == 202


def test_another_cut_of_the_film_keeps_its_narration(stage: Stage, acme: Caller) -> None:
    job = filmed(stage)
    answer = asked(acme, job, "recut", transition={"kind": "crossfade", "seconds": 0.4})
    assert answer.status == 202, answer.text
    stage.plan(stage.jobs.job(job.id))
    again = stage.jobs.job(job.id)
    assert (again.status, again.narration) == (JobStatus.PROCESSING, job.narration)
    assert stage.asked() == {"voice": 1, "captions": 1}


def test_a_picture_that_we_move_ourselves_cannot_be_made_anew(stage: Stage, acme: Caller) -> None:
    answer = asked(acme, filmed(stage), "sub-jobs/1/regenerate")
    assert (answer.status, answer.fields) == (409, ["number"])
    assert "there is nothing to make anew" in answer.problem["detail"]
    assert "recut" in answer.problem["hint"]


def test_the_cost_is_shown_by_component(stage: Stage, acme: Caller) -> None:
    job = filmed(stage)
    shown = acme.get(f"/api/v3/jobs/{job.id}").data
    voice = len(SAID) * 30 / 1_000_000
    assert shown["costs"] == {
        "script": 0,
        "voice": pytest.approx(voice),
        "captions": pytest.approx(float(job.beside_clips["captions"])),
        "storage": 0,
        "clips": 0,
    }
    assert sum(shown["costs"].values()) == pytest.approx(shown["actualCost"])
    lines = acme.get(f"/api/v3/jobs/{job.id}/ledger").data["lines"]
    assert {(line["stage"], line["subJobNumber"]) for line in lines} == {("voice", 0), ("captions", 0)}


def test_what_a_failed_job_has_paid_is_shown_by_component_too(stage: Stage, acme: Caller) -> None:
    job = failed(stage)
    shown = acme.get(f"/api/v3/jobs/{job.id}").data
    assert shown["costs"]["script"] == pytest.approx(shown["actualCost"])
    assert shown["costs"]["clips"] == 0 < shown["actualCost"]


def test_other_jobs_show_no_components(stage: Stage, acme: Caller) -> None:
    job = stage.job()
    plain = job.model_copy(update={"id": job.id[:-4] + "0000", "kind": "prompt", "listing": None})
    stage.jobs.table.commit(stage.jobs.accept(plain))
    assert acme.get(f"/api/v3/jobs/{plain.id}").data["costs"] is None


def test_budgets_know_what_a_narration_came_to(stage: Stage) -> None:
    job = filmed(stage)
    spent = stage.board.budgets.tenant("acme")
    assert (spent.reserved, spent.settled) == (0, job.actual_cost)
    assert job.actual_cost == sum(job.beside_clips.values(), Decimal(0))
