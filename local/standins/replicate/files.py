"""Files uploaded to Replicate, to be named in inputs."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MAX_FILE_BYTES = 100 * 2**20
SECONDS_KEPT = 24 * 3600


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    content: bytes
    metadata: dict[str, Any]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    created_at: float = field(default_factory=time.time)

    def view(self, base_url: str) -> dict[str, Any]:
        """The file object of the API."""
        digest = hashlib.sha256(self.content).hexdigest()
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "size": len(self.content),
            "etag": digest[:32],
            "checksums": {"sha256": digest},
            "metadata": self.metadata,
            "created_at": datetime.fromtimestamp(self.created_at, UTC).isoformat(),
            "expires_at": datetime.fromtimestamp(self.created_at + SECONDS_KEPT, UTC).isoformat(),
            "urls": {"get": f"{base_url}/v1/files/{self.id}"},
        }
