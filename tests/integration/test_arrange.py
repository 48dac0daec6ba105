"""Arrange over real rows."""

from __future__ import annotations

import pytest

from functions.studio.clips import Answer, AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import NoClipSurvived, StaleRun
from functions.studio.jobs import JobStatus
from functions.studio.ledger import LineState, reservation
from tests.media import Studio
from tests.scripted import a_clip, an_attempt
from tests.shelf import Shelf


def left_open(shelf: Shelf, number: int, **attempt: object) -> str:
    """A clip in the middle of its attempt, without a row where nothing is told of it; the attempt's id."""
    clip = a_clip(shelf.job, number, status=ClipStatus.PROCESSING)
    line = reservation(clip)
    writes = [shelf.jobs.new_clip(shelf.job.id, clip), shelf.ledger.reserve(shelf.job.id, line)]
    if attempt:
        writes.append(shelf.jobs.new_attempt(shelf.job.id, an_attempt(shelf.job, number, **attempt)))
    shelf.jobs.table.commit(*writes)
    return line.attempt_id


def test_clips_that_agree_leave_nothing_to_make(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    assert shelf.arrange() == []
    assert shelf.status is JobStatus.COMBINING
    assert [piece.clips for piece in shelf.pieces] == [[1], [2]]


def test_clips_that_differ_are_all_to_be_made(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(size="640x360"))
    assert [task.piece for task in shelf.arrange()] == [1, 2]


def test_arranging_twice_gives_the_same_pieces(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(size="640x360"))
    assert shelf.arrange() == shelf.arrange()


def test_a_failed_clip_is_left_out(shelf: Shelf, studio: Studio) -> None:
    shelf.keep(1, studio.clip())
    shelf.fails(2, "Nudity")
    shelf.keep(3, studio.clip())
    shelf.arrange()
    assert [piece.clips for piece in shelf.pieces] == [[1], [3]]


def test_what_the_map_left_open_fails_and_its_money_ends(shelf: Shelf, studio: Studio) -> None:
    shelf.keep(1, studio.clip())
    never_asked = left_open(shelf, 2)
    running = left_open(shelf, 3, status=AttemptStatus.ACCEPTED, prediction_id="p3")
    said_why = left_open(
        shelf,
        4,
        status=AttemptStatus.ANSWERED,
        answer=Answer(outcome=Outcome.REFUSED, error="Nudity", charged=False),
    )

    shelf.arrange()

    clips = shelf.jobs.clips(shelf.job.id)[1:]
    assert {clip.status for clip in clips} == {ClipStatus.FAILED}
    unfinished = "The step ended without a result"
    assert [clip.error_message for clip in clips] == [unfinished, unfinished, "Nudity"]
    ended = {line.attempt_id: line.state for line in shelf.ledger.lines(shelf.job.id)}
    assert (ended[never_asked], ended[running], ended[said_why]) == (
        LineState.RELEASED,
        LineState.LOST,
        LineState.RELEASED,
    )
    attempts = {attempt.id: attempt.status for attempt in shelf.jobs.attempts(shelf.job.id)}
    assert attempts[running] is AttemptStatus.CANCELLED, "it was stopped where it ran"
    assert attempts[said_why] is AttemptStatus.REFUSED


def test_no_survivor_is_an_error_that_says_why(shelf: Shelf) -> None:
    for number, reason in enumerate(["Nudity", "Nudity", "Prediction timed out"], 1):
        shelf.fails(number, reason)
    with pytest.raises(NoClipSurvived, match="All 3 clips failed: Nudity"):
        shelf.arrange()


def test_a_run_that_lost_its_job_arranges_nothing(shelf: Shelf, studio: Studio) -> None:
    shelf.keep(1, studio.clip())
    shelf.jobs.table.commit(shelf.jobs.move_job(shelf.job.id, 1, JobStatus.FAILED))
    with pytest.raises(StaleRun):
        shelf.arrange()
