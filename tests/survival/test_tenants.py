"""Who may see and do what: every operation that the API describes, asked by those who may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests

from functions.api.keys import issue_key, revoke
from tests.integration.api_events import Reply
from tests.integration.matrix import (
    ASKING,
    BEHIND,
    FILTERED,
    IN_ANOTHERS_NAME,
    LISTS,
    NAMED,
    OPENED,
    RESERVED,
    Belongings,
)
from tests.survival.crew import Crew, in_scenes
from tests.survival.ways import LISTED, SCENES
from tests.workflow.conftest import Team

Saw = Callable[[str], None]


@dataclass(frozen=True)
class Caller:
    """Somebody with a key, or without one, before the API's address."""

    url: str
    key: str | None = None

    def send(self, method: str, target: str, body: bytes | str = "", headers: Mapping[str, str] | None = None) -> Reply:
        own = {"authorization": f"Bearer {self.key}"} if self.key else {}
        named = {**own, **(headers or {})}
        answer = requests.request(
            method, self.url + target, data=body, headers=named, allow_redirects=False, timeout=60
        )
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.text)


OFFERED = {"title": "Aurora desk lamp", "description": "A lamp of brushed brass with warm light."}
Jobs = Mapping[str, str]
"""By the way in which they were asked for."""


def belongings(team: Team, campaign: str, scenario: str, scene: str, jobs: Jobs) -> Belongings:
    client = team.get(f"/campaigns/{campaign}")["clientId"]
    asset = team.get(f"/assets?campaignId={campaign}&type=image")["items"][0]["id"]
    announced = {"uploadType": "presigned", "campaignId": campaign, "name": "poster"}
    upload = team.post("/assets/upload", announced)
    ids = {
        "clientId": client,
        "campaignId": campaign,
        "assetId": asset,
        "imageAssetId": asset,
        "jobId": jobs["pairs"],
        "videoId": jobs["text"],
        "taskId": jobs["scenes"],
        "scenarioId": scenario,
        "sceneId": scene,
        "productReferenceImageAssetId": asset,
        "adId": team.post("/ads", {"jobId": jobs["text"], **OFFERED})["id"],
        "scriptId": team.post("/scripts", OFFERED)["id"],
    }
    return Belongings(ids, upload["id"], team.get("/me")["userId"])


@pytest.mark.ways("pairs", "text", "scenes", "listings")
def test_row_32_a_tenant_reaches_for_another_s(crews: list[Crew], saw: Saw) -> None:
    """Every operation of the API's own description but the public ones is asked for what is one tenant's, without a key, with
    a revoked one, with half of one and with a made-up one; and with another tenant's key, an id of the first in its path, its
    query and each field of its body; what is the operator's, by both tenants; then a signed address and a player's token are used for something else.
    What has a job in its path is asked of a listing's film too."""
    *crews, lister = crews
    crew, strangers = crews[0], Team(crews[0].cloud, "other")
    campaign = strangers.campaign(crew.pictures)
    scenes = crews[-1].way
    scenarios = [in_scenes(team, scenes, name, 1) for team, name in ((crew, crew.campaign_id), (strangers, campaign))]
    jobs, theirs = {}, {}
    for one in crews:
        one.plays()
        (mine, _), (anothers, _) = scenarios
        asked = [{"scenarioId": name} if one.way.path == SCENES else {} for name in (mine, anothers)]
        jobs[one.way.name] = one.order(1, **asked[0])
        wishes = one.wishes(1) | {"campaignId": campaign} | asked[1]
        theirs[one.way.name] = strangers.post(one.way.path, wishes)["jobId"]
    listed = lister.order(1)
    assert {one.wait(jobs[one.way.name])["status"] for one in crews} == {"completed"}
    assert lister.wait(listed)["status"] == "completed"
    assert {strangers.wait(job)["status"] for job in theirs.values()} == {"completed"}
    (mine, [scene]), (anothers, [strange]) = scenarios
    ours = belongings(crew, crew.campaign_id, mine, scene, jobs)
    film = Belongings({**ours.ids, "jobId": listed}, ours.upload_id)
    others = belongings(strangers, campaign, anothers, strange, theirs)
    before = _everything(crew, jobs | {LISTED: listed})
    nobody = _nobody(crew)
    assert {ours.send(one, caller).status for caller in nobody for one in BEHIND} == {401}
    key = Caller(crew.cloud.url, crew.cloud.keys["other"])
    for one in NAMED:
        assert (one.name, ours.send(one, key).status, film.send(one, key).status) == (one.name, 404, 404)
    for one, name in FILTERED:
        answer = ours.send(one, key, f"?{name}={ours.ids[name]}")
        assert answer.status == 404 or answer.data["items"] == [], one.name
    for case in ASKING:
        answer = others.send_naming(case, ours, key)
        expected = IN_ANOTHERS_NAME.get(case[3], 404)
        assert (case[0].name, answer.status, answer.fields) == (case[0].name, expected, [case[3]])
    for one in LISTS:
        assert not ours.is_in(ours.send(one, key)), one.name
    keys = [Caller(crew.cloud.url, crew.cloud.keys[tenant]) for tenant in ("demo", "other")]
    assert {ours.send(one, caller).status for one in RESERVED for caller in keys} == {403}
    own = [one.name for one in LISTS if ours.is_in(ours.send(one, Caller(crew.cloud.url, crew.cloud.keys["demo"])))]
    assert len(own) >= 4, "their owner's lists do not show it either"
    assert _everything(crew, jobs | {LISTED: listed}) == before
    saw(f"{len(RESERVED)} operation of the operator's by both tenants: 403")
    saw(f"{len(BEHIND)} operations by {len(nobody)} that are nobody: 401 each")
    saw(
        f"another's id in the path of {len(NAMED)}, in {len(FILTERED)} queries, in {len(ASKING)} fields of bodies: 404 (403"
        f" in another's name), or an empty list; in the {len(LISTS)} lists nothing of another's; nothing of the first has changed; {_elsewhere(crew, ours, others)}"
    )


def _nobody(crew: Crew) -> list[Caller]:
    table = crew.jobs.table
    revoked, alive = issue_key(table, "demo"), issue_key(table, "demo")
    revoke(table, revoked)
    return [Caller(crew.cloud.url, key) for key in (None, revoked, alive[:-1], "rl_0123456789ab_" + "x" * 43)]


def _everything(crew: Crew, jobs: Jobs) -> tuple[Any, ...]:
    """All that the first tenant has."""
    return [crew.rows(job) for job in jobs.values()], list(crew.jobs.table.query("T#demo")), crew.objects("demo/")


def _elsewhere(crew: Crew, ours: Belongings, others: Belongings) -> str:
    job = ours.ids["jobId"]
    sent = crew.http.get(f"{crew.url}/videos/{job}/combined", allow_redirects=False, timeout=30)
    parts = urlsplit(sent.headers["location"])
    [clip] = [key for key in crew.objects(job, "/clips/") if key.endswith(".mp4")]
    signed = requests.get(urlunsplit(parts), timeout=30).status_code
    moved = requests.get(urlunsplit(parts._replace(path=f"/{clip}")), timeout=30).status_code
    link = urlsplit(crew.get(f"/jobs/{job}")["links"]["playlistUrl"])
    paths = {whose.target(one) for one in OPENED for whose in (ours, others)}
    watched = {path: Caller(crew.cloud.url).send("GET", f"{path}?{link.query}").status for path in paths}
    opened = watched.pop(link.path)
    assert (signed, moved, opened, set(watched.values())) == (200, 403, 200, {401})
    return f"a signed address {signed}, for another object {moved}; a player's token {opened}, for other paths 401"
