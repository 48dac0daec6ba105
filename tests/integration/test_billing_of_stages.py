"""Whatever becomes of its scenes, what a job says that it cost is the sum of the stages that were kept, and nothing stays reserved."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import pytest

from functions.keep_clip.keep import Keeper
from functions.studio.balances import Balances
from functions.studio.catalogue import catalogue
from functions.studio.clips import Answer, Attempt, AttemptStatus, Clip, Kept, KeptPicture, Outcome
from functions.studio.errors import (
    BrokenMedia,
    OutputExpired,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    StaleRun,
)
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.ledger import Ledger, LineState
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore, shared_picture_key
from functions.studio.messages import ClipTask, StateError
from functions.studio.reruns import upcoming
from functions.studio.shots import GONE
from tests.integration.keep_stage import TIMED_OUT
from tests.integration.scene_film import PICTURE, VIDEO, SceneFilm
from tests.media import Studio
from tests.outputs import Outputs
from tests.scripted import a_kept

SEEDS = range(24)
PRICE = {"image": PICTURE, "video": VIDEO}
ANSWERS = (
    Answer(outcome=Outcome.FAILED, error="GPU on fire", charged=False),
    Answer(outcome=Outcome.FAILED, error="GPU on fire", charged=True),
    Answer(outcome=Outcome.REFUSED, error="Nudity", charged=False),
    Answer(outcome=Outcome.CANCELLED),
)


class Copying(Keeper):
    """KeepClip, whose copies are data; what the answer names says how they go."""

    def copy(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer) -> Kept | KeptPicture:
        match answer.output_url:
            case "broken":
                raise BrokenMedia("it is cut short")
            case "gone":
                raise OutputExpired("the provider's output has expired")
        if attempt.stage == "image":
            key = shared_picture_key(job.tenant, "png")
            return KeptPicture(key=key, sha256="0", width=16, height=9, format="png", bytes=1)
        return a_kept(clip.number)


class Fate:
    """What is drawn for one job, all of it from its seed."""

    def __init__(self, seed: int, film: SceneFilm) -> None:
        self.chance = random.Random(seed)
        self.film = film
        self.kept: Counter[str] = Counter()
        """Stages whose output was good and came in time."""

    def run(self) -> None:
        tasks: list[ClipTask | None] = [*self.film.plans()]
        while open_ones := [place for place, task in enumerate(tasks) if task]:
            place = self.chance.choice(open_ones)
            task = tasks[place]
            assert task
            if self.chance.random() < 0.03 and self.film.job.status is JobStatus.PROCESSING:
                self.film.jobs.table.commit(self.film.jobs.begin_to_cancel(self.film.job, "The job was cancelled."))
            tasks[place] = self._turn(task)
        if self.film.job.status is JobStatus.CANCELLING or self.chance.random() < 0.1:
            self.film.breaks()
        else:
            self.film.ends()

    def _turn(self, task: ClipTask) -> ClipTask | None:
        film, chance = self.film, self.chance
        film.provider.script = [chance.choice([ProviderUnknown("?"), ProviderRefused("no"), ProviderFailed("no")])]
        if chance.random() < 0.8:
            film.provider.script = []
        try:
            attempt = film.requests(task)
        except StaleRun:
            return self._kept(task, StateError(Error="StaleRun"))
        film.provider.script = []
        if attempt.status is AttemptStatus.ACCEPTED and chance.random() < 0.9:
            said = Answer(outcome=Outcome.SUCCEEDED, output_url=chance.choice(["good"] * 4 + ["broken", "gone"]))
            film.answers(task, said if chance.random() < 0.7 else chance.choice(ANSWERS))
        waiting = film.attempt(task).is_waiting
        following = self._kept(task, TIMED_OUT if waiting else None)
        if chance.random() < 0.2:
            assert film.keeps(task) == following or film.job.stopping, "asked again it says the same"
        return following

    def _kept(self, task: ClipTask, error: StateError | None) -> ClipTask | None:
        following = self.film.keeps(task, error)
        attempt = self.film.jobs.find_attempt(self.film.id, task.attempt_id)
        if attempt and attempt.status is AttemptStatus.KEPT:
            self.kept[attempt.stage] += 1
        return following

    def go_on(self) -> bool:
        """Another run, of what may be made again; False where there is none."""
        film, job = self.film, self.film.job
        gone = [clip.number for clip in film.clips if clip.status in GONE]
        waiting = [clip.number for clip in film.clips if clip.status.value == "awaiting_approval"]
        if job.status is JobStatus.AWAITING_APPROVAL:
            approved = self.chance.sample(waiting, self.chance.randint(1, len(waiting)))
            purpose = Purpose(kind=RunKind.APPROVED, chooses=False, clips=approved)
        elif gone:
            purpose = Purpose(kind=RunKind.RETRY, chooses=False, clips=gone)
        else:
            return False
        run = upcoming(job, film.clips, purpose, catalogue())
        film.budgets.accept(run.job, *film.jobs.next_run(job, run.job.purpose, run.told))
        return True


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_billed_is_the_sum_of_the_stages_that_were_kept(
    seed: int,
    jobs: JobStore,
    ledger: Ledger,
    library: Library,
    media: MediaStore,
    shared: SharedStore,
    outputs: Outputs,
    studio: Studio,
) -> None:
    film = SceneFilm(jobs, ledger, library, media, shared, outputs, studio, Copying, credits=100_000)
    fate = Fate(seed, film)
    film.accept(3, pause_after=fate.chance.choice([None, "image"]))
    for _ in range(4):
        fate.run()
        adds_up(film, fate)
        if not fate.go_on():
            break
    else:
        film.breaks("enough")
        adds_up(film, fate)


def adds_up(film: SceneFilm, fate: Fate) -> None:
    job, lines = film.job, film.ledger.lines(film.id)
    settled = [line for line in lines if line.state is LineState.SETTLED]
    cost = sum((PRICE[stage] * times for stage, times in fate.kept.items()), Decimal(0))
    assert Counter(line.stage for line in settled) == fate.kept
    assert sum((line.counts for line in settled), Decimal(0)) == cost
    assert sum((clip.actual_cost or Decimal(0) for clip in film.clips), Decimal(0)) == cost
    assert job.actual_cost == cost
    assert not [line for line in lines if line.state is LineState.RESERVED]
    counter, balance = film.counter, Balances(film.jobs.table).balance("acme")
    lost = sum((line.counts for line in lines if line.state is LineState.LOST), Decimal(0))
    assert (counter.reserved, counter.settled, counter.lost, counter.used) == (0, cost, lost, cost + lost)
    assert (job.lost_cost, job.reserved_cost, job.reserved_credits) == (lost, 0, 0)
    assert (balance.reserved, balance.settled) == (0, sum(line.credits for line in settled))
    assert balance.settled == sum(job.credits_of(stage) * times for stage, times in fate.kept.items())
    assert (job.status is JobStatus.AWAITING_APPROVAL) or job.ended
    with_picture = [clip for clip in film.clips if clip.picture]
    assert {clip.image1_key for clip in with_picture} == {clip.picture.key for clip in with_picture if clip.picture}
