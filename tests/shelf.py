"""A job whose clips lie in the bucket as KeepClip leaves them: what Arrange, MakePiece and Assemble begin with."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from functions.arrange.arrange import arrange
from functions.assemble.assemble import assemble
from functions.make_piece.make import make_piece
from functions.studio.clips import AttemptStatus, ClipStatus, Kept
from functions.studio.cut import Cut
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.media import Piece
from functions.studio.media_store import MediaStore, clip_key
from functions.studio.messages import PieceTask, RunRef
from functions.studio.probe import examine, sha256
from tests.scripted import a_brake, a_clip, a_job, an_attempt


class Shelf:
    def __init__(
        self, jobs: JobStore, ledger: Ledger, media: MediaStore, cut: Cut | None = None, **of_job: Any
    ) -> None:
        self.jobs, self.ledger, self.media = jobs, ledger, media
        self.job: Job = a_job(planning_model="grok-4.3", cut=cut or Cut(), **of_job)
        jobs.table.commit(jobs.accept(self.job))

    @property
    def run(self) -> RunRef:
        return RunRef(job_id=self.job.id, run=self.job.run)

    def keeps(self, *files: Path) -> Shelf:
        """Clips 1, 2, 3, … as if a provider had made these files."""
        for number, file in enumerate(files, 1):
            self.keep(number, file)
        return self

    def keep(self, number: int, file: Path, **of_clip: Any) -> None:
        clip = a_clip(self.job, number, status=ClipStatus.COMPLETED, actual_cost=Decimal("1.20"), **of_clip)
        line = reservation(clip)
        key = clip_key(self.job.tenant, self.job.id, line.attempt_id, number)
        with tempfile.TemporaryDirectory() as folder:
            pcm = Path(folder, "clip.pcm")
            probe = examine(file, pcm=pcm)
            self.media.upload(file, key, "video/mp4")
            self.media.upload(pcm, key + ".pcm", "application/octet-stream")
        kept = Kept(key=key, pcm_key=key + ".pcm", sha256=sha256(file), probe=probe)
        changes = {"status": AttemptStatus.KEPT, "prediction_id": f"prediction-{number}"}
        attempt = an_attempt(self.job, number, **changes)
        self.jobs.table.commit(
            self.jobs.new_clip(self.job.id, clip.model_copy(update={"kept": kept})),
            self.jobs.new_attempt(self.job.id, attempt),
            self.ledger.reserve(self.job.id, line.model_copy(update={"state": LineState.SETTLED})),
        )

    def fails(self, number: int, reason: str, **money: LineState) -> None:
        """`money` is how the line of each of its stages ended."""
        changes = {"status": ClipStatus.FAILED, "error_message": reason, "error_class": "failed"}
        clip = a_clip(self.job, number, **changes)
        lines = [reservation(clip, stage=stage).model_copy(update={"state": state}) for stage, state in money.items()]
        self.jobs.table.commit(
            self.jobs.new_clip(self.job.id, clip), *(self.ledger.reserve(self.job.id, line) for line in lines)
        )

    def arrange(self) -> list[PieceTask]:
        return arrange(self.run, a_brake(self.jobs), self.ledger).tasks

    def make_pieces(self) -> None:
        for task in self.arrange():
            make_piece(task, self.jobs, self.media)

    def assemble(self) -> Film:
        return assemble(self.run, self.jobs, self.ledger, self.media)

    @property
    def film(self) -> Film:
        return self.jobs.films.film(self.job.id, self.job.run)

    @property
    def pieces(self) -> list[Piece]:
        return self.jobs.films.pieces(self.job.id, self.job.run)

    @property
    def status(self) -> JobStatus:
        return self.jobs.job(self.job.id).status

    def fetched(self, key: str, folder: Path) -> Path:
        path = folder / key.rsplit("/", 1)[-1]
        self.media.download(key, path)
        return path
