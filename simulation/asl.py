"""The Amazon States Language as far as the plot speaks it: paths, templates, choices, which rule an error meets. Pure."""

from __future__ import annotations

from typing import Any

Json = Any


class StatesError(Exception):
    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


def matches(named: str, error: str) -> bool:
    """As AWS documents the reserved names."""
    if named == "States.ALL":
        return True
    if named == "States.TaskFailed":
        return error != "States.Timeout"
    return named == error


def rule_for(rules: list[Json], error: str) -> Json | None:
    return next((rule for rule in rules if any(matches(named, error) for named in rule["ErrorEquals"])), None)


def choose(state: Json, data: Json) -> str:
    for choice in state["Choices"]:
        if choice.keys() == {"Variable", "IsPresent", "Next"}:
            holds = (_find(choice["Variable"], data) is not MISSING) is choice["IsPresent"]
        elif choice.keys() == {"Variable", "BooleanEquals", "Next"}:
            holds = read(choice["Variable"], data) is choice["BooleanEquals"]
        else:
            raise NotImplementedError("a choice by something else than presence or a boolean")
        if holds:
            return str(choice["Next"])
    return str(state["Default"])


MISSING = object()


def _find(path: str, data: Json) -> Json:
    found = data
    for step in path.split(".")[1:]:
        if not isinstance(found, dict) or step not in found:
            return MISSING
        found = found[step]
    return found


def read(path: str, data: Json) -> Json:
    found = _find(path, data)
    if found is MISSING:
        raise StatesError("States.ParameterPathFailure", f"{path} is not there")
    return found


def fill(template: Json, data: Json, context: Json) -> Json:
    """A template whose keys that end in `.$` name paths."""
    filled: dict[str, Json] = {}
    for key, value in template.items():
        if key.endswith(".$"):
            filled[key[:-2]] = read(value[1:], context) if value.startswith("$$") else read(value, data)
        else:
            filled[key] = fill(value, data, context) if isinstance(value, dict) else value
    return filled


def place(path: str | None, data: Json, result: Json) -> Json:
    if path is None:
        return data
    if path == "$":
        return result
    return {**data, path.removeprefix("$."): result}
