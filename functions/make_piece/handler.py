"""MakePiece: conforms one clip to the film's form and proves the result."""

from __future__ import annotations

from typing import Any

from functions.make_piece.make import make_piece
from functions.studio.messages import PieceTask
from functions.studio.telemetry import entry
from functions.studio.wiring import jobs, media


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    make_piece(PieceTask.parse(event), jobs(), media())
    return {}
