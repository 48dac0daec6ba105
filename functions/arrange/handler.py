"""Arrange: closes what the map left open, finds out who survived, and lists the pieces of their film."""

from __future__ import annotations

from typing import Any

from functions.arrange.arrange import arrange
from functions.studio.messages import RunRef
from functions.studio.telemetry import entry
from functions.studio.wiring import brake, ledger


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return arrange(RunRef.parse(event), brake(), ledger()).wire()
