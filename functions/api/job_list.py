"""A tenant's jobs, newest first, and those among them that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.api.job_views import STATUS_WORDS, shown_status
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.job_store import JobStore, Listed
from functions.studio.jobs import Job

LOOKED_AT = 500
"""Jobs that one call looks at: a filter that finds few of them gets a short page, and a cursor to go on from."""
AT_ONCE = 100
"""Jobs whose rows are read together while a status is looked for."""


@dataclass(frozen=True)
class Wanted:
    """What every job of the list has to be; None where it makes no difference."""

    statuses: Sequence[str] | None = None
    kind: str | None = None
    campaign_id: str | None = None
    client_id: str | None = None

    def __post_init__(self) -> None:
        if unknown := [word for word in self.statuses or () if word not in STATUS_WORDS]:
            words = ", ".join(STATUS_WORDS)
            raise InvalidRequest(
                f"There is no status {unknown[0][:80]!r}.",
                hint=f"There are {words}; several stand between commas.",
                errors=(FieldError("status", f"must be one or more of {words}"),),
            )

    @property
    def filters(self) -> bool:
        return any(wish is not None for wish in (self.statuses, self.kind, self.campaign_id, self.client_id))

    def lists(self, listed: Listed) -> bool:
        wishes = (
            (self.kind, listed.kind),
            (self.campaign_id, listed.campaign_id),
            (self.client_id, listed.client_id),
        )
        return all(wish in (None, said) for wish, said in wishes)

    def shows(self, job: Job) -> bool:
        return self.statuses is None or not {shown_status(job), job.status.value}.isdisjoint(self.statuses)


def page_of_jobs(
    jobs: JobStore, tenant: str, wanted: Wanted, *, limit: int, before: str | None
) -> tuple[list[Job], str | None]:
    """At most `limit` jobs made before the job `before`, and the id to go on from if there may be more."""
    entries, more = jobs.listed(tenant, limit=LOOKED_AT if wanted.filters else limit, before=before)
    likely = [entry.job_id for entry in entries if wanted.lists(entry)]
    size = AT_ONCE if wanted.statuses else limit
    found: list[Job] = []
    for start in range(0, len(likely), size):
        batch = jobs.jobs(likely[start : start + size])
        found += [job for job in reversed(batch) if wanted.shows(job)]
        if len(found) > limit or (len(found) == limit and start + size < len(likely)):
            return found[:limit], found[limit - 1].id
    return found, entries[-1].job_id if more else None
