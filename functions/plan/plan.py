"""From a campaign's pictures to clip rows with their reservations, and the list of what is to be made."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from functions.plan.board import TIME_TO_WRITE, Board, put_rows, rows_of
from functions.plan.choice import Choice, choose
from functions.plan.continuity import NAME
from functions.plan.listing_film import plan_listing
from functions.plan.questions import MOST_PICTURES
from functions.plan.selection import Pair
from functions.studio.attempts import at_most, in_time, stage_ends
from functions.studio.catalogue import Model, catalogue
from functions.studio.clips import STAGES, Clip, ClipStatus, pending_clip
from functions.studio.cut import Cut
from functions.studio.errors import ConditionLost, NoClipSurvived
from functions.studio.job_store import said
from functions.studio.jobs import Job, JobStatus, RunKind
from functions.studio.ledger import reservation
from functions.studio.library import Campaign, Client, PictureAsset
from functions.studio.messages import ClipTask, ClipTasks
from functions.studio.pairs import enough
from functions.studio.policy import never_enough
from functions.studio.reruns import NOT_APPROVED, given_up, opened_again
from functions.studio.rows import new_id, now
from functions.studio.shots import numbered
from functions.studio.table import Write
from functions.studio.telemetry import count, logger


def plan(job_id: str, run: int, board: Board, time_left: Callable[[], float]) -> ClipTasks:
    """Chooses once: when the job has gone on already, in an earlier try of this state, its rows are what counts.

    `time_left` tells the seconds that this may still take.
    """
    job = board.jobs.owned(job_id, run, JobStatus.PLANNING, JobStatus.PROCESSING)
    if job.status is JobStatus.PLANNING:
        try:
            if job.purpose.chooses and job.listing:
                plan_listing(job, job.listing, board, time_left)
            elif job.purpose.chooses:
                _choose(job, board, time_left)
            else:
                _open(job, board)
        except ConditionLost:
            # Perhaps to itself: the answer to the move was lost, and the SDK sent it again. Or to another try, which the
            # workflow need not be waiting for: then the next one looks what came of it.
            if board.jobs.owned(job_id, run, JobStatus.PLANNING, JobStatus.PROCESSING).status is JobStatus.PLANNING:
                raise
    return ClipTasks(tasks=[_task(job, clip, board) for clip in _to_make(job, board)])


def _to_make(job: Job, board: Board) -> list[Clip]:
    clips = board.jobs.clips(job.id)
    return [clip for clip in clips if clip.run == job.run and clip.status is ClipStatus.PENDING]


def _task(job: Job, clip: Clip, board: Board) -> ClipTask:
    task = ClipTask(
        job_id=job.id,
        run=job.run,
        clip=clip.number,
        stage=clip.stage,
        attempt=1,
        timeout_seconds=board.timeout_seconds,
        heartbeat_seconds=board.heartbeat_seconds,
    )
    return in_time(task, stage_ends(STAGES[job.kind], clip.stage))


def _choose(job: Job, board: Board, time_left: Callable[[], float]) -> None:
    """Of two tries at once, the one that began last writes: its answer is the one that is waited for."""
    planner = new_id()
    board.jobs.table.commit(board.jobs.begin_to_plan(job, planner))
    campaign = board.library.get(Campaign, job.tenant, job.campaign_id)
    client = board.library.get(Client, job.tenant, job.client_id) if job.client_id else None
    pictures = board.library.pictures(job.tenant, job.campaign_id)
    enough(min(len(pictures), MOST_PICTURES), job.num_pairs)
    choice = choose(pictures, job.num_pairs, campaign, client, board.editor, lambda: time_left() - TIME_TO_WRITE)
    _tell(choice, len(pictures))
    if why := never_enough(job.on_clip_failure, len(choice.pairs)):
        raise NoClipSurvived(why)
    models = [board.catalogue().model(name, "pair") for name in dict.fromkeys([*job.models, *job.compare])]
    model = models[0]
    named = {asset.id: asset for asset in pictures}
    variants = [one for one in models if one.name in job.compare] or [model]
    clips = [
        _clip(job, one, numbered(shot, variant, len(variants)), pair, named, shot=shot, variant=variant)
        for shot, pair in enumerate(choice.pairs, 1)
        for variant, one in enumerate(variants, 1)
    ]
    first = named[choice.pairs[0].image1_asset_id]
    fitting = {one.name: one.aspect_ratio((first.width, first.height), job.cut.aspect_ratio) for one in models}
    ratios = {name: ratio for name, ratio in fitting.items() if ratio}
    cost = sum((at_most(clip, job, board.catalogue()) for clip in clips), start=Decimal(0))
    chosen = {
        "totalClips": len(clips),
        "estimatedCost": cost,
        "reservedCost": cost,
        "planningModel": choice.model,
        "planningCost": choice.cost,
        "warnings": [*job.warnings, *choice.warnings, *_without_join(job.cut, len(clips), len(variants))],
        "aspectRatio": ratios.get(model.name),
        "otherRatios": {name: ratio for name, ratio in ratios.items() if name != model.name},
        "startedAt": job.started_at or now(),
        "planner": None,
    }
    more = cost - job.reserved_cost
    board.budgets.check(job, more)
    _write(job, planner, clips, board)
    move = board.jobs.move_job(job.id, job.run, JobStatus.PROCESSING, chosen, planner=planner)
    board.budgets.change(job, more, move)


def _open(job: Job, board: Board) -> None:
    """The clips that this run makes: those that it makes anew, or all that were known when the job was accepted. The others
    stay as they are, with the run that made them; but those that were not approved are given up."""
    planner = new_id()
    board.jobs.table.commit(board.jobs.begin_to_plan(job, planner))
    clips = board.jobs.clips(job.id)
    opened = [
        clip if clip.run == job.run else opened_again(clip, job, board.catalogue())
        for clip in clips
        if clip.run == job.run or clip.number in job.purpose.clips
    ]
    cost = sum((at_most(clip, job, board.catalogue()) for clip in opened), start=Decimal(0))
    to_stay = [clip.model_copy(update={"expires_at": None}) for clip in opened]
    put_rows(job, planner, [rows_of(job, clip, board) for clip in to_stay], board)
    if job.purpose.kind is RunKind.APPROVED:
        put_rows(job, planner, [(_given_up(job, clip, board),) for clip in given_up(clips, job.purpose)], board)
    goes_on = {"reservedCost": cost, "startedAt": job.started_at or now(), "planner": None}
    move = board.jobs.move_job(job.id, job.run, JobStatus.PROCESSING, goes_on, planner=planner)
    board.budgets.change(job, cost - job.reserved_cost, move)


def _given_up(job: Job, clip: Clip, board: Board) -> Write:
    return board.jobs.clip_lost(job.id, clip, ClipStatus.CANCELLED, said(NOT_APPROVED))


def _tell(choice: Choice, pictures: int) -> None:
    if choice.faults:
        logger().warning("the vision model did not answer as it should", extra={"faults": choice.faults})
    if NAME in choice.model:
        count("SelectionsByContinuity")
    told = {"pairs": len(choice.pairs), "pictures": pictures, "planningModel": choice.model}
    logger().info("pairs selected", extra=told)


def _without_join(cut: Cut, clips: int, variants: int) -> list[str]:
    """What was asked of joins that there are not, now that the number of clips is known."""
    return [
        f"transitions: there is no join after clip {number}, the film has {clips} clips."
        for number in sorted(map(int, cut.joins))
        if number > clips - variants
    ]


def _write(job: Job, planner: str, clips: list[Clip], board: Board) -> None:
    """The clips' rows and their reservations, instead of whatever an earlier try has left.

    Each transaction holds only while the job is being planned, by this try: one that comes late changes nothing.
    """
    jobs, ledger = board.jobs, board.ledger
    before = {clip.number: clip for clip in jobs.clips(job.id)}
    writes = []
    for clip in clips:
        was = before.pop(clip.number, clip)
        row = clip.model_copy(update={"created_at": was.created_at})
        writes.append(rows_of(job, row, board))
    for left in before.values():
        writes.append((jobs.remove_clip(job.id, left.number), ledger.remove(job.id, reservation(left))))
    put_rows(job, planner, writes, board)


def _clip(
    job: Job, model: Model, number: int, pair: Pair, pictures: dict[str, PictureAsset], *, shot: int, variant: int
) -> Clip:
    seconds = model.duration(job.duration_seconds)
    return pending_clip(
        job,
        number,
        model.offer(job.cut, seconds).cost,
        shot=shot,
        variant=variant,
        model=model.name,
        duration_seconds=seconds,
        image1_asset_id=pair.image1_asset_id,
        image2_asset_id=pair.image2_asset_id,
        image1_key=pictures[pair.image1_asset_id].key,
        image2_key=pictures[pair.image2_asset_id].key,
        prompt=catalogue().default_prompt,
        score=Decimal(str(round(pair.score, 4))),
        reason=pair.reason,
    )
