from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from functions.studio.catalogue import Model, Price, Resolution, catalogue
from functions.studio.cut import Cut


def model(name: str) -> Model:
    return catalogue().model(name, "pair")


@pytest.mark.parametrize(
    ("name", "asked", "made"),
    [
        ("veo3", None, 8),
        ("veo3", 0.1, 4),
        ("veo3", 3.0, 4),
        ("veo3", 5.0, 4),
        ("veo3", 5.01, 6),
        ("veo3", 7.0, 6),
        ("veo3", 7.01, 8),
        ("veo3", 60.0, 8),
        ("hailuo-2.0", None, 6),
        ("hailuo-2.0", 1.0, 6),
        ("hailuo-2.0", 8.0, 6),
        ("hailuo-2.0", 8.01, 10),
        ("hailuo-2.0", 60.0, 10),
    ],
)
def test_a_duration_snaps_to_one_that_the_model_makes(name: str, asked: float | None, made: int) -> None:
    assert model(name).duration(asked) == made


@pytest.mark.parametrize(
    ("name", "seconds", "usd"),
    [("veo3", 8, "1.20"), ("veo3", 4, "0.60"), ("hailuo-2.0", 6, "0.20"), ("hailuo-2.0", 10, "0.20")],
)
def test_a_clip_costs_what_the_seed_says(name: str, seconds: int, usd: str) -> None:
    assert model(name).offer(Cut(), seconds).cost == Decimal(usd)


@pytest.mark.parametrize(
    ("name", "seconds", "wishes", "made", "audio", "usd"),
    [
        ("veo3", 8, {}, "720p", True, "1.20"),
        ("veo3", 8, {"audio": "strip"}, "720p", False, "0.80"),
        ("veo3", 4, {"resolution": "480p"}, "720p", True, "0.60"),
        ("veo3", 4, {"resolution": "720p"}, "720p", True, "0.60"),
        ("veo3", 4, {"resolution": "1080p"}, "1080p", True, "0.60"),
        ("veo3", 4, {"resolution": "1080p", "audio": "strip"}, "1080p", False, "0.48"),
        ("veo3", 6, {"quality": "premium"}, "1080p", True, "0.90"),
        ("veo3", 6, {"quality": "premium", "resolution": "480p", "audio": "strip"}, "1080p", False, "0.72"),
        ("veo3", 6, {"quality": "economy", "audio": "strip"}, "720p", False, "0.60"),
        ("veo3", 6, {"quality": "economy", "resolution": "1080p"}, "1080p", True, "0.90"),
        ("hailuo-2.0", 6, {}, "768p", False, "0.20"),
        ("hailuo-2.0", 6, {"audio": "strip"}, "768p", False, "0.20"),
        ("hailuo-2.0", 6, {"resolution": "480p", "quality": "economy"}, "768p", False, "0.20"),
        ("hailuo-2.0", 6, {"resolution": "720p"}, "768p", False, "0.20"),
        ("hailuo-2.0", 6, {"resolution": "1080p"}, "1080p", False, "0.48"),
        ("hailuo-2.0", 6, {"quality": "premium"}, "1080p", False, "0.48"),
        ("hailuo-2.0", 10, {}, "768p", False, "0.20"),
        ("hailuo-2.0", 10, {"resolution": "1080p"}, "768p", False, "0.20"),
        ("hailuo-2.0", 10, {"quality": "premium"}, "768p", False, "0.20"),
    ],
)
def test_what_a_model_is_asked_for_and_its_price_follow_the_films_options(
    name: str, seconds: int, wishes: dict[str, Any], made: str, audio: bool, usd: str
) -> None:
    offer = model(name).offer(Cut(**wishes), seconds)
    assert (offer.resolution.name, offer.audio, offer.cost) == (made, audio, Decimal(usd))


def test_economy_takes_the_cheapest_that_meets_the_film_and_balanced_nothing_smaller_than_usual() -> None:
    def made_at(side: int, usd: str) -> Resolution:
        return Resolution(name=f"{side}p", side=side, price=Price(unit="clip", usd=Decimal(usd)))

    usual, small, cheap, large = made_at(720, "0.30"), made_at(480, "0.20"), made_at(540, "0.10"), made_at(1080, "0.30")
    some = model("veo3").model_copy(update={"resolutions": [usual, small, cheap, large]})
    assert some.offer(Cut(quality="economy"), 8).resolution is cheap
    assert some.offer(Cut(quality="economy", resolution="480p"), 8).resolution is cheap
    assert some.offer(Cut(quality="economy", resolution="720p"), 8).resolution is large
    assert some.offer(Cut(resolution="480p"), 8).resolution is usual
    assert some.offer(Cut(resolution="1080p"), 8).resolution is large


@pytest.mark.parametrize(
    ("width", "height", "ratio"), [(1280, 720, "16:9"), (720, 1280, "9:16"), (1000, 1000, "9:16"), (3000, 1000, "16:9")]
)
def test_the_offered_ratio_nearest_to_a_picture_is_taken(width: int, height: int, ratio: str) -> None:
    assert model("veo3").aspect_ratio((width, height)) == ratio


@pytest.mark.parametrize(
    ("wanted", "picture", "ratio"),
    [
        ("9:16", (1280, 720), "9:16"),
        ("16:9", (720, 1280), "16:9"),
        ("4:3", (720, 1280), "16:9"),
        ("3:4", (1280, 720), "9:16"),
        ("1:1", (1280, 720), "16:9"),
        ("1:1", (720, 1280), "9:16"),
        (None, (720, 1280), "9:16"),
    ],
)
def test_the_ratio_is_the_films_where_it_is_offered_else_the_nearest_to_it_and_then_to_the_picture(
    wanted: str | None, picture: tuple[int, int], ratio: str
) -> None:
    assert model("veo3").aspect_ratio(picture, wanted) == ratio


def test_a_model_that_follows_the_picture_is_told_no_ratio() -> None:
    assert model("hailuo-2.0").aspect_ratio((1280, 720)) is None
    assert model("hailuo-2.0").aspect_ratio((1280, 720), "9:16") is None


def test_a_request_has_the_providers_names_and_leaves_out_what_is_not_known() -> None:
    pictures = {"firstFrame": "a", "lastFrame": "b"}
    words = {"prompt": "Smooth", "duration": 6, "aspectRatio": None, "resolution": "1080p", "audio": False, **pictures}
    assert model("veo3").request(words) == {
        "prompt": "Smooth",
        "image": "a",
        "last_frame": "b",
        "duration": 6,
        "resolution": "1080p",
        "generate_audio": False,
    }
    assert model("hailuo-2.0").request(words) == {
        "prompt": "Smooth",
        "first_frame_image": "a",
        "last_frame_image": "b",
        "duration": 6,
        "resolution": "1080p",
        "prompt_optimizer": True,
    }


def test_the_seeds_names_stand_for_the_providers_current_ids() -> None:
    assert model("veo3").slug == "google/veo-3.1-fast"
    assert model("hailuo-2.0").slug == "minimax/hailuo-02"
    assert catalogue().find("veo4", "pair") is None
