"""The Lambda API as the other services of the cloud call it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import urllib3

ASYNCHRONOUS_TRIES: Final = 5
CODES: Final = {404: "ResourceNotFoundException", 413: "RequestTooLargeException", 429: "TooManyRequestsException"}


class ServiceError(Exception):
    """Lambda itself refused or failed; `code` is the name that AWS gives the error, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Outcome:
    """What a function gave back; `error` is None or the kind of error that Lambda names (`Unhandled`)."""

    payload: Any
    error: str | None


class Functions:
    """The functions behind one Lambda API."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http = urllib3.PoolManager(maxsize=64, retries=False, timeout=urllib3.Timeout(connect=10, read=960))
        self._later = ThreadPoolExecutor(max_workers=16, thread_name_prefix="invoke-later")

    def invoke(self, name: str, payload: bytes) -> Outcome:
        """Runs the function `name` (or ARN) and waits for its answer; raises ServiceError when it could not run."""
        response = self._post(name, payload, "RequestResponse")
        return Outcome(json.loads(response.data or b"null"), response.headers.get("X-Amz-Function-Error"))

    def invoke_later(self, name: str, payload: bytes) -> None:
        """Queues an invocation whose answer nobody reads; tried again when the function could not be reached."""
        self._later.submit(self._deliver, name, payload)

    def _deliver(self, name: str, payload: bytes) -> None:
        for attempt in range(1, ASYNCHRONOUS_TRIES + 1):
            try:
                self._post(name, payload, "Event")
                return
            except ServiceError as error:
                if attempt == ASYNCHRONOUS_TRIES or error.status not in (429, *range(500, 600)):
                    print(f"an event for {name} was not delivered: {error.code}: {error}", flush=True)
                    return
                time.sleep(0.2 * 2**attempt)

    def _post(self, name: str, payload: bytes, kind: str) -> urllib3.BaseHTTPResponse:
        url = f"{self._url}/2015-03-31/functions/{quote(name, safe='')}/invocations"
        try:
            response = self._http.request("POST", url, body=payload, headers={"X-Amz-Invocation-Type": kind})
        except urllib3.exceptions.HTTPError as error:
            raise ServiceError("SdkClientException", str(error), 503) from error
        if response.status >= 400:
            raise ServiceError(CODES.get(response.status, "ServiceException"), response.data.decode(), response.status)
        return response
