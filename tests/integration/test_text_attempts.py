"""Attempts that give the provider no picture: a create that was not answered is recognised by what was asked, or left alone."""

from __future__ import annotations

from typing import Any

import pytest

from functions.studio.clips import AttemptStatus
from functions.studio.errors import ProviderUnknown
from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from functions.studio.providers.protocol import ALIKE, Prediction, fingerprint
from functions.studio.recording import is_of
from functions.studio.table import update
from tests.integration.clip_stage import ClipStage
from tests.scripted import SUCCEEDED, ScriptedProvider, a_clip, seconds_ago

LOST = ProviderUnknown("the connection broke")


def of_text(jobs: JobStore, media: MediaStore, model: str, **clip: Any) -> ClipStage:
    stage = ClipStage(jobs, media, kind="prompt", model=model, duration_seconds=6)
    words = {"mode": "text", "prompt": "A cat", "image1_asset_id": None, "image2_asset_id": None}
    row = a_clip(stage.job, image1_key=None, image2_key=None, **{**words, **clip})
    jobs.table.commit(jobs.new_clip(stage.job.id, row))
    return stage


def accepted_unheard(stage: ClipStage) -> Prediction:
    """The create has reached the provider, and its answer nobody."""
    stage.provider.script = [LOST]
    stage.request()
    begun = Prediction(id="p9", input=stage.provider.orders[0].input)
    stage.provider.known["p9"] = begun
    return begun


def test_every_attempt_has_a_seed_of_its_own_and_the_same_one_when_it_is_asked_for(
    jobs: JobStore, media: MediaStore
) -> None:
    seeds = set()
    for _ in range(3):
        stage = of_text(jobs, media, "veo3")
        stage.request()
        seeds.add(stage.provider.orders[0].input["seed"])
    assert len(seeds) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)
    stage = of_text(jobs, media, "veo3", seed=7)
    stage.request()
    assert stage.provider.orders[0].input["seed"] == 7


def test_a_create_that_was_not_answered_is_found_by_all_that_was_asked(jobs: JobStore, media: MediaStore) -> None:
    stage = of_text(jobs, media, "veo3")
    accepted_unheard(stage)
    other = {**stage.provider.orders[0].input, "seed": 1}
    stage.provider.known = {"p8": Prediction(id="p8", input=other)} | stage.provider.known
    stage.look()
    assert (stage.attempt().status, stage.attempt().prediction_id) == (AttemptStatus.ACCEPTED, "p9")
    assert len(stage.provider.orders) == 1


@pytest.mark.parametrize(("model", "clip"), [("hailuo-2.0", {}), ("veo3", {"seed": 7})])
def test_one_that_another_attempt_may_have_asked_for_is_neither_taken_nor_taken_for_nothing(
    jobs: JobStore, media: MediaStore, model: str, clip: dict[str, Any]
) -> None:
    stage = of_text(jobs, media, model, **clip)
    begun = accepted_unheard(stage)
    attempt = stage.attempt()
    assert attempt.fingerprint == fingerprint(begun.input, unique=False)
    assert is_of(begun, stage.job.id, attempt), "its webhook, which comes to the attempt's own address, is believed"
    stage.stands_in = Undecided(stage.provider)
    sent_long_ago = update(f"J#{stage.job.id}", f"ATT#{attempt.id}", {"claimedAt": seconds_ago(3600)}, {"pk": ...})
    jobs.table.commit(sent_long_ago)
    stage.look()
    assert (stage.attempt().status, stage.attempt().answer) == (AttemptStatus.UNKNOWN, None)
    assert stage.looks[-1] == 1, "it is looked for again"


class Undecided(ScriptedProvider):
    """As Replicate: what is alike is not told apart."""

    def __init__(self, other: ScriptedProvider) -> None:
        super().__init__()
        self.known = other.known

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        found = super().find(mark, asked_at)
        if found and mark.startswith(ALIKE):
            raise ProviderUnknown("perhaps another's")
        return found


def test_a_fingerprint_is_of_the_whole_input_whatever_its_order() -> None:
    asked = {"prompt": "A cat", "duration": 6}
    mark = fingerprint({"duration": 6, "prompt": "A cat"}, unique=True)
    assert Prediction(id="p", input=asked, answer=SUCCEEDED).carries(mark)
    assert not Prediction(id="p", input={**asked, "seed": 1}).carries(mark)
    assert not Prediction(id="p", input=asked).carries(fingerprint(asked, unique=True)[:-1])


def test_a_prediction_that_shows_whom_it_reports_to_is_no_variants_that_has_asked_for_the_same(
    jobs: JobStore, media: MediaStore
) -> None:
    """Found by the schedules, seed 3851344669: one variant's webhook, sent to another's address before its create was
    answered, gave it the wrong clip."""
    stage = of_text(jobs, media, "hailuo-2.0")
    begun = accepted_unheard(stage)
    attempt = stage.attempt()
    address = f"https://api.example/api/v3/callbacks/piapi?job={stage.job.id}&attempt="
    assert is_of(begun.model_copy(update={"webhook": f"{address}{attempt.id}"}), stage.job.id, attempt)
    assert not is_of(begun.model_copy(update={"webhook": f"{address}1.0002.video.1"}), stage.job.id, attempt)
