"""Films: what has come of all jobs."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api import cursors
from functions.api.envelope import Envelope, Listed, answer
from functions.api.film_list import LibraryFilm, library_film
from functions.api.given import Asker, TheJobs
from functions.api.job_list import (
    CreatedBefore,
    CreatedFrom,
    OfCampaign,
    OfClient,
    OfKind,
    Statuses,
    Titled,
    Wanted,
    made,
    page_of_jobs,
)

router = Router()


@router.get("/films", tags=["films"], summary="List films, those of the newest jobs first")
def page(
    asker: Asker,
    jobs: TheJobs,
    statuses: Statuses = None,
    kind: OfKind = None,
    campaign: OfCampaign = None,
    client: OfClient = None,
    title: Titled = None,
    created_from: CreatedFrom = None,
    created_before: CreatedBefore = None,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> Envelope[Listed[LibraryFilm]]:
    """Of each job the film that it has now; its others are in `films` of the job. Filters are those of jobs. A page may be
    shorter than `limit`, or empty, and still have a `nextCursor`."""
    wanted = Wanted(statuses, kind, campaign, client, title, made(created_from, created_before), with_film=True)
    found, more = page_of_jobs(jobs, asker.tenant, wanted, limit=limit, after=cursors.position(cursor))
    films = [library_film(job, job.film) for job in found if job.film]
    return answer(Listed(items=films, next_cursor=cursors.cursor(more)))
