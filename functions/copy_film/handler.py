"""CopyFilm: a film that was delivered is copied to where its caller wants it too. Whatever comes of that, the film is ours."""

from __future__ import annotations

from typing import Any

from functions.copy_film.copying import abroad, copy_film, opened
from functions.studio import wiring
from functions.studio.messages import RunRef
from functions.studio.telemetry import about, entry


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef(job_id=event["detail"]["jobId"], run=event["detail"]["run"])
    about(job=message.job_id, run=message.run)
    copy_film(message, wiring.jobs(), wiring.ledger(), wiring.media(), abroad, opened)
    return {}
