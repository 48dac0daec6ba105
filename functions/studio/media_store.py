"""The media bucket: where objects lie, how they come in, and the signed URLs that let them out.

Nothing is ever overwritten: a key holds its attempt (clips) or its run (films), and only a row makes it the current one.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from functions.studio.media import clip_name

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SIGNED_FOR = 3600
"""Seconds that a signed URL is good for, at most: the design's hour."""

RAW = "lifetime=raw"
"""The tag of objects that the bucket's lifecycle removes: sources and pieces, not films."""


def asset_key(tenant: str, asset_id: str, extension: str) -> str:
    return f"{tenant}/assets/{asset_id}/original.{extension}"


def clip_key(tenant: str, job_id: str, attempt_id: str, clip: int) -> str:
    return f"{tenant}/{attempt_id}/videos/{job_id}/clips/{clip_name(clip)}"


def film_key(tenant: str, job_id: str, run: int, name: str = "combined.mp4") -> str:
    return f"{tenant}/{run}/videos/{job_id}/{name}"


def piece_key(tenant: str, job_id: str, run: int, piece: int, extension: str) -> str:
    return f"{tenant}/{run}/videos/{job_id}/pieces/piece_{piece:04d}.{extension}"


def s3() -> S3Client:
    """SigV4 has to be asked for: boto3 presigns with SigV2 otherwise."""
    return boto3.client("s3", config=Config(signature_version="s3v4", retries={"mode": "standard", "max_attempts": 5}))


class MediaStore:
    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self.client = client or s3()

    def put(self, key: str, body: bytes | IO[bytes], content_type: str, *, tags: str = "") -> None:
        extra: Any = {"Tagging": tags} if tags else {}
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, **extra)

    def upload(self, path: Path, key: str, content_type: str, *, tags: str = "") -> None:
        """Large files in parts; the object appears when its last part is confirmed, or not at all."""
        extra = {"ContentType": content_type} | ({"Tagging": tags} if tags else {})
        self.client.upload_file(str(path), self.bucket, key, ExtraArgs=extra)

    def download(self, key: str, path: Path) -> None:
        self.client.download_file(self.bucket, key, str(path))

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def signed_url(self, key: str, *, name: str | None = None, seconds: int = SIGNED_FOR) -> str:
        """A GET of one object. `name` is signed into it as the file name of the answer's content disposition."""
        asked = {"Bucket": self.bucket, "Key": key}
        if name:
            asked["ResponseContentDisposition"] = f'inline; filename="{name}"'
        return self.client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)
