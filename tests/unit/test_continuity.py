from __future__ import annotations

import io
from collections import Counter
from itertools import combinations, pairwise
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from functions.plan.continuity import Alike, Likeness, by_continuity, compare, likeness, measure, path
from functions.plan.selection import Pair
from functions.studio.errors import BrokenMedia

RED, BLUE = (200, 40, 30), (30, 50, 190)


def a_picture(ground: tuple[int, int, int] = RED, x: int = 40, size: tuple[int, int] = (160, 90)) -> Image.Image:
    picture = Image.new("RGB", size, ground)
    ImageDraw.Draw(picture).ellipse((x, 20, x + 40, 60), fill="white")
    return picture


def encoded(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def alike(one: Image.Image, other: Image.Image) -> Likeness:
    return likeness(measure(encoded(one), "one"), measure(encoded(other), "other"))


def test_a_picture_is_entirely_like_itself() -> None:
    assert alike(a_picture(), a_picture()) == Likeness(1, 1, 1)
    assert alike(a_picture(), a_picture()).score == 1


def test_size_and_compression_hardly_matter() -> None:
    big = a_picture().resize((640, 360))
    same = likeness(measure(encoded(big, quality=30), "big"), measure(encoded(a_picture(), "PNG"), "small"))
    assert same.score > 0.9


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (a_picture(x=50), a_picture(x=110)),
        (a_picture((190, 60, 40)), a_picture(BLUE)),
        (a_picture((220, 70, 60)), a_picture((20, 5, 5))),
        (a_picture().filter(ImageFilter.GaussianBlur(1)), a_picture().filter(ImageFilter.GaussianBlur(20))),
    ],
    ids=["place", "colour", "light", "outlines"],
)
def test_what_looks_more_alike_scores_higher(nearer: Image.Image, farther: Image.Image) -> None:
    assert alike(a_picture(), nearer).score > alike(a_picture(), farther).score + 0.03


def test_opposites_score_nothing() -> None:
    black, white = Image.new("RGB", (64, 64), "black"), Image.new("RGB", (64, 64), "white")
    assert alike(black, white).score < 0.4
    assert alike(black, white).layout < 0.2


@pytest.mark.parametrize("raw", [b"", b"text", encoded(a_picture())[:200]])
def test_a_picture_that_cannot_be_read_is_named(raw: bytes) -> None:
    with pytest.raises(BrokenMedia, match="The picture 'Bottle' cannot be read"):
        measure(raw, "'Bottle'")


def test_the_reason_is_one_sentence_of_what_was_measured() -> None:
    words = Likeness(0.912, 0.5, 0.125).reason
    assert words == "Colours agree by 91 %, light and composition by 50 %, outlines by 12 %."


def scores(given: str) -> Alike:
    """`ab=.9 …`: how alike two pictures are, in all respects."""
    told = [one.split("=") for one in given.split()]
    return {frozenset(two): Likeness(float(score), float(score), float(score)) for two, score in told}


def chance(pictures: int) -> tuple[list[str], Alike]:
    random = Random(pictures)
    ids = [f"p{number:03d}" for number in range(pictures)]
    return ids, {frozenset(two): Likeness(*(random.random() for _ in range(3))) for two in combinations(ids, 2)}


def told(pairs: list[Pair]) -> list[str]:
    return [pair.image1_asset_id + pair.image2_asset_id for pair in pairs]


def test_the_path_goes_on_to_the_likest_picture_that_is_left() -> None:
    measured = scores("ab=.1 ac=.5 ad=.4 bc=.2 bd=.3 cd=.9")
    assert "".join(path("abcd", measured)) == "acdb"


def test_alike_pictures_come_together_on_the_path() -> None:
    colours = [RED, BLUE, (40, 160, 50), (230, 210, 40)]
    looks = {f"{n % 4}{n}": measure(encoded(a_picture(colours[n % 4], x=3 * n)), "") for n in range(32)}
    walked = path(list(looks), compare(looks))
    assert sorted(walked) == sorted(looks)
    changes = sum(one[0] != other[0] for one, other in pairwise(walked))
    assert changes == 3


@pytest.mark.parametrize(
    ("measured", "wanted", "besides", "chosen"),
    [
        ("ab=.9 ac=.5 bc=.8", 1, [], ["ab"]),
        ("ab=.9 ac=.5 bc=.8", 2, [], ["ab", "bc"]),
        ("ab=.9 ac=.5 bc=.8", 9, [], ["ab", "bc", "ac"]),
        ("ab=.9 ac=.8 ad=.7 bc=.6 bd=.5 cd=.1", 2, [], ["ab", "cd"]),
        ("ab=.5 ac=.5 ad=.5 bc=.5 bd=.5 cd=.5", 3, [], ["ab", "cd", "ac"]),
        ("ab=.9 ac=.8 ad=.7 bc=.6 bd=.5 cd=.1", 2, ["ba"], ["cd", "ac"]),
        ("ab=.9 ac=.5 bc=.8", 0, [], []),
    ],
    ids=["the likest", "two", "all there are", "each picture first once", "ties as they come", "besides", "none"],
)
def test_pairs_by_continuity(measured: str, wanted: int, besides: list[str], chosen: list[str]) -> None:
    ids = sorted({letter for letter in measured if letter.isalpha()})
    before = [Pair(image1_asset_id=two[0], image2_asset_id=two[1], score=1, reason="") for two in besides]
    assert told(by_continuity(ids, scores(measured), wanted, before)) == chosen


@pytest.mark.parametrize("pictures", [2, 3, 7, 20, 46])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_as_many_pairs_as_wanted_are_found_none_twice_and_no_picture_again_while_two_wait(
    pictures: int, share: float
) -> None:
    ids, measured = chance(pictures)
    wanted = max(1, int(share * len(measured)))
    pairs = by_continuity(ids, measured, wanted)
    assert len({pair.pictures for pair in pairs}) == len(pairs) == wanted
    assert all(len(pair.pictures) == 2 for pair in pairs)
    used = Counter(picture for pair in pairs for picture in pair.pictures)
    seldom = [picture for picture in ids if used[picture] < max(used.values()) - 1]
    assert {frozenset(two) for two in combinations(seldom, 2)} <= {pair.pictures for pair in pairs}
    assert pairs == by_continuity(ids, measured, wanted)
