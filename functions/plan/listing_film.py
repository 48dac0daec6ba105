"""From a listing to its film's narration and clips. Whatever was paid for is found again by whoever begins anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from functions.plan.board import TIME_TO_WRITE, Board, put_rows, rows_of
from functions.plan.narrating import narrate
from functions.plan.own_video import keep_video
from functions.plan.paying import Till
from functions.studio.attempts import at_most
from functions.studio.clips import Clip, ClipStatus
from functions.studio.detail import still_of
from functions.studio.errors import BrokenMedia, NoClipSurvived, NotFound
from functions.studio.fonts import unshowable
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import beside_clips
from functions.studio.library import Asset, PictureAsset
from functions.studio.listing_clips import as_it_is, moved_by_model, moved_by_us, not_shown
from functions.studio.listings import Listing, priced
from functions.studio.media_store import MediaStore, clip_key
from functions.studio.narration import NarrationRef
from functions.studio.policy import hopeless, never_enough
from functions.studio.rows import new_id, now, today
from functions.studio.telemetry import logger
from functions.studio.timeline import too_many


def plan_listing(job: Job, listing: Listing, board: Board, time_left: Callable[[], float]) -> None:
    planner = new_id()
    board.jobs.table.commit(board.jobs.begin_to_plan(job, planner))
    shown = _shown(job, listing, board)
    if why := never_enough(job.on_clip_failure, len(shown)):
        raise NoClipSurvived(why)
    clips, ratios = _clips(job, listing, shown, board, lambda: time_left() - TIME_TO_WRITE)
    if why := hopeless(job.on_clip_failure, clips, cut=job.run_cut):
        raise NoClipSurvived(why)
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
        "warnings": list(dict.fromkeys([*job.warnings, *warnings, *_warnings(listing, narration)])),
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


def _warnings(listing: Listing, narration: NarrationRef) -> Iterator[str]:
    """What can only be said of a film now that its words are known."""
    if said := too_many(len(listing.asset_ids), narration.seconds):
        yield f"assetIds: {said}."
    price = priced(listing.price, listing.currency) if listing.price_card and listing.price is not None else ""
    title = listing.title if listing.title_card or price else ""
    for field, text in (
        ("captions", narration.script if listing.captions else ""),
        ("title", title),
        ("priceCard", price),
    ):
        if missing := unshowable(text):
            yield f"{field}: no font shows {' '.join(missing)}; the film leaves it out."


def _shown(job: Job, listing: Listing, board: Board) -> list[Asset]:
    """Pictures and videos in the order of the film; NotFound for one that has been deleted."""
    found = {asset.id: asset for asset in board.library.assets(job.tenant, listing.asset_ids)}
    if gone := [one for one in listing.asset_ids if one not in found]:
        raise NotFound(f"The picture {gone[0]} has been deleted.")
    return [found[one] for one in listing.asset_ids]


def _clips(
    job: Job, listing: Listing, shown: Sequence[Asset], board: Board, left: Callable[[], float]
) -> tuple[list[Clip], dict[str, str]]:
    """And the aspect ratios that the models are asked for that make them."""
    models = [board.catalogue().model(name, "image") for name in job.models] if listing.animated else []
    made = {clip.number: clip for clip in moved_by_model(job, listing, shown, models[0])} if models else {}
    clips = [
        made.get(number) or _at_once(job, number, asset, board.booth.media, left)
        for number, asset in enumerate(shown, 1)
    ]
    size = shown[0].width or 16, shown[0].height or 9
    fitting = {one.name: one.aspect_ratio(size, job.cut.aspect_ratio) for one in models}
    return clips, {name: ratio for name, ratio in fitting.items() if ratio}


def _at_once(job: Job, number: int, asset: Asset, media: MediaStore, left: Callable[[], float]) -> Clip:
    """The clip of a picture that we move, or of a video; one that cannot be shown has failed."""
    if asset.type == "image":
        picture = PictureAsset.model_validate(asset.model_dump())
        seen = media.read(picture.thumbnail_key)
        still = still_of(picture.key, picture.sha256, picture.width, picture.height, seen)
        return moved_by_us(job, number, picture, still)
    try:
        key = clip_key(job.tenant, job.id, str(job.run), number)
        return as_it_is(job, number, asset, keep_video(media, asset.key, key, left()))
    except BrokenMedia as fault:
        return not_shown(job, number, asset, fault)
