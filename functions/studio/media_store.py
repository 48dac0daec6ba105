"""The media bucket, and that of what is shared: where objects lie, how they come in, and the URLs that let them out.

Nothing is ever overwritten: a key holds its attempt (clips) or its run (films), and only a row makes it the current one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.studio.errors import BrokenMedia, NotConfigured
from functions.studio.media import clip_name

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SIGNED_FOR = 3600
"""Seconds that a signed URL is good for, at most: the design's hour."""

CHUNK = 1 << 20
PARTED = 8 << 20
"""Bytes from which a file is sent in parts: boto3's own threshold."""

RAW = "lifetime=raw"
"""The tag of objects that the bucket's lifecycle removes: raw sound and pieces, not clips and films."""

UPLOAD_TAGS = "<Tagging><TagSet><Tag><Key>lifetime</Key><Value>upload</Value></Tag></TagSet></Tagging>"
"""The same for what callers put into the bucket themselves, as a presigned POST says it."""


@dataclass(frozen=True)
class SignedPost:
    """A form for one object: POST all `fields`, then `file`, as multipart/form-data to `url`."""

    url: str
    fields: dict[str, str]


def asset_key(tenant: str, write: str, name: str) -> str:
    """`write` is an id of its own for each try to keep a picture, so that one that comes too late removes only its own."""
    return f"{tenant}/assets/{write}/{name}"


def upload_key(tenant: str, upload_id: str) -> str:
    return f"{tenant}/uploads/{upload_id}"


def clip_key(tenant: str, job_id: str, attempt_id: str, clip: int) -> str:
    return f"{tenant}/{attempt_id}/videos/{job_id}/clips/{clip_name(clip)}"


def segment_key(clip: str) -> str:
    """Beside the clip (or film) with that key."""
    return clip.removesuffix(".mp4") + ".m4s"


def thumbnail_key(clip: str) -> str:
    """Beside the clip with that key; so is the next one."""
    return clip.removesuffix(".mp4") + "_thumbnail.jpg"


def last_frame_key(clip: str) -> str:
    return clip.removesuffix(".mp4") + "_last_frame.jpg"


def film_key(tenant: str, job_id: str, run: int, name: str = "combined.mp4") -> str:
    return f"{tenant}/{run}/videos/{job_id}/{name}"


def preview_key(film: str) -> str:
    return film.rsplit("/", 1)[0] + "/preview.webp"


def ranges_key(film: str) -> str:
    """Of how the film's segment divides."""
    return segment_key(film) + ".json"


def piece_key(tenant: str, job_id: str, run: int, piece: int, extension: str) -> str:
    return f"{tenant}/{run}/videos/{job_id}/pieces/piece_{piece:04d}.{extension}"


def narration_key(tenant: str, job_id: str, name: str) -> str:
    """Named after what it holds, or what was asked: the same name is the same content."""
    return f"{tenant}/narrations/{job_id}/{name}"


def shared_picture_key(tenant: str, extension: str) -> str:
    """Another one each time: who knows it may see the picture, so it says nothing of when it was made."""
    return f"{tenant}/generated_images/{uuid4()}.{extension}"


def s3() -> S3Client:
    """SigV4 has to be asked for: boto3 presigns with SigV2 otherwise. So has the bucket's own host: it would presign for
    the global one, which redirects to a new bucket's region for hours, and a browser's POST does not follow."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
        retries={"mode": "standard", "max_attempts": 5},
    )
    return boto3.client("s3", config=config)


class MediaStore:
    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self.client = client or s3()

    def found(self) -> Self:
        """Itself. NotConfigured where there is no such bucket, or it is somebody else's: said at the start, and not by
        whatever is written first."""
        try:
            self.client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            why = {404: "is not there", 403: "may not be used by this deployment"}.get(
                error.response["ResponseMetadata"]["HTTPStatusCode"]
            )
            if why is None:
                raise
            raise NotConfigured(
                f"The bucket {self.bucket!r} {why}: the stack makes its own; deploy it again, or put back what was removed."
            ) from None
        return self

    def put(self, key: str, body: bytes | IO[bytes], content_type: str, *, tags: str = "") -> None:
        extra: Any = {"Tagging": tags} if tags else {}
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, **extra)

    def upload(self, path: Path, key: str, content_type: str, *, tags: str = "") -> None:
        """Large files in parts; the object appears when its last part is confirmed, or not at all."""
        if path.stat().st_size < PARTED:  # boto3's own transfer makes threads for one request, too
            with path.open("rb") as file:
                self.put(key, file, content_type, tags=tags)
            return
        extra = {"ContentType": content_type} | ({"Tagging": tags} if tags else {})
        self.client.upload_file(str(path), self.bucket, key, ExtraArgs=extra)

    def download(self, key: str, path: Path) -> None:
        """One billed request a file, where boto3's own transfer asks for the size first; a break is for the state's Retry.

        BrokenMedia when there is no such object: no Retry brings it back.
        """
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
        except self.client.exceptions.NoSuchKey:
            raise BrokenMedia("its file is not in the bucket any more") from None
        with path.open("wb") as file:
            for chunk in body.iter_chunks(CHUNK):
                file.write(chunk)

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def find(self, key: str) -> bytes | None:
        """None when there is no such object."""
        try:
            return self.read(key)
        except self.client.exceptions.NoSuchKey:
            return None

    def names(self, folder: str, most: int) -> list[str]:
        """The first keys below a folder, in their order."""
        found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=folder, MaxKeys=most)
        return [one["Key"] for one in found.get("Contents", [])]

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def signed_url(self, key: str, *, name: str | None = None, seconds: int = SIGNED_FOR) -> str:
        """A GET of one object. `name` is signed into it as the file name of the answer's content disposition."""
        asked = {"Bucket": self.bucket, "Key": key}
        if name:
            asked["ResponseContentDisposition"] = f'inline; filename="{name}"'
        return self.client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)

    def signed_post(
        self, key: str, *, most_bytes: int, content_type: str | None = None, seconds: int = SIGNED_FOR
    ) -> SignedPost:
        """Holds the object's size and type, and that it is removed again unless somebody copies it."""
        fields = {"tagging": UPLOAD_TAGS} | ({"Content-Type": content_type} if content_type else {})
        held: list[Any] = [*({name: value} for name, value in fields.items()), ["content-length-range", 1, most_bytes]]
        signed = self.client.generate_presigned_post(
            self.bucket, key, Fields=dict(fields), Conditions=held, ExpiresIn=seconds
        )
        return SignedPost(signed["url"], signed["fields"])


class SharedStore(MediaStore):
    """The bucket of what is shared. As private as the other: the world has it from a distribution in front of it, at `address`,
    by keys that nobody guesses."""

    def __init__(self, bucket: str, address: str, client: S3Client | None = None) -> None:
        super().__init__(bucket, client)
        self.address = address.rstrip("/")

    def url(self, key: str) -> str:
        """For everybody, and for as long as the object is there."""
        return f"{self.address}/{key}"
