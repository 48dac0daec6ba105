"""The distribution: anybody reads the objects of one bucket here, by their keys, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from botocore.exceptions import ClientError
from werkzeug import Request, Response

from local.front import raw_uri

FOR_ALL: Final = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "X-Cache": "Miss"}
CODES: Final[Mapping[str, int]] = {"NoSuchKey": 403, "InvalidRange": 416}
"""S3 tells who may not list a bucket nothing of what is not there, and so does what stands in front of it."""


class Edge:
    """A WSGI application. `client` is a boto3 client of S3."""

    def __init__(self, bucket: str, client: Any) -> None:
        self._bucket = bucket
        self._client = client

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]  # the signature of WSGI
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response("This distribution is not configured to allow the HTTP request method.", 403, FOR_ALL)
        key = unquote(raw_uri(request).partition("?")[0]).removeprefix("/")
        part = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key, **part) if key else None
        except ClientError as error:
            code = CODES.get(error.response["Error"]["Code"])
            if code is None:
                raise
            return Response("", code, FOR_ALL)
        if found is None:
            return Response("", 403, FOR_ALL)
        told = {"ETag": found["ETag"], "Accept-Ranges": "bytes"}
        told |= {"Content-Range": found["ContentRange"]} if "ContentRange" in found else {}
        body = found["Body"].read()
        status = 206 if part else 200
        return Response(body, status, FOR_ALL | told, content_type=found["ContentType"])
