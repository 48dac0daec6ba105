"""A job in the words of the v3 API, from its rows alone; its clips are in `sub_job_views`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ConfigDict

from functions.api.clip_failure import OnClipFailureView, wish_view
from functions.api.clip_urls import clip_url
from functions.api.comparison import ShotView, comparison
from functions.api.destinations import DeliveredToView, delivered_to
from functions.api.envelope import ROOT, Metadata, Money, View
from functions.api.film_list import FilmView, film_view
from functions.api.film_options import OptionsView, options_view
from functions.api.listing_views import ListingView, listing_view
from functions.api.money_views import CostsView, costs_view
from functions.api.prompt_views import BriefView, ChoiceView, brief_view, choice_view
from functions.api.scene_views import ScenesView, scenes_view
from functions.studio.clips import Clip, ClipStatus
from functions.studio.jobs import Film, Job, JobStatus, RunKind

SHOWN_AS = {("image_pairs", JobStatus.PLANNING): "image_pair_selection"}
"""Where a kind of job has a word of its own for a status."""

STATUS_WORDS = tuple(dict.fromkeys([*SHOWN_AS.values(), *(status.value for status in JobStatus)]))
"""All that a job's status may be called."""

RETRY_AFTER = {JobStatus.PLANNING: 3, JobStatus.PROCESSING: 5, JobStatus.COMBINING: 2, JobStatus.CANCELLING: 2}
"""Seconds until it is worth asking again; a job that has ended stays as it is."""


PlayerLink = Callable[[str], str]
"""From a path to the same path with a player token."""


class Links(View):
    self: str
    sub_jobs: str
    combined: str
    thumbnail: str
    preview: str
    playlist: str
    manifest: str


class JobLinks(Links):
    playlist_url: str
    """As `playlist`, with a token, for players that send no key; good for 12 to 24 hours."""
    film_playlist_url: str | None
    """The same of the film; None until there is one."""


class Progress(View):
    """The names are the seeds' own: snake_case."""

    model_config = ConfigDict(alias_generator=None)

    selected_pairs: int
    total_clips: int
    successful_clips: int
    failed_clips: int
    clip_urls: list[str]
    total_cost: Money


class JobBase(View):
    """What a job's own row tells, always."""

    id: str
    kind: str
    title: str | None
    user_id: str
    client_id: str | None
    campaign_id: str
    model_id: str
    status: str
    video_url: str | None
    thumbnail_url: str | None
    """Of the film, as `videoUrl`; None until there is one."""
    estimated_cost: Money | None
    budget_usd: Money | None
    planning_cost: Money
    planning_model: str | None
    error_message: str | None
    warnings: list[str]
    metadata: Metadata
    links: Links
    created_at: str
    updated_at: str
    started_at: str | None
    completed_at: str | None


class JobSummary(JobBase):
    """An entry of the list: no clip is read for it."""

    total_clips: int | None
    """None until it is decided how many there are."""
    successful_clips: int | None
    """None until the job has ended, as are all figures that come of its clips."""
    failed_clips: int | None
    actual_cost: Money | None
    lost_cost: Money | None


class ApprovalView(View):
    """What a job waits with for its caller."""

    until: str
    """Then what is approved goes on, and the rest is given up."""
    approved: list[int]
    """By `subJobNumber`."""
    waiting: list[int]


class JobView(JobBase):
    run: int
    films: list[FilmView]
    """All that the job has had, oldest first."""
    options: OptionsView
    """How the film is cut, as the request was understood."""
    on_clip_failure: OnClipFailureView
    fallback_models: list[str]
    brief: BriefView | None
    """Of a prompted film: as the request was understood."""
    choice: ChoiceView | None
    """How its model was chosen; None where the caller named it."""
    scenes: ScenesView | None
    """Of a film of scenes."""
    listing: ListingView | None
    """Of a listing's film."""
    delivered_to: DeliveredToView | None
    """Where its latest film was copied to, or why not yet."""
    comparison: list[ShotView] | None
    """None where every shot was made once."""
    approval: ApprovalView | None
    """While its status is `awaiting_approval`."""
    links: JobLinks
    progress: Progress
    actual_cost: Money
    lost_cost: Money
    costs: CostsView | None
    """What was paid for a listing's film, by component."""
    spent: Money
    """What was had and what bought nothing, together; while the job runs, what is known of it."""
    saved: Money | None
    """Of a cancelled job: what its cancelled clips would have cost, and did not."""


class AcceptedView(View):
    id: str
    job_id: str
    run: int = 1
    status: str
    total_pairs: int | None
    message: str
    model_id: str
    estimated_cost: Money | None
    estimated_credits: int | None = None
    """That this run takes at most; None of a kind that takes none."""
    warnings: list[str]
    links: Links


def job_path(job_id: str) -> str:
    return f"{ROOT}/jobs/{job_id}"


def shown_status(job: Job) -> str:
    """A run that chooses nothing is planned, whatever the kind of its job."""
    return SHOWN_AS.get((job.kind, job.status), job.status.value) if job.purpose.chooses else job.status.value


def polling(job: Job) -> dict[str, str]:
    """The header that says when to ask again; none for a job that has ended."""
    seconds = RETRY_AFTER.get(job.status)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def links(job: Job) -> Links:
    videos = f"{ROOT}/videos/{job.id}"
    return Links(
        self=job_path(job.id),
        sub_jobs=f"{job_path(job.id)}/sub-jobs",
        combined=f"{videos}/combined",
        thumbnail=f"{videos}/thumbnail",
        preview=f"{videos}/preview",
        playlist=f"{videos}/playlist.m3u8",
        manifest=f"{job_path(job.id)}/manifest",
    )


def job_links(job: Job, link: PlayerLink) -> JobLinks:
    plain = links(job)
    film = f"{ROOT}/videos/{job.id}/film.m3u8" if job.film and job.film.ranges_key else None
    return JobLinks(
        **plain.model_dump(), playlist_url=link(plain.playlist), film_playlist_url=link(film) if film else None
    )


def accepted_view(job: Job) -> AcceptedView:
    return AcceptedView(
        id=job.id,
        job_id=job.id,
        run=job.run,
        status=shown_status(job),
        total_pairs=job.num_pairs,
        message=_message(job),
        model_id=job.model,
        estimated_cost=job.estimated_cost,
        estimated_credits=job.reserved_credits if job.credit_costs else None,
        warnings=job.warnings,
        links=links(job),
    )


def rerun_view(job: Job, cost: Decimal) -> AcceptedView:
    """Of a job's next run; `cost` in USD is what that run will pay for clips."""
    clips = len(job.purpose.clips)
    chosen = "what its narration lacks is made" if job.listing else "the pairs are selected anew"
    anew = chosen if job.purpose.chooses else "no clip is made anew"
    if clips:
        made = "made from their pictures" if job.purpose.kind is RunKind.APPROVED else "made anew"
        anew = f"{clips} {'clip is' if clips == 1 else 'clips are'} {made}, for ${cost:.2f}"
    message = f"Run {job.run} ({job.purpose.kind.value}) of the job has begun: {anew}."
    return accepted_view(job).model_copy(update={"message": message})


def approved_view(job: Job, clip: int, left: Sequence[int]) -> AcceptedView:
    """Of a picture that was approved while others, `left`, still wait."""
    wait = f"Clip {left[0]} still waits" if len(left) == 1 else f"Clips {', '.join(map(str, left))} still wait"
    return accepted_view(job).model_copy(update={"message": f"The picture of clip {clip} is approved. {wait}."})


def _message(job: Job) -> str:
    if job.kind == "prompt":
        clips = "1 clip" if job.total_clips == 1 else f"{job.total_clips} clips"
        return f"Job created with {clips} by {', '.join(job.compare or [job.model])}. Video generation started."
    if job.kind == "scenes":
        scenes = "1 scene" if job.total_clips == 1 else f"{job.total_clips} scenes"
        return f"Job created with {scenes}, pictures by {job.image_model}, videos by {job.model}. Generation started."
    if job.listing:
        pictures = "1 picture" if job.total_clips == 1 else f"{job.total_clips} pictures"
        return f"Job created with {pictures}. The narration is being made, then the film."
    if job.num_pairs is None:
        return "Job created. The image pairs are being selected, then video generation starts."
    pairs = "1 image pair" if job.num_pairs == 1 else f"{job.num_pairs} image pairs"
    return f"Job created with {pairs}. Video generation started."


def _base(job: Job) -> dict[str, Any]:
    own = JobBase(
        id=job.id,
        kind=job.kind,
        title=job.title,
        user_id=job.tenant,
        client_id=job.client_id,
        campaign_id=job.campaign_id,
        model_id=job.model,
        status=shown_status(job),
        video_url=links(job).combined if job.film else None,
        thumbnail_url=links(job).thumbnail if job.film else None,
        estimated_cost=job.estimated_cost,
        budget_usd=job.budget_usd,
        planning_cost=job.planning_cost,
        planning_model=job.planning_model,
        error_message=job.error_message,
        warnings=job.warnings,
        metadata=job.metadata,
        links=links(job),
        created_at=job.created_at,
        updated_at=job.updated_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
    )
    return dict(own)


def job_summary(job: Job) -> JobSummary:
    return JobSummary(
        **_base(job),
        total_clips=job.total_clips,
        successful_clips=job.successful_clips if job.ended else None,
        failed_clips=job.failed_clips if job.ended else None,
        actual_cost=job.actual_cost if job.ended else None,
        lost_cost=job.lost_cost if job.ended else None,
    )


def job_view(job: Job, clips: Sequence[Clip], films: Sequence[Film], link: PlayerLink) -> JobView:
    """The counts are those of the clips' rows, so they move while the job runs."""
    changes = {
        "warnings": [*job.warnings, *_missing(job, clips), *_silent(clips), *_not_copied(job)],
        "updated_at": max([job.updated_at, *(clip.updated_at for clip in clips)]),
        "links": job_links(job, link),
    }
    return JobView(
        **(_base(job) | changes),
        run=job.run,
        films=[film_view(job, film) for film in films],
        progress=_progress(job, clips),
        actual_cost=_cost(job, clips),
        lost_cost=job.lost_cost,
        costs=costs_view(job, _cost(job, clips)),
        spent=_cost(job, clips) + job.lost_cost,
        saved=job.saved_cost if job.status is JobStatus.CANCELLED else None,
        options=options_view(job.cut),
        on_clip_failure=wish_view(job.on_clip_failure),
        fallback_models=job.fallback_models,
        brief=brief_view(job.brief) if job.brief else None,
        choice=choice_view(job.choice) if job.choice else None,
        scenes=scenes_view(job, clips) if job.kind == "scenes" else None,
        listing=listing_view(job),
        delivered_to=delivered_to(job),
        comparison=comparison(job, clips),
        approval=_approval(job, clips),
    )


def _progress(job: Job, clips: Sequence[Clip]) -> Progress:
    count = Counter(clip.status for clip in clips)
    return Progress(
        selected_pairs=len({clip.place for clip in clips if clip.image2_asset_id is not None}),
        total_clips=len(clips),
        successful_clips=count[ClipStatus.COMPLETED],
        failed_clips=count[ClipStatus.FAILED],
        clip_urls=[url for clip in clips if (url := clip_url(job, clip))],
        total_cost=_cost(job, clips),
    )


def _approval(job: Job, clips: Sequence[Clip]) -> ApprovalView | None:
    if job.status is not JobStatus.AWAITING_APPROVAL or job.pause is None:
        return None
    waiting = [clip.number for clip in clips if clip.status is ClipStatus.AWAITING_APPROVAL]
    approved = job.pause.approved
    return ApprovalView(
        until=job.pause.until, approved=approved, waiting=[one for one in waiting if one not in approved]
    )


def _missing(job: Job, clips: Sequence[Clip]) -> list[str]:
    """What a film does without, or could not have anew, and why."""
    if job.film is None:
        return []
    shown = set(job.film.clips)
    left_out = {one.clip: one.reason for one in job.film.omissions if not one.join}
    stands = {clip.number for clip in clips if any(one.number in shown for one in clips if one.place == clip.place)}
    lost = {clip.number: clip.error_message for clip in clips if clip.settled and not clip.shown} | left_out
    as_it_was = [clip for clip in clips if clip.shown and clip.error_message]
    return [
        *(
            f"Clip {number} is missing from the film: {why}"
            for number, why in sorted(lost.items())
            if number not in stands
        ),
        *(f"Clip {one.number} could not be made anew, and is as it was: {one.error_message}" for one in as_it_was),
        *(f"A cut follows clip {one.clip}: {one.reason}" for one in job.film.omissions if one.join),
    ]


def _not_copied(job: Job) -> list[str]:
    if job.delivery is None or job.delivery.status != "failed":
        return []
    return [f"The film was not copied to its destination: {job.delivery.reason}. POST …/deliver tries again."]


def _silent(clips: Sequence[Clip]) -> list[str]:
    return [
        f"Clip {clip.number} is silent, though its model makes sound"
        for clip in clips
        if clip.video and clip.video.silent
    ]


def _cost(job: Job, clips: Sequence[Clip]) -> Decimal:
    """Closing a job sums its ledger; until then its clips' costs are what is known."""
    beside = sum(job.beside_clips.values(), Decimal(0))
    return job.actual_cost if job.ended else sum((clip.actual_cost or Decimal(0) for clip in clips), beside)
