"""Every row of what is survived is one test, and the committed table has just these rows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.survival.table import ROWS, TABLE, name_of, number_of

TESTS = Path(__file__).parents[1] / "survival"


def rows_tested() -> list[str]:
    trees = [ast.parse(path.read_text()) for path in TESTS.glob("test_*.py")]
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return sorted(name for name in names if name.startswith("test_"))


def test_every_row_has_exactly_one_test_which_carries_its_number() -> None:
    assert sorted(number_of(name) or 0 for name in rows_tested()) == sorted(ROWS)


def test_the_committed_table_has_these_rows_under_their_names() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", TABLE.read_text(), re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == sorted(
        ((number_of(name) or 0, name_of(name)) for name in rows_tested()), key=lambda row: row[0]
    )
