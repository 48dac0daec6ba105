"""Player tokens: `{expiry}.{HMAC-SHA256}` in a URL, because a video player sends no headers of ours.

A token opens the one path that it is signed for, until it expires; it says nothing of who asked for it.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from functions.studio.errors import Unauthenticated

HALF_A_DAY = 12 * 3600
"""A token is good for one to two of these: made again within one, it is the same, so a job that stands still keeps its
ETag."""


@dataclass(frozen=True)
class PlayerTokens:
    secret: Callable[[], bytes]
    """Asked for when a token is made or checked."""
    clock: Callable[[], float] = time.time

    def link(self, path: str) -> str:
        """The path with a token that opens it."""
        expiry = (int(self.clock()) // HALF_A_DAY + 2) * HALF_A_DAY
        return f"{path}?token={expiry}.{self._signature(path, str(expiry))}"

    def check(self, path: str, token: str) -> None:
        """Unauthenticated unless the token was made for this very path, and lasts."""
        expiry, _, signature = token.partition(".")
        genuine = hmac.compare_digest(_bytes(signature), _bytes(self._signature(path, expiry)))
        if not genuine or int(expiry) <= self.clock():
            raise Unauthenticated(
                "The player token has expired." if genuine else "The player token is not valid for this playlist.",
                hint="The job's links name the playlist with a fresh token.",
            )

    def _signature(self, path: str, expiry: str) -> str:
        return hmac.new(self.secret(), _bytes(f"{path}\n{expiry}"), "sha256").hexdigest()


def _bytes(text: str) -> bytes:
    """Of anything that a query may hold, half of a surrogate pair too."""
    return text.encode("utf-8", "surrogatepass")
