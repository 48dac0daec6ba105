"""Seed 004's table of resolutions: what each row comes to with Runway's models, and with those that lack it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.studio.catalogue import Model, catalogue
from functions.studio.cut import Cut
from functions.studio.resolutions import Resolution, resolutions

ROWS = {
    "1280:720": ("1280:720", "1920:1080"),
    "720:1280": ("720:1280", "1080:1920"),
    "1104:832": ("1104:832", "1168:880"),
    "832:1104": ("832:1104", "1080:1440"),
    "960:960": ("960:960", "1024:1024"),
    "1584:672": ("1584:672", "1920:1080"),
    "1280:768": ("1280:720", "1920:1080"),
    "768:1280": ("720:1280", "1080:1920"),
}
"""What is sent to gen4_turbo and to gen4_image: the seed's own table, but for the last two rows, whose sizes gen4_turbo does
not have."""


def row(name: str) -> Resolution:
    found = resolutions().find(name)
    assert found
    return found


def video(name: str = "gen4_turbo") -> Model:
    return catalogue().model(name, "image")


def still(name: str = "gen4_image") -> Model:
    return catalogue().model(name, "still")


def sent(model: Model, ratio: str | None, seconds: int) -> str:
    """The provider's own word for the ratio, in the input that it is sent."""
    size = model.offer(Cut(), seconds, ratio).resolution.name
    said: str = model.request({"prompt": "A lamp", "aspectRatio": ratio, "resolution": size})["ratio"]
    return said


def test_there_are_the_eight_of_the_seed_and_the_usual_one_is_upright() -> None:
    assert list(ROWS) == resolutions().names
    assert resolutions().usual == "720:1280"


@pytest.mark.parametrize("name", ROWS)
def test_runways_models_are_asked_for_the_seeds_own_sizes(name: str) -> None:
    one = row(name)
    made = sent(video(), one.of_video(video()), 5), sent(still(), one.of_image(still()), 0)
    assert made == ROWS[name]


@pytest.mark.parametrize("name", ROWS)
def test_what_is_not_as_the_resolution_says_is_told(name: str) -> None:
    said = row(name).warnings(still(), [video()])
    if ROWS[name][0] == name:
        assert said == []
    else:
        (warning,) = said
        assert warning.startswith(f"resolution {name}: gen4_turbo makes the nearest that it has, ")


@pytest.mark.parametrize("name", ["1280:768", "768:1280"])
def test_a_model_that_has_the_last_two_sizes_is_asked_for_them(name: str) -> None:
    older = video("gen3a_turbo")
    assert sent(older, row(name).of_video(older), 5) == name


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("model", [one.name for one in catalogue().in_mode("image")])
def test_every_model_of_videos_is_asked_for_a_ratio_that_it_has(name: str, model: str) -> None:
    one = video(model)
    ratio = row(name).of_video(one)
    assert (ratio is None) == (one.aspect_ratios == [])
    offered = {*one.aspect_ratios, *(word for size in one.resolutions for word in (*size.ratios.values(), *size.more))}
    assert ratio is None or ratio in offered
    if ratio:
        across, down = map(int, ratio.split(":"))
        wide, high = map(int, name.split(":"))
        assert (wide - high) * (across - down) >= 0, f"{model} would make {ratio} of {name}"


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("model", [one.name for one in catalogue().in_mode("still")])
def test_every_model_of_stills_is_asked_for_a_ratio_that_it_has(name: str, model: str) -> None:
    one = still(model)
    ratio = row(name).of_image(one)
    offered = {*one.aspect_ratios, *(word for size in one.resolutions for word in (*size.ratios.values(), *size.more))}
    assert ratio in offered
    told = row(name).warnings(one, [])
    assert (told == []) == (ratio in (row(name).image_size, row(name).image_ratio))


def test_a_model_that_follows_its_picture_is_told_of_where_that_has_another_shape() -> None:
    wide = row("1584:672").warnings(still(), [video("hailuo-2.0")])
    assert wide == ["resolution 1584:672: hailuo-2.0 takes the shape of its picture, 16:9."]
    assert row("1280:720").warnings(still(), [video("hailuo-2.0")]) == []


def test_the_table_is_the_seeds(pytestconfig: pytest.Config) -> None:
    """As README has it, for people."""
    readme = (Path(pytestconfig.rootpath) / "README.md").read_text()
    rows = re.findall(r"^\| `(\d+:\d+)` \| ([\d:]+) \| ([\d:]+) \|", readme, re.MULTILINE)
    assert [(name, (made, image)) for name, made, image in rows] == [(name, ROWS[name]) for name in ROWS]
