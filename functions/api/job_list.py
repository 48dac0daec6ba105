"""A tenant's jobs, newest first, and those among them that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, NoReturn

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import cursors
from functions.api.job_views import STATUS_WORDS, shown_status
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.job_store import JobStore
from functions.studio.jobs import TERMINAL, Job, JobStatus, Kind
from functions.studio.listing import EVERY, WITH_FILM, Listed, Span, of_campaign, of_kind, of_status, since, titled
from functions.studio.rows import first_id, id_before, is_id

LOOKED_AT = 500
"""Jobs that one call looks at: a filter that finds few of them gets a short page, and a cursor to go on from."""
AT_ONCE = 100
"""Jobs whose rows are read together while something is looked for that only they say."""

ENDED = {status.value: of_status(status) for status in JobStatus if status in TERMINAL}


@dataclass(frozen=True)
class Wanted:
    """What every job of the list has to be; None where it makes no difference. The first of title, campaign, status and kind
    that is given says what is read; all others are applied to that."""

    statuses: Sequence[str] | None = None
    kind: str | None = None
    campaign_id: str | None = None
    client_id: str | None = None
    title: str | None = None
    """What it begins with."""
    made: tuple[str | None, str | None] = (None, None)
    """Ids between which they were made, both included."""
    with_film: bool = False

    def __post_init__(self) -> None:
        if unknown := [word for word in self.statuses or () if word not in STATUS_WORDS]:
            words = ", ".join(STATUS_WORDS)
            raise InvalidRequest(
                f"There is no status {unknown[0][:80]!r}.",
                hint=f"There are {words}; several stand between commas.",
                errors=(FieldError("status", f"must be one or more of {words}"),),
            )

    @property
    def sifts(self) -> bool:
        """Whether not all that is read may be wanted."""
        by_list = [self.title, self.campaign_id, self.statuses, self.kind]
        given = sum(wish is not None for wish in by_list)
        beside = self.client_id is not None or (self.title is not None and self.made != (None, None))
        several = len(self.statuses or ()) > 1 or not ENDED.keys() >= set(self.statuses or ())
        return given > 1 or beside or several or (given > 0 and self.with_film)

    def spans(self, after: Listed | None) -> list[Span]:
        """What is read, from the job `after` on; nothing where there can be none."""
        if self.title is not None:
            return [titled(self.title, after)]
        first, last = self.made
        if after:
            last = min(id_before(after.job_id), last or after.job_id)
        return [since(place, first, last) for place in self._places()]

    def _places(self) -> list[str]:
        if self.campaign_id is not None:
            return [of_campaign(self.campaign_id)] if is_id(self.campaign_id) else []
        if self.statuses is not None:
            running = of_status(JobStatus.PLANNING)
            return list(dict.fromkeys(ENDED.get(word, running) for word in self.statuses))
        if self.kind is not None:
            return [of_kind(self.kind)]
        return [WITH_FILM if self.with_film else EVERY]

    def lists(self, listed: Listed) -> bool:
        first, last = self.made
        wishes = (
            (self.kind, listed.kind),
            (self.campaign_id, listed.campaign_id),
            (self.client_id, listed.client_id),
        )
        return (
            all(wish in (None, said) for wish, said in wishes)
            and (self.title is None or listed.is_titled(self.title))
            and (first or "") <= listed.job_id
            and (last is None or listed.job_id <= last)
        )

    def shows(self, job: Job) -> bool:
        if self.with_film and job.film is None:
            return False
        return self.statuses is None or not {shown_status(job), job.status.value}.isdisjoint(self.statuses)


def page_of_jobs(
    jobs: JobStore, tenant: str, wanted: Wanted, *, limit: int, after: str | None
) -> tuple[list[Job], str | None]:
    """At most `limit` jobs that follow the job `after`, and the id to go on from if there may be more."""
    spans = wanted.spans(_place_of(jobs, tenant, after) if after else None)
    if not spans:
        return [], None
    entries, more = jobs.listed(tenant, spans, limit=LOOKED_AT if wanted.sifts else limit)
    likely = [entry.job_id for entry in entries if wanted.lists(entry)]
    size = AT_ONCE if wanted.statuses or wanted.with_film else limit
    found: list[Job] = []
    for start in range(0, len(likely), size):
        ids = likely[start : start + size]
        batch = {job.id: job for job in jobs.jobs(ids)}
        found += [batch[job_id] for job_id in ids if job_id in batch and wanted.shows(batch[job_id])]
        if len(found) > limit or (len(found) == limit and start + size < len(likely)):
            return found[:limit], found[limit - 1].id
    return found, entries[-1].job_id if more and entries else None


def _place_of(jobs: JobStore, tenant: str, job_id: str) -> Listed:
    entry = jobs.find_listed(tenant, job_id)
    if entry is None:
        cursors.refuse()
    return entry


CREATED = "RFC 3339, such as 2026-11-21 (its beginning, UTC) or 2026-11-21T10:00:00Z"

Statuses = Annotated[
    list[str] | None,
    Query(alias="status", description=f"One or more of {', '.join(STATUS_WORDS)}; repeated or between commas"),
]
OfKind = Annotated[Kind | None, Query(alias="kind")]
OfCampaign = Annotated[str | None, Query(alias="campaignId")]
OfClient = Annotated[str | None, Query(alias="clientId")]
Titled = Annotated[
    str | None,
    Query(
        alias="title",
        min_length=1,
        max_length=200,
        description="What it begins with, in any case; the list is then sorted by titles, the newest of each first",
    ),
]
CreatedFrom = Annotated[str | None, Query(alias="createdFrom", description=f"Since then; {CREATED}")]
CreatedBefore = Annotated[str | None, Query(alias="createdBefore", description=f"Not since then; {CREATED}")]


def made(since: str | None, before: str | None) -> tuple[str | None, str | None]:
    """The ids between which jobs were made; InvalidRequest for what is no time."""
    first = None if since is None else first_id(_time(since, "createdFrom"))
    last = None if before is None else id_before(first_id(_time(before, "createdBefore")))
    return first, last


def _time(said: str, field: str) -> datetime:
    try:
        if len(said) == len("2026-11-21"):
            return datetime.combine(date.fromisoformat(said), time(), UTC)
        at = datetime.fromisoformat(said)
    except ValueError:
        _not_a_time(field)
    if at.tzinfo is None:
        _not_a_time(field)
    return at


def _not_a_time(field: str) -> NoReturn:
    detail = f"must be a day or a time with its zone: {CREATED}"
    raise InvalidRequest(f"{field}: {detail}", errors=(FieldError(field, detail),))
