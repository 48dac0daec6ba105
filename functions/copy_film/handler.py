"""CopyFilm: a film that was delivered is copied to where its caller wants it too. Whatever comes of that, the film is ours."""

from __future__ import annotations

import os
from typing import Any

from functions.copy_film.copying import Abroad, copy_film, opened
from functions.studio import wiring
from functions.studio.keyring import provider_key
from functions.studio.messages import RunRef
from functions.studio.telemetry import about, entry

KEYS = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")


def abroad() -> Abroad:
    account, key, secret, buckets = map(provider_key, KEYS)
    return Abroad(account, key, secret, buckets, os.environ["R2_ENDPOINT_URL"])


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef(job_id=event["detail"]["jobId"], run=event["detail"]["run"])
    about(job=message.job_id, run=message.run)
    copy_film(message, wiring.jobs(), wiring.ledger(), wiring.media(), abroad, opened)
    return {}
