"""From rows to rows: what the map left open is closed, and the survivors' pieces are listed."""

from __future__ import annotations

from functools import partial

from functions.arrange.arrangement import arrangement, made_before
from functions.arrange.narrated import Story, narrated
from functions.studio.clips import ClipStatus
from functions.studio.errors import NoClipSurvived
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, LeftOut
from functions.studio.ledger import Ledger
from functions.studio.media_store import piece_key
from functions.studio.messages import PieceTask, PieceTasks, RunRef
from functions.studio.policy import hopeless
from functions.studio.room import check_room
from functions.studio.settlement import settle_open_clips
from functions.studio.shots import takes
from functions.studio.stopping import Brake


def arrange(run: RunRef, brake: Brake, ledger: Ledger) -> PieceTasks:
    """The pieces that an encoder has to make; called again, the same ones. NoClipSurvived where too few clips are left for
    what the caller wants. None, and a pause, where clips wait for the caller.

    When Assemble has found that the film cannot be made of them, the next ones: without what it has left out.
    """
    jobs = brake.jobs
    job = jobs.owned(run.job_id, run.run, JobStatus.PROCESSING, JobStatus.COMBINING)
    if job.status is JobStatus.PROCESSING:
        settle_open_clips(brake, ledger, job, job.run, "The step ended without a result")
        if _to_be_approved(job, jobs):
            return PieceTasks(tasks=[], paused=True)
        _put_pieces(job, LeftOut(), jobs)
        jobs.table.commit(jobs.move_job(job.id, job.run, JobStatus.COMBINING))
    elif (left_out := jobs.films.left_out(job.id, job.run)).due:
        _put_pieces(job, left_out, jobs)
        jobs.table.commit(jobs.films.arranged_again(job.id, job.run, left_out.rounds))
    pieces = jobs.films.pieces(job.id, job.run)
    return PieceTasks(
        tasks=[PieceTask(job_id=job.id, run=job.run, piece=piece.number) for piece in pieces if piece.picture is None]
    )


def _to_be_approved(job: Job, jobs: JobStore) -> bool:
    """Whether the caller is to look at something before there can be a film; NoClipSurvived as for pieces."""
    clips = jobs.clips(job.id)
    if not any(clip.status is ClipStatus.AWAITING_APPROVAL for clip in clips):
        return False
    if why := hopeless(job.on_clip_failure, clips, cut=job.run_cut):
        raise NoClipSurvived(why)
    return True


def _put_pieces(job: Job, left_out: LeftOut, jobs: JobStore) -> None:
    clips = jobs.clips(job.id)
    spoilt = {one.clip: one.reason for one in left_out.omissions if not one.join}
    if why := hopeless(job.on_clip_failure, clips, spoilt, cut=job.run_cut):
        raise NoClipSurvived(why)
    key_of = partial(piece_key, job.tenant, job.id, job.run)
    chosen = {"takes": takes(clips, job.run_cut, left_out.clips)}
    cut = left_out.applied(job.run_cut.model_copy(update=chosen))
    there = [clip for clip in clips if clip.number not in left_out.clips]
    if story := _story(job):
        shown = {clip.number: clip.shown for clip in there if clip.shown}
        pieces = narrated(shown, cut, story, key_of, left_out.first_piece)
    else:
        survivors = {clip.number: clip.video for clip in there if clip.video}
        pieces = arrangement(survivors, cut, key_of, left_out.first_piece)
    check_room(pieces, music=job.run_cut.music is not None)
    jobs.films.put_pieces(job.id, job.run, made_before(pieces, jobs.films.all_pieces(job.id, job.run)))


def _story(job: Job) -> Story | None:
    if job.listing is None or job.narration is None:
        return None
    wishes = job.listing
    priced = wishes.price_card and wishes.price is not None
    return Story(job.narration, spoken=job.narration.spoken, title=wishes.title_card, price=priced)
