"""The progress of a film of scenes: the seed's steps, from rows alone, and never backwards whatever happens."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from functions.api.reruns import retry
from functions.studio.catalogue import catalogue
from functions.studio.clips import CLIP_MOVES, OPEN_CLIP, Clip, ClipStatus, KeptPicture
from functions.studio.jobs import MOVES, Job, JobStatus, OnClipFailure, Purpose, RunKind
from functions.studio.messages import attempt_id
from functions.studio.policy import hopeless
from functions.studio.reruns import given_up, lost, upcoming
from functions.studio.scene_progress import Standing, Step, standing
from tests.scripted import a_clip, a_job, a_kept

WORDS = {step.words: step.percent for step in Step}
PICTURE = KeptPicture(key="1.png", sha256="0", width=1, height=1, format="png", bytes=1)


def a_film(scenes: int = 1, **changes: Any) -> tuple[Job, list[Clip]]:
    of_scenes = {"kind": "scenes", "image_model": "nano-banana", "purpose": Purpose(chooses=False)}
    job = a_job(status=JobStatus.PLANNING, total_clips=scenes, **of_scenes, **changes)
    wishes = {"stage": "image", "mode": "image", "image_model": "nano-banana", "image_prompt": "A lamp"}
    return job, [a_clip(job, number, scene_id=f"scene {number}", **wishes) for number in range(1, scenes + 1)]


def test_the_steps_are_the_seeds() -> None:
    assert WORDS == {
        "Initializing video generation pipeline": 5,
        "Fetching scene configuration and prompts": 15,
        "Generating scene image with AI": 35,
        "Storing generated image": 40,
        "Creating video from generated image": 70,
        "Storing generated video": 75,
        "Saving results and finalizing": 95,
        "Completed": 100,
    }


def test_a_scene_goes_through_all_of_them() -> None:
    story = Story(*a_film())
    seen = [story.at]
    for step in ("start", "process", "ask", "keep_picture", "ask", "keep_video", "combine", "complete"):
        getattr(story, step)()
        seen.append(story.at)
    percents = [5, 15, 15, 35, 40, 70, 95, 95, 100]
    assert [at.percent for at in seen] == percents
    assert [WORDS[at.step] for at in seen] == percents


def test_of_several_scenes_it_is_the_mean_and_the_step_of_the_one_that_is_least_far() -> None:
    story = Story(*a_film(3))
    story.start()
    story.process()
    story.ask(1)
    story.ask(2)
    story.keep_picture(2)
    assert story.at == Standing(30.0, "Fetching scene configuration and prompts")
    story.ask(3)
    story.ask(2)
    story.keep_video(2)
    assert story.at == Standing(48.3, "Generating scene image with AI")


def test_what_waits_failed_or_was_cancelled_says_so_and_stays_where_it_is() -> None:
    story = Story(*a_film(pause_after="image"))
    story.start()
    story.process()
    story.ask()
    story.wait()
    story.rest()
    assert story.at == Standing(40.0, "Waiting for approval of the image")
    story.cancel()
    assert story.at == Standing(40.0, "Cancelled")
    failed = Story(*a_film())
    failed.start()
    failed.process()
    failed.ask()
    failed.fail()
    failed.end_failed()
    assert failed.at == Standing(35.0, "Failed")


@dataclass
class Story:
    """A job and its clips through legal moves, as rows would have them; what each run begins with is decided by the real
    thing."""

    job: Job
    clips: list[Clip]
    told: list[Standing] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def at(self) -> Standing:
        return standing(self.job, self.clips)

    def _job(self, status: JobStatus, **changes: Any) -> None:
        assert status in MOVES[self.job.status], (self.job.status, status)
        self.job = self.job.model_copy(update={"status": status, **changes})

    def _clip(self, number: int, status: ClipStatus, **changes: Any) -> None:
        clip = self.clip(number)
        assert status is clip.status or status in CLIP_MOVES[clip.status], (clip.status, status)
        self.clips[number - 1] = clip.model_copy(update={"status": status, **changes})

    def clip(self, number: int) -> Clip:
        return self.clips[number - 1]

    def start(self) -> None:
        self.job = self.job.model_copy(update={"execution_arn": "arn"})

    def process(self) -> None:
        self._job(JobStatus.PROCESSING)

    def ask(self, number: int = 1) -> None:
        """The first attempt at a stage, or another one."""
        clip = self.clip(number)
        before = clip.attempt_id or ""
        count = int(before.rsplit(".", 1)[1]) + 1 if f".{clip.stage}." in before else 1
        begun = attempt_id(clip.run, number, clip.stage, count)
        self._clip(number, ClipStatus.PROCESSING, attempt_id=begun, retry_count=count - 1)

    def keep_picture(self, number: int = 1) -> None:
        clip = self.clip(number)
        changes = {"stage": "video", "picture": PICTURE, "retry_count": 0, "earlier_attempts": clip.attempts_before}
        self._clip(number, ClipStatus.PROCESSING, **changes)

    def wait(self, number: int = 1) -> None:
        self._clip(number, ClipStatus.AWAITING_APPROVAL, picture=PICTURE)

    def keep_video(self, number: int = 1) -> None:
        self._clip(number, ClipStatus.COMPLETED, kept=a_kept())

    def fail(self, number: int = 1) -> None:
        self._clip(number, ClipStatus.FAILED, error_message="no")

    def rest(self) -> None:
        self._job(JobStatus.AWAITING_APPROVAL)

    def combine(self) -> None:
        self._job(JobStatus.COMBINING)

    def complete(self) -> None:
        self._job(JobStatus.COMPLETED)

    def end_failed(self) -> None:
        self._job(JobStatus.FAILED)

    def cancel(self) -> None:
        self._job(JobStatus.CANCELLING)
        for clip in self.clips:
            if clip.status in (*OPEN_CLIP, ClipStatus.AWAITING_APPROVAL):
                self._clip(clip.number, ClipStatus.CANCELLED)
        self.told.append(self.at)
        self._job(JobStatus.CANCELLED)

    def run_again(self, purpose: Purpose) -> None:
        run = upcoming(self.job, self.clips, purpose, catalogue())
        over = [*run.again, *lost(given_up(self.clips, purpose))]
        after = {clip.number: clip for clip in (*self.clips, *over)}
        self.clips = [after[number] for number in sorted(after)]
        self.job = run.job.model_copy(update={"execution_arn": None})

    # chance

    def moves(self, chance: random.Random) -> list[str]:
        """What may happen next."""
        job, open_clips = self.job, [clip for clip in self.clips if clip.status in OPEN_CLIP]
        match job.status:
            case JobStatus.PLANNING:
                return ["start"] if job.execution_arn is None else ["process", "end_failed", "cancel"]
            case JobStatus.PROCESSING if open_clips:
                return [*["clip"] * 12, "cancel"]
            case JobStatus.PROCESSING:
                if any(clip.status is ClipStatus.AWAITING_APPROVAL for clip in self.clips):
                    return ["rest"]
                if hopeless(job.on_clip_failure, self.clips):
                    return ["end_failed"]
                return ["combine"]
            case JobStatus.AWAITING_APPROVAL:
                return ["approve", "cancel"]
            case JobStatus.COMBINING:
                return ["complete", "end_failed", "cancel"]
            case JobStatus.FAILED | JobStatus.CANCELLED:
                return ["retry"] if job.run < 4 else []
        return []

    def step(self, chance: random.Random) -> bool:
        moves = self.moves(chance)
        if not moves:
            return False
        move = chance.choice(moves)
        self.done[move] += 1
        match move:
            case "clip":
                self._advance(chance)
            case "approve":
                waiting = [clip.number for clip in self.clips if clip.status is ClipStatus.AWAITING_APPROVAL]
                approved = chance.sample(waiting, chance.randint(1, len(waiting)))
                self.run_again(Purpose(kind=RunKind.APPROVED, chooses=False, clips=sorted(approved)))
            case "retry":
                self.run_again(retry(self.job, self.clips))
            case _:
                getattr(self, move)()
        return True

    def _advance(self, chance: random.Random) -> None:
        clip = chance.choice([clip for clip in self.clips if clip.status in OPEN_CLIP])
        asked = f".{clip.stage}." in (clip.attempt_id or "")
        if not asked or chance.random() < 0.2:
            self.ask(clip.number)
        elif chance.random() < 0.25:
            self.fail(clip.number)
        elif clip.stage == "video":
            self.keep_video(clip.number)
        elif self.job.pause_after:
            self.wait(clip.number)
        else:
            self.keep_picture(clip.number)


@pytest.mark.parametrize("seed", range(20))
def test_it_never_goes_back_through_attempts_pauses_and_retries(seed: int) -> None:
    happened: Counter[str] = Counter()
    for turn in range(100):
        chance = random.Random(f"{seed} {turn}")
        wish = OnClipFailure(kind=chance.choice(["best_effort", "fail_fast"]))
        story = Story(*a_film(chance.randint(1, 5), on_clip_failure=wish, pause_after=chance.choice([None, "image"])))
        story.told.append(story.at)
        while story.step(chance):
            story.told.append(story.at)
        percents = [at.percent for at in story.told]
        assert percents == sorted(percents), [*zip(percents, (at.step for at in story.told), strict=True)]
        assert 5 <= percents[0] <= percents[-1] <= 100
        assert (percents[-1] == 100) == (story.job.status is JobStatus.COMPLETED)
        happened += story.done
    assert {"clip", "cancel", "retry", "approve", "complete", "end_failed", "rest"} <= happened.keys()


def test_a_further_film_of_a_job_that_has_one_begins_anew() -> None:
    story = Story(*a_film(2))
    story.start()
    story.process()
    for number in (1, 2):
        story.ask(number)
    story.keep_picture(1)
    story.ask(1)
    story.keep_video(1)
    story.fail(2)
    story.combine()
    story.complete()
    assert story.at.percent == 100
    story.run_again(retry(story.job, story.clips))
    assert story.job.purpose.reached == Decimal(0)
    story.start()
    assert story.at.percent == 45.0
