"""The way of the film's frame over a picture."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from functions.studio.stills import PAN, SLICES, Slide, Still, eased, filling, slide, veil

UPRIGHT = (720, 1280)
ACROSS = (1280, 720)


def a_still(width: int = 3000, height: int = 4000, **detail: list[int]) -> Still:
    flat = [1000 // SLICES] * SLICES
    return Still(key="k", sha256="s", width=width, height=height, **({"across": flat, "down": flat} | detail))


def at(*slices: int) -> list[int]:
    return [1000 if one in slices else 1 for one in range(SLICES)]


def going(made: Slide) -> str:
    start, end = made.start.place, made.end.place
    if start.left != end.left and abs((end.right - end.left) - (start.right - start.left)) < 0.001:
        return "right" if end.left > start.left else "left"
    if abs((end.bottom - end.top) - (start.bottom - start.top)) < 0.001:
        return "down" if end.top > start.top else "up"
    return "in" if end.right - end.left < start.right - start.left else "out"


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_picture_its_way_stays_inside_and_has_no_jump(seed: int) -> None:
    chance = random.Random(seed)
    still = a_still(
        chance.choice((1, 40, 900, 8000)),
        chance.choice((1, 60, 1000, 6000)),
        across=[chance.randint(0, 50) for _ in range(SLICES)],
        down=[chance.randint(0, 50) for _ in range(SLICES)],
    )
    size = chance.choice((UPRIGHT, ACROSS, (720, 720)))
    frames = chance.randint(1, 400)

    made = slide(still, size, frames / 30, frames, chance.randint(0, 9))

    path = [made.at(frame) for frame in range(frames)]
    assert all(0 <= one.left < one.right <= 1 and 0 <= one.top < one.bottom <= 1 for one in path)
    assert path[0] == pytest.approx(made.start.place)
    assert frames == 1 or path[-1] == pytest.approx(made.end.place)
    shape = (1.0, 1.0) if made.look == "backed" else filling(still, size)
    wide = {round((one.right - one.left) / shape[0] - (one.bottom - one.top) / shape[1], 3) for one in path}
    assert wide == {0.0}, "the picture is stretched"
    steps = [max(abs(b - a) for a, b in zip(one, other, strict=True)) for one, other in pairwise(path)]
    whole = max(abs(b - a) for a, b in zip(path[0], path[-1], strict=True))
    assert all(step <= 1.5 * whole / (frames - 1) + 1e-9 for step in steps), "faster than its mean allows"


def test_speed_is_gathered_and_lost_evenly() -> None:
    path = [eased(frame / 100) for frame in range(101)]
    speeds = [after - before for before, after in pairwise(path)]
    assert path[0] == 0
    assert path[-1] == pytest.approx(1)
    assert all(speed > 0 for speed in speeds)
    assert speeds == pytest.approx(speeds[::-1])
    assert max(abs(after - before) for before, after in pairwise(speeds)) < 0.001
    assert speeds[0] < 0.1 * max(speeds)


def test_pictures_of_the_films_own_shape_come_nearer_and_go_away_in_turn() -> None:
    still = a_still(1080, 1920)
    assert [going(slide(still, UPRIGHT, 3, 90, turn)) for turn in range(4)] == ["in", "out", "in", "out"]


def test_it_comes_nearer_to_where_the_detail_is() -> None:
    made = slide(a_still(1080, 1920, across=at(1), down=at(14)), UPRIGHT, 3, 90, 0)
    start, end = made.start.place, made.end.place
    assert end.left == start.left == 0
    assert end.right < start.right
    assert end.bottom == start.bottom == 1
    assert end.top > start.top


def test_the_frame_goes_along_a_picture_of_another_shape_and_not_too_fast() -> None:
    for size, ways, still in (
        (UPRIGHT, ["right", "left"], a_still(1000, 1200)),
        (ACROSS, ["down", "up"], a_still(1200, 1000)),
    ):
        made = [slide(still, size, 2, 60, turn) for turn in (0, 1)]
        assert [going(one) for one in made] == ways
        assert {one.look for one in made} == {"filled"}
        start, end = made[0].start.place, made[0].end.place
        moves = max(end.left - start.left, end.top - start.top)
        assert moves / min(filling(still, size)) == pytest.approx(2 * PAN, abs=0.001)


def test_its_way_ends_where_there_is_more_to_see() -> None:
    left, right = (a_still(1000, 1000, across=profile) for profile in ([90] * 8 + [75] * 8, [75] * 8 + [90] * 8))
    assert {going(slide(left, UPRIGHT, 2, 60, turn)) for turn in (0, 1)} == {"left"}
    assert {going(slide(right, UPRIGHT, 2, 60, turn)) for turn in (0, 1)} == {"right"}


def test_what_is_photographed_stays_in_the_frame() -> None:
    for middle in (3, 8, 12):
        profile = [10 + 90 * (abs(one - middle) <= 3) for one in range(SLICES)]
        made = slide(a_still(1000, 1000, across=profile), UPRIGHT, 4, 120, 0)
        for end in (made.start.place, made.end.place):
            held = sum(one for at, one in enumerate(profile) if end.left - 0.06 <= at / SLICES <= end.right)
            assert held > 0.7 * sum(profile)


def test_a_picture_that_could_only_be_seen_in_part_stands_whole_before_a_blurred_one() -> None:
    made = slide(a_still(1920, 1080), UPRIGHT, 3, 90, 0)
    assert made.look == "backed"
    assert made.start.place == (0, 0, 1, 1)


def test_unless_what_there_is_to_see_comes_into_the_frame() -> None:
    made = slide(a_still(1920, 1080, across=at(6, 7, 8)), UPRIGHT, 3, 90, 0)
    assert made.look == "filled"
    ends = made.start.place, made.end.place
    assert min(end.left for end in ends) < 6 / SLICES
    assert max(end.right for end in ends) > 9 / SLICES


def test_of_a_panorama_only_a_part_is_gone_along_however_long_it_is_seen() -> None:
    made = slide(a_still(40_000, 1000, across=at(3, 4)), UPRIGHT, 600, 18_000, 0)
    assert made.look in ("filled", "backed")
    start, end = made.start.place, made.end.place
    assert abs(end.left - start.left) <= 4.001 * (start.right - start.left)


def test_the_ground_for_words_stands_still() -> None:
    made = veil(a_still(1920, 1080, across=at(0, 1)), UPRIGHT, 72)
    assert made.start == made.end
    assert made.look == "veiled"
