"""A run's film, its poster and its captions, streamed from our bucket into one of another service that speaks S3."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.studio.budgets import spent_afterwards
from functions.studio.destinations import CopiedFile, Delivery, Destination, key_in, month_of_storage
from functions.studio.errors import ConditionLost, KeyUnreachable, NotConfigured, ReelayError
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job
from functions.studio.keyring import provider_key
from functions.studio.ledger import NARRATION, Ledger, Line, LineState
from functions.studio.media_store import MediaStore
from functions.studio.messages import RunRef, attempt_id
from functions.studio.rows import now
from functions.studio.telemetry import logger

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TYPES = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "jpg": "image/jpeg",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
}

KEYS = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")

FINAL = {400, 401, 403, 404, 405, 411, 413}
"""Statuses that asking again does not mend."""


class Abroad(NamedTuple):
    """What the deployment's secret says."""

    account: str
    key: str
    secret: str
    buckets: str
    """The usual one first, others that may be named behind commas."""
    endpoint: str = ""
    """Of the service, where that is not Cloudflare's."""
    public: str = ""
    """Where everybody can read the usual bucket."""

    @property
    def url(self) -> str:
        return (self.endpoint or f"https://{self.account}.r2.cloudflarestorage.com").rstrip("/")

    @property
    def names(self) -> list[str]:
        return [one.strip() for one in self.buckets.split(",") if one.strip()]

    def shown_at(self, bucket: str, key: str) -> str | None:
        """None where not everybody can read it."""
        return f"{self.public}/{key}" if self.public and bucket == self.names[0] else None


def abroad() -> Abroad:
    """NotConfigured or KeyUnreachable where the secret does not tell."""
    account, key, secret, buckets = map(provider_key, KEYS)
    return Abroad(account, key, secret, buckets, os.environ["R2_ENDPOINT_URL"], os.environ["R2_PUBLIC_URL"])


class NotACopy(ReelayError):
    """The copy cannot be made, and asking again does not help."""


def opened(abroad: Abroad) -> S3Client:
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 4},
        # Other services do not know the checksums that boto3 adds by itself.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=abroad.url,
        region_name="auto",
        aws_access_key_id=abroad.key,
        aws_secret_access_key=abroad.secret,
        config=config,
    )


def copy_film(
    run: RunRef,
    jobs: JobStore,
    ledger: Ledger,
    media: MediaStore,
    told: Callable[[], Abroad],
    open_at: Callable[[Abroad], S3Client],
) -> None:
    """Doing it again writes the same objects, and pays once. What may pass is raised, for another try; the job says meanwhile
    why there is no copy."""
    job = jobs.find_job(run.job_id)
    if job is None or job.destination is None or job.delivery is None or job.delivery.run != run.run:
        logger().info("nothing to copy")
        return
    if job.delivery.status == "delivered":
        return
    film = jobs.films.film(run.job_id, run.run)
    try:
        made = _copied(job, film, job.destination, media, told(), open_at)
    except (NotConfigured, NotACopy) as error:
        _failed(job, str(error), jobs)
        return
    except (ClientError, BotoCoreError, KeyUnreachable) as error:
        _failed(job, _said(error), jobs)
        if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] in FINAL:
            return
        raise
    cost = month_of_storage(sum(one.bytes for one in made.files))
    paid = Line(
        attempt_id=attempt_id(run.run, NARRATION, "storage", 1),
        clip=NARRATION,
        run=run.run,
        stage="storage",
        amount=cost,
        model=job.destination.kind,
        state=LineState.SETTLED,
        reserved_at=now(),
        ended_at=now(),
    )
    try:
        jobs.table.commit(jobs.copied(job, made, cost), ledger.enter(job.id, paid), *spent_afterwards(job, cost))
    except ConditionLost as lost:
        if lost.index != 1:  # another film was delivered meanwhile, or the same copy was told by another try
            return
        jobs.table.commit(jobs.copied(job, made, Decimal(0)))
    logger().info("film copied", extra={"bucket": made.bucket, "files": len(made.files)})


def _copied(
    job: Job,
    film: Film,
    to: Destination,
    media: MediaStore,
    abroad: Abroad,
    open_at: Callable[[Abroad], S3Client],
) -> Delivery:
    if to.endpoint and to.endpoint.rstrip("/") != abroad.url:
        raise NotACopy(f"the deployment has no keys for {to.endpoint}")
    bucket = to.bucket or abroad.names[0]
    if bucket not in abroad.names:
        raise NotACopy(f"the deployment's R2_BUCKET_NAME does not name the bucket {bucket}")
    client = open_at(abroad)
    files = []
    for name, key in _files(film):
        there = key_in(to, job.tenant, job.id, film.run, name)
        size = _streamed(media, key, client, bucket, there)
        files.append(CopiedFile(name=name, key=there, bytes=size, url=abroad.shown_at(bucket, there)))
    return Delivery(run=film.run, status="delivered", endpoint=abroad.url, bucket=bucket, files=files, at=now())


def _files(film: Film) -> Iterator[tuple[str, str]]:
    keys = [film.key, film.poster_key]
    if film.subtitles:
        keys += [film.subtitles.srt_key, film.subtitles.vtt_key]
    return ((key.rpartition("/")[2], key) for key in keys)


def _streamed(media: MediaStore, key: str, client: S3Client, bucket: str, there: str) -> int:
    """Bytes, as they came: nothing of it is on the disk. The object appears when its last part has come."""
    came = media.client.get_object(Bucket=media.bucket, Key=key)
    extra: Any = {"ContentType": TYPES.get(key.rpartition(".")[2], "application/octet-stream")}
    client.upload_fileobj(came["Body"], bucket, there, ExtraArgs=extra)
    kept = client.head_object(Bucket=bucket, Key=there)["ContentLength"]
    if kept != came["ContentLength"]:
        raise NotACopy(f"{there} has {kept} bytes there, and {came['ContentLength']} here")
    return kept


def _failed(job: Job, reason: str, jobs: JobStore) -> None:
    assert job.delivery
    logger().warning("the film was not copied", extra={"reason": reason})
    said = Delivery(run=job.delivery.run, status="failed", reason=reason, at=now())
    try:
        jobs.table.commit(jobs.copied(job, said, Decimal(0)))
    except ConditionLost:
        logger().info("another film was delivered meanwhile")


def _said(error: Exception) -> str:
    """Fit for the caller: the service's own word, and no address of ours."""
    if isinstance(error, ClientError):
        told = error.response["Error"]
        return f"the destination answered {told.get('Code')}: {told.get('Message', '')[:200]}"
    if isinstance(error, KeyUnreachable):
        return str(error)
    return f"the destination cannot be reached ({type(error).__name__})"
