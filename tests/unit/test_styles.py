"""Styles as data: the seed's own texts and templates, word for word."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.studio.brief import styles

HUNYUAN = {
    "marketing": "Professional, engaging marketing video with smooth transitions",
    "educational": "Clear, informative educational video with clean visuals",
    "social": "Dynamic, eye-catching social media video optimized for mobile",
}


@pytest.mark.parametrize("name", HUNYUAN)
def test_a_script_is_told_to_hunyuan_as_seed_003_does(name: str) -> None:
    style = styles().find(name)
    assert style
    told = styles().prompt(style, "A {cat}", "piapi_hunyuan_fast", Decimal("10.0"), 5)
    assert told == f"{HUNYUAN[name]}. Duration: 10s. Script: A {{cat}}"


def test_a_script_is_told_to_wanx_as_seed_003_does() -> None:
    style = styles().find("marketing")
    assert style
    for model in ("piapi_wanx_1.3b", "piapi_wanx_14b"):
        told = styles().prompt(style, "Animate this product...", model, Decimal(30), 5)
        assert told == (
            "Professional, engaging marketing video with smooth transitions and high production value. "
            "5-second clip. Script: Animate this product..."
        )


def test_every_style_says_something_of_its_own_and_marketing_is_the_usual_one() -> None:
    known = styles().styles
    assert known[0].name == "marketing"
    assert len({style.text for style in known}) == len({style.name for style in known}) == len(known) > 3
