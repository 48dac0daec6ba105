"""Bodies of requests, as API Gateway hands them over."""

from __future__ import annotations

import base64


def raw_body(body: str | None, is_base64_encoded: bool) -> bytes:
    """The bytes that were sent, and signed; ValueError when they are not what they are said to be."""
    return base64.b64decode(body or "", validate=True) if is_base64_encoded else (body or "").encode()
