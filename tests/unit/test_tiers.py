"""What tiers are allowed, and how the catalogue's models stand to them."""

from __future__ import annotations

from decimal import Decimal

from functions.studio.catalogue import catalogue
from functions.studio.rows import today
from functions.studio.tiers import tiers

TEXT = {model.name: model for model in catalogue().in_mode("text")}


def test_the_strictest_tier_stands_first_and_each_that_follows_allows_more() -> None:
    each = tiers().tiers
    assert [one.name for one in each] == ["free", "pro", "enterprise"]
    assert tiers().strictest is each[0]
    limits = [one.clip_usd if one.clip_usd is not None else Decimal("inf") for one in each]
    assert limits == sorted(limits)
    assert [one.clips for one in each] == sorted(one.clips for one in each)


def test_a_tier_has_the_models_whose_usual_clip_it_can_pay_and_says_why_not_the_others() -> None:
    free, pro = tiers().strictest, tiers().find("pro")
    assert pro
    assert free.against(TEXT["hailuo-2.0"]) is None
    assert free.against(TEXT["veo3"]) == "takes $1.20 for a usual clip, and the tier free has at most $0.30"
    assert not [model.name for model in TEXT.values() if pro.against(model)]


def test_every_tier_has_a_model_for_clips_of_every_kind() -> None:
    for mode in ("pair", "image", "text"):
        there = catalogue().choosable(mode, today())
        assert all(any(tier.against(model) is None for model in there) for tier in tiers().tiers)
