"""Values that are valid under a JSON schema and say what is known, wherever the schema has a place for it."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

Schema = Mapping[str, Any]


class UnusableSchema(Exception):
    """A schema that is malformed, or that nothing known can be put into; the message says where."""


def check(schema: Any) -> None:
    """Raises UnusableSchema unless this is a JSON schema of an object."""
    if not isinstance(schema, dict):
        raise UnusableSchema("the schema is not a JSON object")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path)) or "the schema"
        raise UnusableSchema(f"{where}: {error.message}") from error
    if _resolved(schema, schema).get("type") != "object":
        raise UnusableSchema('the schema\'s root must be of type "object"')


def answer(schema: Schema, known: Mapping[str, Any]) -> Any:
    """Fills the schema. `known` says what to put where: by the names of properties; `*` and `#` are the text and the number for
    places it has no name for. A list of such mappings fills an array of objects."""
    value = _fill(schema, schema, known, known, depth=0)
    fault = next(iter(Draft202012Validator(schema).iter_errors(value)), None)
    if fault is not None:
        where = ".".join(map(str, fault.absolute_path)) or "the root"
        raise UnusableSchema(f"no answer fits at {where}: {fault.message}")
    return value


def array_bounds(schema: Schema, name: str) -> tuple[int | None, int | None]:
    """minItems and maxItems of the array that a property of the root holds."""
    prop = _resolved(_resolved(schema, schema).get("properties", {}).get(name, {}), schema)
    return prop.get("minItems"), prop.get("maxItems")


def _fill(rules: Schema, root: Schema, wanted: Any, known: Mapping[str, Any], depth: int) -> Any:
    if depth > 30:
        raise UnusableSchema("the schema nests without an end")
    rules = _resolved(rules, root)
    if "const" in rules:
        return rules["const"]
    if "enum" in rules:
        return wanted if wanted in rules["enum"] else rules["enum"][0]
    if options := rules.get("anyOf") or rules.get("oneOf"):
        return _first_fitting(options, root, wanted, known, depth)
    kinds = rules.get("type", "object" if "properties" in rules else "string")
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind != "null":
            return _of_kind(kind, rules, root, wanted, known, depth)
    return None


def _first_fitting(options: Sequence[Schema], root: Schema, wanted: Any, known: Mapping[str, Any], depth: int) -> Any:
    """The option that takes what is wanted as it is, else the first that is not null, unless null ends what nests on."""
    if wanted is None and depth > 4 and any(_resolved(option, root).get("type") == "null" for option in options):
        return None
    filled = [_fill(option, root, wanted, known, depth + 1) for option in options]
    same = [value for value in filled if wanted is not None and value == wanted]
    return (same or [value for value in filled if value is not None] or [None])[0]


def _of_kind(kind: str, rules: Schema, root: Schema, wanted: Any, known: Mapping[str, Any], depth: int) -> Any:
    match kind:
        case "object":
            known = wanted if isinstance(wanted, Mapping) else known
            properties: Mapping[str, Schema] = rules.get("properties", {})
            return {name: _fill(rule, root, known.get(name), known, depth + 1) for name, rule in properties.items()}
        case "array":
            wishes = list(wanted) if isinstance(wanted, list) else []
            wishes = wishes[: rules.get("maxItems", len(wishes))]
            missing = rules.get("minItems", 0) - len(wishes)
            wishes += islice(cycle(wishes or [None]), max(0, missing))
            return [_fill(rules.get("items", {}), root, wish, known, depth + 1) for wish in wishes]
        case "string":
            text = wanted if isinstance(wanted, str) else str(known.get("*", ""))
            text = text.ljust(rules.get("minLength", 0), ".")
            return text[: rules.get("maxLength", len(text))]
        case "boolean":
            return wanted if isinstance(wanted, bool) else True
        case "integer" | "number":
            number = wanted if isinstance(wanted, int | float) and not isinstance(wanted, bool) else known.get("#", 0)
            return _number(number, rules, whole=kind == "integer")
    raise UnusableSchema(f"unknown type {kind!r}")


def _number(number: float, rules: Schema, *, whole: bool) -> float:
    step = rules.get("multipleOf", 1 if whole else 0)
    low, high = rules.get("minimum", -math.inf), rules.get("maximum", math.inf)
    nudge = step or 1e-6
    if "exclusiveMinimum" in rules:
        low = max(low, rules["exclusiveMinimum"] + nudge)
    if "exclusiveMaximum" in rules:
        high = min(high, rules["exclusiveMaximum"] - nudge)
    number = min(max(number, low), high)
    if step:
        number = round(number / step) * step
        number += step if number < low else -step if number > high else 0
    return round(number) if whole else number


def _resolved(rules: Schema, root: Schema) -> Schema:
    seen = set()
    while "$ref" in rules:
        ref = rules["$ref"]
        if ref in seen:
            raise UnusableSchema(f"{ref} refers to itself")
        seen.add(ref)
        if not ref.startswith("#"):
            raise UnusableSchema(f"{ref} is not in this schema")
        target: Any = root
        for step in ref[1:].strip("/").split("/") if ref != "#" else []:
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, Mapping) or key not in target:
                raise UnusableSchema(f"{ref} refers to nothing")
            target = target[key]
        rules = target
    return rules
