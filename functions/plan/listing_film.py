"""From a listing to its film's narration and clips. Whatever was paid for is found again by whoever begins anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from functions.plan.board import TIME_TO_WRITE, Board, put_rows, rows_of
from functions.plan.narrating import narrate
from functions.plan.paying import Till
from functions.studio.attempts import at_most
from functions.studio.clips import Clip, ClipStatus
from functions.studio.detail import still_of
from functions.studio.errors import NoClipSurvived, NotFound
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import beside_clips
from functions.studio.library import PictureAsset
from functions.studio.listing_clips import moved_by_model, moved_by_us
from functions.studio.listings import Listing
from functions.studio.policy import never_enough
from functions.studio.rows import new_id, now, today
from functions.studio.telemetry import logger


def plan_listing(job: Job, listing: Listing, board: Board, time_left: Callable[[], float]) -> None:
    planner = new_id()
    board.jobs.table.commit(board.jobs.begin_to_plan(job, planner))
    pictures = _pictures(job, listing, board)
    if why := never_enough(job.on_clip_failure, len(pictures)):
        raise NoClipSurvived(why)
    clips, ratios = _clips(job, listing, pictures, board)
    to_pay = [clip for clip in clips if clip.status is ClipStatus.PENDING]
    for_clips = sum((at_most(clip, job, board.catalogue()) for clip in to_pay), Decimal(0))
    till = Till(
        job=job,
        planner=planner,
        jobs=board.jobs,
        ledger=board.ledger,
        media=board.booth.media,
        allowance=job.reserved_cost - for_clips,
        left=lambda: time_left() - TIME_TO_WRITE,
        pause=board.editor.pause,
        each=board.booth.each,
    )
    narration, warnings = narrate(job, listing, board.booth, till, today())
    till.close()
    cost = till.spent() + for_clips
    known = {
        "totalClips": len(clips),
        "estimatedCost": cost,
        "reservedCost": cost,
        "narration": narration.attributes(),
        "besideClips": beside_clips(board.ledger.lines(job.id)),
        "warnings": [*job.warnings, *(one for one in warnings if one not in job.warnings)],
        "aspectRatio": ratios.get(job.model),
        "otherRatios": {name: ratio for name, ratio in ratios.items() if name != job.model},
        "startedAt": job.started_at or now(),
        "planner": None,
    }
    there = {clip.number for clip in clips}
    left = [clip for clip in board.jobs.clips(job.id) if clip.number not in there]
    writes = [rows_of(job, clip, board) if clip in to_pay else (board.jobs.new_clip(job.id, clip),) for clip in clips]
    put_rows(job, planner, [*writes, *((board.jobs.remove_clip(job.id, clip.number),) for clip in left)], board)
    move = board.jobs.move_job(job.id, job.run, JobStatus.PROCESSING, known, planner=planner)
    board.budgets.change(job, cost - job.reserved_cost, move)
    logger().info("narrated", extra={"seconds": narration.seconds, "words": narration.words, "clips": len(clips)})


def _pictures(job: Job, listing: Listing, board: Board) -> list[PictureAsset]:
    """In the order of the film; NotFound for one that has been deleted."""
    found = {asset.id: asset for asset in board.library.assets(job.tenant, listing.asset_ids)}
    if gone := [one for one in listing.asset_ids if one not in found]:
        raise NotFound(f"The picture {gone[0]} has been deleted.")
    return [PictureAsset.model_validate(found[one].model_dump()) for one in listing.asset_ids]


def _clips(
    job: Job, listing: Listing, pictures: Sequence[PictureAsset], board: Board
) -> tuple[list[Clip], dict[str, str]]:
    """And the aspect ratios that the models are asked for that make them."""
    if not listing.animated:
        shown = [(picture, board.booth.media.read(picture.thumbnail_key)) for picture in pictures]
        stills = [still_of(one.key, one.sha256, one.width, one.height, seen) for one, seen in shown]
        return moved_by_us(job, pictures, stills), {}
    models = [board.catalogue().model(name, "image") for name in job.models]
    first = pictures[0]
    fitting = {one.name: one.aspect_ratio((first.width, first.height), job.cut.aspect_ratio) for one in models}
    clips = moved_by_model(job, listing, pictures, models[0])
    return clips, {name: ratio for name, ratio in fitting.items() if ratio}
