"""What a job is, and the table of moves that its status may make."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeVar

from pydantic import Field

from functions.studio.brief import Brief
from functions.studio.choice import Choice
from functions.studio.cut import Cut, Format, Transition, TransitionKind
from functions.studio.destinations import Delivery, Destination
from functions.studio.listings import Listing
from functions.studio.media import Loudness
from functions.studio.narration import NarrationRef
from functions.studio.rows import Row

S = TypeVar("S", bound=StrEnum)


class JobStatus(StrEnum):
    PLANNING = "planning"
    PROCESSING = "sub_job_processing"
    COMBINING = "video_combining"
    AWAITING_APPROVAL = "awaiting_approval"
    """Its run is over, and what comes next is its caller's to say: nothing runs, nothing is reserved."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PLANNING: frozenset({JobStatus.PROCESSING, JobStatus.FAILED, JobStatus.CANCELLING}),
    JobStatus.PROCESSING: frozenset(
        {JobStatus.COMBINING, JobStatus.AWAITING_APPROVAL, JobStatus.FAILED, JobStatus.CANCELLING}
    ),
    JobStatus.AWAITING_APPROVAL: frozenset({JobStatus.CANCELLING}),
    JobStatus.COMBINING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLING}),
    JobStatus.CANCELLING: frozenset({JobStatus.CANCELLED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}

TERMINAL = frozenset(status for status, after in MOVES.items() if not after)

RESTING = TERMINAL | {JobStatus.AWAITING_APPROVAL}
"""Those of a job whose run is over."""


def before(moves: Mapping[S, frozenset[S]], status: S) -> list[str]:
    """The statuses from which a row may move to `status`: the condition of the write."""
    return [one.value for one, after in moves.items() if status in after]


class Preview(Row):
    """A few moving seconds of a film, as WebP."""

    key: str
    sha256: str


class Subtitles(Row):
    """What is said in a film, with its times, as files beside it."""

    srt_key: str
    vtt_key: str
    language: str
    """BCP 47."""


class Omission(Row):
    """A clip that was paid for and kept, and that the film could not be made with."""

    clip: int
    join: bool = False
    """Only the join that follows the clip: the two meet in a cut."""
    reason: str


class LeftOut(Row):
    """What a run's film is cut without, beside the clips that failed."""

    rounds: int = 0
    """How often the film was cut again."""
    first_piece: int = 1
    """Of the pieces that count: earlier ones are of a film that was not made."""
    due: bool = False
    """The film is to be cut again, and its pieces are not listed yet."""
    omissions: list[Omission] = Field(default_factory=list)

    @property
    def clips(self) -> set[int]:
        return {one.clip for one in self.omissions if not one.join}

    def applied(self, cut: Cut) -> Cut:
        hard = {str(one.clip): Transition(kind=TransitionKind.CUT) for one in self.omissions if one.join}
        return cut.model_copy(update={"joins": cut.joins | hard})


class RunKind(StrEnum):
    """Why a run was started."""

    FIRST = "first"
    RETRY = "retry"
    REGENERATE = "regenerate"
    RECUT = "recut"
    RENDITION = "rendition"
    APPROVED = "approved"
    """The pictures that its caller has approved go on; the others are given up."""


class ClipWish(Row):
    """What is to be other about a clip that is made anew."""

    model: str
    duration_seconds: int
    prompt: str | None = None
    seed: int | None = None
    aspect_ratio: str | None = None
    """Asked of the model; None where it takes it from the picture."""
    stage: str | None = None
    """The first that is made anew, whatever is kept of it; None: the first of which nothing is kept."""
    image_prompt: str | None = None
    image_model: str | None = None
    image_aspect_ratio: str | None = None
    """As on the clip."""


class Purpose(Row):
    """What a run has to do."""

    kind: RunKind = RunKind.FIRST
    chooses: bool = True
    """What the film is made of is still to be decided."""
    clips: list[int] = Field(default_factory=list)
    """Those to be made anew, once that is decided."""
    wish: ClipWish | None = None
    cut: Cut | None = None
    """How this run cuts the film, where not as the job says. The job follows it once the film is there, unless that is a
    rendition."""
    warnings: list[str] = Field(default_factory=list)
    """What of it is not as it was asked for; the job's from its acceptance on."""
    asked_at: str | None = None
    reached: Decimal = Decimal(0)
    """Per cent that a film of scenes had come to when the run goes on with it."""


APPROVAL_SECONDS = 72 * 3600
"""That a job waits for its caller, where its deployment does not say otherwise."""


class Pause(Row):
    """The end of a run for its caller to look at what it has made."""

    run: int
    """Whose money the budgets know already."""
    until: str
    """When it ends by itself."""
    approved: list[int] = Field(default_factory=list)
    """Clips that may go on."""


class Film(Row):
    """The combined video of a run; keys are of the media bucket."""

    run: int = 1
    made_by: RunKind = RunKind.FIRST
    format: Format = "mp4"
    key: str
    poster_key: str
    manifest_key: str
    duration_seconds: float
    frames: int
    width: int
    height: int
    fps: float
    bytes: int
    sha256: str
    clips: list[int]
    omissions: list[Omission] = Field(default_factory=list)
    loudness: Loudness | None = None
    """Of its sound; None of a film without."""
    preview: Preview | None = None
    subtitles: Subtitles | None = None
    """None of a film in which nothing is said, or nobody knows when."""
    ranges_key: str | None = None
    """Of a `Segment` as JSON: how players fetch the film piece by piece. Both are None where they could not be made."""
    cost: Decimal | None = None
    """USD that its run paid for clips."""
    delivered_at: str | None = None
    """None until its job has taken it."""


class OnClipFailure(Row):
    """`best_effort`: the film is made of whatever there is. `fail_fast`: of all clips, or not at all. `min_clips`: of at
    least so many."""

    kind: Literal["best_effort", "fail_fast", "min_clips"] = "best_effort"
    min_clips: int | None = Field(default=None, ge=1)

    def least(self, clips: int) -> int:
        """How many of so many clips a film needs."""
        match self.kind:
            case "fail_fast":
                return clips
            case "min_clips":
                return self.min_clips or 1
        return 1


Kind = Literal["image_pairs", "prompt", "scenes", "listing"]


class Job(Row):
    id: str
    tenant: str
    kind: Kind = "image_pairs"
    title: str | None = None
    brief: Brief | None = None
    """Of a prompted film."""
    listing: Listing | None = None
    """Of a listing's film; so are the next two."""
    narration: NarrationRef | None = None
    """Once it is written, spoken and timed."""
    beside_clips: dict[str, Decimal] = Field(default_factory=dict)
    """USD that was paid for other things than clips, by stage; part of `actual_cost`."""
    scenario_id: str | None = None
    """Of a film of scenes; so are the next four."""
    resolution: str | None = None
    """As the scenario has it, `720:1280`."""
    image_model: str | None = None
    """Makes the pictures that the clips begin with; `model` makes the clips."""
    pause_after: Literal["image"] | None = None
    """The stage that its caller wants to look at before the next is paid for."""
    pause: Pause | None = None
    """The latest."""
    choice: Choice | None = None
    """How its model was chosen, where the caller named none."""
    compare: list[str] = Field(default_factory=list)
    """The models that each make a variant of every shot; none where one does."""
    status: JobStatus = JobStatus.PLANNING
    run: int = 1
    campaign_id: str
    client_id: str | None = None
    model: str
    fallback_models: list[str] = Field(default_factory=list)
    """Asked in this order when the one before has failed at a clip for good."""
    on_clip_failure: OnClipFailure = OnClipFailure()
    duration_seconds: int
    num_pairs: int | None = None
    total_clips: int | None = None
    successful_clips: int = 0
    failed_clips: int = 0
    estimated_cost: Decimal | None = None
    budget_usd: Decimal | None = None
    """Of the job itself, over all of its runs."""
    reserved_cost: Decimal = Decimal(0)
    """What the budgets hold for the run that is going on; nothing once it has ended."""
    credit_costs: dict[str, int] = Field(default_factory=dict)
    """Credits that each stage of a clip takes, as promised when the run was accepted; none of a kind that costs none."""
    reserved_credits: int = 0
    """As `reserved_cost`, in credits."""
    actual_cost: Decimal = Decimal(0)
    lost_cost: Decimal = Decimal(0)
    saved_cost: Decimal | None = None
    """USD that a cancelled job had set aside for clips and did not spend."""
    planning_cost: Decimal = Decimal(0)
    planning_model: str | None = None
    aspect_ratio: str | None = None
    other_ratios: dict[str, str] = Field(default_factory=dict)
    """The same of the other models that have one: those to fall back to, or to compare."""
    cut: Cut = Cut()
    """How the film is cut that the job has, or is to have first."""
    purpose: Purpose = Purpose()
    metadata: dict[str, Any] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    film: Film | None = None
    destination: Destination | None = None
    """Where its films are copied to when they are delivered."""
    delivery: Delivery | None = None
    """What came of that, of the latest film."""
    error_message: str | None = None
    closing: str | None = None
    """Why the run is being ended, from before its clips are settled: nothing is sent to a provider any more."""
    execution_arn: str | None = None
    announced_run: int | None = None
    """The latest run whose end was published."""
    created_at: str
    updated_at: str
    started_at: str | None = None
    """Since what the film is made of was decided first."""
    completed_at: str | None = None
    planner: str | None = None
    """While it is planned: the try that may write its clips."""
    unfinished: str | None = None
    """Present until the job has ended: the key of the sweep's sparse index, another one while the job rests."""

    @property
    def run_cut(self) -> Cut:
        """How this run cuts its film."""
        return self.purpose.cut or self.cut

    @property
    def spoken(self) -> bool:
        """Whether somebody speaks in its film."""
        return self.narration is not None and self.narration.spoken

    @property
    def may_spend(self) -> bool:
        return self.status is JobStatus.PROCESSING and self.closing is None

    @property
    def models(self) -> tuple[str, ...]:
        """In the order in which they are asked."""
        return (self.model, *self.fallback_models)

    def ratio_of(self, model: str) -> str | None:
        """The aspect ratio that one of its models is asked for."""
        return self.aspect_ratio if model == self.model else self.other_ratios.get(model)

    def credits_of(self, stage: str) -> int:
        """That a clip takes for that stage once it is kept."""
        return self.credit_costs.get(stage, 0)

    @property
    def spent(self) -> Decimal:
        return self.actual_cost + self.lost_cost

    @property
    def stopping(self) -> str | None:
        """Why nothing more is sent for a run that has not ended; None while it goes on."""
        return None if self.rests else self.closing

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    @property
    def rests(self) -> bool:
        """Its run is over: it has ended, or waits for its caller."""
        return self.status in RESTING

    @property
    def execution_name(self) -> str:
        """Names stay taken for 90 days on AWS, hence the run."""
        return f"{self.id}-{self.run}"
