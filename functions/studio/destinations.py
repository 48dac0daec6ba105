"""Where a film is copied to beside our own bucket, and what came of that. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from functions.studio.rows import Row

USD_A_GIGABYTE = Decimal("0.015")
"""A month of Cloudflare R2's standard storage, as of 2026-11-21 and seed 002; writes and reads of one film are below its
free allowance."""


def month_of_storage(size: int) -> Decimal:
    """USD of the first month that so many bytes lie there, rounded up to a millionth."""
    cost = USD_A_GIGABYTE * size / 1_000_000_000
    return cost.quantize(Decimal("0.000001"), rounding="ROUND_UP")


class Destination(Row):
    """A bucket of a service that speaks S3; what is None is as the deployment's own secret says."""

    kind: Literal["r2", "s3"] = "r2"
    endpoint: str | None = None
    bucket: str | None = None
    prefix: str = ""


class CopiedFile(Row):
    name: str
    key: str
    """In that bucket."""
    bytes: int
    url: str | None = None
    """For everybody, where the bucket is public."""


class Delivery(Row):
    """Of the film of one run."""

    run: int
    status: Literal["waiting", "delivered", "failed"]
    endpoint: str | None = None
    bucket: str | None = None
    files: list[CopiedFile] = []
    reason: str | None = None
    """Why it failed."""
    at: str


def key_in(destination: Destination, tenant: str, job_id: str, run: int, name: str) -> str:
    """Below the tenant's own folder, whatever prefix it asks for: no tenant writes where another does."""
    parts = [tenant, *filter(None, destination.prefix.split("/")), "videos", job_id, str(run), name]
    return "/".join(parts)
