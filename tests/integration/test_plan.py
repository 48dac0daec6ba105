"""Plan against the xAI stand-in, through the real SDK: the pictures are fetched, the answer follows the schema."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from functions.studio.chat import Chat
from functions.studio.clips import ClipStatus, pending_clip
from functions.studio.errors import ConditionLost, InvalidRequest, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus, Purpose, RunKind
from functions.studio.ledger import Ledger, reservation
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.services import Seen
from local.standins.xai import Xai
from tests.integration.plan_stage import Stage
from tests.scripted import a_clip


class Moves:
    """DynamoDB; before a job goes on to its clips, something happens `meanwhile`, once. `asked` is that write."""

    def __init__(self, client: Any, meanwhile: Callable[[], object]) -> None:
        self._client = client
        self.meanwhile: Callable[[], object] | None = meanwhile
        self.asked: dict[str, Any] = {}

    def update_item(self, **asked: Any) -> Any:
        self._happens(asked, asked)
        return self._client.update_item(**asked)

    def transact_write_items(self, **asked: Any) -> Any:
        """With what the budgets have to say to it."""
        for item in asked["TransactItems"]:
            self._happens(item.get("Update", {}), asked)
        return self._client.transact_write_items(**asked)

    def _happens(self, write: dict[str, Any], asked: dict[str, Any]) -> None:
        going_on = {"S": JobStatus.PROCESSING.value} in write.get("ExpressionAttributeValues", {}).values()
        if going_on and self.meanwhile:
            self.asked = asked
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: Xai) -> Stage:
    return Stage(jobs, ledger, library, media, xai.url)


def test_a_run_after_one_that_failed_before_its_selection_selects_anew(stage: Stage) -> None:
    failed = stage.job(status=JobStatus.FAILED, announced_run=1)
    lost = a_clip(failed, 1, status=ClipStatus.FAILED, error_message="unreachable")
    stage.jobs.table.commit(stage.jobs.new_clip(failed.id, lost))
    stage.jobs.table.commit(*stage.jobs.next_run(failed, Purpose(kind=RunKind.RETRY), {}))
    tasks = stage.plan(stage.jobs.job(failed.id)).tasks
    assert [task.attempt_id for task in tasks] == ["2.0001.video.1", "2.0002.video.1", "2.0003.video.1"]
    clips = stage.jobs.clips(failed.id)
    assert [(clip.run, clip.status, clip.error_message) for clip in clips] == 3 * [(2, ClipStatus.PENDING, None)]
    assert stage.ledger.totals(failed.id).reserved == sum(clip.estimated_cost for clip in clips)


def test_each_pair_becomes_a_pending_clip_with_its_reservation_and_a_task(stage: Stage) -> None:
    job = stage.job()
    tasks = stage.plan(job).tasks
    clips = stage.jobs.clips(job.id)
    assert [task.clip for task in tasks] == [clip.number for clip in clips] == [1, 2, 3]
    assert all(clip.status is ClipStatus.PENDING and clip.score and clip.reason for clip in clips)
    assert stage.ledger.totals(job.id).reserved == Decimal("3.60")
    assert {(task.timeout_seconds, task.heartbeat_seconds) for task in tasks} == {(600, 30)}


def test_the_job_goes_on_with_what_was_chosen_and_what_that_cost(stage: Stage) -> None:
    after = stage.planned()
    assert after.status is JobStatus.PROCESSING
    assert (after.total_clips, after.estimated_cost, after.aspect_ratio) == (3, Decimal("3.60"), "16:9")
    assert (after.planning_model, after.warnings) == ("grok-4.3", [])
    assert 0 < after.planning_cost < Decimal("0.1")


def test_the_clips_name_pictures_of_the_campaign(stage: Stage) -> None:
    job = stage.planned()
    keys = {asset.id: asset.key for asset in stage.pictures}
    for clip in stage.jobs.clips(job.id):
        assert clip.image1_asset_id
        assert clip.image2_asset_id
        assert keys[clip.image1_asset_id] == clip.image1_key
        assert keys[clip.image2_asset_id] == clip.image2_key
        assert clip.image1_asset_id != clip.image2_asset_id


def test_without_a_number_the_model_chooses_it(stage: Stage) -> None:
    job = stage.job(num_pairs=None)
    tasks = stage.plan(job).tasks
    assert len(tasks) == stage.jobs.job(job.id).total_clips == len(stage.jobs.clips(job.id)) > 0


def test_what_the_model_is_asked_is_not_stored_there(stage: Stage) -> None:
    stage.planned()
    [question] = stage.asked()
    assert question["store"] is False
    assert question["reasoning_effort"] == "none"
    assert question["response_format"]["json_schema"]["strict"] is True


def test_rows_that_were_there_before_the_job_do_not_expire_after_it(stage: Stage) -> None:
    job = stage.job()
    early = pending_clip(job, 1, Decimal("1.20"), expires_at=1)
    stage.jobs.table.put_all([stage.jobs.new_clip(job.id, early)])
    stage.plan(job)
    assert all(clip.expires_at is None for clip in stage.jobs.clips(job.id))


def test_what_an_earlier_try_left_behind_is_not_made_too(stage: Stage) -> None:
    job = stage.job(num_pairs=None)
    left = [pending_clip(job, number, Decimal("1.20")) for number in range(1, 9)]
    stage.jobs.table.put_all([stage.jobs.new_clip(job.id, clip) for clip in left])
    stage.jobs.table.put_all([stage.ledger.reserve(job.id, reservation(clip)) for clip in left])
    tasks = stage.plan(job).tasks
    after = stage.jobs.job(job.id)
    assert len(tasks) == after.total_clips == len(stage.jobs.clips(job.id)) < 8
    assert stage.ledger.totals(job.id).reserved == after.estimated_cost


class Interrupted(Chat):
    """Something happens to the job while the model looks at its pictures."""

    def __init__(self, vision: Chat, happens: Callable[[], None]) -> None:
        self.vision, self.happens = vision, happens

    def answer(self, *asked: Any) -> Seen:
        seen = self.vision.answer(*asked)
        self.happens()
        return seen


def test_a_job_that_ends_while_its_pairs_are_chosen_gets_no_rows(stage: Stage) -> None:
    job = stage.job()

    def ends() -> None:
        stage.jobs.table.commit(stage.jobs.move_job(job.id, 1, JobStatus.FAILED))

    stage.edits(vision=Interrupted(stage.board.editor.vision, ends))
    with pytest.raises(StaleRun):
        stage.plan(job)
    assert stage.jobs.clips(job.id) == []
    assert stage.ledger.totals(job.id).reserved == 0


def test_a_try_that_comes_late_does_not_touch_clips_that_have_begun(stage: Stage) -> None:
    job = stage.job()
    quick = stage.board.editor.vision

    def another_try_is_quicker() -> None:
        stage.edits(vision=quick)
        stage.plan(job)
        stage.jobs.table.commit(stage.jobs.move_clip(job.id, 1, 1, ClipStatus.PROCESSING))

    stage.edits(vision=Interrupted(quick, another_try_is_quicker))
    assert [task.clip for task in stage.plan(job).tasks] == [2, 3]
    assert stage.jobs.clip(job.id, 1).status is ClipStatus.PROCESSING


def test_a_try_that_began_before_another_one_writes_nothing_more(stage: Stage, tmp_path: Path) -> None:
    """Nor does it end the job: it may be the one that the workflow waits for, and its Retry looks what came of the other."""
    job = stage.job(num_pairs=None)
    slow = stage.board.jobs.table.client
    stage.says(tmp_path, (0, 1), (1, 2))
    stage.says(tmp_path, (0, 2), (1, 3), (2, 3), (0, 3))

    def another_try_writes_its_rows_and_is_no_further() -> None:
        moves.meanwhile = crash
        with pytest.raises(KeyboardInterrupt):
            stage.plan(job)

    def crash() -> None:
        raise KeyboardInterrupt

    moves = Moves(slow, another_try_writes_its_rows_and_is_no_further)
    stage.jobs.table.client = cast(Any, moves)
    with pytest.raises(ConditionLost):
        stage.plan(job)
    stage.says(tmp_path, (0, 1))
    tasks = stage.plan(job).tasks
    planned = stage.jobs.job(job.id)
    assert len(tasks) == planned.total_clips == len(stage.jobs.clips(job.id)) == 1
    assert planned.estimated_cost == stage.ledger.totals(job.id).reserved


def test_a_job_that_has_gone_on_though_the_answer_to_that_was_lost_is_planned(stage: Stage) -> None:
    job = stage.job(reserved_cost=Decimal("3.60"))
    client = stage.jobs.table.client
    moves = Moves(client, lambda: client.update_item(**moves.asked))
    stage.jobs.table.client = cast(Any, moves)
    assert [task.clip for task in stage.plan(job).tasks] == [1, 2, 3]
    assert len(stage.asked()) == 1


def test_planning_again_asks_nobody_and_gives_the_same_tasks(stage: Stage) -> None:
    job = stage.job()
    assert stage.plan(job) == stage.plan(job)
    assert len(stage.asked()) == 1


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.COMPLETED])
def test_nothing_is_planned_for_a_job_that_has_ended(stage: Stage, status: JobStatus) -> None:
    with pytest.raises(StaleRun):
        stage.plan(stage.job(status=status))


@pytest.mark.parametrize(
    ("left", "pairs", "words"),
    [
        (1, None, "^Need at least 2 image assets, but campaign has 1$"),
        (0, 3, "^Need at least 2 image assets, but campaign has 0$"),
        (3, 4, "^numPairs: must be at most 3: 3 pictures make no more pairs$"),
    ],
)
def test_pictures_that_have_gone_since_the_job_was_accepted_end_it_before_anything_is_spent(
    stage: Stage, left: int, pairs: int | None, words: str
) -> None:
    for asset in stage.pictures[left:]:
        stage.library.remove_asset(asset)
    job = stage.job(num_pairs=pairs)
    with pytest.raises(InvalidRequest, match=words):
        stage.plan(job)
    assert stage.asked() == []
    assert stage.jobs.clips(job.id) == []


def test_pairs_that_are_compared_have_a_clip_by_each_model_and_all_are_reserved(stage: Stage) -> None:
    job = stage.planned(compare=["veo3", "hailuo-2.0"], num_pairs=None)
    clips = stage.jobs.clips(job.id)
    shots = len(clips) // 2
    assert [(clip.shot, clip.variant, clip.model, clip.duration_seconds) for clip in clips] == [
        (shot, *one) for shot in range(1, shots + 1) for one in ((1, "veo3", 8), (2, "hailuo-2.0", 6))
    ]
    for one, other in zip(clips[::2], clips[1::2], strict=True):
        assert (one.image1_asset_id, one.image2_asset_id) == (other.image1_asset_id, other.image2_asset_id)
    cost = shots * (Decimal("1.20") + Decimal("0.20"))
    assert (job.total_clips, job.estimated_cost, job.reserved_cost) == (2 * shots, cost, cost)
    assert stage.ledger.totals(job.id).reserved == cost
