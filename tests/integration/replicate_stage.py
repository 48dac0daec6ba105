"""What the tests of Replicate's border share: its secret, its signature, and a service that breaks."""

from __future__ import annotations

import base64
import json
import socket
import threading
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, not a real one").decode()
ANOTHER = "whsec_" + base64.b64encode(b"the secret after it was changed").decode()

BODY = json.dumps(
    {"id": "p", "status": "succeeded", "input": {"image": "https://x/mark-1"}, "output": "https://o/1.mp4"}
)


def signed(body: str = BODY, *secrets: str, at: datetime | None = None, message: str = "msg_1") -> dict[str, str]:
    """The headers of a webhook, signed with each of the secrets, or with the stand-in's."""
    at = at or datetime.now(UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message, at, body) for secret in secrets or (SECRET,)),
    }


class Breaking:
    """Answers every connection with `answer`, perhaps no bytes at all, and counts the requests."""

    def __init__(self, answer: bytes) -> None:
        self.requests = 0
        self.answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 20)
                self.requests += 1
                connection.sendall(self.answer)

    def close(self) -> None:
        self._socket.close()


def http(status: int, body: Any, **headers: str) -> bytes:
    text = json.dumps(body)
    head = {"Content-Type": "application/json", "Content-Length": str(len(text.encode())), "Connection": "close"}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (head | headers).items()]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", text]).encode()
