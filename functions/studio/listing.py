"""Where a tenant's jobs stand in its lists: sort keys of `T#{tenant}` that end in the job's id, so that each list is sorted by
the time of making; titles by themselves first. Pure.

JOB#{job} · JOBS#campaign#{campaign}#{job} · JOBS#kind#{kind}#{job} · JOBS#status#{status}#{job} (of all that run: running) ·
JOBS#film#{job} of those that have had one · JOBS#title#{title}#{job, reversed}
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from functions.studio.jobs import TERMINAL, Job, JobStatus
from functions.studio.rows import Row, id_before, reversed_id

EVERY = "JOB#"
WITH_FILM = "JOBS#film#"
TITLES = "JOBS#title#"
LAST = "\U0010ffff"
"""Sorts after whatever else begins in the same way."""
LONGEST_TITLE = 700
"""Bytes of a title that sort; a key has 1024."""


class Listed(Row):
    """A job in a list, with what never changes of it."""

    job_id: str
    kind: str
    campaign_id: str
    client_id: str | None = None
    title: str | None = None

    def is_titled(self, beginning: str) -> bool:
        return self.title is not None and sorted_title(self.title).startswith(sorted_title(beginning))


@dataclass(frozen=True)
class Span:
    """A part of a list, both ends included."""

    low: str
    high: str
    newest_first: bool = True


def entry(job: Job) -> Listed:
    return Listed(job_id=job.id, kind=job.kind, campaign_id=job.campaign_id, client_id=job.client_id, title=job.title)


def places(job: Job) -> list[str]:
    """All but that of its film."""
    lists = (EVERY, of_campaign(job.campaign_id), of_kind(job.kind), of_status(job.status))
    titled = [_by_title(job.title, job.id)] if job.title else []
    return [*(place + job.id for place in lists), *titled]


def of_campaign(campaign_id: str) -> str:
    return f"JOBS#campaign#{campaign_id}#"


def of_kind(kind: str) -> str:
    return f"JOBS#kind#{kind}#"


def of_status(status: JobStatus) -> str:
    """Those that run change their status too often to be told apart here."""
    return f"JOBS#status#{status.value if status in TERMINAL else 'running'}#"


def sorted_title(title: str) -> str:
    """By which titles are compared: without regard to case, width and the number of blanks."""
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def since(place: str, first: str | None, last: str | None) -> Span:
    """Of a list that is sorted by time, from one id to another."""
    return Span(place + (first or ""), place + (last or LAST))


def titled(beginning: str, after: Listed | None = None) -> Span:
    """By the alphabet, of the same title the newest first; from the job `after` on, without it."""
    start = TITLES + _cut(sorted_title(beginning))
    low = _by_title(after.title, id_before(after.job_id)) if after and after.title else start
    return Span(max(start, low), start + LAST, newest_first=False)


def _by_title(title: str, job_id: str) -> str:
    return f"{TITLES}{_cut(sorted_title(title))}#{reversed_id(job_id)}"


def _cut(title: str) -> str:
    return title.encode()[:LONGEST_TITLE].decode(errors="ignore")


def merged(parts: Sequence[tuple[list[Listed], bool]]) -> tuple[list[Listed], bool]:
    """Of each span its first entries, and whether there are more: those before which nothing can be missing."""
    if len(parts) == 1:
        return parts[0]
    floor = max((entries[-1].job_id for entries, more in parts if more and entries), default="")
    found = {one.job_id: one for entries, _ in parts for one in entries if one.job_id >= floor}
    return [found[job_id] for job_id in sorted(found, reverse=True)], any(more for _, more in parts)
