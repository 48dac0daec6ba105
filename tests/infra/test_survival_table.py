"""Every row of what is survived is one test, and another where listings' films are struck; the committed table has just these
rows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.survival.table import LISTED, ROWS, TABLE, Row, as_line, name_of, number_of, whole

TESTS = Path(__file__).parents[1] / "survival"


OF_LISTINGS = "test_listings.py"


def rows_tested(*, listings: bool = False) -> list[str]:
    paths = [path for path in TESTS.glob("test_*.py") if (path.name == OF_LISTINGS) is listings]
    trees = [ast.parse(path.read_text()) for path in paths]
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return sorted(name for name in names if name.startswith("test_"))


def test_every_row_has_exactly_one_test_which_carries_its_number() -> None:
    assert sorted(number_of(name) or 0 for name in rows_tested()) == sorted(ROWS)


def test_a_row_that_strikes_a_listings_film_is_one_of_the_table_under_its_name() -> None:
    listings = rows_tested(listings=True)
    assert len(set(listings)) == len(listings) > 3
    assert set(listings) <= set(rows_tested())


def test_a_row_of_two_tests_holds_where_both_do() -> None:
    row = Row(number=11, failure="an answer is lost", ways="pairs", did="Six.", saw="5 predictions", held=True)
    [both] = whole([replace(row, ways=LISTED, did="Three.", saw="3 lost", held=False, fault="2 != 3"), row])
    assert (both.ways, both.did, both.saw) == (
        "pairs, listings",
        "Six. Listings: Three.",
        "5 predictions; listings: 3 lost",
    )
    assert (both.held, both.fault) == (False, "2 != 3")


def test_the_committed_table_has_these_rows_under_their_names() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", TABLE.read_text(), re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == sorted(
        ((number_of(name) or 0, name_of(name)) for name in rows_tested()), key=lambda row: row[0]
    )


def test_a_row_that_does_not_hold_says_what_failed() -> None:
    row = Row(
        number=11,
        failure="the answer is lost",
        ways="pairs",
        did="Six creates.",
        saw="5 predictions",
        held=False,
        fault="6 != 5",
    )
    assert as_line(row) == "11 | the answer is lost | pairs | Six creates. | 5 predictions | NOT HELD: 6 != 5"


def test_whoever_asks_for_a_row_that_is_none_is_told_which_there_are() -> None:
    command = [sys.executable, "-m", "pytest", str(TESTS), "--collect-only", "-p", "no:cacheprovider", "--row"]
    asked = subprocess.run([*command, "27"], capture_output=True, text=True, check=False)
    assert asked.returncode == 4
    assert "there is no row '27'; there are 1, 2, 3," in asked.stderr
    found = subprocess.run([*command, "11"], capture_output=True, text=True, check=True)
    assert set(re.findall(r"::test_row_(\d+)_", found.stdout)) == {"11"}
