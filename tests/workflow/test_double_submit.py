"""failures.md, rows 20 to 22: however often a request is sent, it is one job and one execution; and never over the budget."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any

import requests

from functions.studio.budgets import Budgets, Counter
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.table import Table, row
from functions.studio.workflow import Workflow
from tests.workflow.conftest import Team

POSTS = 50


def rows(team: Team) -> list[dict[str, Any]]:
    pages = team.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=team.cloud.table)
    return [row(item) for page in pages for item in page["Items"]]


def creates(team: Team) -> list[Any]:
    return [call for call in team.log() if call["method"] == "POST" and call["path"].endswith("/predictions")]


def executions(team: Team, since: set[str] | None = None) -> set[str]:
    pages = team.cloud.client("stepfunctions").get_paginator("list_executions")
    found = pages.paginate(stateMachineArn=team.cloud.state_machine)
    return {one["name"] for page in found for one in page["executions"]} - (since or set())


def test_row_20_fifty_posts_at_once_with_one_key_are_one_job_and_one_execution(
    team: Team, pictures: list[Path]
) -> None:
    wishes = {"campaignId": team.campaign(pictures[:2]), "numPairs": 1, "clipDuration": 4}
    before = executions(team)
    headers = {**team.http.headers, "Idempotency-Key": str(uuid.uuid4())}
    together = Barrier(POSTS)

    def post(_: int) -> requests.Response:
        together.wait()
        return send()

    def send() -> requests.Response:
        return requests.post(f"{team.url}/jobs/from-image-pairs", json=wishes, headers=headers, timeout=120)

    with ThreadPoolExecutor(POSTS) as pool:
        answers = list(pool.map(post, range(POSTS)))
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["error"]["code"] for answer in waiting} <= {"in_flight"}
    answers = [answer for answer in answers if answer not in waiting] + [send() for _ in waiting]
    assert [answer.status_code for answer in answers] == [202] * POSTS, [answer.text for answer in answers]
    other = requests.post(
        f"{team.url}/jobs/from-image-pairs", json=wishes | {"clipDuration": 6}, headers=headers, timeout=120
    )
    assert other.status_code == 422
    told = [answer.json()["data"] for answer in answers]
    job = told[0]["jobId"]
    assert all(one == told[0] for one in told)
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers].count("true") == POSTS - 1
    assert team.wait(job)["status"] == "completed"
    assert executions(team, since=before) == {f"{job}-1"}
    listed = team.get(f"/jobs?campaignId={wishes['campaignId']}")
    assert [one["id"] for one in listed["items"]] == [job]
    left = [one for one in rows(team) if one["pk"].startswith("J#") and one["sk"].startswith(("CLIP#", "LEDGER#"))]
    owners = {one["pk"].removeprefix("J#") for one in left if "expiresAt" not in one}
    known = {one["pk"].removeprefix("J#") for one in rows(team) if one["sk"] == "JOB"}
    assert owners <= known, "rows of a job that was never accepted stay for ever"
    assert len(creates(team)) == 1


CROWD = 100
PRICE = Decimal("0.60")
"""Of four seconds of veo3."""


def test_row_22_of_a_hundred_posts_at_once_a_budget_for_seven_takes_exactly_seven(
    team: Team, pictures: list[Path]
) -> None:
    campaign = team.campaign(pictures[:2])
    team.http.patch(
        f"{team.url}/campaigns/{campaign}", json={"budgetUsd": float(7 * PRICE)}, timeout=60
    ).raise_for_status()
    budgets = Budgets(Table(team.cloud.table, team.cloud.client("dynamodb")))
    spent = budgets.tenant("demo")
    wishes = {"campaignId": campaign, "numPairs": 1, "clipDuration": 4}
    together = Barrier(CROWD)

    def post(_: int) -> requests.Response:
        together.wait()
        return requests.post(f"{team.url}/jobs/from-image-pairs", json=wishes, headers=team.http.headers, timeout=120)

    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(post, range(CROWD)))
    accepted = [answer.json()["data"]["jobId"] for answer in answers if answer.status_code == 202]
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 402]
    assert (len(accepted), len(refused)) == (7, CROWD - 7), {answer.text for answer in answers}
    assert all(one["budget"]["of"] == "campaign" and one["budget"]["left"] < float(PRICE) for one in refused)
    assert {one["id"] for one in team.get(f"/jobs?campaignId={campaign}")["items"]} == set(accepted)
    ends = [team.wait(job) for job in accepted]
    assert [end["status"] for end in ends] == ["completed"] * 7
    ledgers = [team.get(f"/jobs/{job}/ledger")["totals"] for job in accepted]
    assert ledgers == [{"reserved": 0, "settled": float(PRICE), "released": 0, "lost": 0}] * 7
    row = budgets.table.get("T#demo", f"BUDGET#{campaign}")
    counter = Counter.model_validate(row)
    assert (counter.reserved, counter.settled, counter.used) == (0, 7 * PRICE, 7 * PRICE)
    assert budgets.tenant("demo").settled == spent.settled + 7 * PRICE
    assert len(creates(team)) == 7


def test_a_run_that_is_started_again_or_comes_back_after_its_end_changes_nothing(
    team: Team, pictures: list[Path]
) -> None:
    job = team.film(team.campaign(pictures[:2]), numPairs=1, clipDuration=4)
    workflow = Workflow(team.cloud.state_machine, team.cloud.client("stepfunctions"))
    assert workflow.start(job, 1, f"{job}-1") == workflow.execution_arn(f"{job}-1")
    state = team.wait(job)
    assert state["status"] == "completed"
    jobs = JobStore(Table(team.cloud.table, team.cloud.client("dynamodb")))
    ended = rows_of(jobs, job)
    assert workflow.start(job, 1, f"{job}-1")
    team.cloud.client("stepfunctions").start_execution(
        stateMachineArn=team.cloud.state_machine, name=f"{job}-again", input=f'{{"jobId": "{job}", "run": 1}}'
    )
    stale = workflow.execution_arn(f"{job}-again")
    while workflow.status(stale) == "RUNNING":
        time.sleep(0.1)
    assert rows_of(jobs, job) == ended
    assert team.get(f"/jobs/{job}") == state
    assert len(creates(team)) == 1


def rows_of(jobs: JobStore, job: str) -> tuple[Job, list[dict[str, Any]]]:
    return jobs.job(job), list(jobs.table.query(f"J#{job}"))
