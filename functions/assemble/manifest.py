"""What the film was made of, by whom and for how much: the document that lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from functions.studio.clips import Attempt, Clip
from functions.studio.jobs import Film, Job
from functions.studio.ledger import Line, totals
from functions.studio.media import Piece
from functions.studio.rows import now, plain


def manifest(
    job: Job,
    clips: Sequence[Clip],
    pieces: Sequence[Piece],
    attempts: Sequence[Attempt],
    lines: Sequence[Line],
    film: Film,
    poster_sha256: str,
) -> dict[str, Any]:
    """As JSON, camelCase; money in USD, times in seconds from the film's beginning."""
    tries = {clip.number: _attempts(clip.number, attempts, lines) for clip in clips}
    by_clip = {clip.number: clip for clip in clips}
    used = {piece.clip for piece in pieces}
    money = totals(lines)
    facts = film.model_dump(mode="json", by_alias=True, exclude={"key", "poster_key", "manifest_key", "clips"})
    return {
        "jobId": job.id,
        "run": job.run,
        "kind": job.kind,
        "campaignId": job.campaign_id,
        "clientId": job.client_id,
        "modelId": job.model,
        "metadata": plain(job.metadata),
        "createdAt": job.created_at,
        "madeAt": now(),
        "selection": {"model": job.planning_model, "cost": plain(job.planning_cost)},
        "film": {"name": _name(film.key), **facts},
        "poster": {"name": _name(film.poster_key), "sha256": poster_sha256},
        "clips": _clips(pieces, by_clip, tries),
        "failedClips": [
            {
                "number": clip.number,
                "status": clip.status.value,
                "errorMessage": clip.error_message,
                "errorClass": clip.error_class,
                **_chosen(clip),
                "attempts": tries[clip.number],
            }
            for clip in clips
            if clip.number not in used
        ],
        "cost": {
            "currency": "USD",
            "total": plain(money.settled),
            "lost": plain(money.lost),
        },
    }


def _clips(
    pieces: Sequence[Piece], clips: dict[int, Clip], attempts: dict[int, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    entries, frames = [], 0
    for piece in pieces:
        clip, picture = clips[piece.clip], piece.picture
        kept = clip.video
        assert kept is not None
        assert picture is not None
        entries.append(
            {
                "number": clip.number,
                "name": _name(kept.key),
                "startsAt": round(float(frames / picture.fps), 6),
                "seconds": round(float(picture.seconds), 6),
                "frames": picture.frames,
                "conformed": piece.target is not None,
                **_chosen(clip),
                "cost": plain(clip.actual_cost),
                "bytes": kept.probe.bytes,
                "sha256": kept.sha256,
                "attempts": attempts[clip.number],
            }
        )
        frames += picture.frames
    return entries


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _chosen(clip: Clip) -> dict[str, Any]:
    return {
        "image1AssetId": clip.image1_asset_id,
        "image2AssetId": clip.image2_asset_id,
        "prompt": clip.prompt,
        "score": plain(clip.score),
        "reason": clip.reason,
        "modelId": clip.model,
        "durationSeconds": clip.duration_seconds,
    }


def _attempts(clip: int, attempts: Sequence[Attempt], lines: Sequence[Line]) -> list[dict[str, Any]]:
    money = {line.attempt_id: line for line in lines}
    return [
        {
            "id": attempt.id,
            "stage": attempt.stage,
            "status": attempt.status.value,
            "provider": attempt.provider,
            "model": attempt.slug,
            "predictionId": attempt.prediction_id,
            "askedAt": attempt.asked_at,
            "endedAt": attempt.ended_at,
            "amount": plain(money[attempt.id].amount) if attempt.id in money else None,
            "money": money[attempt.id].state.value if attempt.id in money else None,
        }
        for attempt in attempts
        if attempt.clip == clip
    ]
