"""Asking for a prompted film: its clips, their prompts and its money are there before the answer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.studio.budgets import Budgets
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, a_campaign, a_campaign_of, asked
from tests.integration.prompt_stage import SCRIPT, accepted, prompted, reserved


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def test_a_clip_and_its_money_are_there_before_the_answer(
    acme: Caller, jobs: JobStore, ledger: Ledger, table: Table
) -> None:
    answer = prompted(acme, script="A cat", style="social", model="veo3", durationSeconds=4, title="Cats")
    job, (clip,) = accepted(jobs, answer)
    assert answer.data["message"] == "Job created with 1 clip by veo3. Video generation started."
    assert (answer.data["status"], answer.data["totalPairs"], answer.data["estimatedCost"]) == ("planning", None, 0.6)
    assert (job.kind, job.title, job.status, job.total_clips) == ("prompt", "Cats", JobStatus.PLANNING, 1)
    assert (clip.mode, clip.model, clip.duration_seconds, clip.image1_key) == ("text", "veo3", 4, None)
    assert clip.prompt == "Dynamic, eye-catching social media video optimized for mobile. Duration: 4s. Script: A cat"
    assert reserved(ledger, job) == Budgets(table).tenant("acme").reserved == Decimal("0.60")
    shown = acme.get(answer.headers["location"]).data
    assert (shown["kind"], shown["title"], shown["choice"], shown["comparison"]) == ("prompt", "Cats", None, None)
    assert shown["brief"]["style"] == "social"
    assert shown["progress"] | {"total_clips": 1, "selected_pairs": 0} == shown["progress"]


def test_a_prompt_is_sent_as_it_is(acme: Caller, jobs: JobStore) -> None:
    _, (clip,) = accepted(jobs, prompted(acme, prompt="A {cat}, 35 mm", model="hailuo-2.0"))
    assert clip.prompt == "A {cat}, 35 mm"


def test_a_duration_is_brought_to_the_models_and_said(acme: Caller, jobs: JobStore) -> None:
    answer = prompted(acme, model="veo3", durationSeconds=10)
    _, (clip,) = accepted(jobs, answer)
    assert clip.duration_seconds == 8
    assert answer.data["warnings"] == ["durationSeconds 10 was changed to 8: veo3 makes clips of 4, 6, 8 seconds."]


def test_a_ratio_is_asked_of_the_model_and_what_it_cannot_make_is_said(acme: Caller, jobs: JobStore) -> None:
    job, _ = accepted(jobs, prompted(acme, model="veo3", aspectRatio="9:16"))
    assert (job.aspect_ratio, job.cut.aspect_ratio) == ("9:16", "9:16")
    job, _ = accepted(jobs, prompted(acme, model="veo3", aspectRatio="1:1"))
    assert job.aspect_ratio == "16:9"
    assert job.warnings == ["aspectRatio 1:1: veo3 makes 16:9, 9:16 only; its clips are fitted in, nothing is cut off."]


def test_a_long_film_is_filled_and_its_last_clip_trimmed(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    answer = prompted(acme, script=SCRIPT, model="veo3", durationSeconds=29, fill=True)
    job, clips = accepted(jobs, answer)
    assert [(clip.shot, clip.variant, clip.duration_seconds) for clip in clips] == [
        (1, 1, 8),
        (2, 1, 8),
        (3, 1, 8),
        (4, 1, 6),
    ]
    assert [clip.ends_at for clip in clips] == [None, None, None, Decimal(5)]
    told = [(clip.prompt or "").partition(". Duration: ")[2] for clip in clips]
    assert told[0] == "8s. Script: The day begins."
    assert told[3] == "6s. Script: The day ends."
    assert answer.data["warnings"] == []
    assert reserved(ledger, job) == job.estimated_cost == Decimal("4.50")


def test_joins_that_take_time_are_made_up_for(acme: Caller, jobs: JobStore) -> None:
    wishes = {"transition": {"kind": "crossfade", "seconds": 1}, "transitions": [{"after": 1, "kind": "wipe"}]}
    job, clips = accepted(jobs, prompted(acme, model="veo3", durationSeconds=30, fill=True, **wishes))
    lasts = sum(clip.ends_at or clip.duration_seconds for clip in clips) - (len(clips) - 1)
    assert lasts == 30
    assert list(job.cut.joins) == ["1"]


def test_several_models_make_a_variant_of_every_shot_each(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    answer = prompted(acme, script="A cat", compare=["veo3", "hailuo-2.0"], durationSeconds=6, aspectRatio="9:16")
    job, clips = accepted(jobs, answer)
    assert [(clip.number, clip.shot, clip.variant, clip.model) for clip in clips] == [
        (1, 1, 1, "veo3"),
        (2, 1, 2, "hailuo-2.0"),
    ]
    assert reserved(ledger, job) == job.reserved_cost == Decimal("0.90") + Decimal("0.20")
    assert (job.ratio_of("veo3"), job.ratio_of("hailuo-2.0")) == ("9:16", "16:9")
    (shot,) = acme.get(answer.headers["location"]).data["comparison"]
    assert [(one["modelId"], one["cost"], one["seconds"], one["chosen"]) for one in shot["variants"]] == [
        ("veo3", 0.9, None, False),
        ("hailuo-2.0", 0.2, None, False),
    ]


def test_one_model_makes_several_variants_of_every_shot(acme: Caller, jobs: JobStore) -> None:
    wishes = {"script": SCRIPT, "model": "veo3", "durationSeconds": 16, "fill": True, "count": 3}
    job, clips = accepted(jobs, prompted(acme, transitions=[{"after": 1, "kind": "wipe"}], **wishes))
    assert [(clip.shot, clip.variant) for clip in clips] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert job.total_clips == 6
    assert sorted(job.cut.joins) == ["1", "2", "3"], "whichever variant is shown"


@pytest.mark.parametrize("pairs", [2, None])
def test_image_pairs_are_compared_too(acme: Caller, jobs: JobStore, ledger: Ledger, pairs: int | None) -> None:
    wishes = {"compare": ["veo3", "hailuo-2.0"], "clipDuration": 6} | ({"numPairs": pairs} if pairs else {})
    job, clips = accepted(jobs, asked(acme, campaignId=a_campaign_of(acme, 3), **wishes))
    assert job.compare == ["veo3", "hailuo-2.0"]
    if pairs:
        assert [(clip.number, clip.shot, clip.variant, clip.model) for clip in clips] == [
            (1, 1, 1, "veo3"),
            (2, 1, 2, "hailuo-2.0"),
            (3, 2, 1, "veo3"),
            (4, 2, 2, "hailuo-2.0"),
        ]
        assert reserved(ledger, job) == job.estimated_cost == 2 * (Decimal("0.90") + Decimal("0.20"))
        assert (job.num_pairs, job.total_clips) == (2, 4)


def test_the_same_key_is_the_same_job(acme: Caller, jobs: JobStore, table: Table, everything: Everything) -> None:
    body = f'{{"campaignId": "{a_campaign(acme)}", "prompt": "A cat", "model": "veo3"}}'
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    first = acme.send("POST", "/api/v3/jobs/from-prompt", body, headers)
    before = everything.now()
    again = acme.send("POST", "/api/v3/jobs/from-prompt", body, headers)
    assert (first.status, again.status, again.data) == (202, 202, first.data)
    assert everything.now() == before


@pytest.mark.parametrize("whose", ["campaign", "job", "tenant"])
def test_a_budget_that_does_not_allow_it_is_402_and_nothing_is_there(
    acme: Caller, everything: Everything, table: Table, whose: str
) -> None:
    campaign = a_campaign(acme, budgetUsd=1.0 if whose == "campaign" else 50.0)
    if whose == "tenant":
        Budgets(table).cap_tenant("acme", Decimal(1))
    own = {"budgetUsd": 1.0} if whose == "job" else {}
    problem = everything.refused(lambda: prompted(acme, campaign, model="veo3", count=2, **own), 402)
    assert problem["budget"] | {"of": whose, "needed": 2.4} == problem["budget"]


def test_a_list_shows_prompted_jobs_by_their_kind(acme: Caller) -> None:
    made = prompted(acme, model="veo3").data["jobId"]
    asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1)
    listed = acme.get("/api/v3/jobs?kind=prompt").data["items"]
    assert [(one["id"], one["totalClips"]) for one in listed] == [(made, 1)]


def test_the_styles_are_listed_with_what_they_tell_a_model(acme: Caller) -> None:
    listed = acme.get("/api/v3/styles").data
    assert [one["id"] for one in listed["items"]][:3] == ["marketing", "educational", "social"]
    assert listed["items"][0]["example"].endswith("Duration: 5s. Script: A cat plays with a ball")


@pytest.mark.parametrize("policy", [None, "seed", "cheapest", "fastest", "best"])
def test_a_model_is_chosen_where_none_is_named_and_the_job_says_why(acme: Caller, policy: str | None) -> None:
    answer = prompted(acme, durationSeconds=6, **({"policy": policy} if policy else {}))
    choice = acme.get(answer.headers["location"]).data["choice"]
    assert choice["policy"] == (policy or "seed")
    assert choice["modelId"] == answer.data["modelId"]
    assert choice["because"]
    assert choice["modelId"] not in {one["modelId"] for one in choice["passedOver"]}
    assert all(one["because"] for one in choice["passedOver"])


def test_a_provider_narrows_the_choice(acme: Caller) -> None:
    answer = prompted(acme, provider="replicate", policy="cheapest", durationSeconds=6)
    choice = acme.get(answer.headers["location"]).data["choice"]
    assert {one["modelId"] for one in choice["passedOver"]}.isdisjoint({"piapi_luma", "runway_veo3.1"})
