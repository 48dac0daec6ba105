from __future__ import annotations

import pytest

from functions.studio.clips import STAGES
from functions.studio.credits import in_credits, owed, tariff
from functions.studio.ledger import LineState, credits_taken, reservation
from tests.scripted import a_clip, a_job

IMAGE, SCENE = (tariff().of_kind("scenes")[stage] for stage in ("image", "video"))


def test_a_scene_takes_credits_for_its_picture_and_for_its_video() -> None:
    job = in_credits(a_job(kind="scenes"), [])
    assert (job.credits_of("image"), job.credits_of("video")) == (IMAGE, SCENE)
    assert IMAGE > 0 < SCENE


def test_every_stage_that_takes_credits_is_one_of_its_kind() -> None:
    for kind, stages in tariff().stages.items():
        assert stages.keys() == set(STAGES[kind])


@pytest.mark.parametrize("kind", sorted(STAGES.keys() - tariff().stages.keys()))
def test_other_kinds_of_jobs_take_none(kind: str) -> None:
    job = in_credits(a_job(kind=kind), STAGES[kind])
    assert (job.credit_costs, job.reserved_credits) == ({}, 0)


def test_a_run_takes_what_its_clips_have_before_them() -> None:
    assert in_credits(a_job(kind="scenes"), ["image", "video"]).reserved_credits == IMAGE + SCENE + SCENE


def test_what_was_promised_holds_whatever_the_tariff_says_later() -> None:
    job = a_job(kind="scenes", credit_costs={"image": 1, "video": 2})
    assert (owed(job, "image"), owed(job, "video")) == (3, 2)


@pytest.mark.parametrize(
    ("state", "taken"),
    [(LineState.RESERVED, 0), (LineState.SETTLED, SCENE), (LineState.RELEASED, 0), (LineState.LOST, 0)],
)
def test_credits_are_taken_for_what_was_kept_alone(state: LineState, taken: int) -> None:
    line = reservation(a_clip(a_job()), credits=SCENE).model_copy(update={"state": state})
    assert credits_taken([line, line]) == 2 * taken
