from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest

from functions.studio.catalogue import REFERENCES, Mode, Model, Price, Resolution, catalogue
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


@pytest.mark.parametrize(
    ("name", "mode", "asked", "made"),
    [("gen4_turbo", "image", 3.5, 3), ("gen4_turbo", "image", 1, 2), ("kling-2.1", "pair", 7.5, 5), ("wan-2.2-fast", "pair", 60, 5)],
)  # fmt: skip
def test_of_two_durations_equally_near_the_shorter_is_made(name: str, mode: Mode, asked: float, made: int) -> None:
    assert catalogue().model(name, mode).duration(asked) == made


@pytest.mark.parametrize(
    ("wanted", "picture", "made"),
    [
        ("9:16", None, "9:16"),
        ("1:1", None, "16:9"),
        ("3:4", (720, 1280), "16:9"),
        (None, None, "16:9"),
        (None, (720, 1280), "9:16"),
    ],
)
def test_wanx_makes_16_to_9_of_any_ratio_that_it_has_not(
    wanted: str | None, picture: tuple[int, int] | None, made: str
) -> None:
    assert catalogue().model("piapi_wanx_1.3b", "image").aspect_ratio(picture, wanted) == made


def test_a_mode_has_a_price_of_its_own_where_its_provider_has_one() -> None:
    costs = {
        (name, mode): catalogue().model(name, mode).offer(Cut(), 5).cost
        for name in ("piapi_hunyuan_fast", "piapi_wanx_1.3b", "piapi_wanx_14b")
        for mode in get_args(Mode)
        if catalogue().find(name, mode)
    }
    assert costs == {
        ("piapi_hunyuan_fast", "text"): Decimal("0.03"),
        ("piapi_hunyuan_fast", "image"): Decimal("0.09"),
        ("piapi_wanx_1.3b", "text"): Decimal("0.12"),
        ("piapi_wanx_1.3b", "image"): Decimal("0.12"),
        ("piapi_wanx_14b", "text"): Decimal("0.28"),
        ("piapi_wanx_14b", "image"): Decimal("0.28"),
    }


def test_a_request_reaches_into_what_is_fixed_and_speaks_of_ratios_as_the_size_does() -> None:
    words = {"prompt": "Go", "firstFrame": "a", "lastFrame": "b", "duration": 8, "aspectRatio": "9:16", "audio": True}
    luma, veo = catalogue().model("piapi_luma", "pair"), catalogue().model("runway_veo3.1", "pair")
    assert luma.request(words)["key_frames"] == {
        "frame0": {"type": "image", "url": "a"},
        "frame1": {"type": "image", "url": "b"},
    }
    sent = veo.request({**words, "resolution": "1080p"})
    assert sent["ratio"] == "1080:1920"
    assert sent["promptImage"] == [{"position": "first", "uri": "a"}, {"position": "last", "uri": "b"}]
    assert luma.request({"prompt": "Go"})["key_frames"] == luma.fixed["key_frames"], "what is fixed stays as it is"


def test_a_prompt_is_measured_as_the_strictest_provider_does() -> None:
    model = catalogue().model("gen4_turbo", "image")
    assert model.takes("x" * 1000)
    assert not model.takes("x" * 1001)
    assert not model.takes("\U0001f3ac" * 501), "each is two"


@pytest.mark.parametrize(
    ("day", "state"), [("2026-10-31", "current"), ("2026-11-01", "deprecated"), ("2026-12-01", "retired")]
)
def test_a_models_state_is_that_of_the_day(day: str, state: str) -> None:
    first, last = date(2026, 11, 1), date(2026, 12, 1)
    assert (
        model("veo3").model_copy(update={"deprecated": first, "retired": last}).state(date.fromisoformat(day)) == state
    )


def test_what_has_gone_names_what_can_be_asked_in_its_place() -> None:
    today = date(2026, 11, 21)
    books = catalogue()
    assert [one.name for one in books.successors(books.model("veo-3", "text"), today)] == ["veo-3.1"]
    assert [one.name for one in books.successors(books.model("gen3a_turbo", "image"), today)] == ["gen4_turbo"]
    choosable = {one.name for one in books.choosable("pair", today)}
    assert {"veo3", "hailuo-2.0", "runway_veo3.1"} <= choosable
    assert "gen3a_turbo" not in choosable
    off = books.without({"runway": "Runway is switched off here."})
    assert off.successors(off.model("gen3a_turbo", "image"), today) == []
    assert "runway_veo3.1" not in {one.name for one in off.choosable("pair", today)}
    assert off.missing(off.model("veo3", "pair")) is None


@pytest.mark.parametrize(
    "name", ["piapi_hunyuan_fast", "piapi_wanx_1.3b", "piapi_wanx_14b", "gen4_turbo", "piapi_luma"]
)
def test_the_names_of_the_seeds_are_in_the_catalogue(name: str) -> None:
    assert catalogue().entry(name) is not None


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("gen4_image", [], {}),
        ("gen4_image", ["a"], {"referenceImages": [{"uri": "a"}]}),
        ("gen4_image", ["a", "b", "c"], {"referenceImages": [{"uri": "a"}, {"uri": "b"}, {"uri": "c"}]}),
        ("nano-banana", [], {}),
        ("nano-banana", ["a", "b"], {"image_input": ["a", "b"]}),
        ("flux-1.1-pro", ["a"], {"image_prompt": "a"}),
        ("flux-1.1-pro", ["a", "b"], {"image_prompt": "a"}),
        ("flux-schnell", ["a"], {}),
    ],
)
def test_a_still_is_shown_as_many_pictures_as_there_are_and_the_model_takes(
    name: str, given: list[str], sent: dict[str, Any]
) -> None:
    model = catalogue().model(name, "still")
    request = model.request({"prompt": "a lamp", **dict(zip(REFERENCES, given, strict=False))})
    assert {
        path: value for path, value in request.items() if path not in (model.inputs["prompt"], *model.fixed)
    } == sent


@pytest.mark.parametrize(
    ("name", "mode", "wanted", "made"),
    [
        ("gen4_image", "still", "1168:880", "1168:880"),
        ("gen4_image", "still", "1584:672", "21:9"),
        ("gen4_turbo", "image", "1104:832", "1104:832"),
        ("gen4_turbo", "image", "1280:768", "16:9"),
        ("nano-banana", "still", "1080:1440", "3:4"),
        ("veo3", "image", "960:960", "16:9"),
    ],
)
def test_a_size_in_the_models_own_words_stays_and_any_other_becomes_the_nearest_ratio(
    name: str, mode: Mode, wanted: str, made: str
) -> None:
    assert catalogue().model(name, mode).aspect_ratio(None, wanted) == made


def test_a_size_in_the_models_own_words_is_made_and_paid_as_that_size() -> None:
    model = catalogue().model("gen4_image", "still")
    for ratio, usd, sent in [
        ("1168:880", "0.08", "1168:880"),
        ("1280:720", "0.05", "1280:720"),
        ("16:9", "0.05", "1280:720"),
    ]:
        offer = model.offer(Cut(quality="economy"), 5, ratio)
        assert (offer.cost, offer.audio) == (Decimal(usd), False)
        words = {"prompt": "a lamp", "aspectRatio": ratio, "resolution": offer.resolution.name}
        assert model.request(words)["ratio"] == sent


def test_a_still_takes_no_time() -> None:
    model = catalogue().model("gen4_image", "still")
    assert (model.durations, model.duration(None), model.duration(5)) == ([], 0, 0)
