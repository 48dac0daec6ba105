"""Credits over real HTTP, raced: what was granted is never exceeded."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from functions.studio.balances import Balances, granted
from functions.studio.credits import tariff
from functions.studio.table import Table
from local.cloud import CREDITS, LocalCloud
from tests.workflow.conftest import Team

CROWD, ROOM = 100, 7
A_SCENE = sum(tariff().of_kind("scenes").values())
WORDS = {"imagePrompt": "A lamp on a desk", "visualPrompt": "The lamp is lit"}


def in_scenes(team: Team) -> str:
    scenario = team.post("/scenarios", {"title": "A morning"})["id"]
    team.post("/scenes", {"scenarioId": scenario, **WORDS})
    return str(scenario)


def test_both_tenants_have_a_thousand_credits_to_begin_with(cloud: LocalCloud) -> None:
    for tenant in ("demo", "other"):
        first = Team(cloud, tenant).get("/credits/history?limit=200")["items"][-1]
        assert (first["kind"], first["credits"]) == ("grant", CREDITS)


def test_of_a_hundred_posts_at_once_a_balance_for_seven_takes_seven(cloud: LocalCloud) -> None:
    team = Team(cloud, "other")
    left = ROOM * A_SCENE + A_SCENE // 2
    there = team.get("/credits")["balance"]
    balances = Balances(Table(cloud.table, cloud.client("dynamodb")))
    balances.grant("other", granted(left - there, "for seven"))
    asked = {"scenarioId": in_scenes(team)}

    def post(_: int) -> Any:
        """As its client would: asked again, with its key, while a busy gateway gives no answer in time."""
        headers = {**team.http.headers, "Idempotency-Key": str(uuid.uuid4())}
        while True:
            answer = requests.post(f"{team.url}/jobs/from-scenes", json=asked, headers=headers, timeout=240)
            if answer.status_code not in (409, 503, 504):
                return answer.status_code, answer.json()

    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(post, range(CROWD)))
    accepted = [said["data"]["jobId"] for status, said in answers if status == 202]
    refused = [said["error"] for status, said in answers if status == 402]
    other = [(status, said) for status, said in answers if status not in (202, 402)]
    assert (len(accepted), len(refused), other) == (ROOM, CROWD - ROOM, [])
    assert {one["code"] for one in refused} == {"short_of_credits"}
    assert {one["credits"]["needed"] for one in refused} == {A_SCENE}
    assert all(one["credits"]["balance"] < A_SCENE for one in refused)
    for job in accepted:
        team.post(f"/jobs/{job}/cancel", {})
    for job in accepted:
        team.wait(job)
    after = team.get("/credits")
    taken = -sum(one["credits"] for one in team.get("/credits/history")["items"] if one["jobId"] in accepted)
    assert (after["reserved"], after["balance"]) == (0, left - taken)
