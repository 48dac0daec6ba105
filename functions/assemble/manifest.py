"""What the film was made of, by whom and for how much: the document that lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from functions.studio.clips import Attempt, Clip
from functions.studio.jobs import Film, Job
from functions.studio.ledger import Line, totals
from functions.studio.media import Piece
from functions.studio.rows import now, plain
from functions.studio.stills import Still

BESIDE = {
    "key",
    "poster_key",
    "manifest_key",
    "preview",
    "subtitles",
    "ranges_key",
    "clips",
    "omissions",
    "run",
    "made_by",
    "cost",
    "delivered_at",
}
"""Of a film's row: what the document says in its own way."""


def manifest(
    job: Job,
    clips: Sequence[Clip],
    pieces: Sequence[Piece],
    attempts: Sequence[Attempt],
    lines: Sequence[Line],
    film: Film,
    poster_sha256: str,
    earlier: Sequence[Film],
) -> dict[str, Any]:
    """As JSON, camelCase; money in USD, times in seconds from the film's beginning. `earlier` films are its history."""
    tries = {clip.number: _attempts(clip.number, attempts, lines) for clip in clips}
    by_clip = {clip.number: clip for clip in clips}
    starts = list(accumulate((piece.frames for piece in pieces), initial=0))
    used = {clip for piece in pieces for clip in piece.clips}
    money = totals(lines)
    left_out = {one.clip: one.reason for one in film.omissions if not one.join}
    facts = film.model_dump(mode="json", by_alias=True, exclude=BESIDE)
    return {
        "jobId": job.id,
        "run": job.run,
        "madeBy": job.purpose.kind.value,
        "kind": job.kind,
        "campaignId": job.campaign_id,
        "clientId": job.client_id,
        "modelId": job.model,
        "options": job.run_cut.as_asked(),
        "metadata": plain(job.metadata),
        "createdAt": job.created_at,
        "madeAt": now(),
        "selection": {"model": job.planning_model, "cost": plain(job.planning_cost)},
        "film": {"name": _name(film.key), **facts},
        "poster": {"name": _name(film.poster_key), "sha256": poster_sha256},
        "preview": {"name": _name(film.preview.key), "sha256": film.preview.sha256} if film.preview else None,
        **(_told(job, film) if job.listing else {}),
        "pieces": [_piece(piece, start, film.fps) for piece, start in zip(pieces, starts, strict=False)],
        "clips": [_clip(by_clip[number], pieces, starts, film.fps, tries[number]) for number in sorted(used)],
        "failedClips": [
            {
                "number": clip.number,
                "status": clip.status.value,
                "errorMessage": left_out.get(clip.number, clip.error_message),
                "errorClass": clip.error_class,
                **_chosen(clip),
                "attempts": tries[clip.number],
            }
            for clip in clips
            if clip.number not in used and (clip.number in left_out or not clip.shown)
        ],
        "cost": {
            "currency": "USD",
            "total": plain(money.settled),
            "lost": plain(money.lost),
        },
        "history": [_earlier(one) for one in earlier],
    }


def _told(job: Job, film: Film) -> dict[str, Any]:
    """What a listing's film says, in whose voice, and the files that it is written in beside it."""
    listing, narration, beside = job.listing, job.narration, film.subtitles
    assert listing is not None
    return {
        "narration": narration
        and {
            "script": narration.script,
            "seconds": narration.seconds,
            "language": listing.language,
            "voice": listing.voice if narration.spoken else None,
            "assetId": narration.asset_id,
            "cost": plain(job.beside_clips),
        },
        "captions": beside and {"srt": _name(beside.srt_key), "vtt": _name(beside.vtt_key)},
    }


def _earlier(film: Film) -> dict[str, Any]:
    """A film of another run, which stays where it was."""
    return {
        "run": film.run,
        "madeBy": film.made_by.value,
        "format": film.format,
        "durationSeconds": film.duration_seconds,
        "clips": film.clips,
        "sha256": film.sha256,
        "cost": plain(film.cost),
        "deliveredAt": film.delivered_at,
    }


def _piece(piece: Piece, start: int, fps: float) -> dict[str, Any]:
    return {
        "number": piece.number,
        "kind": piece.kind.value,
        "clips": piece.clips,
        "transition": piece.transition.value if piece.transition else None,
        "card": piece.card,
        "startsAt": _seconds(start, fps),
        "seconds": _seconds(piece.frames, fps),
        "frames": piece.frames,
        "copied": piece.target is None,
    }


def _clip(
    clip: Clip, pieces: Sequence[Piece], starts: Sequence[int], fps: float, attempts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Where the clip is seen, its joins included."""
    seen = [(piece, start) for piece, start in zip(pieces, starts, strict=False) if clip.number in piece.clips]
    frames = sum(piece.frames for piece, _ in seen)
    shown = clip.shown
    assert shown is not None
    return {
        "number": clip.number,
        "name": _name(shown.key),
        "startsAt": _seconds(seen[0][1], fps),
        "seconds": _seconds(frames, fps),
        "frames": frames,
        "conformed": seen[0][0].target is not None,
        **_chosen(clip),
        "cost": plain(clip.actual_cost),
        **({"picture": [shown.width, shown.height]} if isinstance(shown, Still) else {"bytes": shown.probe.bytes}),
        "sha256": shown.sha256,
        "attempts": attempts,
    }


def _seconds(frames: int, fps: float) -> float:
    return round(frames / fps, 6)


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _chosen(clip: Clip) -> dict[str, Any]:
    return {
        "image1AssetId": clip.image1_asset_id,
        "image2AssetId": clip.image2_asset_id,
        "prompt": clip.prompt,
        **(_scene(clip) if clip.scene_id else {}),
        "score": plain(clip.score),
        "reason": clip.reason,
        "modelId": clip.model,
        "durationSeconds": clip.duration_seconds,
    }


def _scene(clip: Clip) -> dict[str, Any]:
    """What its video begins with; the attempts have what it cost."""
    picture = clip.picture
    shown = {"sha256": picture.sha256, "width": picture.width, "height": picture.height} if picture else {}
    return {
        "sceneId": clip.scene_id,
        "image": {
            "prompt": clip.image_prompt,
            "modelId": clip.image_model,
            "referenceAssetId": clip.reference_asset_id,
            **({"name": _name(picture.key)} if picture else {}),
            **shown,
        },
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
            "amount": plain(money[attempt.id].counts or money[attempt.id].amount) if attempt.id in money else None,
            "money": money[attempt.id].state.value if attempt.id in money else None,
        }
        for attempt in attempts
        if attempt.clip == clip
    ]
