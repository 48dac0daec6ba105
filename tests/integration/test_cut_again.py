"""A film that cannot be made of one of its pieces is cut again without it, and says so: rows, bucket and ffmpeg are real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.api.job_views import job_view
from functions.make_piece.make import make_piece
from functions.studio.cut import Cut, Transition, TransitionKind
from functions.studio.errors import BrokenMedia, ConditionLost, PieceUnfit
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus, LeftOut
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.messages import PieceTask
from tests.media import Studio
from tests.seen import frames_of
from tests.shelf import Shelf

FADED = Cut(transition=Transition(kind=TransitionKind.CROSSFADE))

Spoil = Callable[[Shelf, str], None]


def rounds(shelf: Shelf, most: int = 9) -> tuple[Film, int]:
    """What the state machine does: round after round, as long as Assemble sends it back."""
    for turn in range(most):
        shelf.make_pieces()
        try:
            return shelf.assemble(), turn
        except PieceUnfit:
            continue
    raise AssertionError("it never ends")


def warnings(shelf: Shelf) -> list[str]:
    shelf.jobs.table.commit(
        shelf.jobs.move_job(shelf.job.id, 1, JobStatus.COMPLETED, {"film": shelf.film.attributes()})
    )
    return job_view(shelf.jobs.job(shelf.job.id), shelf.jobs.clips(shelf.job.id), [], lambda path: path).warnings


def cut_short(shelf: Shelf, key: str) -> None:
    whole = shelf.media.read(key)
    shelf.media.put(key, whole[: len(whole) // 2], "video/mp4")


def flipped(shelf: Shelf, key: str) -> None:
    whole = shelf.media.read(key)
    middle = whole.index(b"mdat") + 2000
    shelf.media.put(
        key, whole[:middle] + bytes(byte ^ 255 for byte in whole[middle : middle + 64]) + whole[middle + 64 :], ""
    )


def gone(shelf: Shelf, key: str) -> None:
    shelf.media.delete(key)


def emptied(shelf: Shelf, key: str) -> None:
    shelf.media.put(key, b"", "video/mp4")


@pytest.mark.parametrize("spoil", [cut_short, flipped, gone, emptied])
def test_a_clip_that_was_to_be_copied_and_is_spoilt_is_left_out(
    shelf: Shelf, studio: Studio, tmp_path: Path, disk: Path, spoil: Spoil
) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"), studio.clip(filters="hue=h=180"))
    shelf.arrange()
    spoil(shelf, shelf.pieces[1].key)

    film, again = rounds(shelf)

    assert again == 1
    assert (film.clips, film.frames) == ([1, 3], 48)
    assert frames_of(shelf.fetched(film.key, tmp_path)) == 48
    assert [(one.clip, one.join) for one in film.omissions] == [(2, False)]
    manifest = json.loads(shelf.media.read(film.manifest_key))
    (missing,) = manifest["failedClips"]
    assert (missing["number"], missing["errorMessage"]) == (2, film.omissions[0].reason)
    (warning,) = warnings(shelf)
    assert warning.startswith("Clip 2 is missing from the film: it could not be made fit for the film: ")
    assert [path for path in disk.iterdir() if path.is_dir()] == []


def test_sound_that_ends_early_leaves_its_clip_out(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    shelf.arrange()
    key = shelf.pieces[0].pcm_key
    assert key
    cut_short(shelf, key)
    film, _ = rounds(shelf)
    assert film.clips == [2]
    assert film.omissions[0].reason.endswith("its sound lasts 0.500 s of 1.000 s")


def test_a_piece_that_cannot_be_encoded_is_left_out_and_the_others_are_not_made_again(
    jobs: JobStore, ledger: Ledger, media: MediaStore, studio: Studio, tmp_path: Path
) -> None:
    """Four clips that fade into each other; the third is spoilt before it is made. What stays is the first join and the
    bodies of which nothing has changed."""
    shelf = Shelf(jobs, ledger, media, FADED)
    shelf.keeps(*(studio.clip(seconds=2, filters=f"hue=h={turn * 60}") for turn in range(4)))
    shelf.arrange()
    third = next(piece for piece in shelf.pieces if piece.clips == [3])
    cut_short(shelf, third.shots[0].key)
    shelf.make_pieces()
    made = {tuple(piece.clips): piece.key for piece in shelf.pieces if piece.picture}
    with pytest.raises(PieceUnfit, match="Clip 3 could not be made fit for the film"):
        shelf.assemble()

    tasks = shelf.arrange()

    pieces = shelf.pieces
    assert [piece.clips for piece in pieces] == [[1], [1, 2], [2], [2, 4], [4]]
    kept = [piece for piece in pieces if piece.picture]
    assert {tuple(piece.clips): piece.key for piece in kept}.items() <= made.items()
    assert (1,) in {tuple(piece.clips) for piece in kept}
    assert (1, 2) in {tuple(piece.clips) for piece in kept}
    assert [task.piece for task in tasks] == [piece.number for piece in pieces if piece.picture is None]
    film, again = rounds(shelf)
    assert again == 0
    assert film.clips == [1, 2, 4]
    assert frames_of(shelf.fetched(film.key, tmp_path)) == film.frames == sum(piece.frames for piece in pieces)


def test_a_join_that_cannot_be_made_becomes_a_cut(
    jobs: JobStore, ledger: Ledger, media: MediaStore, studio: Studio
) -> None:
    shelf = Shelf(jobs, ledger, media, FADED).keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    tasks = shelf.arrange()
    for task, piece in zip(tasks, shelf.pieces, strict=True):
        if len(piece.clips) > 1:
            jobs.table.commit(jobs.films.piece_failed(shelf.job.id, 1, task.piece, "ffmpeg did not end within 600 s"))
        else:
            make_piece(task, jobs, media)
    with pytest.raises(PieceUnfit):
        shelf.assemble()
    film, _ = rounds(shelf)
    assert (film.clips, film.frames) == ([1, 2], 48)
    assert warnings(shelf) == ["A cut follows clip 1: ffmpeg did not end within 600 s"]


def test_a_spoilt_variant_is_made_up_for_by_the_next(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    for number, file in enumerate((studio.clip(), studio.clip(seconds=2)), 1):
        shelf.keep(number, file, shot=1, variant=number)
    shelf.arrange()
    [piece] = shelf.pieces
    cut_short(shelf, piece.key)
    film, turns = rounds(shelf)
    assert (film.clips, turns) == ([2], 1)
    assert frames_of(shelf.fetched(film.key, tmp_path)) == 48
    assert warnings(shelf) == []


def test_where_every_clip_is_spoilt_there_is_no_film_and_the_job_hears_why(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    shelf.arrange()
    for piece in shelf.pieces:
        gone(shelf, piece.key)
    with pytest.raises(BrokenMedia, match="Clip 1 could not be made fit for the film: its file is not in the bucket"):
        rounds(shelf)
    assert shelf.jobs.films.left_out(shelf.job.id, 1) == LeftOut()


def test_assembling_again_after_a_crash_behind_its_note_sends_it_back_again(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    shelf.arrange()
    gone(shelf, shelf.pieces[0].key)
    for _ in range(2):
        with pytest.raises(PieceUnfit):
            shelf.assemble()
    assert shelf.jobs.films.left_out(shelf.job.id, 1).rounds == 1


def test_an_assemble_that_another_one_overtakes_goes_by_the_pieces_that_it_began_with(
    shelf: Shelf, studio: Studio
) -> None:
    shelf.keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    shelf.arrange()
    began = shelf.jobs.films.left_out(shelf.job.id, 1)
    pieces = shelf.pieces
    gone(shelf, pieces[0].key)
    with pytest.raises(PieceUnfit):
        shelf.assemble()
    assert shelf.pieces == []
    assert shelf.jobs.films.pieces(shelf.job.id, 1, began) == pieces


def test_arranging_again_after_a_crash_in_its_middle_gives_the_same_pieces(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"), studio.clip(filters="hue=h=90"))
    shelf.arrange()
    gone(shelf, shelf.pieces[1].shots[0].key)
    shelf.make_pieces()
    with pytest.raises(PieceUnfit):
        shelf.assemble()
    due = shelf.jobs.films.left_out(shelf.job.id, 1)
    first = shelf.arrange()
    pieces = shelf.pieces
    with pytest.raises(ConditionLost):
        shelf.jobs.table.commit(shelf.jobs.films.leave_out(shelf.job.id, 1, due))
    shelf.jobs.table.commit(
        shelf.jobs.films.leave_out(
            shelf.job.id, 1, due.model_copy(update={"rounds": 2, "first_piece": due.first_piece})
        )
    )
    assert shelf.arrange() == first
    assert shelf.pieces == pieces


def test_a_piece_of_the_film_that_was_given_up_changes_nothing_when_it_comes_late(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(studio.clip(), studio.clip(fps="30"), studio.clip(filters="hue=h=90"))
    shelf.arrange()
    second = shelf.pieces[1]
    whole = shelf.media.read(second.shots[0].key)
    gone(shelf, second.shots[0].key)
    film, _ = rounds(shelf)
    shelf.media.put(second.shots[0].key, whole, "video/mp4")
    make_piece(PieceTask(job_id=shelf.job.id, run=1, piece=second.number), shelf.jobs, shelf.media)
    assert all(piece.clips != [2] for piece in shelf.pieces)
    assert shelf.film == film
