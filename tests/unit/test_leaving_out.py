"""What a film is cut without when one of its pieces is at fault."""

from __future__ import annotations

import pytest

from functions.arrange.arrangement import arrangement, made_before
from functions.assemble.leaving_out import MOST_ROUNDS, in_words, leave_out, unmade, variants_left
from functions.studio.clips import ClipStatus
from functions.studio.cut import Card, Cut, Take, Transition, TransitionKind
from functions.studio.jobs import LeftOut, Omission
from functions.studio.media import Piece, PieceKind
from tests.scripted import a_clip, a_job, a_kept, a_picture

FADED = Cut(transition=Transition(kind=TransitionKind.CROSSFADE))


def pieces_of(*clips: int, cut: Cut = FADED, first: int = 1) -> list[Piece]:
    survivors = {clip: a_kept(clip) for clip in clips}
    return arrangement(survivors, cut, lambda number, extension: f"piece-{number}.{extension}", first)


def number_of(pieces: list[Piece], *clips: int) -> int:
    return next(piece.number for piece in pieces if piece.clips == list(clips))


def told(left_out: LeftOut | None) -> list[tuple[int, bool]]:
    assert left_out
    return [(one.clip, one.join) for one in left_out.omissions]


def test_a_piece_of_one_clip_leaves_the_clip_out_with_its_joins() -> None:
    pieces = pieces_of(1, 2, 3)
    faults = {number_of(pieces, 2): "cut short", number_of(pieces, 1, 2): "cut short", number_of(pieces, 2, 3): "x"}
    left_out = leave_out(pieces, faults, LeftOut())
    assert told(left_out) == [(2, False)]
    assert left_out
    assert left_out.omissions[0].reason == "it could not be made fit for the film: cut short"
    assert (left_out.rounds, left_out.first_piece, left_out.due) == (1, pieces[-1].number + 1, True)


def test_a_join_by_itself_becomes_a_cut_and_no_clip_is_lost() -> None:
    pieces = pieces_of(1, 2, 3)
    left_out = leave_out(pieces, {number_of(pieces, 1, 2): "too slow"}, LeftOut())
    assert told(left_out) == [(1, True)]
    assert left_out
    again = pieces_of(1, 2, 3, cut=left_out.applied(FADED))
    assert [piece.clips for piece in again] == [[1], [2], [2, 3], [3]]


def test_what_was_left_out_stays_out() -> None:
    pieces = pieces_of(1, 2, 3, 4)
    first = leave_out(pieces, {number_of(pieces, 4): "a"}, LeftOut())
    assert first
    pieces = pieces_of(1, 2, 3, first=first.first_piece)
    second = leave_out(pieces, {number_of(pieces, 2): "b"}, first.model_copy(update={"due": False}))
    assert told(second) == [(4, False), (2, False)]
    assert second
    assert second.clips == {2, 4}


def test_a_long_clip_of_many_pieces_is_told_of_once() -> None:
    survivors = {1: a_kept(1, frames=2000, span=2000 * 512), 2: a_kept(2, extradata="b")}
    pieces = arrangement(survivors, Cut(), lambda number, extension: f"{number}.{extension}")
    wrong = {piece.number: f"fault {piece.number}" for piece in pieces if piece.clips == [1]}
    assert len(wrong) > 1
    left_out = leave_out(pieces, wrong, LeftOut())
    assert told(left_out) == [(1, False)]
    assert left_out
    assert left_out.omissions[0].reason.endswith("fault 1")


@pytest.mark.parametrize("why", ["nothing would be left", "a card", "often enough"])
def test_there_is_no_other_film_where_it_is_of_no_use(why: str) -> None:
    card = Card(asset_id="a", key="a.png")
    pieces = pieces_of(1, 2, cut=FADED.model_copy(update={"intro": card}))
    faults = {number_of(pieces, 1): "broken"}
    rounds = 0
    match why:
        case "nothing would be left":
            faults[number_of(pieces, 2)] = "broken too"
        case "a card":
            faults[number_of(pieces)] = "no picture"
        case "often enough":
            rounds = MOST_ROUNDS
    assert leave_out(pieces, faults, LeftOut(rounds=rounds)) is None
    assert in_words(pieces, {number_of(pieces, 1): "broken"}) == "Clip 1 could not be made fit for the film: broken."


def test_where_the_only_clip_shown_is_at_fault_a_variant_of_it_is_still_a_film() -> None:
    pieces = pieces_of(1)
    left_out = leave_out(pieces, {number_of(pieces, 1): "cut short"}, LeftOut(), {2})
    assert told(left_out) == [(1, False)]


def test_variants_are_left_unless_they_are_shown_lost_or_not_wanted() -> None:
    job = a_job()
    clips = [a_clip(job, number, kept=a_kept(number), status=ClipStatus.COMPLETED) for number in (1, 2, 3)]
    clips.append(a_clip(job, 4, status=ClipStatus.FAILED))
    without = LeftOut(omissions=[Omission(clip=2, reason="cut short")])
    assert variants_left(Cut(), clips, pieces_of(1), without) == {3}
    assert variants_left(Cut(takes=[Take(clip=1)]), clips, pieces_of(1), without) == set()


def test_pieces_without_a_picture_are_at_fault_for_a_reason_or_for_none() -> None:
    made = Piece(number=1, kind=PieceKind.CLIP, frames=1, key="", picture=a_picture())
    failed = Piece(number=2, kind=PieceKind.CLIP, frames=1, key="", fault="too slow")
    ended = Piece(number=3, kind=PieceKind.CLIP, frames=1, key="")
    assert unmade([made, failed, ended]) == {2: "too slow", 3: "the step ended without a result"}


def test_what_was_made_already_is_not_made_again() -> None:
    before = [piece.model_copy(update={"picture": a_picture(), "bytes": 9}) for piece in pieces_of(1, 2, 3)]
    again = made_before(pieces_of(1, 2, first=6), before)
    assert [piece.number for piece in again] == [6, 7, 8]
    body, join, longer = again
    assert (body.key, body.bytes, join.key) == (before[0].key, 9, before[1].key)
    assert body.picture == join.picture == a_picture()
    assert longer.picture is None
    assert longer.key == "piece-8.mp4"
