"""Rows of what a job's films are made of: `J#{job}` → PIECE#{run}#0001, OUT#{run}, FILM#{run}. Otherwise as `job_store`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from functions.studio.errors import NotFound
from functions.studio.jobs import Film, Job, LeftOut
from functions.studio.media import Piece, Probe
from functions.studio.table import Table, Write, put, update


def _pk(job_id: str) -> str:
    return f"J#{job_id}"


def _piece(run: int, number: int) -> str:
    return f"PIECE#{run:04d}#{number:04d}"


def _film(run: int) -> str:
    return f"FILM#{run:04d}"


class FilmRows:
    def __init__(self, table: Table) -> None:
        self.table = table

    def put_pieces(self, job_id: str, run: int, pieces: Sequence[Piece]) -> None:
        """Putting the same list again changes nothing."""
        self.table.put_all([put(_pk(job_id), _piece(run, piece.number), piece.attributes()) for piece in pieces])

    def pieces(self, job_id: str, run: int, left_out: LeftOut | None = None) -> list[Piece]:
        """In the order of the film; without those of a film that has to be cut again. `left_out` is what was read of that
        before: another round may have begun since."""
        first = (left_out or self.left_out(job_id, run)).first_piece
        return [piece for piece in self.all_pieces(job_id, run) if piece.number >= first]

    def all_pieces(self, job_id: str, run: int) -> list[Piece]:
        return [Piece.model_validate(row) for row in self.table.query(_pk(job_id), f"PIECE#{run:04d}#")]

    def piece(self, job_id: str, run: int, number: int) -> Piece:
        row = self.table.get(_pk(job_id), _piece(run, number))
        if row is None:
            raise NotFound(f"Run {run} of job {job_id!r} has no piece {number}.")
        return Piece.model_validate(row)

    def piece_made(self, job_id: str, run: int, number: int, probe: Probe) -> Write:
        changes = {"picture": probe.picture.attributes(), "bytes": probe.bytes, "fault": None}
        return update(_pk(job_id), _piece(run, number), changes, {"pk": ...})

    def piece_failed(self, job_id: str, run: int, number: int, fault: str) -> Write:
        """Holds only while the piece is not made."""
        return update(_pk(job_id), _piece(run, number), {"fault": fault}, {"pk": ..., "picture": None})

    def left_out(self, job_id: str, run: int) -> LeftOut:
        row = self.table.get(_pk(job_id), f"OUT#{run:04d}")
        return LeftOut.model_validate(row) if row else LeftOut()

    def leave_out(self, job_id: str, run: int, left_out: LeftOut) -> Write:
        """Holds once a round."""
        when: dict[str, Any] = {"rounds": left_out.rounds - 1} if left_out.rounds > 1 else {"pk": None}
        return put(_pk(job_id), f"OUT#{run:04d}", left_out.attributes(), when)

    def arranged_again(self, job_id: str, run: int, rounds: int) -> Write:
        return update(_pk(job_id), f"OUT#{run:04d}", {"due": False}, {"rounds": rounds})

    def film_made(self, job_id: str, run: int, film: Film) -> Write:
        return put(_pk(job_id), _film(run), film.attributes())

    def delivered(self, job_id: str, film: Film) -> Write:
        told = {"deliveredAt": film.delivered_at, "cost": film.cost}
        return update(_pk(job_id), _film(film.run), told, {"pk": ...})

    def of(self, job: Job) -> list[Film]:
        """All that the job has had, oldest first; of a single run there is one at most, in the job's row."""
        if job.run == 1:
            return [job.film] if job.film else []
        films = [Film.model_validate(row) for row in self.table.query(_pk(job.id), "FILM#")]
        return [film for film in films if film.delivered_at]

    def find_film(self, job_id: str, run: int) -> Film | None:
        row = self.table.get(_pk(job_id), _film(run))
        return Film.model_validate(row) if row else None

    def film(self, job_id: str, run: int) -> Film:
        film = self.find_film(job_id, run)
        if film is None:
            raise NotFound(f"Run {run} of job {job_id!r} has made no film.")
        return film
