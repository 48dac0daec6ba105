"""DynamoDB's expressions, compiled once each: conditions and updates over items in their wire form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Item = dict[str, dict[str, Any]]
Names = Mapping[str, str]
Values = Mapping[str, dict[str, Any]]
Operand = Callable[[Item, Names, Values], dict[str, Any] | None]
Condition = Callable[[Item, Names, Values], bool]
Change = Callable[[Item, Item, Names, Values], None]
"""Of the item as it was, to the item as it will be."""


class Malformed(Exception):
    """What AWS would call a ValidationException: the store has a mistake, not the schedule."""


TOKENS = re.compile(r"\s*([#:]?\w+|<>|<=|>=|[=<>(),.+\-])")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def plain(value: dict[str, Any]) -> tuple[str, Any]:
    ((kind, entry),) = value.items()
    return kind, Decimal(entry) if kind == "N" else entry


def same(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    return one == other or (one is not None and other is not None and plain(one) == plain(other))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = TOKENS.findall(text)
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise Malformed(f"cannot be read: {text}")
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token.upper() != wanted):
            raise Malformed(f"{wanted or 'more'} was expected, not {token!r}: {self.text}")
        self.at += 1
        return token

    def took(self, wanted: str) -> bool:
        if self.peek().upper() != wanted:
            return False
        self.at += 1
        return True

    # conditions, from the loosest to the tightest

    def condition(self) -> Condition:
        found = [self._all()]
        while self.took("OR"):
            found.append(self._all())
        return (
            found[0] if len(found) == 1 else lambda item, names, values: any(one(item, names, values) for one in found)
        )

    def _all(self) -> Condition:
        found = [self._not()]
        while self.took("AND"):
            found.append(self._not())
        return (
            found[0] if len(found) == 1 else lambda item, names, values: all(one(item, names, values) for one in found)
        )

    def _not(self) -> Condition:
        if self.took("NOT"):
            inner = self._not()
            return lambda item, names, values: not inner(item, names, values)
        if self.took("("):
            grouped = self.condition()
            self.take(")")
            return grouped
        if self.peek() in ("attribute_exists", "attribute_not_exists", "begins_with"):
            return self._function(self.take())
        return self._comparison()

    def _function(self, name: str) -> Condition:
        self.take("(")
        path = self.path()
        if name == "begins_with":
            self.take(",")
            start = self.operand()
            self.take(")")

            def begins(item: Item, names: Names, values: Values) -> bool:
                found, wanted = path(item, names, values), start(item, names, values)
                return bool(found and wanted and str(found.get("S", "")).startswith(wanted["S"]) and "S" in found)

            return begins
        self.take(")")
        there = name == "attribute_exists"
        return lambda item, names, values: (path(item, names, values) is not None) is there

    def _comparison(self) -> Condition:
        left = self.operand()
        verb = self.take().upper()
        if verb == "IN":
            self.take("(")
            listed = [self.operand()]
            while self.took(","):
                listed.append(self.operand())
            self.take(")")
            return lambda item, names, values: any(
                _equal(left(item, names, values), one(item, names, values)) for one in listed
            )
        if verb == "BETWEEN":
            low = self.operand()
            self.take("AND")
            high = self.operand()
            return lambda item, names, values: (
                _ordered(COMPARED[">="], left(item, names, values), low(item, names, values))
                and _ordered(COMPARED["<="], left(item, names, values), high(item, names, values))
            )
        right = self.operand()
        if verb == "=":
            return lambda item, names, values: _equal(left(item, names, values), right(item, names, values))
        if verb == "<>":
            return lambda item, names, values: not same(left(item, names, values), right(item, names, values))
        if verb not in COMPARED:
            raise Malformed(f"{verb} compares nothing: {self.text}")
        compare = COMPARED[verb]
        return lambda item, names, values: _ordered(compare, left(item, names, values), right(item, names, values))

    # operands

    def path(self) -> Operand:
        steps = [self.take()]
        while self.took("."):
            steps.append(self.take())

        def read(item: Item, names: Names, values: Values) -> dict[str, Any] | None:
            found: dict[str, Any] | None = {"M": item}
            for step in steps:
                found = found.get("M", {}).get(name_of(step, names)) if found else None
            return found

        return read

    def operand(self) -> Operand:
        token = self.peek()
        if token.startswith(":"):
            self.take()
            return lambda item, names, values: value_of(token, values)
        return self.path()

    # updates

    def update(self) -> list[Change]:
        changes: list[Change] = []
        while verb := self.peek().upper():
            self.take()
            one = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add}.get(verb)
            if one is None:
                raise Malformed(f"{verb} changes nothing: {self.text}")
            changes.append(one())
            while self.took(","):
                changes.append(one())
        return changes

    def _top(self) -> str:
        name = self.take()
        if self.peek() == ".":
            raise Malformed(f"updates of nested attributes are not understood here: {self.text}")
        return name

    def _set(self) -> Change:
        name = self._top()
        self.take("=")
        term = self._term()
        if self.peek() not in ("+", "-"):

            def put(was: Item, item: Item, names: Names, values: Values) -> None:
                item[name_of(name, names)] = _there(term(was, names, values), name)

            return put
        sign = 1 if self.take() == "+" else -1
        other = self._term()

        def sum_up(was: Item, item: Item, names: Names, values: Values) -> None:
            one, two = _there(term(was, names, values), name), _there(other(was, names, values), name)
            item[name_of(name, names)] = {"N": str(Decimal(one["N"]) + sign * Decimal(two["N"]))}

        return sum_up

    def _term(self) -> Operand:
        if self.peek() != "if_not_exists":
            return self.operand()
        self.take()
        self.take("(")
        path = self.path()
        self.take(",")
        otherwise = self.operand()
        self.take(")")

        def read(item: Item, names: Names, values: Values) -> dict[str, Any] | None:
            found = path(item, names, values)
            return otherwise(item, names, values) if found is None else found

        return read

    def _remove(self) -> Change:
        name = self._top()

        def remove(was: Item, item: Item, names: Names, values: Values) -> None:
            item.pop(name_of(name, names), None)

        return remove

    def _add(self) -> Change:
        name = self._top()
        number = self.operand()

        def add(was: Item, item: Item, names: Names, values: Values) -> None:
            key = name_of(name, names)
            more = _there(number(was, names, values), name)
            item[key] = {"N": str(Decimal(was.get(key, {"N": "0"})["N"]) + Decimal(more["N"]))}

        return add


def name_of(token: str, names: Names) -> str:
    if not token.startswith("#"):
        return token
    if token not in names:
        raise Malformed(f"no attribute is named {token}")
    return names[token]


def value_of(token: str, values: Values) -> dict[str, Any]:
    if token not in values:
        raise Malformed(f"no value is named {token}")
    return values[token]


def _there(value: dict[str, Any] | None, name: str) -> dict[str, Any]:
    if value is None:
        raise Malformed(f"{name} is set to what is not there")
    return value


def _equal(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    return one is not None and other is not None and same(one, other)


def _ordered(compare: Callable[[Any, Any], bool], one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    if one is None or other is None:
        return False
    (kind, left), (another, right) = plain(one), plain(other)
    return kind == another and compare(left, right)


@cache
def condition(text: str) -> Condition:
    reader = _Reader(text)
    compiled = reader.condition()
    if reader.peek():
        raise Malformed(f"more than a condition: {text}")
    return compiled


@cache
def update(text: str) -> list[Change]:
    return _Reader(text).update()


@cache
def mentioned(text: str) -> frozenset[str]:
    """The placeholders that an expression uses: AWS insists that each one given is."""
    return frozenset(token for token in TOKENS.findall(text) if token[0] in "#:")
