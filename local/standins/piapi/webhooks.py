"""Webhooks as PiAPI sends them: the secret that the task was given stands in a header, in clear, and in the body too."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from local.standins.webhooks import Courier, Notice

# Waits before the repetitions of the last webhook of a task.
REPEATS = (5.0, 5.0)


class ClearCourier(Courier):
    def __init__(self, repeats: Sequence[float] = REPEATS) -> None:
        super().__init__(repeats)

    def headers(self, message: str, at: datetime, text: str, notice: Notice, forged: bool) -> Mapping[str, str]:
        secret = notice.body["data"]["config"]["webhook_config"]["secret"]
        if not secret:
            return {}
        return {"x-webhook-secret": secrets.token_hex(len(secret) // 2) if forged else secret}

    def contrary(self, notice: Notice) -> Notice:
        task = notice.body["data"]
        if notice.status == "Completed":
            status, output, message = "Failed", None, "Forged: nothing of this is true."
        else:
            status, output, message = "Completed", {"video_url": "https://storage.theapi.app/forged/output-0.mp4"}, ""
        # A forger does not know the secret, which the body holds too.
        webhook = {**task["config"]["webhook_config"], "secret": secrets.token_hex(16)}
        other = {
            "status": status,
            "output": output,
            "error": {**task["error"], "message": message},
            "config": {**task["config"], "webhook_config": webhook},
        }
        return Notice(notice.prediction, status, {**notice.body, "data": {**task, **other}}, notice.is_last)
