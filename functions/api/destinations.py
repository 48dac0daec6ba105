"""Where else a film is to lie, as requests say it and jobs show it."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import StringConstraints, field_validator, model_validator

from functions.api import inputs
from functions.api.envelope import View
from functions.api.variants import refuse
from functions.studio.closing import waiting_for
from functions.studio.destinations import Delivery, Destination
from functions.studio.errors import ConditionLost, Conflict, FieldError
from functions.studio.events import COPY, JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job

Bucket = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]*$", max_length=500)]


class DestinationWish(inputs.Input):
    """`r2`: the bucket that the deployment's secret names. `s3`: an endpoint and a bucket; the secret's keys are sent to the
    endpoint that the secret is for, and to no other."""

    kind: Literal["r2", "s3"]
    endpoint: inputs.WebAddress | None = None
    bucket: Bucket | None = None
    prefix: Prefix = ""
    """Folders of your own below your tenant's."""

    @field_validator("endpoint")
    @classmethod
    def _is_an_origin(cls, said: str | None) -> str | None:
        if said is not None:
            parts = urlsplit(said)
            if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
                raise ValueError("must be an origin, such as https://s3.example.com")
        return said and said.rstrip("/")

    @field_validator("prefix")
    @classmethod
    def _leads_down(cls, said: str) -> str:
        if any(step in (".", "..") for step in said.split("/")):
            raise ValueError("must not have . or .. among its folders")
        return said.strip("/")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.kind == "s3" and not (self.endpoint and self.bucket):
            raise ValueError("an s3 destination needs an endpoint and a bucket")
        if self.kind == "r2" and self.endpoint:
            raise ValueError("an r2 destination has no endpoint of its own: the deployment's secret names the account")
        return self


class CopiedFileView(View):
    name: str
    key: str
    bytes: int
    url: str | None
    """For everybody, where the deployment says that the bucket is public (`R2_PUBLIC_URL`)."""


class DeliveredToView(View):
    status: Literal["waiting", "delivered", "failed"]
    run: int
    endpoint: str | None
    bucket: str | None
    files: list[CopiedFileView]
    reason: str | None
    """Why it failed. `POST …/deliver` tries again; the film is where it was."""
    at: str


def the_destination(wish: DestinationWish | None) -> Destination | None:
    return None if wish is None else Destination.model_validate(wish.model_dump())


def delivered_to(job: Job) -> DeliveredToView | None:
    return _view(job.delivery) if job.delivery else None


class DeliverRequest(inputs.Input):
    destination: DestinationWish | None = None
    """Without it, the one that the job was asked with."""


def copy_again(job: Job, asked: DeliverRequest, jobs: JobStore, events: JobEvents) -> Job:
    """Has the job's film copied, once more or for the first time; Conflict where there is none."""
    destination = the_destination(asked.destination) or job.destination
    if destination is None:
        refuse(FieldError("destination", "is required: the job was asked for without one"))
    if job.film is None:
        raise Conflict(
            "There is no film to copy yet.",
            hint="Ask again when the job is completed.",
            errors=(FieldError("job_id", "must be of a job that has a film"),),
        )
    try:
        jobs.table.commit(jobs.to_be_copied(job, waiting_for(job.film), destination))
    except ConditionLost:
        raise Conflict("The film is being copied at this moment.", hint="Look at deliveredTo of the job.") from None
    events.publish(job.model_copy(update={"run": job.film.run}), COPY)
    return jobs.job(job.id)


def _view(delivery: Delivery) -> DeliveredToView:
    return DeliveredToView.model_validate(delivery.model_dump())
