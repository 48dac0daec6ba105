"""Outputs that are not what they should be, though they still look like it."""

import secrets
from collections.abc import Callable, Container, Mapping
from pathlib import Path

LEFT = 2 / 3
"""Of what breaks off."""


def truncated(raw: bytes) -> bytes:
    """The beginning: a film keeps its index, which promises more than there is."""
    return raw[: int(len(raw) * LEFT)]


def corrupted(raw: bytes) -> bytes:
    """As long as before, every bit of a stretch in the middle flipped; of a film that is in its pictures and sound."""
    start = max(len(raw) // 2, raw.find(b"mdat") + len(b"mdat"))
    end = start + max(64, len(raw) // 50)
    return raw[:start] + bytes(255 - byte for byte in raw[start:end]) + raw[end:]


SPOILS: Mapping[str, Callable[[bytes], bytes]] = {"truncate_output": truncated, "corrupt_output": corrupted}


def spoilt(file: Path, verbs: Container[str], directory: Path) -> Path:
    """The file itself, or where a verb asks for it a spoilt copy in `directory`."""
    for verb, spoil in SPOILS.items():
        if verb in verbs:
            directory.mkdir(parents=True, exist_ok=True)
            copy = directory / f"{secrets.token_hex(8)}{file.suffix}"
            copy.write_bytes(spoil(file.read_bytes()))
            return copy
    return file
