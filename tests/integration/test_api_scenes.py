"""Scenarios and their scenes: written, listed in order, changed, deleted; what they may not be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.resolutions import resolutions
from functions.studio.rows import new_id, now
from functions.studio.scenes import Scenario, Scene, following
from functions.studio.storyboard import Storyboard
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, uploaded
from tests.integration.scene_stage import SCENARIOS, SCENES, a_scenario, a_scene, listed, some_scenes


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def test_a_scenario_is_created_shown_changed_and_deleted(acme: Caller) -> None:
    campaign = a_campaign(acme)
    fields = {"title": "A morning", "resolution": "1584:672", "campaignId": campaign, "metadata": {"a": 1}}
    made = acme.post(SCENARIOS, fields)
    assert (made.status, made.headers["location"]) == (201, f"{SCENARIOS}/{made.data['id']}")
    assert {key: made.data[key] for key in fields} == fields
    assert (made.data["userId"], made.data["scenes"]) == ("acme", 0)
    assert acme.get(made.headers["location"]).data == made.data
    changed = acme.patch(made.headers["location"], {"resolution": "960:960"}).data
    assert (changed["resolution"], changed["title"]) == ("960:960", "A morning")
    assert [one["id"] for one in acme.get(SCENARIOS).data["items"]] == [made.data["id"]]
    assert acme.delete(made.headers["location"]).status == 204
    assert acme.get(made.headers["location"]).status == 404


def test_a_scenario_of_a_title_alone_is_upright_and_of_the_tenants_usual_campaign(acme: Caller, other: Caller) -> None:
    made = [acme.post(SCENARIOS, {"title": title}).data for title in ("One", "Two")]
    assert {one["resolution"] for one in made} == {"720:1280"}
    (campaign,) = acme.get("/api/v3/campaigns").data["items"]
    assert {one["campaignId"] for one in made} == {campaign["id"]}
    assert campaign["name"] == "Scenarios"
    theirs = other.post(SCENARIOS, {"title": "Theirs"}).data
    assert theirs["campaignId"] != campaign["id"]
    assert other.get(f"/api/v3/campaigns/{campaign['id']}").status == 404


def test_the_usual_campaign_is_made_once_however_many_ask_for_it_and_again_where_it_was_deleted(
    acme: Caller, library: Library
) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: library.usual_campaign("acme").id, range(8)))
    (campaign,) = acme.get("/api/v3/campaigns").data["items"]
    assert set(made) == {campaign["id"]}
    assert acme.delete(f"/api/v3/campaigns/{campaign['id']}").status == 204
    assert library.usual_campaign("acme").created_at >= campaign["createdAt"]
    assert [one["id"] for one in acme.get("/api/v3/campaigns").data["items"]] == [campaign["id"]]


@pytest.mark.parametrize("unknown", ["720p", "1280x720", "", "720:1281", "1280:720 "])
def test_an_unknown_resolution_is_refused_with_the_eight_that_there_are(
    acme: Caller, everything: Everything, unknown: str
) -> None:
    problem = everything.refused(lambda: acme.post(SCENARIOS, {"title": "A", "resolution": unknown}), 422, "resolution")
    assert len(resolutions().names) == 8
    assert all(name in problem["detail"] for name in resolutions().names)


def test_a_scene_is_created_shown_changed_and_deleted(acme: Caller) -> None:
    scenario = a_scenario(acme)
    fields = {
        "imagePrompt": "A lamp on a desk",
        "visualPrompt": "The lamp is lit",
        "productReferenceImageUrl": "https://shop.example/lamp.png",
        "duration": 7.5,
        "order": 4,
    }
    made = acme.post(SCENES, {"scenarioId": scenario, **fields})
    assert (made.status, made.headers["location"]) == (201, f"{SCENES}/{made.data['id']}")
    assert {key: made.data[key] for key in fields} == fields
    fresh = ("status", "imageUrl", "generatedVideoUrl", "jobId")
    assert [made.data[key] for key in fresh] == ["pending", None, None, None]
    assert acme.get(made.headers["location"]).data == made.data
    changed = acme.patch(made.headers["location"], {"visualPrompt": "It flickers", "duration": 5}).data
    assert (changed["visualPrompt"], changed["duration"], changed["imagePrompt"]) == (
        "It flickers",
        5,
        "A lamp on a desk",
    )
    assert acme.get(f"{SCENARIOS}/{scenario}").data["scenes"] == 1
    assert acme.delete(made.headers["location"]).status == 204
    assert acme.get(made.headers["location"]).status == 404
    assert acme.get(f"{SCENARIOS}/{scenario}").data["scenes"] == 0


def test_a_scene_may_be_written_bit_by_bit(acme: Caller) -> None:
    made = acme.post(SCENES, {"scenarioId": a_scenario(acme)}).data
    assert (made["imagePrompt"], made["visualPrompt"], made["duration"], made["order"]) == (None, None, 5, 1)
    assert acme.patch(f"{SCENES}/{made['id']}", {"imagePrompt": "A lamp"}).data["imagePrompt"] == "A lamp"


def test_scenes_are_listed_in_order_and_a_new_one_comes_last(acme: Caller) -> None:
    scenario = a_scenario(acme)
    first, second, third = some_scenes(acme, scenario, 3)
    assert listed(acme, scenario) == [first, second, third]
    assert acme.patch(f"{SCENES}/{third}", {"order": 1.5}).data["order"] == 1.5
    assert listed(acme, scenario) == [first, third, second]
    last = a_scene(acme, scenario).data
    assert last["order"] == 3
    front = a_scene(acme, scenario, order=-1).data["id"]
    assert listed(acme, scenario) == [front, first, third, second, last["id"]]
    twin = a_scene(acme, scenario, order=1).data["id"]
    assert listed(acme, scenario)[:3] == [front, first, twin], "of the same order the older one comes first"


def test_the_list_of_a_scenario_comes_in_pages(acme: Caller) -> None:
    scenario = a_scenario(acme)
    ids = some_scenes(acme, scenario, 5)
    acme.patch(f"{SCENES}/{ids[4]}", {"order": 0})
    read, cursor = [], ""
    while cursor is not None:
        page = acme.get(f"{SCENES}?scenarioId={scenario}&limit=2{cursor and f'&cursor={cursor}'}").data
        read += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
    assert read == [ids[4], *ids[:4]]


def test_scenes_of_all_scenarios_are_listed_by_their_age(acme: Caller, other: Caller) -> None:
    one, two = a_scenario(acme), a_scenario(acme)
    ids = [a_scene(acme, scenario).data["id"] for scenario in (one, two, one)]
    a_scene(other, a_scenario(other))
    assert [scene["id"] for scene in acme.get(SCENES).data["items"]] == ids
    assert listed(acme, one) == [ids[0], ids[2]]


def test_a_scenario_with_scenes_stays_until_they_are_deleted(acme: Caller, everything: Everything) -> None:
    scenario = a_scenario(acme)
    (scene,) = some_scenes(acme, scenario, 1)
    before = everything.now()
    answer = acme.delete(f"{SCENARIOS}/{scenario}")
    assert (answer.status, answer.problem["hint"]) == (409, "Delete its scenes first.")
    assert everything.now() == before
    acme.delete(f"{SCENES}/{scene}")
    assert acme.delete(f"{SCENARIOS}/{scenario}").status == 204


def test_no_scene_is_left_without_its_scenario_whoever_is_quicker(acme: Caller, table: Table) -> None:
    """Raced as use cases: a scene is added while its scenario is deleted."""
    board, library, stamp = Storyboard(table), Library(table), now()
    for _ in range(10):
        scenario = library.get(Scenario, "acme", a_scenario(acme))
        scene = Scene(
            id=new_id(), tenant="acme", scenario_id=scenario.id, order=following([]), created_at=stamp, updated_at=stamp
        )
        with ThreadPoolExecutor(2) as pool:
            tries = [pool.submit(board.add, scene), pool.submit(board.remove_scenario, scenario)]
        errors = [one.exception() for one in tries]
        assert sum(error is None for error in errors) == 1, errors
        assert (library.find(Scene, "acme", scene.id) is None) == (library.find(Scenario, "acme", scenario.id) is None)


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"duration": 0}, "duration"),
        ({"duration": 61}, "duration"),
        ({"duration": "5"}, "duration"),
        ({"order": "first"}, "order"),
        ({"imagePrompt": "  "}, "imagePrompt"),
        ({"visualPrompt": "x" * 10_001}, "visualPrompt"),
        ({"productReferenceImageUrl": ""}, "productReferenceImageUrl"),
        ({"status": "completed"}, "status"),
        ({"imageUrl": "https://elsewhere.example/a.png"}, "imageUrl"),
    ],
)
def test_a_scene_that_is_none_is_refused(
    acme: Caller, everything: Everything, fields: dict[str, Any], at_fault: str
) -> None:
    scenario = a_scenario(acme)
    everything.refused(lambda: a_scene(acme, scenario, **fields), 422, at_fault)


def test_a_scene_of_a_scenario_that_is_not_there_is_not_found(
    acme: Caller, other: Caller, everything: Everything
) -> None:
    for scenario in (UNKNOWN, a_scenario(other), "x"):
        everything.refused(lambda scenario=scenario: a_scene(acme, scenario), 404, "scenarioId")  # type: ignore[misc]  # bound now


def test_a_reference_is_a_picture_of_ones_own_and_there_is_one(
    acme: Caller, other: Caller, everything: Everything
) -> None:
    scenario, campaign = a_scenario(acme), a_campaign(acme)
    picture = uploaded(acme, campaign).data["id"]
    theirs = uploaded(other, a_campaign(other)).data["id"]
    asset, url = "productReferenceImageAssetId", "productReferenceImageUrl"
    scene = a_scene(acme, scenario, **{asset: picture}).data
    assert scene[asset] == picture
    address = "https://shop.example/lamp.png"
    everything.refused(lambda: acme.patch(f"{SCENES}/{scene['id']}", {url: address}), 422, url)
    changed = acme.patch(f"{SCENES}/{scene['id']}", {url: address, asset: None}).data
    assert (changed[url], changed[asset]) == (address, None)
    everything.refused(lambda: a_scene(acme, scenario, **{asset: picture, url: address}), 422, url)
    everything.refused(lambda: a_scene(acme, scenario, **{asset: theirs}), 404, asset)


def test_a_scenario_has_so_many_scenes_at_most(acme: Caller, table: Table, everything: Everything) -> None:
    scenario = a_scenario(acme)
    Library(table).change(Scenario, "acme", scenario, {"scenes": 499})
    assert a_scene(acme, scenario).status == 201
    before = everything.now()
    refused = a_scene(acme, scenario)
    assert (refused.status, refused.fields) == (409, ["scenarioId"])
    assert "500 scenes" in refused.problem["detail"]
    assert everything.now() == before
