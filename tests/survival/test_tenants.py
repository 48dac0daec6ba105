"""Who may see and do what: every operation that the API describes, asked by those who may not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from functions.api.keys import issue_key, revoke
from tests.survival.crew import Crew

Saw = Callable[[str], None]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    described: dict[str, Any]

    @property
    def is_public(self) -> bool:
        return self.described.get("security") == []

    @property
    def takes_a_body(self) -> bool:
        return "requestBody" in self.described


def test_row_32_a_tenant_reaches_for_another_s(crew: Crew, saw: Saw) -> None:
    """Every operation of the API's own description but the public ones, with the ids of one tenant in path, query and body, is
    asked without a key, with a revoked key, with a made-up key, and with another tenant's key; then a signed address and
    a player's token are used for something else."""
    crew.plays()
    job = crew.order(1)
    crew.wait(job)
    ours = _ids(crew, job)
    strangers = {"no key": None, "a revoked key": _revoked(crew), "a made-up key": "rl_0123456789ab_" + "x" * 43}
    before = crew.rows(job)
    operations = list(_operations(crew))
    assert len(operations) > 25
    for operation in operations:
        refused = {name: _ask(crew, operation, ours, key).status_code for name, key in strangers.items()}
        assert set(refused.values()) == {401}, (operation, refused)
        answer = _ask(crew, operation, ours, crew.cloud.keys["other"])
        told = [name for name, value in ours.items() if value in answer.text and value not in operation.path]
        assert answer.status_code in ((200, 201, 404) if "{" not in operation.path else (404, 422)), (
            operation,
            answer.text,
        )
        assert answer.status_code == 404 or not _shows(answer, ours), (operation, told)
    assert crew.rows(job) == before
    assert crew.get(f"/assets/{ours['asset_id']}")["id"] == ours["asset_id"]
    saw(
        "no key, a revoked and a made-up one: 401 at every operation; another tenant: 404, or lists without a thing of the first"
    )
    saw(f"nothing of the first has changed; {_elsewhere(crew, job)}")


def _ids(crew: Crew, job: str) -> dict[str, str]:
    campaign = crew.get(f"/campaigns/{crew.campaign_id}")
    asset = crew.get(f"/assets?campaignId={crew.campaign_id}")["items"][0]["id"]
    return {
        "client_id": campaign["clientId"],
        "campaign_id": crew.campaign_id,
        "asset_id": asset,
        "job_id": job,
        "name": "clip_001.mp4",
        "number": "1",
    }


def _revoked(crew: Crew) -> str:
    table = crew.jobs.table
    key = issue_key(table, "demo")
    revoke(table, key)
    return key


def _operations(crew: Crew) -> Iterator[Operation]:
    described = requests.get(f"{crew.url}/openapi.json", timeout=30).json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            found = Operation(method.upper(), path, operation)
            if not found.is_public:
                yield found


def _ask(crew: Crew, operation: Operation, ours: dict[str, str], key: str | None) -> requests.Response:
    path = re.sub(r"{(\w+)}", lambda word: ours.get(word[1], "1"), operation.path)
    queries = {"campaignId": ours["campaign_id"], "clientId": ours["client_id"]}
    named = {one["name"] for one in operation.described.get("parameters", [])}
    return requests.request(
        operation.method,
        crew.cloud.url + path,
        params={name: value for name, value in queries.items() if name in named},
        json=_body(path, ours) if operation.takes_a_body else None,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        allow_redirects=False,
        timeout=60,
    )


def _body(path: str, ours: dict[str, str]) -> dict[str, Any]:
    """What would be done, were it the asker's: with ids of ours wherever the body takes one."""
    last = path.rpartition("/")[2]
    bodies: dict[str, dict[str, Any]] = {
        "clients": {"name": "Theirs"},
        "campaigns": {"name": "Theirs", "goal": "Theirs", "clientId": ours["client_id"]},
        "upload": {"uploadType": "presigned", "campaignId": ours["campaign_id"]},
        "from-image-pairs": {"campaignId": ours["campaign_id"], "numPairs": 1},
        ours["client_id"]: {"name": "Theirs"},
        ours["campaign_id"]: {"name": "Theirs"},
    }
    return bodies.get(last, {})


def _shows(answer: requests.Response, ours: dict[str, str]) -> bool:
    """Whether anything of ours is in an answer that is no refusal."""
    if not answer.ok:
        return False
    data = json.dumps(answer.json().get("data"))
    return any(ours[name] in data for name in ("client_id", "campaign_id", "asset_id", "job_id"))


def _elsewhere(crew: Crew, job: str) -> str:
    sent = crew.http.get(f"{crew.url}/videos/{job}/combined", allow_redirects=False, timeout=30)
    parts = urlsplit(sent.headers["location"])
    [clip] = [key for key in crew.objects(job, "/clips/") if key.endswith(".mp4")]
    signed = requests.get(urlunsplit(parts), timeout=30).status_code
    moved = requests.get(urlunsplit(parts._replace(path=f"/{clip}")), timeout=30).status_code
    playlist = crew.get(f"/jobs/{job}")["links"]["playlistUrl"]
    address = playlist if playlist.startswith("http") else crew.cloud.url + playlist
    watched = requests.get(address, timeout=30).status_code
    other = requests.get(address.replace("playlist.m3u8", "film.m3u8"), timeout=30).status_code
    assert (signed, moved, watched, other) == (200, 403, 200, 401)
    return (
        f"a signed address {signed}, for another object {moved}; a player's token {watched}, for another path {other}"
    )
