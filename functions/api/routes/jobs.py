"""Jobs: one request for one film, and how far it is."""

from __future__ import annotations

import json
import os
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api.accept_job import accept_job
from functions.api.envelope import Envelope, answer, created
from functions.api.given import Asker, TheJobs, TheLedger, TheLibrary, TheMedia, TheWorkflow
from functions.api.image_pairs import ImagePairsRequest, draft
from functions.api.job_views import (
    AcceptedView,
    JobView,
    SubJobsView,
    accepted_view,
    job_path,
    job_view,
    sub_jobs_view,
)
from functions.api.own_jobs import own_film, own_job
from functions.studio.catalogue import catalogue

router = Router()
TAGS = ["jobs"]


@router.post(
    "/jobs/from-image-pairs",
    tags=TAGS,
    status_code=202,
    summary="Make a film from pairs of a campaign's pictures",
)
def from_image_pairs(
    body: ImagePairsRequest,
    asker: Asker,
    library: TheLibrary,
    jobs: TheJobs,
    ledger: TheLedger,
    workflow: TheWorkflow,
) -> Response[Envelope[AcceptedView]]:
    job, clips = draft(body, asker.tenant, library, catalogue(), os.environ["VIDEO_GENERATION_MODEL"])
    accept_job(job, clips, jobs, ledger, workflow)
    return created(accepted_view(job), job_path(job.id), status=202)


@router.get("/jobs/<job_id>", tags=TAGS, summary="Get a job")
def show(job_id: str, asker: Asker, jobs: TheJobs) -> Envelope[JobView]:
    job = own_job(jobs, asker.tenant, job_id)
    return answer(job_view(job, jobs.clips(job.id)))


@router.get("/jobs/<job_id>/sub-jobs", tags=TAGS, summary="Get the clips of a job")
def sub_jobs(job_id: str, asker: Asker, jobs: TheJobs) -> Envelope[SubJobsView]:
    job = own_job(jobs, asker.tenant, job_id)
    return answer(sub_jobs_view(job, jobs.clips(job.id), catalogue()))


@router.get("/jobs/<job_id>/manifest", tags=TAGS, summary="Get what the film was made of")
def manifest(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia) -> Envelope[dict[str, Any]]:
    film = own_film(own_job(jobs, asker.tenant, job_id))
    return answer(json.loads(media.read(film.manifest_key)))
