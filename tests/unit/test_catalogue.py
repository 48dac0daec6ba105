from __future__ import annotations

from decimal import Decimal

import pytest

from functions.studio.catalogue import Model, catalogue


def model(name: str) -> Model:
    found = catalogue().find(name)
    assert found is not None
    return found


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
    assert model(name).cost(seconds) == Decimal(usd)


def test_without_audio_veo_costs_less() -> None:
    assert model("veo3").model_copy(update={"audio": False}).cost(8) == Decimal("0.80")


@pytest.mark.parametrize(
    ("width", "height", "ratio"), [(1280, 720, "16:9"), (720, 1280, "9:16"), (1000, 1000, "9:16"), (3000, 1000, "16:9")]
)
def test_the_offered_ratio_nearest_to_a_picture_is_taken(width: int, height: int, ratio: str) -> None:
    assert model("veo3").aspect_ratio(width, height) == ratio


def test_a_model_that_follows_the_picture_is_told_no_ratio() -> None:
    assert model("hailuo-2.0").aspect_ratio(1280, 720) is None


def test_a_request_has_the_providers_names_and_leaves_out_what_is_not_known() -> None:
    words = {"prompt": "Smooth", "firstFrame": "a", "lastFrame": "b", "duration": 8, "aspectRatio": None}
    assert model("veo3").request(words) == {
        "prompt": "Smooth",
        "image": "a",
        "last_frame": "b",
        "duration": 8,
        "resolution": "720p",
        "generate_audio": True,
    }


def test_the_seeds_names_stand_for_the_providers_current_ids() -> None:
    slugs = {one.name: one.slug for one in catalogue().models}
    assert slugs["veo3"] == "google/veo-3.1-fast"
    assert slugs["hailuo-2.0"] == "minimax/hailuo-02"
    assert catalogue().find("veo4") is None


@pytest.mark.parametrize("one", catalogue().models, ids=lambda one: one.name)
def test_every_model_makes_its_default_duration_and_names_its_source(one: Model) -> None:
    assert one.duration(one.default_duration) == one.default_duration
    assert one.durations[-1].up_to is None
    assert one.source
    assert one.date
    assert [other.name for other in catalogue().models].count(one.name) == 1
