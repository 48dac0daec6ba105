"""failures.md, row 32: nothing ever crosses a tenant. Every call that the API describes, with every way to ask for what is
another's. A call that is added is in it from then on; the description says what it takes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from functions.api import given
from functions.api.keys import issue_key, revoke
from functions.studio.clips import ClipStatus
from functions.studio.closing import deliver
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus, Preview, Subtitles
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.listings import Listing
from functions.studio.media import Segment, Stretch
from functions.studio.media_store import MediaStore
from functions.studio.rows import new_id, now
from functions.studio.table import Table
from functions.studio.written_scripts import WrittenScript
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import Everything, a_campaign_of, asked
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
    Operation,
    is_id,
    operations,
)
from tests.integration.prompt_stage import prompted
from tests.integration.scene_stage import a_scenario, endow, filmed, some_scenes
from tests.scripted import a_closing, a_kept


def with_a_film(job: str, jobs: JobStore, media: MediaStore) -> None:
    """The job has ended well, whatever there is to be seen of it."""
    jobs.table.commit(jobs.move_clip(job, 1, 1, ClipStatus.PROCESSING))
    jobs.table.commit(jobs.move_clip(job, 1, 1, ClipStatus.COMPLETED, {"kept": a_kept().attributes()}))
    keys = {"film": "film.mp4", "poster": "film.jpg", "manifest": "film.json", "ranges": "ranges.json"}
    media.put(keys["manifest"], b"{}", "application/json")
    ranges = Segment(key=keys["film"], initial_bytes=1, stretches=[Stretch(seconds=8.0, bytes=1)])
    media.put(keys["ranges"], ranges.model_dump_json().encode(), "application/json")
    film = Film(
        key=keys["film"],
        poster_key=keys["poster"],
        manifest_key=keys["manifest"],
        ranges_key=keys["ranges"],
        preview=Preview(key="film.webp", sha256="0"),
        subtitles=Subtitles(srt_key="film.srt", vtt_key="film.vtt", language="en"),
        duration_seconds=8.0,
        frames=192,
        width=1280,
        height=720,
        fps=24.0,
        bytes=1,
        sha256="0",
        clips=[1],
    )
    for status in (JobStatus.PROCESSING, JobStatus.COMBINING):
        jobs.table.commit(jobs.move_job(job, 1, status, {"startedAt": now()}))
    jobs.table.commit(jobs.films.film_made(job, 1, film))
    deliver(job, 1, a_closing(jobs, Ledger(jobs.table)))


def a_script(tenant: str) -> WrittenScript:
    listing = Listing(title="A lamp", description="It is lit", category="home")
    return WrittenScript(
        id=new_id(), tenant=tenant, listing=listing, amount=Decimal(1), created_at=now(), updated_at=now()
    )


class World(Belongings):
    """Everything that a tenant can have, so that every id in the description has one to stand for it."""

    def __init__(self, caller: Caller, jobs: JobStore, media: MediaStore) -> None:
        self.caller = caller
        client = caller.post("/api/v3/clients", {"name": "Acme"}).data["id"]
        campaign = a_campaign_of(caller, 2, clientId=client)
        asset = caller.get(f"/api/v3/assets?campaignId={campaign}").data["items"][0]["id"]
        job = asked(caller, campaignId=campaign, numPairs=1).data["jobId"]
        announced = {"uploadType": "presigned", "campaignId": campaign, "name": "poster"}
        upload = caller.post("/api/v3/assets/upload", announced).data
        with_a_film(job, jobs, media)
        video = prompted(caller, campaign, model="veo3").data["jobId"]
        endow(jobs.table, "acme", "other")
        scenario = a_scenario(caller, campaignId=campaign)
        (scene,) = some_scenes(caller, scenario, 1)
        tenant = caller.get("/api/v3/me").data["userId"]
        script = a_script(tenant)
        jobs.table.commit(Library(jobs.table).new(script))
        ids = {
            "adId": caller.post("/api/v3/ads", {"title": "A lamp", "description": "It is lit", "jobId": job}).data[
                "id"
            ],
            "scriptId": script.id,
            "scenarioId": scenario,
            "sceneId": scene,
            "taskId": filmed(caller, sceneId=scene).data["jobId"],
            "productReferenceImageAssetId": asset,
            "clientId": client,
            "campaignId": campaign,
            "assetId": asset,
            "imageAssetId": asset,
            "jobId": job,
            "videoId": video,
        }
        super().__init__(ids, upload["id"], tenant)


@pytest.fixture
def owner(acme: Caller, jobs: JobStore, media: MediaStore) -> World:
    return World(acme, jobs, media)


@pytest.fixture
def stranger(other: Caller, jobs: JobStore, media: MediaStore) -> World:
    return World(other, jobs, media)


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def named(*cases: Any) -> list[str]:
    return [" ".join([case[0].name, *(word for word in case[1:] if isinstance(word, str))]) for case in cases]


def unchanged(everything: Everything, ask: Callable[[], Reply]) -> Reply:
    before = everything.now()
    answer = ask()
    assert everything.now() == before, f"{answer.status}: something was changed"
    return answer


def test_nobody_gets_in_without_a_key_or_with_one_that_was_revoked(
    owner: World, table: Table, everything: Everything
) -> None:
    key = issue_key(table, "acme")
    revoke(table, key)
    for one in BEHIND:
        for caller in (Caller(), Caller(key), Caller(key[:-1]), Caller("rl_")):
            answer = unchanged(everything, lambda one=one, caller=caller: owner.send(one, caller))  # type: ignore[misc]  # bound now
            assert (answer.status, answer.problem["code"]) == (401, "unauthenticated"), one.name
            assert not owner.is_in(answer) or one.parameters("path"), one.name


@pytest.mark.parametrize("one", NAMED, ids=[one.name for one in NAMED])
def test_what_is_anothers_is_not_found(owner: World, other: Caller, everything: Everything, one: Operation) -> None:
    answer = unchanged(everything, lambda: owner.send(one, other))
    assert (answer.status, answer.problem["code"]) == (404, "not_found"), answer.text[:500]
    own = owner.send(one, owner.caller)
    assert own.status not in (401, 404), f"its owner's is not found either: {own.text[:500]}"


@pytest.mark.parametrize(("one", "name"), FILTERED, ids=named(*FILTERED))
def test_a_list_narrowed_to_what_is_anothers_is_empty_or_not_found(
    owner: World, other: Caller, one: Operation, name: str
) -> None:
    query = f"?{name}={owner.ids[name]}"
    answer = owner.send(one, other, query)
    assert answer.status == 404 or answer.data["items"] == []
    assert owner.send(one, owner.caller, query).data["items"]


@pytest.mark.parametrize(("one", "kind", "schema", "field"), ASKING, ids=named(*ASKING))
def test_what_is_anothers_cannot_be_asked_for(
    owner: World, stranger: World, everything: Everything, one: Operation, kind: str, schema: dict[str, Any], field: str
) -> None:
    def ask(whose: World) -> Reply:
        return stranger.send_naming((one, kind, schema, field), whose, stranger.caller)

    answer = unchanged(everything, lambda: ask(owner))
    assert (answer.status, answer.fields) == (IN_ANOTHERS_NAME.get(field, 404), [field]), answer.text[:500]
    own = ask(stranger)
    assert own.status not in (401, 404), f"its owner's is not found either: {own.text[:500]}"


@pytest.mark.parametrize("one", OPENED, ids=[one.name for one in OPENED])
def test_a_players_token_opens_its_own_path_alone(owner: World, stranger: World, one: Operation) -> None:
    link = given.player_tokens().link
    token = link(stranger.target(one)).partition("?")[2]
    assert Caller().get(f"{owner.target(one)}?{token}").status == 401
    assert Caller().get(link(owner.target(one))).status == 200


@pytest.mark.parametrize("one", RESERVED, ids=[one.name for one in RESERVED])
def test_what_is_the_operators_is_done_for_nobody_else(
    owner: World, table: Table, everything: Everything, one: Operation
) -> None:
    for tier in ("free", "pro", "enterprise", "operator"):
        caller = Caller(issue_key(table, "acme", tier))
        answer = unchanged(everything, lambda caller=caller: owner.send(one, caller))  # type: ignore[misc]  # bound now
        assert (answer.status, answer.problem["code"]) == (403, "not_operator"), answer.text[:500]
    own = owner.send(one, Caller(issue_key(table, "house", role="operator")))
    assert own.status not in (401, 403, 404), own.text[:500]


def test_no_list_shows_anything_of_anothers(owner: World, other: Caller) -> None:
    for one in LISTS:
        assert not owner.is_in(owner.send(one, other)), one.name
    shown = [one.name for one in LISTS if owner.is_in(owner.send(one, owner.caller))]
    assert len(shown) >= 4, shown


def test_every_call_of_the_description_is_in_the_matrix() -> None:
    """Those without an id of anything stand in three columns; all others in one more for each id that they take."""
    every = operations()
    assert [one.path.rpartition("/")[2] for one in every if one.public] == ["health"]
    ids = [name for one in BEHIND for name in one.parameters("path") if is_id(name)]
    assert len(ids) >= len(NAMED), "a call that names something in its path names it by an id"
    counts = {
        "calls": len(every),
        "no key, a revoked one, half of one, none of ours": 4 * len(BEHIND),
        "another's id in the path": len(NAMED),
        "in the query": len(FILTERED),
        "in the body": len(ASKING),
        "another's token": len(OPENED),
        "no key of the operator": 4 * len(RESERVED),
        "another's lists": len(LISTS),
    }
    sys.stdout.write("".join(f"{count:5} {what}\n" for what, count in counts.items()))
    assert all(counts.values())
    assert len(NAMED) + len(LISTS) + len([one for one in BEHIND if one.method != "get" and one not in NAMED]) == len(
        BEHIND
    )
