"""From a campaign's pictures to clip rows with their reservations, and the list of what is to be made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from functions.plan.selection import SCHEMA, Pair, ask, check
from functions.plan.vision import Vision
from functions.studio.catalogue import Model, catalogue
from functions.studio.clips import STAGES, Clip, ClipStatus, pending_clip
from functions.studio.errors import ConditionLost, NotFound, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, now
from functions.studio.ledger import Ledger, reservation
from functions.studio.library import Asset, Campaign, Client, Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, ClipTasks
from functions.studio.telemetry import logger


@dataclass(frozen=True)
class Board:
    jobs: JobStore
    ledger: Ledger
    library: Library
    media: MediaStore
    vision: Vision
    timeout_seconds: int
    heartbeat_seconds: int


def plan(job_id: str, run: int, board: Board) -> ClipTasks:
    """Chooses once: when the rows are there already, from an earlier try of this state, they are what counts."""
    job = board.jobs.job(job_id)
    if job.run != run or job.status not in (JobStatus.PLANNING, JobStatus.PROCESSING):
        raise StaleRun(f"job {job_id} is {job.status} in run {job.run}; nothing is planned for run {run}")
    if job.status is JobStatus.PLANNING:
        _choose(job, board)
    return ClipTasks(tasks=[_task(job, clip, board) for clip in _to_make(job, board)])


def _to_make(job: Job, board: Board) -> list[Clip]:
    clips = board.jobs.clips(job.id)
    return [clip for clip in clips if clip.run == job.run and clip.status is ClipStatus.PENDING]


def _task(job: Job, clip: Clip, board: Board) -> ClipTask:
    return ClipTask(
        job_id=job.id,
        run=job.run,
        clip=clip.number,
        stage=STAGES[job.kind][0],
        attempt=1,
        timeout_seconds=board.timeout_seconds,
        heartbeat_seconds=board.heartbeat_seconds,
    )


def _choose(job: Job, board: Board) -> None:
    campaign = board.library.get(Campaign, job.tenant, job.campaign_id)
    client = board.library.get(Client, job.tenant, job.client_id) if job.client_id else None
    pictures = {asset.id: asset for asset in board.library.pictures(job.tenant, job.campaign_id)}
    vision = catalogue().vision()
    signed = [(asset, board.media.signed_url(asset.key)) for asset in pictures.values()]
    seen = board.vision.answer(vision.slug, ask(signed, campaign, client, job.num_pairs), SCHEMA)
    pairs = check(seen.text, set(pictures), job.num_pairs)
    logger().info("pairs selected", extra={"pairs": len(pairs), "pictures": len(pictures), "visionModel": vision.slug})
    model = _model(job)
    clips = [_clip(job, model, number, pair, pictures) for number, pair in enumerate(pairs, 1)]
    board.jobs.table.put_all([board.jobs.new_clip(job.id, clip) for clip in clips])
    board.jobs.table.put_all([board.ledger.reserve(job.id, reservation(clip)) for clip in clips])
    first = pictures[pairs[0].image1_asset_id]
    chosen = {
        "totalClips": len(clips),
        "estimatedCost": sum((clip.estimated_cost for clip in clips), start=Decimal(0)),
        "planningModel": vision.slug,
        "planningCost": vision.cost(seen.tokens_in, seen.tokens_out),
        "aspectRatio": model.aspect_ratio(first.width, first.height),
        "startedAt": now(),
    }
    try:
        board.jobs.table.commit(board.jobs.move_job(job.id, job.run, JobStatus.PROCESSING, chosen))
    except ConditionLost:
        raise StaleRun(f"job {job.id} ended while its pairs were chosen") from None


def _model(job: Job) -> Model:
    model = catalogue().find(job.model)
    if model is None:
        raise NotFound(f"The catalogue has no model {job.model!r}.")
    return model


def _clip(job: Job, model: Model, number: int, pair: Pair, pictures: dict[str, Asset]) -> Clip:
    return pending_clip(
        job,
        number,
        model.cost(job.duration_seconds),
        image1_asset_id=pair.image1_asset_id,
        image2_asset_id=pair.image2_asset_id,
        image1_key=pictures[pair.image1_asset_id].key,
        image2_key=pictures[pair.image2_asset_id].key,
        prompt=catalogue().default_prompt,
        score=Decimal(str(round(pair.score, 4))),
        reason=pair.reason,
    )
