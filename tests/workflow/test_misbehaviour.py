"""What becomes of a job whose providers misbehave: one job of many clips, one way of misbehaving a clip, and a few small
jobs whose pairs are chosen by a vision model that misbehaves. Everything as `POST /_script` has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.standins.replicate import Replicate
from local.standins.xai import Xai
from tests.media import Studio
from tests.standins.conftest import wait_until
from tests.workflow.conftest import Film, Team

SECONDS = 4
PRICE = SECONDS * 0.15
LIMIT = 30
"""Seconds that a clip may take here instead of ten minutes: what nobody ever answers for takes them all."""
LATE = LIMIT + 20
"""Seconds after which even the film is there."""

VERBS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "fail": [{"do": "fail", "times": 2}],
    "refuse": [{"do": "refuse"}],
    "throttle": [{"do": "throttle", "seconds": 3, "times": 2}],
    "throttle, untold": [{"do": "throttle", "times": 2}],
    "server_error": [{"do": "server_error"}],
    "lose_answer": [{"do": "lose_answer"}],
    "lose_answer and webhook": [{"do": "lose_answer"}, {"do": "lose_webhook"}],
    "lose_webhook": [{"do": "lose_webhook"}],
    "duplicate_webhook": [{"do": "duplicate_webhook"}],
    "forge_webhook": [{"do": "forge_webhook"}],
    "late_webhook": [{"do": "late_webhook", "seconds": LATE}],
    "early_webhook": [{"do": "early_webhook"}],
    "expire_output": [{"do": "expire_output", "times": 2}],
    "expire_output unheard": [{"do": "expire_output", "times": 2}, {"do": "lose_webhook", "times": 2}],
    "truncate_output": [{"do": "truncate_output", "times": 2}],
    "corrupt_output": [{"do": "corrupt_output", "times": 2}],
    "serve": [{"do": "serve", "file": "another"}],
    "slow": [{"do": "slow", "seconds": 5}],
    "queue": [{"do": "queue", "seconds": 5}],
    "abort": [{"do": "abort", "times": 2}],
}
"""The clip of each has its place in this table as its number."""

LOST = ("expire_output", "expire_output unheard", "truncate_output", "corrupt_output")
"""Paid for, and nothing was had of it."""
UNTOLD = ("server_error",)
"""Time is too short here to be sure that a create which was not answered begins nothing any more: it counts as lost."""
FREE = ("fail", "refuse", "abort")
TWICE = ("fail", "abort", *LOST)
"""Tried again, once, and it went no better."""
NUMBERS = {verb: number for number, verb in enumerate(VERBS, 1)}


@dataclass
class Outcome:
    """All that can be seen of the clip of a verb: by the team, in the manifest, and at the provider."""

    number: int
    clip: dict[str, Any]
    attempts: list[dict[str, Any]]
    creates: list[dict[str, Any]]
    predictions: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]

    @property
    def money(self) -> list[tuple[str, float]]:
        return [(attempt["money"], attempt["amount"]) for attempt in self.attempts]


class Aftermath:
    """The job when all is over, the late webhook too; `ended` are it and its clips before that came."""

    def __init__(self, team: Team, job: str, ended: tuple[Any, Any], film: Film, files: dict[str, Path]) -> None:
        self.team = team
        self.job = job
        self.ended = ended
        self.film = film
        self.files = files
        self.state = team.get(f"/jobs/{job}")

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        manifest = self.team.get(f"/jobs/{self.job}/manifest")
        told = {entry["number"]: entry for entry in manifest["clips"] + manifest["failedClips"]}
        clips = {clip["subJobNumber"]: clip for clip in self.team.clips(self.job)}
        creates = [entry for entry in self.team.log() if entry["path"].endswith("/predictions")]
        predictions = self.team.look("_predictions")
        deliveries = self.team.look("_webhooks")
        outcomes = {}
        for verb, number in NUMBERS.items():
            webhook = f"job={self.job}&attempt=1.{number:04}."
            mine = [one for one in predictions if webhook in one["webhook"]]
            outcomes[verb] = Outcome(
                number=number,
                clip=clips[number],
                attempts=told[number]["attempts"],
                creates=[one for one in creates if one["method"] == "POST" and webhook in one["body"]["webhook"]],
                predictions=mine,
                deliveries=[one for one in deliveries if one["predictionId"] in {p["id"] for p in mine}],
            )
        return outcomes


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


@pytest.fixture(scope="module")
def misled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """In a cloud of its own, where time is short."""
    limits = {"ClipTimeoutSeconds": str(LIMIT), "CheckDelays": "2,3,4,5"}
    with LocalCloud(out=tmp_path_factory.mktemp("misled"), parameters=limits) as cloud:
        yield Team(cloud)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Ready-made clips, so that nothing has to be drawn."""
    studio = Studio(tmp_path_factory.mktemp("ready"))
    web = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    return {
        "any": studio.clip(seconds=SECONDS, encoder=web),
        "another": studio.clip(seconds=SECONDS, tone=660, encoder=web),
    }


@pytest.fixture(scope="module")
def asked(misled: Team, files: dict[str, Path], crowd: list[Path]) -> str:
    """The job, as soon as every one of its creates has been sent."""
    for verb, number in NUMBERS.items():
        for rule in VERBS[verb]:
            file = {"file": str(files[rule["file"]])} if "file" in rule else {}
            misled.script({"match": {"webhook": f"attempt=1.{number:04}."}, **rule, **file})
    misled.script({"do": "serve", "file": str(files["any"]), "times": 1000})
    job = misled.film(misled.campaign(crowd[:7]), numPairs=len(VERBS), clipDuration=SECONDS)
    wait_until(lambda: _rules_left(misled) == 1, 120)
    return job


def _rules_left(team: Team) -> int:
    return int(requests.post(f"{team.cloud.services['replicate']}/_script", json=[], timeout=10).json()["rules"])


@pytest.fixture(scope="module")
def aftermath(
    misled: Team,
    asked: str,
    planned: dict[str, Any],
    files: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Aftermath:
    state = misled.wait(asked)
    assert state["status"] == "completed", state["errorMessage"]
    ended = state, misled.clips(asked)
    wait_until(lambda: any(_is_late(one, misled) for one in misled.look("_webhooks")), 60)
    film = misled.download(f"/videos/{asked}/combined", tmp_path_factory.mktemp("film") / "film.mp4")
    return Aftermath(misled, asked, ended, Film(film), files)


def _is_late(delivery: dict[str, Any], team: Team) -> bool:
    late = [one["id"] for one in team.look("_predictions") if one["scripted"] == ["late_webhook", "serve"]]
    return delivery["predictionId"] in late


def test_every_verb_of_either_service_is_tried_here() -> None:
    assert {rule["do"] for rules in VERBS.values() for rule in rules} == Replicate.verbs
    assert set(VISION) == set(Xai.verbs)


def test_the_film_is_of_the_clips_that_came_and_the_job_says_which_did_not(aftermath: Aftermath) -> None:
    missing = [*FREE, *LOST, *UNTOLD]
    survivors = [verb for verb in VERBS if verb not in missing]
    assert {verb for verb, seen in aftermath.outcomes.items() if seen.clip["status"] == "failed"} == set(missing)
    assert aftermath.film.frames == len(survivors) * SECONDS * 24
    assert aftermath.film.lasts(len(survivors) * SECONDS)
    told = {aftermath.outcomes[verb].number: aftermath.outcomes[verb].clip["errorMessage"] for verb in missing}
    assert aftermath.state["warnings"] == [
        f"Clip {number} is missing from the film: {told[number]}" for number in sorted(told)
    ]


def test_what_was_had_is_paid_what_bought_nothing_is_lost_and_shown(aftermath: Aftermath) -> None:
    survivors = len(VERBS) - len(FREE) - len(LOST) - len(UNTOLD)
    assert aftermath.state["actualCost"] == pytest.approx(survivors * PRICE)
    assert aftermath.state["lostCost"] == pytest.approx((2 * len(LOST) + len(UNTOLD)) * PRICE)
    for verb, seen in aftermath.outcomes.items():
        word = "lost" if verb in LOST + UNTOLD else "released" if verb in FREE else "settled"
        attempts = 2 if verb in TWICE else 1
        assert (verb, seen.money) == (verb, [(word, pytest.approx(PRICE))] * attempts)


def test_no_attempt_has_more_than_one_prediction(aftermath: Aftermath) -> None:
    for verb, seen in aftermath.outcomes.items():
        retries = 1 if verb in TWICE else 0
        assert (verb, seen.clip["retryCount"]) == (verb, retries)
        asked = [one["webhook"].rpartition("=")[2] for one in seen.predictions]
        assert (verb, len(asked)) == (verb, 0 if verb == "server_error" else retries + 1)
        assert len(set(asked)) == len(asked)
        if seen.predictions:
            assert seen.clip["replicatePredictionId"] == seen.predictions[-1]["id"]


def test_fail_fails_the_clip_with_the_providers_reason(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["fail"]
    assert seen.clip["errorMessage"] == "The model failed to generate an output. Please try again."
    assert (seen.clip["errorClass"], len(seen.creates)) == ("failed", 2)


def test_refuse_fails_the_clip_as_refused_and_it_is_not_asked_for_again(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["refuse"]
    assert (seen.clip["errorClass"], len(seen.creates)) == ("refused", 1)
    assert "flagged as sensitive" in seen.clip["errorMessage"]
    assert seen.money == [("released", pytest.approx(PRICE))]


def test_throttle_is_waited_for_as_told_and_burns_no_attempt(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["throttle"]
    first, second, third = (create["at"] for create in seen.creates)
    assert second - first >= 3
    assert third - second >= 3
    assert (seen.clip["status"], len(seen.attempts)) == ("completed", 1)


def test_throttle_without_a_hint_is_waited_for_too(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["throttle, untold"]
    first, second, third = (create["at"] for create in seen.creates)
    assert min(second - first, third - second) >= 1
    assert (seen.clip["status"], len(seen.attempts)) == ("completed", 1)


def test_server_error_is_unknown_and_never_sent_again(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["server_error"]
    assert len(seen.creates) == 1
    assert (seen.clip["status"], seen.clip["errorClass"]) == ("failed", "timeout")
    assert "Prediction timed out" in seen.clip["errorMessage"]
    assert seen.money == [("lost", pytest.approx(PRICE))]


@pytest.mark.parametrize("verb", ["lose_answer", "lose_answer and webhook"])
def test_lose_answer_leaves_one_paid_prediction_which_is_found(aftermath: Aftermath, verb: str) -> None:
    seen = aftermath.outcomes[verb]
    assert (len(seen.creates), seen.clip["status"]) == (1, "completed")
    assert seen.money == [("settled", pytest.approx(PRICE))]
    assert bool(seen.deliveries) is (verb == "lose_answer")


def test_lose_webhook_is_made_up_for_by_a_look(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["lose_webhook"]
    assert (seen.deliveries, seen.clip["status"]) == ([], "completed")
    path = f"/v1/predictions/{seen.clip['replicatePredictionId']}"
    assert [entry for entry in aftermath.team.log() if entry["path"] == path]


def test_duplicate_webhook_makes_one_transition_one_charge_and_one_object(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["duplicate_webhook"]
    assert len({delivery["webhookId"] for delivery in seen.deliveries}) == 1
    assert [delivery["answered"] for delivery in seen.deliveries] == [204] * 5
    assert seen.money == [("settled", pytest.approx(PRICE))]
    cloud = aftermath.team.cloud
    pages = cloud.client("s3").get_paginator("list_object_versions").paginate(Bucket=cloud.bucket)
    names = [version["Key"] for page in pages for version in page["Versions"]]
    assert len([name for name in names if aftermath.job in name and f"clip_{seen.number:03}.mp4" in name]) == 1


def test_forge_webhook_is_answered_401_and_changes_nothing(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["forge_webhook"]
    assert [(one["forged"], one["status"], one["answered"]) for one in seen.deliveries] == [
        (True, "failed", 401),
        (False, "succeeded", 204),
    ]
    assert (seen.clip["status"], seen.clip["errorMessage"]) == ("completed", None)


def test_late_webhook_finds_that_a_look_was_quicker_and_changes_nothing(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["late_webhook"]
    [late] = seen.deliveries
    assert (late["status"], late["answered"]) == ("succeeded", 204)
    assert late["at"] >= seen.predictions[0]["endedAt"] + LATE
    assert _seconds(aftermath.state["completedAt"]) < late["at"]
    assert (aftermath.state, aftermath.team.clips(aftermath.job)) == aftermath.ended
    assert (seen.clip["status"], len(seen.attempts)) == ("completed", 1)


def test_early_webhook_is_believed_before_the_create_was_answered(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["early_webhook"]
    assert [delivery["answered"] for delivery in seen.deliveries] == [204]
    assert seen.clip["status"] == "completed"


@pytest.mark.parametrize(
    ("verb", "error_class", "told"),
    [
        ("expire_output", "expired", "expired"),
        ("expire_output unheard", "expired", "deleted"),
        ("truncate_output", "broken", "unusable"),
        ("corrupt_output", "broken", "unusable"),
    ],
)
def test_an_output_that_is_gone_or_spoilt_is_no_clip(
    aftermath: Aftermath, verb: str, error_class: str, told: str
) -> None:
    seen = aftermath.outcomes[verb]
    assert (seen.clip["status"], seen.clip["errorClass"], seen.clip["videoUrl"]) == ("failed", error_class, None)
    assert told in seen.clip["errorMessage"]
    assert len(seen.creates) == 2


def test_serve_is_kept_byte_for_byte(aftermath: Aftermath, tmp_path: Path) -> None:
    for verb, name in (("serve", "another"), ("nothing", "any")):
        url = aftermath.outcomes[verb].clip["videoUrl"]
        kept = aftermath.team.download(url, tmp_path / "clip.mp4").read_bytes()
        assert hashlib.sha256(kept).digest() == hashlib.sha256(aftermath.files[name].read_bytes()).digest()


def test_slow_is_waited_for(aftermath: Aftermath) -> None:
    [prediction] = aftermath.outcomes["slow"].predictions
    assert prediction["endedAt"] - prediction["startedAt"] >= 5
    assert aftermath.outcomes["slow"].clip["status"] == "completed"


def test_a_clip_that_is_queued_is_waited_for(aftermath: Aftermath) -> None:
    [prediction] = aftermath.outcomes["queue"].predictions
    assert prediction["startedAt"] - prediction["createdAt"] >= 5
    assert aftermath.outcomes["queue"].clip["status"] == "completed"


def test_abort_fails_the_clip_which_had_not_begun_and_is_not_charged(aftermath: Aftermath) -> None:
    seen = aftermath.outcomes["abort"]
    assert (seen.predictions[0]["status"], seen.predictions[0]["startedAt"]) == ("aborted", None)
    assert "aborted" in seen.clip["errorMessage"]
    assert seen.money == [("released", pytest.approx(PRICE))] * 2


NONSENSE = json.dumps(
    {"pairs": [{"image1AssetId": "nobody", "image2AssetId": "nobody", "score": 2, "reason": "because"}]}
)
VISION: dict[str, dict[str, Any]] = {
    "throttle": {"seconds": 2, "times": 2},
    "server_error": {},
    "lose_answer": {},
    "slow": {"seconds": 2},
    "fail": {},
    "refuse": {},
    "serve": {"times": 9},
    "truncate_output": {"times": 9},
    "corrupt_output": {},
}
UNTROUBLED = "veo-3.1"
"""Another model than the large job's, which is warned of after what became of that."""
CHOSEN_WITHOUT = {"refuse": "refused", "serve": "no picture of the campaign", "truncate_output": "length"}
"""The verbs that no trying again can mend, and a word of the reason that the job gives."""


@pytest.fixture(scope="module")
def planned(misled: Team, asked: str, crowd: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The jobs, by what the vision model did when it was asked for their pairs; all at once, while the large one waits."""
    nonsense = tmp_path_factory.mktemp("nonsense") / "answer.json"
    nonsense.write_text(NONSENSE)
    jobs = {}
    for verb, more in VISION.items():
        goal = _goal(verb)
        campaign = misled.campaign(crowd[:3])
        answer = misled.http.patch(f"{misled.url}/campaigns/{campaign}", json={"goal": goal}, timeout=30)
        answer.raise_for_status()
        file = {"file": str(nonsense)} if verb == "serve" else {}
        misled.script({"match": {"prompt": goal}, "do": verb, **more, **file}, service="xai")
        jobs[verb] = misled.film(campaign, numPairs=1, model=UNTROUBLED, clipDuration=SECONDS)
    return {verb: misled.wait(job) for verb, job in jobs.items()}


def _goal(verb: str) -> str:
    return f"To see a vision model {verb}."


def questions(team: Team, verb: str) -> int:
    """How often the vision model was asked for the pairs of a verb's job."""
    return sum(_goal(verb) in json.dumps(entry["body"]) for entry in team.log("xai"))


@pytest.mark.parametrize("verb", [verb for verb in VISION if verb not in CHOSEN_WITHOUT])
def test_the_vision_model_is_asked_again_when_that_can_help(misled: Team, planned: dict[str, Any], verb: str) -> None:
    state = planned[verb]
    assert (state["status"], state["warnings"]) == ("completed", [])
    assert state["planningModel"].startswith("grok")
    assert questions(misled, verb) == {"throttle": 3, "slow": 1}.get(verb, 2)


@pytest.mark.parametrize("verb", CHOSEN_WITHOUT)
def test_else_the_pairs_are_chosen_without_it_and_the_job_says_why(
    misled: Team, planned: dict[str, Any], verb: str
) -> None:
    state = planned[verb]
    assert (state["status"], state["progress"]["successful_clips"]) == ("completed", 1)
    [warning] = state["warnings"]
    assert "visual continuity" in warning
    assert CHOSEN_WITHOUT[verb] in warning
    assert questions(misled, verb) == (1 if verb == "refuse" else 3)
