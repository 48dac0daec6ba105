"""The options of the film: each is understood and kept, or refused by its name with nothing created and nothing spent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from functions.studio.cut import Cut, Transition, TransitionKind
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from local.standins.xai import Xai
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, a_campaign_of, asked, uploaded
from tests.integration.clip_stage import ClipStage
from tests.integration.plan_stage import Stage

AS_TODAY: dict[str, Any] = {
    "resolution": None,
    "aspectRatio": None,
    "fps": None,
    "transition": {"kind": "cut", "seconds": None},
    "transitions": [],
    "audio": "keep",
    "music": None,
    "quality": "balanced",
    "background": "blurred",
    "watermark": None,
    "intro": None,
    "outro": None,
}

CROSSFADE = {"kind": "crossfade", "seconds": 0.5}

GOOD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    *(({"resolution": said}, {"resolution": said}) for said in ("480p", "720p", "1080p", None)),
    *(({"aspectRatio": said}, {"aspectRatio": said}) for said in ("16:9", "9:16", "1:1", "4:3", "3:4", None)),
    *(({"fps": said}, {"fps": said}) for said in (24, 25, 30, None)),
    *(
        ({"transition": said}, {"transition": {"kind": said, "seconds": 0.5}})
        for said in ("crossfade", "fade-black", "wipe", "slide")
    ),
    (
        {"music": {"track": "calm"}},
        {"audio": "music", "music": {"track": "calm", "assetId": None, "volume": 0.7}},
    ),
    (
        {"audio": "strip", "music": {"track": "tech", "volume": 0.2}},
        {"audio": "strip", "music": {"track": "tech", "assetId": None, "volume": 0.2}},
    ),
    ({"transition": "cut"}, {}),
    ({"transition": {"kind": "cut"}}, {}),
    ({"transition": None}, {}),
    ({"transition": {"kind": "crossfade"}}, {"transition": CROSSFADE}),
    ({"transition": {"kind": "wipe", "seconds": 0.1}}, {"transition": {"kind": "wipe", "seconds": 0.1}}),
    ({"transition": {"kind": "wipe", "seconds": 2}}, {"transition": {"kind": "wipe", "seconds": 2.0}}),
    ({"transition": {"kind": "wipe", "seconds": 1.23456}}, {"transition": {"kind": "wipe", "seconds": 1.235}}),
    (
        {"transition": {"kind": "crossfade", "seconds": 1}, "transitions": [{"after": 2, "kind": "slide"}]},
        {
            "transition": {"kind": "crossfade", "seconds": 1.0},
            "transitions": [{"after": 2, "kind": "slide", "seconds": 1.0}],
        },
    ),
    (
        {"transitions": [{"after": 2, "kind": "cut"}, {"after": 1, "kind": "wipe", "seconds": 0.7}]},
        {
            "transitions": [
                {"after": 1, "kind": "wipe", "seconds": 0.7},
                {"after": 2, "kind": "cut", "seconds": None},
            ]
        },
    ),
    *(({"audio": said}, {"audio": said}) for said in ("keep", "strip")),
    *(({"quality": said}, {"quality": said}) for said in ("economy", "balanced", "premium")),
    *(({"background": said}, {"background": said}) for said in ("blurred", "plain")),
    ({"watermark": None, "intro": None, "outro": None}, {}),
]


@pytest.mark.parametrize(("said", "understood"), GOOD, ids=str)
def test_every_option_is_shown_as_it_was_understood(
    acme: Caller, said: dict[str, Any], understood: dict[str, Any]
) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=3, **said)
    assert answer.status == 202, answer.text
    job = acme.get(answer.headers["location"]).data
    assert job["options"] == AS_TODAY | understood
    assert {name: type(value) for name, value in job["options"].items()} == {
        name: type(value) for name, value in (AS_TODAY | understood).items()
    }


def test_what_is_shown_can_be_asked_again(acme: Caller) -> None:
    campaign_id = a_campaign_of(acme, 3)
    picture = uploaded(acme, campaign_id).data["id"]
    wishes = {
        "resolution": "480p",
        "transition": "fade-black",
        "transitions": [{"after": 1, "kind": "cut"}],
        "watermark": {"assetId": picture},
        "intro": {"assetId": picture},
    }
    first = acme.get(asked(acme, campaignId=campaign_id, numPairs=3, **wishes).headers["location"]).data["options"]
    again = acme.get(asked(acme, campaignId=campaign_id, numPairs=3, **first).headers["location"]).data["options"]
    assert again == first


def test_pictures_of_any_campaign_of_the_tenant_become_watermark_and_cards(acme: Caller, jobs: JobStore) -> None:
    elsewhere = a_campaign(acme, name="Brand")
    logo, card = (uploaded(acme, elsewhere).data["id"] for _ in range(2))
    answer = asked(
        acme,
        campaignId=a_campaign_of(acme, 2),
        watermark={"assetId": logo, "position": "top-left", "opacity": 0.25},
        intro={"assetId": card, "seconds": 0.5},
        outro={"assetId": card},
    )
    options = acme.get(answer.headers["location"]).data["options"]
    assert options["watermark"] == {"assetId": logo, "position": "top-left", "opacity": 0.25}
    assert options["intro"] == {"assetId": card, "seconds": 0.5}
    assert options["outro"] == {"assetId": card, "seconds": 3.0}
    cut = jobs.job(answer.data["jobId"]).cut
    assert cut.watermark
    assert cut.intro
    assert cut.outro
    assert logo in cut.watermark.key
    assert card in cut.intro.key == cut.outro.key
    assert (cut.watermark.opacity, cut.intro.seconds) == (Decimal("0.25"), Decimal("0.5"))


def test_the_joins_are_kept_by_the_clip_before_them(acme: Caller, jobs: JobStore) -> None:
    wishes = {"transition": {"kind": "crossfade", "seconds": 1}, "transitions": [{"after": 2, "kind": "wipe"}]}
    cut = jobs.job(asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=3, **wishes).data["jobId"]).cut
    assert cut.after(1) == Transition(kind=TransitionKind.CROSSFADE, seconds=Decimal(1))
    assert cut.after(2) == Transition(kind=TransitionKind.WIPE, seconds=Decimal(1))


KINDS = "must be 'cut', 'crossfade', 'fade-black', 'wipe' or 'slide'"
POSITIONS = "must be 'top-left', 'top-right', 'bottom-left', 'bottom-right' or 'center'"
PICTURE = {"assetId": UNKNOWN}


def joins(*after: Any) -> dict[str, Any]:
    return {"transitions": [{"after": one, "kind": "wipe"} for one in after]}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"resolution": "360p"}, "resolution", "must be '480p', '720p' or '1080p'"),
    ({"resolution": 720}, "resolution", "must be '480p'"),
    ({"resolution": "720P"}, "resolution", "must be '480p'"),
    ({"aspectRatio": "21:9"}, "aspectRatio", "must be '16:9', '9:16', '1:1', '4:3' or '3:4'"),
    ({"aspectRatio": 1.5}, "aspectRatio", "must be '16:9'"),
    ({"aspect_ratio": "16:9"}, "aspect_ratio", "is not a field of this request"),
    ({"fps": 23}, "fps", "must be 24, 25 or 30"),
    ({"fps": 60}, "fps", "must be 24, 25 or 30"),
    ({"fps": "24"}, "fps", "must be 24, 25 or 30"),
    ({"fps": True}, "fps", "must be 24, 25 or 30"),
    ({"transition": "dissolve"}, "transition.kind", KINDS),
    ({"transition": ""}, "transition.kind", KINDS),
    ({"transition": 1}, "transition", "must be a JSON object"),
    ({"transition": ["wipe"]}, "transition", "must be a JSON object"),
    ({"transition": {}}, "transition.kind", "is required"),
    ({"transition": {"seconds": 1}}, "transition.kind", "is required"),
    ({"transition": {"kind": "dissolve"}}, "transition.kind", KINDS),
    ({"transition": {"kind": None}}, "transition.kind", KINDS),
    ({"transition": {"kind": ["wipe"]}}, "transition.kind", KINDS),
    ({"transition": {"kind": "wipe", "seconds": 0.09}}, "transition.seconds", "must be greater than or equal to 0.1"),
    ({"transition": {"kind": "wipe", "seconds": 0}}, "transition.seconds", "must be greater than or equal to 0.1"),
    ({"transition": {"kind": "wipe", "seconds": 2.01}}, "transition.seconds", "must be less than or equal to 2"),
    ({"transition": {"kind": "wipe", "seconds": 10**400}}, "transition.seconds", "must be"),
    ({"transition": {"kind": "wipe", "seconds": float("nan")}}, "transition.seconds", "must be a finite number"),
    ({"transition": {"kind": "wipe", "seconds": "1"}}, "transition.seconds", "must be a valid number"),
    ({"transition": {"kind": "cut", "seconds": 1}}, "transition.seconds", "a cut takes no time"),
    ({"transition": {"kind": "wipe", "length": 1}}, "transition.length", "is not a field"),
    ({"transition": {"kind": "wipe", "after": {}}}, "transition.after", "is not a field"),
    ({"transitions": "wipe"}, "transitions", "must be a valid list"),
    ({"transitions": None}, "transitions", "must be a valid list"),
    ({"transitions": ["wipe"]}, "transitions.0", "must be a JSON object"),
    ({"transitions": [{"kind": "wipe"}]}, "transitions.0.after", "is required"),
    ({"transitions": [{"after": 1}]}, "transitions.0.kind", "is required"),
    ({"transitions": [{"after": 1, "kind": "wipe", "seconds": 3}]}, "transitions.0.seconds", "must be less"),
    (joins(0), "transitions.0.after", "must be greater than or equal to 1"),
    (joins(-1), "transitions.0.after", "must be greater than or equal to 1"),
    (joins("1"), "transitions.0.after", "must be a valid integer"),
    (joins(1.5), "transitions.0.after", "must be a valid integer"),
    (joins(1000), "transitions.0.after", "must be less than 1000"),
    (joins(1, 3), "transitions.1.after", "must be at most 2, the last of 3 clips that another one follows"),
    (joins(1, 4), "transitions.1.after", "must be at most 2"),
    ({**joins(1), "numPairs": 1}, "transitions.0.after", "must be left out: a single clip has no joins"),
    ({"audio": "music"}, "music", "is required when audio is music"),
    ({"audio": "music", "music": None}, "music", "is required when audio is music"),
    ({"audio": {"kind": "music", "assetId": UNKNOWN}}, "audio", "must be 'keep', 'strip' or 'music'"),
    ({"audio": "loud"}, "audio", "must be 'keep', 'strip' or 'music'"),
    ({"audio": None}, "audio", "must be 'keep', 'strip' or 'music'"),
    ({"music": UNKNOWN}, "music", "must be none, one of calm, "),
    ({"music": {"volume": 1}}, "music.assetId", "is required, or track: one of calm, upbeat, warm, tech"),
    ({"music": {"track": "jazz"}}, "music.track", "must be 'calm', 'upbeat', 'warm' or 'tech'"),
    ({"music": {"track": "calm", "assetId": UNKNOWN}}, "music.assetId", "must be left out where track is given"),
    ({"music": {"assetId": 7}}, "music.assetId", "must be a valid string"),
    ({"music": {**PICTURE, "volume": 0}}, "music.volume", "must be greater than or equal to 0.01"),
    ({"music": {**PICTURE, "volume": 1.01}}, "music.volume", "must be less than or equal to 1"),
    ({"music": {**PICTURE, "volume": "0.5"}}, "music.volume", "must be a valid number"),
    ({"music": {**PICTURE, "loop": True}}, "music.loop", "is not a field"),
    ({"quality": "best"}, "quality", "must be 'economy', 'balanced' or 'premium'"),
    ({"quality": None}, "quality", "must be 'economy', 'balanced' or 'premium'"),
    ({"background": "black"}, "background", "must be 'blurred' or 'plain'"),
    ({"watermark": UNKNOWN}, "watermark", "must be a JSON object"),
    ({"watermark": {}}, "watermark.assetId", "is required"),
    ({"watermark": {"assetId": 7}}, "watermark.assetId", "must be a valid string"),
    ({"watermark": {**PICTURE, "position": "middle"}}, "watermark.position", POSITIONS),
    ({"watermark": {**PICTURE, "opacity": 0}}, "watermark.opacity", "must be greater than or equal to 0.01"),
    ({"watermark": {**PICTURE, "opacity": 1e-300}}, "watermark.opacity", "must be greater than or equal to 0.01"),
    ({"watermark": {**PICTURE, "opacity": 1.01}}, "watermark.opacity", "must be less than or equal to 1"),
    ({"watermark": {**PICTURE, "opacity": "0.5"}}, "watermark.opacity", "must be a valid number"),
    ({"watermark": {**PICTURE, "size": 1}}, "watermark.size", "is not a field"),
    ({"intro": UNKNOWN}, "intro", "must be a JSON object"),
    ({"intro": {"seconds": 3}}, "intro.assetId", "is required"),
    ({"intro": {**PICTURE, "seconds": 0.4}}, "intro.seconds", "must be greater than or equal to 0.5"),
    ({"outro": {**PICTURE, "seconds": 10.1}}, "outro.seconds", "must be less than or equal to 10"),
    ({"outro": {**PICTURE, "seconds": float("inf")}}, "outro.seconds", "must be a finite number"),
    ({"outro": {**PICTURE, "text": "Hi"}}, "outro.text", "is not a field"),
]


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def test_a_wrong_option_is_422_and_named_and_nothing_is_spent(acme: Caller, everything: Everything) -> None:
    campaign_id = a_campaign_of(acme, 3)
    for fields, field, words in WRONG:
        wishes = {"campaignId": campaign_id, "numPairs": 3, **fields}
        problem = everything.refused(lambda said=wishes: asked(acme, **said), 422, field)
        assert words in problem["errors"][0]["detail"], (fields, problem["errors"])


def test_a_join_that_is_given_twice_is_refused_at_both_places(acme: Caller, everything: Everything) -> None:
    wishes = {"campaignId": a_campaign_of(acme, 3), "numPairs": 3, **joins(1, 2, 1)}
    everything.refused(lambda: asked(acme, **wishes), 422, "transitions.0.after", "transitions.2.after")


@pytest.mark.parametrize("part", ["watermark", "intro", "outro", "music"])
def test_an_asset_that_is_unknown_or_anothers_is_404_by_its_place(
    acme: Caller, other: Caller, everything: Everything, part: str
) -> None:
    campaign_id = a_campaign_of(acme, 2)
    theirs = uploaded(other, a_campaign(other)).data["id"]
    for strange in ("", "x", "../../T#other", "\x00", UNKNOWN, theirs, campaign_id):
        wishes = {"campaignId": campaign_id, part: {"assetId": strange}}
        problem = everything.refused(lambda said=wishes: asked(acme, **said), 404, f"{part}.assetId")
        assert problem["detail"] == f"There is no asset {strange!r}."


def test_all_options_that_are_wrong_are_said_at_once(acme: Caller, everything: Everything) -> None:
    wrong = {"resolution": "4k", "transition": {"kind": "wipe", "seconds": 9}, "watermark": {**PICTURE, "opacity": 2}}
    wishes = {"campaignId": a_campaign_of(acme, 2), **wrong}
    fields = ("transition.seconds", "watermark.opacity", "resolution")
    everything.refused(lambda: asked(acme, **wishes), 422, *fields)


@pytest.mark.parametrize(
    ("wishes", "cost"),
    [
        ({}, "3.60"),
        ({"audio": "strip"}, "2.40"),
        ({"audio": "strip", "resolution": "1080p"}, "2.88"),
        ({"audio": "strip", "quality": "premium", "clipDuration": 4}, "1.44"),
        ({"model": "hailuo-2.0"}, "0.60"),
        ({"model": "hailuo-2.0", "quality": "premium"}, "1.44"),
        ({"model": "hailuo-2.0", "resolution": "1080p", "clipDuration": 10}, "0.60"),
    ],
    ids=str,
)
def test_what_is_estimated_and_reserved_follows_the_options(
    acme: Caller, jobs: JobStore, ledger: Ledger, wishes: dict[str, Any], cost: str
) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=3, **wishes)
    assert answer.data["estimatedCost"] == float(cost)
    assert ledger.totals(answer.data["jobId"]).reserved == Decimal(cost)
    assert {clip.estimated_cost for clip in jobs.clips(answer.data["jobId"])} == {Decimal(cost) / 3}


@pytest.mark.parametrize(
    ("wishes", "warnings"),
    [
        ({"resolution": "1080p", "quality": "premium", "aspectRatio": "9:16"}, []),
        ({"model": "hailuo-2.0", "resolution": "1080p", "quality": "premium", "aspectRatio": "1:1"}, []),
        (
            {"model": "hailuo-2.0", "resolution": "1080p", "clipDuration": 10},
            ["resolution 1080p: hailuo-2.0 makes clips of 10 seconds at 768p at most; they are enlarged."],
        ),
        (
            {"model": "hailuo-2.0", "resolution": "1080p", "quality": "premium", "clipDuration": 10},
            ["resolution 1080p: hailuo-2.0 makes clips of 10 seconds at 768p at most; they are enlarged."],
        ),
        (
            {"model": "hailuo-2.0", "quality": "premium", "clipDuration": 9},
            [
                "clipDuration 9 was changed to 10: hailuo-2.0 makes clips of 6, 10 seconds.",
                "quality premium: hailuo-2.0 makes clips of 10 seconds at 768p at most, not at 1080p.",
            ],
        ),
        (
            {"aspectRatio": "1:1"},
            ["aspectRatio 1:1: veo3 makes 16:9, 9:16 only; its clips are fitted in, nothing is cut off."],
        ),
    ],
    ids=str,
)
def test_what_the_model_cannot_make_is_said_in_a_warning(
    acme: Caller, wishes: dict[str, Any], warnings: list[str]
) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1, **wishes)
    assert answer.data["warnings"] == warnings
    assert acme.get(answer.headers["location"]).data["warnings"] == warnings


@pytest.mark.parametrize("part", ["watermark", "intro", "outro"])
def test_a_picture_that_a_running_film_is_cut_with_cannot_be_deleted_until_it_has_ended(
    acme: Caller, jobs: JobStore, part: str
) -> None:
    """Although it is of another campaign, and the job chooses no pictures any more."""
    elsewhere = a_campaign(acme)
    needed, free = (uploaded(acme, elsewhere).data["id"] for _ in range(2))
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1, **{part: {"assetId": needed}}).data["jobId"]
    for status in (JobStatus.PROCESSING, JobStatus.COMBINING):
        jobs.table.commit(jobs.move_job(job_id, 1, status))
        answer = acme.delete(f"/api/v3/assets/{needed}")
        assert (answer.status, job_id in answer.problem["detail"]) == (409, True)
    assert acme.delete(f"/api/v3/assets/{free}").status == 204
    jobs.table.commit(jobs.move_job(job_id, 1, JobStatus.COMPLETED))
    assert acme.delete(f"/api/v3/assets/{needed}").status == 204


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: Xai) -> Stage:
    return Stage(jobs, ledger, library, media, xai.url)


def test_plan_prices_by_the_options_and_takes_the_films_ratio(stage: Stage) -> None:
    cut = Cut(audio="strip", resolution="1080p", aspect_ratio="9:16")
    job = stage.planned(cut=cut)
    assert (job.estimated_cost, job.aspect_ratio, job.cut) == (3 * 8 * Decimal("0.12"), "9:16", cut)
    assert stage.ledger.totals(job.id).reserved == job.estimated_cost


def test_plan_says_which_joins_there_are_not_when_nobody_had_named_the_number(stage: Stage) -> None:
    wipe = Transition(kind=TransitionKind.WIPE)
    job = stage.planned(cut=Cut(joins={"1": wipe, "40": wipe, "5": wipe}), num_pairs=5)
    assert job.warnings == [
        "transitions: there is no join after clip 5, the film has 5 clips.",
        "transitions: there is no join after clip 40, the film has 5 clips.",
    ]


@pytest.mark.parametrize(
    ("model", "seconds", "cut", "inputs"),
    [
        ("veo3", 8, Cut(), {"resolution": "720p", "generate_audio": True}),
        ("veo3", 8, Cut(audio="strip"), {"resolution": "720p", "generate_audio": False}),
        ("veo3", 8, Cut(quality="premium"), {"resolution": "1080p", "generate_audio": True}),
        ("veo3", 4, Cut(resolution="1080p", audio="strip"), {"resolution": "1080p", "generate_audio": False}),
        ("hailuo-2.0", 6, Cut(audio="strip"), {"resolution": "768p", "prompt_optimizer": True}),
        ("hailuo-2.0", 6, Cut(resolution="1080p"), {"resolution": "1080p", "prompt_optimizer": True}),
        ("hailuo-2.0", 10, Cut(resolution="1080p"), {"resolution": "768p", "prompt_optimizer": True}),
    ],
)
def test_the_create_carries_the_options_in_the_models_own_words(
    jobs: JobStore, media: MediaStore, model: str, seconds: int, cut: Cut, inputs: dict[str, Any]
) -> None:
    stage = ClipStage(jobs, media, model=model, duration_seconds=seconds, cut=cut, aspect_ratio=None)
    stage.request()
    (order,) = stage.provider.orders
    frames = {"image", "last_frame", "first_frame_image", "last_frame_image", "prompt"}
    assert {name: value for name, value in order.input.items() if name not in frames} == {"duration": seconds, **inputs}
