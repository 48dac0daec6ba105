"""POST /jobs/from-scenes: what is accepted, as which rows and at what price; what scenes then show; what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from functions.api.keys import issue_key
from functions.studio import wiring
from functions.studio.clips import Clip, ClipStatus, KeptPicture
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.resolutions import resolutions
from functions.studio.rows import today
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, uploaded
from tests.integration.asset_stage import objects, opening
from tests.integration.prompt_stage import accepted, reserved
from tests.integration.scene_stage import SCENARIOS, SCENES, a_scenario, a_scene, endow, filmed, listed, some_scenes
from tests.pictures import drawn, saved
from tests.scripted import a_kept
from tests.strangers import response, stranger


@pytest.fixture(autouse=True)
def some_credits(table: Table) -> None:
    endow(table, "acme", "other", "free")


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def test_a_scenario_becomes_a_job_of_a_clip_a_scene_in_its_order(acme: Caller, jobs: JobStore) -> None:
    scenario = a_scenario(acme, resolution="1280:720")
    ids = some_scenes(acme, scenario, 3)
    acme.patch(f"{SCENES}/{ids[2]}", {"order": 0, "duration": 8})
    reply = filmed(acme, scenarioId=scenario, title="Morning", metadata={"a": 1})
    job, clips = accepted(jobs, reply)
    assert (job.kind, job.scenario_id, job.resolution, job.title) == ("scenes", scenario, "1280:720", "Morning")
    assert (job.image_model, job.model, job.total_clips, job.purpose.chooses) == ("nano-banana", "veo3", 3, False)
    assert [clip.scene_id for clip in clips] == [ids[2], ids[0], ids[1]]
    assert [(clip.stage, clip.mode, clip.status) for clip in clips] == [("image", "image", "pending")] * 3
    assert [clip.duration_seconds for clip in clips] == [8, 4, 4]
    assert [clip.image_prompt for clip in clips] == ["Picture 3", "Picture 1", "Picture 2"]
    assert {clip.prompt for clip in clips} == {"The lamp is lit"}
    assert reply.data["message"].startswith("Job created with 3 scenes, pictures by nano-banana, videos by veo3.")


def test_both_stages_are_priced_and_reserved(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 2)
    job, clips = accepted(jobs, filmed(acme, scenarioId=scenario))
    each = Decimal("0.039") + 4 * Decimal("0.15")
    assert [clip.estimated_cost for clip in clips] == [each, each]
    assert job.estimated_cost == job.reserved_cost == 2 * each


MADE = {
    "1280:720": ("16:9", "16:9"),
    "720:1280": ("9:16", "9:16"),
    "1104:832": ("4:3", "16:9"),
    "832:1104": ("3:4", "9:16"),
    "960:960": ("1:1", "9:16"),
    "1584:672": ("16:9", "16:9"),
    "1280:768": ("16:9", "16:9"),
    "768:1280": ("9:16", "9:16"),
}
"""What nano-banana and veo3 are asked for."""


@pytest.mark.parametrize("name", resolutions().names)
def test_the_resolution_says_what_both_models_are_asked_for(acme: Caller, jobs: JobStore, name: str) -> None:
    scenario = a_scenario(acme, resolution=name)
    some_scenes(acme, scenario, 1)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario))
    shown = acme.get(f"/api/v3/jobs/{job.id}").data["scenes"]
    assert (job.ratio_of("nano-banana"), job.ratio_of("veo3")) == MADE[name]
    assert (shown["imageRatio"], shown["videoRatio"]) == MADE[name]
    assert shown["resolution"] == name
    told = [said for said in job.warnings if said.startswith("resolution")]
    assert bool(told) == (name not in ("1280:720", "720:1280"))
    assert told == [] or told[0].startswith(f"resolution {name}: veo3 makes the nearest that it has, {MADE[name][1]}")


def test_a_request_may_name_another_resolution_than_its_scenario(acme: Caller, jobs: JobStore) -> None:
    scenario = a_scenario(acme, resolution="1104:832")
    some_scenes(acme, scenario, 1)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario, resolution="1280:720"))
    assert (job.resolution, job.ratio_of("nano-banana")) == ("1280:720", "16:9")


def test_one_scene_or_some_of_them_can_be_filmed_in_any_order(acme: Caller, jobs: JobStore) -> None:
    scenario = a_scenario(acme)
    ids = some_scenes(acme, scenario, 3)
    _, one = accepted(jobs, filmed(acme, sceneId=ids[1]))
    _, some = accepted(jobs, filmed(acme, sceneIds=[ids[2], ids[0]], scenarioId=scenario))
    assert [clip.scene_id for clip in one] == [ids[1]]
    assert [clip.scene_id for clip in some] == [ids[2], ids[0]]
    assert [clip.number for clip in some] == [1, 2]


def test_without_models_those_that_come_nearest_to_runways_are_asked_and_it_is_told(
    acme: Caller, jobs: JobStore
) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario, imageModel=None, model=None))
    named = {job.image_model, job.model}
    runway = wiring.catalogue().providers["runway"].missing is None
    told = [said for said in job.warnings if "is asked instead" in said]
    assert (named == {"gen4_image", "gen4_turbo"}, len(told)) == (runway, 0 if runway else 2)


def test_where_runway_is_switched_off_nothing_is_asked_unasked_that_is_about_to_go(
    acme: Caller, jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNWAYML_ENABLED", "false")
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario, imageModel=None, model=None))
    models = wiring.catalogue()
    states = [models.model(*made).state(today()) for made in ((job.image_model or "", "still"), (job.model, "image"))]
    assert states == ["current", "current"]
    assert not [said for said in job.warnings if "deprecated" in said]


def test_a_fallback_has_the_length_of_every_scene_and_counts_in_what_is_reserved(
    acme: Caller, jobs: JobStore, everything: Everything
) -> None:
    scenario = a_scenario(acme)
    ids = some_scenes(acme, scenario, 2)
    acme.patch(f"{SCENES}/{ids[1]}", {"duration": 8})
    job, clips = accepted(jobs, filmed(acme, scenarioId=scenario, fallbackModels=["veo-3.1"]))
    assert (job.fallback_models, job.other_ratios["veo-3.1"]) == (["veo-3.1"], "9:16")
    assert job.reserved_cost > sum(clip.estimated_cost for clip in clips)
    everything.refused(lambda: filmed(acme, scenarioId=scenario, fallbackModels=["wan-2.5"]), 422, "fallbackModels.0")


def test_a_changed_duration_is_told_once(acme: Caller, jobs: JobStore) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 3)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario))
    assert job.warnings == ["duration 5 was changed to 4: veo3 makes clips of 4, 6, 8 seconds."]


def test_a_pause_is_kept_for_the_run(acme: Caller, jobs: JobStore) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario, pauseAfter="image"))
    assert job.pause_after == "image"
    assert acme.get(f"/api/v3/jobs/{job.id}").data["scenes"]["pauseAfter"] == "image"


def test_the_job_is_its_scenarios_campaigns_unless_the_request_names_another(acme: Caller, jobs: JobStore) -> None:
    own, another = a_campaign(acme), a_campaign(acme)
    scenario = a_scenario(acme, campaignId=own)
    some_scenes(acme, scenario, 1)
    assert accepted(jobs, filmed(acme, scenarioId=scenario))[0].campaign_id == own
    assert accepted(jobs, filmed(acme, scenarioId=scenario, campaignId=another))[0].campaign_id == another
    jobs_of = acme.get(f"/api/v3/jobs?campaignId={another}").data["items"]
    assert [one["kind"] for one in jobs_of] == ["scenes"]
    assert len(acme.get("/api/v3/jobs?kind=scenes").data["items"]) == 2


def test_a_campaigns_budget_that_does_not_suffice_is_402_and_nothing_is_begun(
    acme: Caller, everything: Everything
) -> None:
    scenario = a_scenario(acme, campaignId=a_campaign(acme, budgetUsd=1))
    some_scenes(acme, scenario, 2)
    problem = everything.refused(lambda: filmed(acme, scenarioId=scenario), 402, "campaignId")
    assert problem["budget"]["needed"] == pytest.approx(2 * 0.639)


def test_without_enough_credits_it_is_402_and_nothing_is_begun_or_fetched(
    deployed: None, table: Table, everything: Everything
) -> None:
    poor = Caller(issue_key(table, "poor"))
    endow(table, "poor", credits=65)
    scenario = a_scenario(poor)
    with stranger(response(saved(drawn()))) as there, opening(there.outside()):
        first = a_scene(poor, scenario, productReferenceImageUrl=there.url).data["id"]
        some_scenes(poor, scenario, 1)
        problem = everything.refused(lambda: filmed(poor, scenarioId=scenario), 402)
        assert problem["code"] == "short_of_credits"
        assert "65 credits left, and 66 would be needed" in problem["detail"]
        assert there.connections == 0
        assert filmed(poor, sceneId=first).status == 202
    assert filmed(poor, scenarioId=scenario).problem["detail"].startswith("There are 32 credits left")


def test_sent_twice_with_a_key_it_is_one_job(acme: Caller) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    body = json.dumps({"scenarioId": scenario, "imageModel": "nano-banana", "model": "veo3"})
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    first, second = (acme.send("POST", "/api/v3/jobs/from-scenes", body, headers) for _ in range(2))
    assert (second.data, second.headers["idempotent-replayed"]) == (first.data, "true")
    assert len(acme.get("/api/v3/jobs").data["items"]) == 1


# what a scene shows


PICTURE = KeptPicture(key="acme/generated_images/1.png", sha256="0", width=1, height=1, format="png", bytes=1)


def advance(jobs: JobStore, clip: Clip, job: str, status: ClipStatus, **changes: Any) -> None:
    jobs.table.commit(jobs.move_clip(job, clip.run, clip.number, status, changes))


def test_a_scene_shows_what_its_latest_job_has_made_of_it(acme: Caller, jobs: JobStore) -> None:
    scenario = a_scenario(acme)
    ids = some_scenes(acme, scenario, 2)

    def told(scene: str) -> tuple[Any, ...]:
        shown = acme.get(f"{SCENES}/{scene}").data
        return tuple(shown[name] for name in ("status", "imageUrl", "generatedVideoUrl", "jobId", "subJobNumber"))

    job, (first, second) = accepted(jobs, filmed(acme, scenarioId=scenario))
    assert told(ids[1]) == ("pending", None, None, job.id, 2)
    url = "https://shared.example/acme/generated_images/1.png"
    advance(jobs, second, job.id, ClipStatus.PROCESSING, picture=PICTURE.attributes(), stage="video")
    assert told(ids[1]) == ("processing", url, None, job.id, 2)
    advance(jobs, second, job.id, ClipStatus.COMPLETED, kept=a_kept().attributes())
    assert told(ids[1]) == ("completed", url, f"/api/v3/videos/{job.id}/clips/clip_002.mp4", job.id, 2)
    advance(jobs, first, job.id, ClipStatus.FAILED, errorMessage="no")
    in_the_list = acme.get(f"{SCENES}?scenarioId={scenario}").data["items"]
    assert [(one["status"], one["errorMessage"]) for one in in_the_list] == [("failed", "no"), ("completed", None)]
    again, _ = accepted(jobs, filmed(acme, sceneId=ids[1]))
    assert told(ids[1]) == ("pending", None, None, again.id, 1)
    assert told(ids[0])[0] == "failed", "that job is of the other scene"


def test_a_job_that_was_refused_leaves_its_scene_as_it_was(acme: Caller, everything: Everything) -> None:
    scenario = a_scenario(acme, campaignId=a_campaign(acme, budgetUsd=0.7))
    (scene,) = some_scenes(acme, scenario, 1)
    first = filmed(acme, sceneId=scene).data["jobId"]
    everything.refused(lambda: filmed(acme, sceneId=scene), 402)
    assert acme.get(f"{SCENES}/{scene}").data["jobId"] == first


def test_what_a_running_job_makes_is_not_deleted_and_a_film_keeps_its_scenes_as_they_were(
    acme: Caller, jobs: JobStore
) -> None:
    scenario = a_scenario(acme)
    one, two = some_scenes(acme, scenario, 2)
    job, (clip,) = accepted(jobs, filmed(acme, sceneId=one))
    for path in (f"{SCENES}/{one}", f"{SCENARIOS}/{scenario}"):
        refused = acme.delete(path)
        assert (refused.status, job.id in refused.problem["detail"]) == (409, True)
    assert acme.delete(f"{SCENES}/{two}").status == 204
    acme.patch(f"{SCENES}/{one}", {"imagePrompt": "Another"})
    assert jobs.clip(job.id, 1).image_prompt == clip.image_prompt == "Picture 1"
    jobs.table.commit(jobs.move_job(job.id, 1, JobStatus.FAILED))
    assert acme.delete(f"{SCENES}/{one}").status == 204
    assert acme.delete(f"{SCENARIOS}/{scenario}").status == 204


# reference pictures


@contextmanager
def pictures_at_an_address() -> Iterator[str]:
    with stranger(response(saved(drawn()))) as there, opening(there.outside()):
        yield there.url


def test_a_reference_by_its_url_is_fetched_once_and_becomes_an_asset(
    acme: Caller, jobs: JobStore, media: MediaStore
) -> None:
    scenario = a_scenario(acme, campaignId=(campaign := a_campaign(acme)))
    with pictures_at_an_address() as url:
        ids = [a_scene(acme, scenario, productReferenceImageUrl=url).data["id"] for _ in range(3)]
        a_scene(acme, scenario)
        job, clips = accepted(jobs, filmed(acme, scenarioId=scenario))
    (asset,) = acme.get(f"/api/v3/assets?campaignId={campaign}").data["items"]
    assert [clip.reference_asset_id for clip in clips] == [asset["id"]] * 3 + [None]
    assert {clip.reference_key for clip in clips[:3]} <= set(objects(media))
    assert len(ids) == 3
    refused = acme.delete(f"/api/v3/assets/{asset['id']}")
    assert (refused.status, job.id in refused.problem["detail"]) == (409, True)


def test_a_reference_may_be_an_asset(acme: Caller, jobs: JobStore, everything: Everything) -> None:
    scenario = a_scenario(acme)
    picture = uploaded(acme, a_campaign(acme)).data["id"]
    scene = a_scene(acme, scenario, productReferenceImageAssetId=picture).data["id"]
    _, (clip,) = accepted(jobs, filmed(acme, scenarioId=scenario))
    assert (clip.reference_asset_id, (clip.reference_key or "").endswith("original.png")) == (picture, True)
    jobs.table.commit(jobs.move_job(acme.get("/api/v3/jobs").data["items"][0]["id"], 1, JobStatus.FAILED))
    assert acme.delete(f"/api/v3/assets/{picture}").status == 204
    field = f"scenes.{scene}.productReferenceImageAssetId"
    everything.refused(lambda: filmed(acme, scenarioId=scenario), 422, field)


@pytest.mark.parametrize(("broken", "status"), [(b"no picture", 415), (saved(drawn())[:200], 422)])
def test_a_reference_that_is_no_picture_is_refused_and_another_is_not_kept_either(
    acme: Caller, broken: bytes, status: int
) -> None:
    scenario = a_scenario(acme)
    with stranger(response(saved(drawn()))) as well, stranger(response(broken)) as there:
        a_scene(acme, scenario, productReferenceImageUrl=well.url)
        scene = a_scene(acme, scenario, productReferenceImageUrl=there.url).data["id"]
        both = replace(well.outside(), ports=frozenset({well.port, there.port}))
        with opening(both):
            answer = filmed(acme, scenarioId=scenario)
        assert (well.connections, there.connections) == (1, 1)
    assert (answer.status, answer.fields) == (status, [f"scenes.{scene}.productReferenceImageUrl"])
    assert acme.get("/api/v3/assets").data["items"] == []
    assert acme.get("/api/v3/jobs").data["items"] == []


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/a.png", "http://shop.example/a.png", "https://[::1]/a.png", "nonsense"]
)
def test_a_private_reference_is_refused_before_anything_is_sent_there(
    acme: Caller, everything: Everything, url: str
) -> None:
    scenario = a_scenario(acme)
    scene = a_scene(acme, scenario, productReferenceImageUrl=url).data["id"]
    everything.refused(lambda: filmed(acme, scenarioId=scenario), 422, f"scenes.{scene}.productReferenceImageUrl")


def test_a_model_that_takes_no_reference_is_refused_where_a_scene_has_one(acme: Caller, everything: Everything) -> None:
    scenario = a_scenario(acme)
    a_scene(acme, scenario, productReferenceImageUrl="https://shop.example/lamp.png")
    problem = everything.refused(
        lambda: filmed(acme, scenarioId=scenario, imageModel="flux-schnell"), 422, "imageModel"
    )
    assert "nano-banana" in problem["detail"]


# bad input


def test_a_missing_prompt_names_its_scene(acme: Caller, everything: Everything) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    bare = acme.post(SCENES, {"scenarioId": scenario}).data["id"]
    fields = [f"scenes.{bare}.{name}" for name in ("imagePrompt", "visualPrompt")]
    problem = everything.refused(lambda: filmed(acme, scenarioId=scenario), 422, *fields)
    assert "scene 2 of the film has none" in problem["detail"]


def test_a_prompt_over_the_models_limit_names_its_scene(acme: Caller, everything: Everything) -> None:
    scenario = a_scenario(acme)
    scene = a_scene(acme, scenario, visualPrompt="x" * 2001).data["id"]
    everything.refused(
        lambda: filmed(acme, scenarioId=scenario, model="hailuo-2.0"), 422, f"scenes.{scene}.visualPrompt"
    )


def test_what_is_not_there_or_anothers_is_not_found(acme: Caller, other: Caller, everything: Everything) -> None:
    theirs = a_scenario(other)
    (their_scene,) = some_scenes(other, theirs, 1)
    own = a_scenario(acme)
    (scene,) = some_scenes(acme, own, 1)
    for wishes, field in [
        ({"scenarioId": theirs}, "scenarioId"),
        ({"scenarioId": UNKNOWN}, "scenarioId"),
        ({"sceneId": their_scene}, "sceneId"),
        ({"sceneIds": [scene, their_scene]}, "sceneIds.1"),
        ({"scenarioId": theirs, "sceneId": scene}, "scenarioId"),
        ({"scenarioId": own, "campaignId": UNKNOWN}, "campaignId"),
        ({"scenarioId": own, "clientId": UNKNOWN}, "clientId"),
    ]:
        everything.refused(lambda wishes=wishes: filmed(acme, **wishes), 404, field)  # type: ignore[misc]  # bound now


def test_what_does_not_go_together_is_refused(acme: Caller, everything: Everything) -> None:
    one, two = a_scenario(acme), a_scenario(acme)
    (scene,), (elsewhere,) = some_scenes(acme, one, 1), some_scenes(acme, two, 1)
    for wishes, field in [
        ({}, "scenarioId"),
        ({"sceneId": scene, "sceneIds": [scene]}, "sceneIds"),
        ({"sceneIds": [scene, scene]}, "sceneIds.1"),
        ({"sceneIds": [scene, elsewhere]}, "sceneIds.1"),
        ({"scenarioId": two, "sceneId": scene}, "sceneId"),
        ({"scenarioId": a_scenario(acme)}, "scenarioId"),
        ({"sceneId": scene, "resolution": "720p"}, "resolution"),
        ({"sceneId": scene, "pauseAfter": "video"}, "pauseAfter"),
        ({"sceneId": scene, "imageModel": "veo3"}, "imageModel"),
        ({"sceneId": scene, "model": "nano-banana"}, "model"),
        ({"sceneId": scene, "onClipFailure": {"minClips": 2}}, "onClipFailure.minClips"),
        ({"sceneId": scene, "aspectRatio": "16:9"}, "aspectRatio"),
        ({"sceneId": scene, "transitions": [{"after": 1, "kind": "wipe"}]}, "transitions.0.after"),
    ]:
        everything.refused(lambda wishes=wishes: filmed(acme, **wishes), 422, field)  # type: ignore[misc]  # bound now


def test_a_tier_that_may_not_name_a_model_is_403(deployed: None, table: Table, everything: Everything) -> None:
    free = Caller(issue_key(table, "free", tier="free"))
    scenario = a_scenario(free)
    some_scenes(free, scenario, 1)
    everything.refused(lambda: filmed(free, scenarioId=scenario), 403, "model")
    reply = free.post("/api/v3/jobs/from-scenes", {"scenarioId": scenario})
    assert reply.status == 202, reply.text


def test_the_usual_campaign_pays_for_scenarios_that_name_none(acme: Caller, jobs: JobStore, library: Library) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario))
    assert job.campaign_id == library.usual_campaign("acme").id
    assert listed(acme, scenario)


def test_what_is_reserved_of_each_scene_is_for_both_of_its_stages(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 2)
    job, _ = accepted(jobs, filmed(acme, scenarioId=scenario))
    assert reserved(ledger, job) == job.reserved_cost
    assert {line.stage for line in ledger.lines(job.id)} == {"image"}
