"""How a long film is covered by several clips: their lengths, and what each tells of the script."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.studio.filling import lengths, parted

SCRIPT = 'Meet the watch. It is made by hand, in Jura; 200 people take part! "Who?" asks Anna. You do.'


@pytest.mark.parametrize(
    ("seconds", "offered", "overlap", "clips"),
    [
        ("30", [4, 6, 8], "0", [8, 8, 8, 6]),
        ("30", [5], "0", [5] * 6),
        ("22", [6, 10], "0", [10, 6, 6]),
        ("32", [6, 10], "0", [10, 10, 6, 6]),
        ("7", [6, 10], "0", [10]),
        ("1", [4, 6, 8], "0", [4]),
        ("30.5", [5], "0", [5] * 7),
        ("30", [4, 6, 8], "0.5", [8, 8, 8, 4, 4]),
        ("10", [5], "0.5", [5, 5, 5]),
    ],
)
def test_clips_cover_a_film_with_the_least_to_spare_and_are_as_few_as_that_allows(
    seconds: str, offered: list[int], overlap: str, clips: list[int]
) -> None:
    assert lengths(Decimal(seconds), offered, Decimal(overlap)) == clips


@pytest.mark.parametrize("overlap", ["0", "0.35", "1"])
def test_an_hour_is_covered_whatever_a_model_offers(overlap: str) -> None:
    for offered in ([5], [4, 6, 8], [2, 3, 4, 5, 6, 7, 8, 9, 10], [6, 10]):
        made = lengths(Decimal(3600), offered, Decimal(overlap))
        film = sum(made) - Decimal(overlap) * (len(made) - 1)
        assert 3600 <= film < 3600 + min(offered)
        assert set(made) <= set(offered)


def test_a_script_is_divided_between_its_sentences_by_the_length_of_the_clips() -> None:
    assert parted(SCRIPT, [8, 4, 2]) == [
        "Meet the watch. It is made by hand, in Jura; 200 people take part!",
        '"Who?" asks Anna.',
        "You do.",
    ]


def test_where_there_are_too_few_sentences_it_is_divided_between_clauses_then_words() -> None:
    assert parted(SCRIPT, [5] * 6) == [
        "Meet the watch.",
        "It is made by hand,",
        "in Jura;",
        "200 people take part!",
        '"Who?"',
        "asks Anna. You do.",
    ]
    assert parted("A cat plays with a ball", [5, 5, 5]) == ["A cat", "plays with", "a ball"]


def test_sentences_are_told_apart_without_spaces_too() -> None:
    assert parted("你好。世界！再见", [1, 1, 1]) == ["你好。", "世界！", "再见"]


@pytest.mark.parametrize("script", [SCRIPT, "Coffee", "One. Two.", " A,b,c ", "x" * 5000, "a\n\nb\nc"])
def test_no_part_is_ever_empty_and_nothing_is_left_out(script: str) -> None:
    for parts in range(1, 40):
        made = parted(script, [5] * parts)
        assert len(made) == parts
        assert all(part.strip() for part in made)
        if set(made) != {script.strip()}:
            assert "".join("".join(made).split()) == "".join(script.split())
        else:
            assert set(made) == {script.strip()}
        assert made == parted(script, [5] * parts)
