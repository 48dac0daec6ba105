"""What a clip and an attempt are, and the moves that their statuses may make."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from functions.studio.catalogue import Mode
from functions.studio.jobs import Job
from functions.studio.media import Probe, Segment
from functions.studio.rows import Row, now
from functions.studio.stills import Still


class ClipStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    AWAITING_APPROVAL = "awaiting_approval"
    """Its run is done with it, and its caller is to say whether it goes on."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


CLIP_MOVES: dict[ClipStatus, frozenset[ClipStatus]] = {
    # Completed, or waiting, at once: what an earlier run has made comes back.
    ClipStatus.PENDING: frozenset(
        {
            ClipStatus.PROCESSING,
            ClipStatus.AWAITING_APPROVAL,
            ClipStatus.COMPLETED,
            ClipStatus.FAILED,
            ClipStatus.CANCELLED,
        }
    ),
    ClipStatus.PROCESSING: frozenset(
        {ClipStatus.AWAITING_APPROVAL, ClipStatus.COMPLETED, ClipStatus.FAILED, ClipStatus.CANCELLED}
    ),
    ClipStatus.AWAITING_APPROVAL: frozenset({ClipStatus.COMPLETED, ClipStatus.FAILED, ClipStatus.CANCELLED}),
    ClipStatus.COMPLETED: frozenset(),
    ClipStatus.FAILED: frozenset(),
    ClipStatus.CANCELLED: frozenset(),
}

OPEN_CLIP = frozenset({ClipStatus.PENDING, ClipStatus.PROCESSING})
"""Those of a clip that its run is still to make."""


class AttemptStatus(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    ANSWERED = "answered"
    KEPT = "kept"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    LOST = "lost"


ATTEMPT_MOVES: dict[AttemptStatus, frozenset[AttemptStatus]] = {
    AttemptStatus.ASKED: frozenset(
        {
            AttemptStatus.ACCEPTED,
            AttemptStatus.UNKNOWN,
            AttemptStatus.ANSWERED,
            AttemptStatus.CANCELLED,
            AttemptStatus.LOST,
        }
    ),
    AttemptStatus.UNKNOWN: frozenset(
        {AttemptStatus.ACCEPTED, AttemptStatus.ANSWERED, AttemptStatus.CANCELLED, AttemptStatus.LOST}
    ),
    AttemptStatus.ACCEPTED: frozenset({AttemptStatus.ANSWERED, AttemptStatus.CANCELLED, AttemptStatus.LOST}),
    AttemptStatus.ANSWERED: frozenset(
        {AttemptStatus.KEPT, AttemptStatus.FAILED, AttemptStatus.REFUSED, AttemptStatus.CANCELLED, AttemptStatus.LOST}
    ),
    AttemptStatus.KEPT: frozenset(),
    AttemptStatus.FAILED: frozenset(),
    AttemptStatus.REFUSED: frozenset(),
    AttemptStatus.CANCELLED: frozenset(),
    AttemptStatus.LOST: frozenset(),
}


WAITING = frozenset({AttemptStatus.ASKED, AttemptStatus.UNKNOWN, AttemptStatus.ACCEPTED})
"""An attempt whose answer is not known yet."""


class Outcome(StrEnum):
    """How a prediction ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Answer(Row):
    """A provider's last word on a prediction, in our words."""

    outcome: Outcome
    error_class: str | None = None
    """Where that says more than the outcome's own word."""
    input: str | None = None
    """The input at fault, in our words, where the provider says which."""
    output_url: str | None = None
    error: str | None = None
    charged: bool = True
    """False only where the provider reports that it took no money."""
    removed: bool = False
    """The provider has deleted what it made."""
    predict_seconds: float | None = None
    reported_cost: Decimal | None = None
    """USD that it took, where the provider says so."""


class Fault(Row):
    """Why an attempt, and with it perhaps a clip, has come to nothing."""

    message: str
    error_class: str
    input: str | None = None
    """The input at fault, in our words, where that is known."""


def leeway(asked: int) -> float:
    """Seconds that a clip may be off: models keep to the second, not to the frame. More is a clip cut short."""
    return max(1.0, asked * 0.2)


class Kept(Row):
    """A clip in our own bucket; `pcm_key` is its sound as s16le 48 kHz stereo."""

    key: str
    pcm_key: str
    sha256: str
    probe: Probe
    silent: bool = False
    """Nothing is heard of it, though its model makes sound and was asked to."""
    thumbnail_key: str | None = None
    last_frame_key: str | None = None
    """JPEGs: a small one of its middle, and its very last frame. None where they could not be made, as until November 2026."""
    predict_seconds: float | None = None
    """That it took at the provider, by the provider's own word or by our clock."""
    segment: Segment | None = None
    """What the live playlist plays; None where none could be made: it goes on without the clip."""


class KeptPicture(Row):
    """A picture that was made for a clip, in the store of what is shared."""

    key: str
    sha256: str
    width: int
    height: int
    format: Literal["png", "jpeg"]
    bytes: int
    predict_seconds: float | None = None
    """As of a clip; None also of one that its caller has put in its place."""


class Clip(Row):
    number: int
    shot: int | None = None
    """Its place in the film, where that is not its number: several variants may have been made for one."""
    variant: int = 1
    run: int
    status: ClipStatus = ClipStatus.PENDING
    stage: str = "video"
    mode: Mode = "pair"
    image1_asset_id: str | None = None
    image2_asset_id: str | None = None
    image1_key: str | None = None
    image2_key: str | None = None
    prompt: str | None = None
    scene_id: str | None = None
    """Of a film of scenes; so is all of the picture, and `prompt` is of the motion."""
    image_prompt: str | None = None
    image_model: str | None = None
    image_aspect_ratio: str | None = None
    """Where it is not the job's for that model."""
    reference_asset_id: str | None = None
    reference_key: str | None = None
    """A picture that the model is shown; in the media bucket, where `picture` and what `image1_key` is then are not."""
    picture: KeptPicture | None = None
    """What stage `image` has come to: the video begins with it."""
    score: Decimal | None = None
    reason: str | None = None
    model: str
    duration_seconds: int
    ends_at: Decimal | None = None
    """Where the film leaves it, in seconds of the clip; None: at its end."""
    estimated_cost: Decimal
    actual_cost: Decimal | None = None
    provider_reported_cost: Decimal | None = None
    """The same, as its providers say; None where none does."""
    attempt_id: str | None = None
    prediction_id: str | None = None
    retry_count: int = 0
    """Attempts at this stage, in this run, beyond the first."""
    earlier_attempts: int = 0
    """Of the runs before, and those beyond the first of the stages before."""
    seed: int | None = None
    aspect_ratio: str | None = None
    """Where it is not the job's."""
    former: Clip | None = None
    """As it was before it was made anew; None once there is another, or where there was nothing to keep."""
    kept: Kept | None = None
    still: Still | None = None
    """The picture that is shown itself, in motion: nothing is made of it before the film's pieces are."""
    own: bool = False
    """A video of the caller's, as it was uploaded."""
    error_message: str | None = None
    error_class: str | None = None
    error_input: str | None = None
    created_at: str
    updated_at: str
    started_at: str | None = None
    completed_at: str | None = None
    expires_at: int | None = None
    """Epoch seconds; on rows written before their job, until the job is accepted."""

    @property
    def place(self) -> int:
        """Of its shot in the film."""
        return self.number if self.shot is None else self.shot

    @property
    def settled(self) -> bool:
        return self.status not in OPEN_CLIP

    @property
    def video(self) -> Kept | None:
        """What the clip has come to; None until its last stage is kept."""
        return self.kept if self.status is ClipStatus.COMPLETED else None

    @property
    def is_given(self) -> bool:
        """Shown as its caller gave it: nobody makes it, or could make it anew."""
        return self.own or self.still is not None

    @property
    def shown(self) -> Kept | Still | None:
        """What the film can show of it."""
        return self.still if self.still and self.status is ClipStatus.COMPLETED else self.video

    @property
    def standing(self) -> Clip:
        """The clip as its video was made, also while it is made anew."""
        return self if self.former is None else self.former.standing

    @property
    def latest(self) -> Kept | None:
        """Its video, or the one that there is until it has been made anew."""
        return self.standing.video

    @property
    def attempts_before(self) -> int:
        """How many attempts the clip has had in all but for the latest."""
        return self.earlier_attempts + self.retry_count


class Attempt(Row):
    id: str
    clip: int
    run: int
    stage: str
    status: AttemptStatus = AttemptStatus.ASKED
    provider: str
    model: str
    slug: str
    """The provider's own name of the model, as it was when it was asked."""
    price: Decimal | None = None
    """USD, in the catalogue when it was asked."""
    token: str = Field(repr=False)
    """The task token to release; the latest that the workflow handed out."""
    turn: int = 0
    """The try of the state that it was handed out to."""
    prediction_id: str | None = None
    postponed: bool = False
    """Nothing was created, so the create may be sent by whoever claims it: not sent yet, or the provider was busy."""
    claim: str | None = None
    """Of whoever claimed the create last; nobody else may undo it."""
    claimed_at: str | None = None
    uploads: dict[str, str] = Field(default_factory=dict)
    """The addresses at the provider of the pictures that were uploaded for this attempt, by our words for them."""
    fingerprint: str | None = None
    """Of what was asked, where no picture's address says whose it is; see `providers.protocol.fingerprint`."""
    answer: Answer | None = None
    kept: Kept | None = None
    """What came of it after it had been given up: it was paid for, and changes nothing any more."""
    picture: KeptPicture | None = None
    """What came of it at a stage that makes one, late or in time."""
    asked_at: str
    accepted_at: str | None = None
    answered_at: str | None = None
    ended_at: str | None = None

    @property
    def is_waiting(self) -> bool:
        return self.status in WAITING

    @property
    def given_up(self) -> bool:
        """It has ended without what was asked; that may come all the same."""
        return self.status in (AttemptStatus.LOST, AttemptStatus.CANCELLED)

    @property
    def is_made(self) -> bool:
        """The provider has made, and taken money for, what was asked."""
        return self.answer is not None and self.answer.outcome is Outcome.SUCCEEDED

    @property
    def came_late(self) -> bool:
        """It was made after it had been given up, and is not kept yet."""
        late = (self.answered_at or "") > (self.ended_at or "")
        return self.given_up and self.is_made and late and self.kept is None and self.picture is None


def pending_clip(job: Job, number: int, cost: Decimal, *, expires_at: int | None = None, **chosen: Any) -> Clip:
    """A clip that nothing has been done for; `chosen` are its pictures, prompt and so on, once they are known, and what of it
    is other than the job's."""
    stamp = now()
    usual = {"model": job.model, "duration_seconds": job.duration_seconds, "stage": STAGES[job.kind][0]}
    return Clip(
        number=number,
        run=job.run,
        estimated_cost=cost,
        created_at=stamp,
        updated_at=stamp,
        expires_at=expires_at,
        **{**usual, **chosen},
    )


OF_A_VIDEO = frozenset(
    {"kept", "attempt_id", "prediction_id", "model", "prompt", "duration_seconds", "estimated_cost", "stage", "seed"}
    | {"aspect_ratio", "started_at", "picture", "image1_key", "image_prompt", "image_model", "image_aspect_ratio"}
)
"""What of a clip's row belongs to what has been made of it."""


def given_back(former: Clip) -> dict[str, Any]:
    """The changes to a clip that could not be made anew."""
    kept = former.model_dump(by_alias=True, include=set(OF_A_VIDEO))
    return {**kept, "former": former.former.attributes() if former.former else None}


STAGES: dict[str, tuple[str, ...]] = {
    "image_pairs": ("video",),
    "prompt": ("video",),
    "scenes": ("image", "video"),
    "listing": ("video",),
}
"""The paid steps of a clip, by kind of job."""


def made_with(clip: Clip, stage: str) -> tuple[str, Mode]:
    """The model that is asked for a stage of the clip, and the mode that it is asked in."""
    if stage == "image" and clip.image_model:
        return clip.image_model, "still"
    return clip.model, clip.mode
