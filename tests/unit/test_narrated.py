"""The pieces of a film that follows a narration."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate

import pytest

from functions.arrange.arrangement import MOST_FRAMES, made_before
from functions.arrange.narrated import Story, narrated
from functions.studio.clips import Kept
from functions.studio.cut import Card, Cut, Take, Transition, TransitionKind
from functions.studio.errors import NoClipSurvived
from functions.studio.media import Piece, PieceKind, Target
from functions.studio.narration import NarrationRef
from functions.studio.stills import Still
from tests.scripted import a_kept

FADES = Cut(transition=Transition(kind=TransitionKind.CROSSFADE))


def a_still(number: int) -> Still:
    return Still(key=f"picture-{number}", sha256="s", width=3000, height=4000)


def a_story(seconds: float = 15, *, spoken: bool = True, title: bool = False, price: bool = False) -> Story:
    ref = NarrationRef(key="n", script="…", seconds=seconds, words=40)
    return Story(ref, spoken=spoken, title=title, price=price)


def told(shown: dict[int, Kept | Still] | int, cut: Cut | None = None, story: Story | None = None) -> list[Piece]:
    given = {number: a_still(number) for number in range(1, shown + 1)} if isinstance(shown, int) else shown
    return narrated(given, cut or Cut(), story or a_story(), lambda number, extension: f"{number}.{extension}")


def kinds(pieces: list[Piece]) -> list[tuple[str, list[int]]]:
    return [(piece.kind.value, piece.clips) for piece in pieces]


def test_every_picture_is_a_slide_and_together_they_last_as_long_as_the_narration_says() -> None:
    pieces = told(3)
    assert kinds(pieces) == [("slide", [1]), ("slide", [2]), ("slide", [3])]
    assert sum(piece.frames for piece in pieces) == 12 + 450 + 18
    assert all(piece.target == Target(width=720, height=1280, fps=30) for piece in pieces)
    assert [piece.pcm_key for piece in pieces] == ["1.pcm", "2.pcm", "3.pcm"]


def test_each_piece_knows_where_it_lies_in_the_film_and_where_the_narration_begins() -> None:
    pieces = told(3, FADES)
    assert [piece.at for piece in pieces] == [0, *accumulate(piece.frames for piece in pieces)][:-1]
    assert {piece.narration_at for piece in pieces} == {12}


def test_a_join_goes_on_with_both_ways_where_they_are() -> None:
    before, join, after = told(2, FADES)
    assert kinds([before, join, after]) == [("slide", [1]), ("join", [1, 2]), ("slide", [2])]
    tail, head = join.shots
    assert (before.shots[0].end, tail.end) == (tail.start, tail.slide and tail.slide.frames)
    assert (head.start, head.end) == (0, after.shots[0].start)
    assert before.shots[0].slide == tail.slide
    assert head.slide == after.shots[0].slide


def test_a_picture_that_is_seen_for_long_is_made_in_several_pieces_on_one_way() -> None:
    pieces = told(1, story=a_story(100))
    assert len(pieces) == 4
    assert all(piece.frames <= MOST_FRAMES for piece in pieces)
    assert len({piece.shots[0].slide and piece.shots[0].slide.model_dump_json() for piece in pieces}) == 1
    assert [shot.start for piece in pieces for shot in piece.shots] == [piece.at for piece in pieces]


def test_clips_and_pictures_follow_each_other_in_one_film() -> None:
    pieces = told({1: a_still(1), 2: a_kept(2), 4: a_still(4)}, FADES)
    assert kinds(pieces) == [("slide", [1]), ("join", [1, 2]), ("clip", [2]), ("join", [2, 4]), ("slide", [4])]
    of_clip = pieces[2].shots[0]
    assert of_clip.slide is None
    assert of_clip.pcm_key
    assert of_clip.picture


def test_a_clip_that_is_shorter_than_its_share_is_shown_beyond_its_end() -> None:
    (piece,) = told({1: a_kept(1)}, story=a_story(14))
    assert piece.frames == 12 + 420 + 18
    assert piece.shots[0].end == 450


def test_a_film_of_clips_is_encoded_too_for_its_words_are_written_into_it() -> None:
    pieces = told({1: a_kept(1), 2: a_kept(2)}, story=a_story(10))
    assert all(piece.target and piece.picture is None for piece in pieces)


def test_a_price_stands_on_the_last_picture_behind_the_narration() -> None:
    *_, join, card = told(3, FADES, a_story(price=True))
    assert (card.kind, card.card, card.name) == (PieceKind.CARD, "price", "the price card")
    assert card.shots[0].slide
    assert card.shots[0].slide.look == "veiled"
    assert card.clips == [3]
    assert card.at is not None
    assert card.at >= 12 + 450 + 18
    assert (join.kind, join.card) == (PieceKind.JOIN, None)


def test_a_price_behind_a_clip_stands_on_its_last_frame_and_behind_nothing_does_not_stand() -> None:
    seen = a_kept(1).model_copy(update={"last_frame_key": "last.jpg"})
    *_, card = told({1: seen}, story=a_story(price=True))
    assert card.card == "price"
    assert card.shots[0].key == "last.jpg"
    assert [piece.card for piece in told({1: a_kept(1)}, story=a_story(price=True))] == [None]


def test_a_title_gives_the_first_picture_time_before_the_first_word() -> None:
    pieces = told(2, story=a_story(title=True))
    assert pieces[0].narration_at == 54


def test_an_intro_of_the_callers_comes_before_everything() -> None:
    intro, first, *_ = told(2, Cut(intro=Card(asset_id="a", key="intro.png", seconds=Decimal(2))))
    assert (intro.card, intro.at, first.at, first.narration_at) == ("intro", 0, 60, 72)


def test_size_and_rate_are_as_asked() -> None:
    (piece,) = told(1, Cut(aspect_ratio="16:9", resolution="1080p", fps=24))
    assert piece.target == Target(width=1920, height=1080, fps=24)
    (piece,) = told(1, Cut(aspect_ratio="1:1"))
    assert piece.target == Target(width=720, height=720, fps=30)


def test_a_silent_film_without_the_clips_sound_has_none() -> None:
    (piece,) = told(1, Cut(audio="strip"), a_story(spoken=False))
    assert piece.pcm_key is None
    (piece,) = told(1, Cut(audio="strip"), a_story())
    assert piece.pcm_key


def test_the_order_is_the_cuts_and_pictures_that_are_gone_leave_their_time_to_the_others() -> None:
    cut = Cut(takes=[Take(clip=3), Take(clip=2), Take(clip=1)])
    pieces = told({1: a_still(1), 3: a_still(3)}, cut)
    assert kinds(pieces) == [("slide", [3]), ("slide", [1])]
    assert sum(piece.frames for piece in pieces) == 480
    with pytest.raises(NoClipSurvived):
        told({}, cut)


def test_a_piece_that_was_made_for_another_place_in_the_film_is_made_again() -> None:
    def made(piece: Piece) -> Piece:
        return piece.model_copy(update={"picture": a_kept(1).probe.picture, "bytes": 1})

    pieces = told(3)
    assert all(piece.picture for piece in made_before(pieces, [made(piece) for piece in pieces]))
    moved = [made(piece.model_copy(update={"at": (piece.at or 0) + 1})) for piece in pieces]
    assert not any(piece.picture for piece in made_before(pieces, moved))
