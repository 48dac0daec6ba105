"""What a model takes, and what an input asks to be made: entries of a service's models.json."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from PIL import Image

from local.samples import imagined
from local.standins.drawing import Shot

InvalidField = dict[str, str]


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or value.startswith(("http://", "https://", "data:"))


_formats = FormatChecker(formats=())
_formats.checks("uri")(_is_uri)


@dataclass(frozen=True)
class Model:
    """`render` says how inputs become a picture or a clip: the names of the inputs that matter, or fixed values."""

    slug: str
    render: Mapping[str, Any]
    schema: Mapping[str, Any]

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The input with the model's defaults filled in."""
        properties = self.schema["properties"]
        return {name: p["default"] for name, p in properties.items() if "default" in p} | dict(given)

    def faults(self, given: Mapping[str, Any]) -> list[InvalidField]:
        """What is wrong with an input; empty when it is good."""
        return invalid_fields(self.schema, self.complete(given), "input")

    def sources(self, given: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        """Every URL in an input: the input's name, with dots where it lies deeper, the URL, whether it must be a picture."""
        yield from _sources(self.schema, given)

    def prompt(self, given: Mapping[str, Any]) -> str:
        return str(given.get(self.render.get("prompt", "prompt"), ""))

    def shot(self, given: Mapping[str, Any], pictures: Mapping[str, list[Image.Image]]) -> Shot:
        """What is to be drawn; where no first picture was given one is imagined from the prompt."""
        asked, render = self.complete(given), self.render
        first = self._picture("first", pictures) or imagined(self.prompt(given))
        width, height = self._size(asked, first)
        fps = _value(render.get("fps", 24), asked)
        frames = (
            _value(render["frames"], asked) if "frames" in render else _value(render.get("seconds", 1), asked) * fps
        )
        sound = bool(_value(render.get("sound", False), asked))
        return Shot(first, self._picture("last", pictures), width, height, fps, frames, sound)

    def _picture(self, role: str, pictures: Mapping[str, list[Image.Image]]) -> Image.Image | None:
        names = self.render.get(role, [])
        for name in [names] if isinstance(names, str) else names:
            if pictures.get(name):
                return pictures[name][0]
        return None

    def _size(self, asked: Mapping[str, Any], first: Image.Image) -> tuple[int, int]:
        if "pixels" in self.render:
            across, _, down = asked[self.render["pixels"]].partition(":")
            return int(across), int(down)
        shape = asked.get(self.render.get("shape", ""), "")
        if shape == "custom":
            return asked["width"], asked["height"]
        across, colon, down = shape.partition(":")
        ratio = int(across) / int(down) if colon else first.width / first.height
        sides = self.render["sides"]
        side = sides if isinstance(sides, int) else sides[asked[self.render.get("side_by", "resolution")]]
        width, height = (side * ratio, side) if ratio >= 1 else (side, side / ratio)
        return round(width / 2) * 2, round(height / 2) * 2


def invalid_fields(schema: Mapping[str, Any], value: Any, name: str) -> list[InvalidField]:
    """The faults of a JSON value under a schema: type, field, description."""
    found: list[InvalidField] = []
    for error in Draft202012Validator(schema, format_checker=_formats).iter_errors(value):
        field = ".".join([name, *map(str, error.absolute_path)]).lstrip(".")
        for kind, description in _describe(error):
            fault = {"type": kind, "field": field, "description": description}
            if fault not in found:
                found.append(fault)
    return found


def _sources(schema: Mapping[str, Any], given: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str, bool]]:
    for name, value in given.items():
        rules = schema["properties"][name]
        if rules.get("type") == "object":
            yield from _sources(rules, value, f"{within}{name}.")
            continue
        rules = rules.get("items", rules)
        if rules.get("format") == "uri":
            for url in value if isinstance(value, list) else [value]:
                yield within + name, url, "contentMediaType" not in rules


def _describe(error: ValidationError) -> Iterator[tuple[str, str]]:
    rule = error.validator_value
    match error.validator:
        case "required":
            yield from (("required", f"{name} is required") for name in rule if name not in error.instance)
        case "additionalProperties":
            extra = error.instance.keys() - error.schema["properties"].keys()
            yield from (
                ("additional_property_not_allowed", f"Additional property {name} is not allowed")
                for name in sorted(extra)
            )
        case "type":
            yield "invalid_type", f"Invalid type. Expected: {rule}, given: {_json_type(error.instance)}"
        case "enum":
            yield "enum", f"Must be one of the following: {', '.join(map(str, rule))}"
        case "const":
            yield "const", f"Must be {rule}"
        case "minimum":
            yield "number_gte", f"Must be greater than or equal to {rule}"
        case "maximum":
            yield "number_lte", f"Must be less than or equal to {rule}"
        case "format":
            yield "format", f"Does not match format '{rule}'"
        case kind:
            yield str(kind), error.message


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}.get(type(value), "object")


def _value(rule: Any, asked: Mapping[str, Any]) -> Any:
    return asked[rule] if isinstance(rule, str) else rule
