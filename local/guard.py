"""The media guard: what S3 checks of a request before it serves one, and moto does not.

A request is signed in its header (an SDK of the cloud's own), in its query (a presigned URL) or in its form (a
presigned POST), or it is nobody's. `Guard` stands before the data process's application and lets through what S3 would.
"""

import base64
import binascii
import hmac
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from local.credentials import ACCESS_KEY, SECRET_KEY
from local.process import WsgiApp

ALGORITHM: Final = "AWS4-HMAC-SHA256"
LONGEST_EXPIRY: Final = timedelta(days=7)
CLOCK_SKEW: Final = timedelta(minutes=15)
SPOOL_BYTES: Final = 8 * 1024 * 1024
FORM_BYTES: Final = 20 * 1024
PARSED_BYTES: Final = 1024 * 1024
"""Of a form's fields, before anything is said of them. werkzeug counts what it holds of the file at a time, too."""
UNCOVERED_FIELDS: Final = frozenset({"policy", "x-amz-signature", "file"})
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"


class Refused(Exception):
    """A request that S3 would answer with this error; `more` are the elements that S3 adds to it."""

    def __init__(self, code: str, message: str, status: str = "403 Forbidden", **more: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.more = more

    def xml(self) -> bytes:
        elements = {"Code": self.code, "Message": self.message, **self.more}
        body = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in elements.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{body}</Error>'.encode()


class Guard:
    """WSGI middleware; `now` is the clock by which signatures expire."""

    def __init__(self, app: WsgiApp, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._app = app
        self._now = now

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            self._check(environ)
        except Refused as refused:
            body = refused.xml()
            headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
            start_response(refused.status, headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        served: Iterable[bytes] = self._app(environ, start_response)
        return served

    def _check(self, environ: dict[str, Any]) -> None:
        request = Request(environ)
        if request.headers.get("Authorization", "").startswith(f"{ALGORITHM} "):
            return
        if request.method == "OPTIONS":
            return
        if "X-Amz-Algorithm" in request.args:
            check_presigned_url(request, self._now())
        elif "Signature" in request.args and "AWSAccessKeyId" in request.args:
            raise _old_signature()
        elif request.method == "POST" and request.mimetype == "multipart/form-data":
            check_presigned_post(_readable_twice(environ), self._now())
        else:
            raise Refused("AccessDenied", "Access Denied")


def _old_signature() -> Refused:
    message = f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}."
    return Refused("InvalidRequest", message, "400 Bad Request")


def check_presigned_url(request: Request, now: datetime) -> None:
    """Raises Refused unless the query's signature covers the request as it came, in time."""
    query = dict(parse_qsl(urlsplit(_raw_uri(request)).query, keep_blank_values=True))
    try:
        given = query.pop("X-Amz-Signature")
        signed_at = _moment(query["X-Amz-Date"])
        lifetime = timedelta(seconds=int(query["X-Amz-Expires"]))
        names = query["X-Amz-SignedHeaders"].split(";")
        credential = query["X-Amz-Credential"]
    except (KeyError, ValueError) as error:
        raise _bad_query(f"the parameter {error} is missing or malformed") from error
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise _old_signature()
    if not timedelta(0) < lifetime <= LONGEST_EXPIRY:
        raise _bad_query("X-Amz-Expires must be between 1 and 604800 seconds")
    signer = _signer(credential, query["X-Amz-Date"])
    if signed_at > now + CLOCK_SKEW:
        raise Refused("AccessDenied", "Request is not yet valid")
    if now > signed_at + lifetime:
        raise Refused("AccessDenied", "Request has expired", Expires=f"{signed_at + lifetime:{DATE_FORMAT}}")
    unsigned = [
        name.lower()
        for name in request.headers.keys()  # noqa: SIM118 (werkzeug's Headers iterate over pairs)
        if name.lower().startswith("x-amz-") and name.lower() not in names
    ]
    if "host" not in names or unsigned:
        message = "There were headers present in the request which were not signed"
        raise Refused("AccessDenied", message, HeadersNotSigned=", ".join(unsigned or ["host"]))
    # Percent encoding may change on the way (a browser, a proxy): S3 compares what it means.
    path = quote(unquote(urlsplit(_raw_uri(request)).path), safe="/~")
    signed = AWSRequest(
        request.method,
        f"http://{request.host}{path}",
        {name: request.headers.get(name, "") for name in names},
        params=query,
    )
    signed.context["timestamp"] = query["X-Amz-Date"]
    expected = signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)
    _compare(given, expected)


def check_presigned_post(request: Request, now: datetime) -> None:
    """Raises Refused unless the form's policy is signed, in time, and allows every field and the file's size."""
    fields = {name.lower(): value for name, value in request.form.items()}
    file = request.files.get("file")
    if file is None:
        raise Refused("InvalidArgument", "POST requires exactly one file upload per request.", "400 Bad Request")
    if "policy" not in fields:
        raise Refused("AccessDenied", "Access Denied")
    if "awsaccesskeyid" in fields:
        raise _old_signature()
    try:
        given, timestamp, credential = (fields[f"x-amz-{name}"] for name in ("signature", "date", "credential"))
    except KeyError as error:
        raise Refused("InvalidArgument", f"the field {error} is missing", "400 Bad Request") from error
    signer = _signer(credential, timestamp)
    signed = AWSRequest()
    signed.context["timestamp"] = timestamp
    _compare(given, signer.signature(fields["policy"], signed))
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        expiration = datetime.fromisoformat(policy["expiration"])
        conditions = policy["conditions"]
    except (binascii.Error, ValueError, KeyError) as error:
        raise Refused("InvalidPolicyDocument", f"Invalid Policy: {error}", "400 Bad Request") from error
    if now > expiration:
        raise _against_policy("Policy expired.")
    fields["bucket"] = request.path.strip("/")
    _check_conditions(conditions, fields, file)


def _check_conditions(conditions: list[Any], fields: Mapping[str, str], file: FileStorage) -> None:
    covered = set()
    for condition in conditions:
        match condition:
            case dict():
                for name, value in condition.items():
                    covered.add(name.lower())
                    _allow(fields.get(name.lower(), "") == value, condition)
            case ["content-length-range", low, high]:
                _check_size(file, int(low), int(high))
            case [verb, str(name), str(value)] if verb in ("eq", "starts-with") and name.startswith("$"):
                covered.add(name[1:].lower())
                actual = fields.get(name[1:].lower(), "")
                _allow(actual == value if verb == "eq" else actual.startswith(value), condition)
            case _:
                raise Refused("InvalidPolicyDocument", f"Invalid Condition: {condition}", "400 Bad Request")
    extra = {name for name in fields if not name.startswith("x-ignore-")} - covered - UNCOVERED_FIELDS - {"bucket"}
    if extra:
        raise _against_policy(f"Extra input fields: {', '.join(sorted(extra))}")


def _allow(holds: bool, condition: object) -> None:
    if not holds:
        raise _against_policy(f"Policy Condition failed: {json.dumps(condition)}")


def _check_size(file: FileStorage, low: int, high: int) -> None:
    size = file.stream.seek(0, 2)
    if size > high:
        message = "Your proposed upload exceeds the maximum allowed size"
        raise Refused("EntityTooLarge", message, "400 Bad Request", ProposedSize=size, MaxSizeAllowed=high)
    if size < low:
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise Refused("EntityTooSmall", message, "400 Bad Request", ProposedSize=size, MinSizeAllowed=low)


def _signer(credential: str, timestamp: str) -> SigV4Auth:
    """The signer for a credential scope (`KEY/date/region/s3/aws4_request`), when the key and the date are ours."""
    key, *scope = credential.split("/")
    if key != ACCESS_KEY:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise Refused("InvalidAccessKeyId", message, AWSAccessKeyId=key)
    match scope:
        case [day, region, "s3", "aws4_request"] if timestamp.startswith(day):
            return S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", region)
    raise _bad_query("the credential is malformed")


def _compare(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        message = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        raise Refused("SignatureDoesNotMatch", message, AWSAccessKeyId=ACCESS_KEY, SignatureProvided=given)


def _bad_query(reason: str) -> Refused:
    return Refused("AuthorizationQueryParametersError", f"Query-string authentication: {reason}", "400 Bad Request")


def _against_policy(reason: str) -> Refused:
    return Refused("AccessDenied", f"Invalid according to Policy: {reason}")


def _moment(timestamp: str) -> datetime:
    return datetime.strptime(timestamp, DATE_FORMAT).replace(tzinfo=UTC)


def _raw_uri(request: Request) -> str:
    uri: str = request.environ["RAW_URI"]
    return uri


def _readable_twice(environ: dict[str, Any]) -> Request:
    """The form as parsed here, with its bytes put back for whoever reads them next."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 (the application reads and drops it)
    remaining = length
    while remaining and (block := environ["wsgi.input"].read(min(remaining, 1 << 20))):
        body.write(block)
        remaining -= len(block)
    body.seek(0)
    request = Request({**environ, "wsgi.input": body})
    request.max_form_memory_size = PARSED_BYTES
    message = "Your POST request fields preceding the upload file were too large."
    too_large = Refused("MaxPostPreDataLengthExceeded", message, "400 Bad Request")
    try:
        fields = request.form  # parses the body, so that it can be rewound
    except RequestEntityTooLarge as error:
        raise too_large from error
    if sum(len(name) + len(value) for name, value in fields.items()) > FORM_BYTES:
        raise too_large
    environ["wsgi.input"] = body
    body.seek(0)
    return request
