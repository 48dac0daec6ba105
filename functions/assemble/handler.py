"""Assemble: pieces to film by stream copy, one sound track, proof, poster, manifest."""

from __future__ import annotations

from typing import Any

from functions.assemble.assemble import assemble
from functions.studio.messages import RunRef
from functions.studio.telemetry import entry
from functions.studio.wiring import jobs, ledger, media


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    assemble(RunRef.parse(event), jobs(), ledger(), media())
    return {}
