"""A CloudFormation template as it is read: its intrinsics, its conditions, and the cloud assembly that it lies in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from local.credentials import ACCOUNT, REGION

NO_VALUE = object()
"""What `AWS::NoValue` resolves to: whatever holds it loses it."""

Attribute = Callable[[str, str | None], str]
"""Gives a resource's attribute by logical id, or what `Ref` means for it when there is no attribute."""


class TemplateFault(Exception):
    """The template says something that cannot be read here; the message names it."""


@dataclass(frozen=True)
class Assembly:
    """One stack of a cloud assembly, with the files that its template speaks of."""

    stack: str
    template: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    """By the object key that CDK would upload them under."""


def load_assembly(directory: Path) -> Assembly:
    """Raises TemplateFault unless the assembly holds exactly one stack."""
    artifacts = json.loads((directory / "manifest.json").read_text())["artifacts"]
    stacks = {
        name: artifact["properties"]
        for name, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    if len(stacks) != 1:
        raise TemplateFault(f"{directory} holds {len(stacks)} stacks ({', '.join(stacks)}); one is run here")
    [(name, properties)] = stacks.items()
    files = {}
    manifest = directory / f"{name}.assets.json"
    if manifest.exists():
        for asset in json.loads(manifest.read_text())["files"].values():
            for destination in asset["destinations"].values():
                files[destination["objectKey"]] = directory / asset["source"]["path"]
    template = json.loads((directory / properties["templateFile"]).read_text())
    return Assembly(properties.get("stackName", name), template, files)


class Template:
    """Resolves the values of one template.

    Raises TemplateFault for parameters that it does not declare, or that have no value."""

    def __init__(self, stack: str, template: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> None:
        given = parameters or {}
        declared = template.get("Parameters", {})
        if unknown := sorted(given.keys() - declared.keys()):
            raise TemplateFault(f"the template has no parameters {', '.join(unknown)}")
        self.resources: Mapping[str, Mapping[str, Any]] = template.get("Resources", {})
        self.outputs: Mapping[str, Mapping[str, Any]] = template.get("Outputs", {})
        self._mappings = template.get("Mappings", {})
        self._conditions = template.get("Conditions", {})
        self._parameters: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/local",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        for name, declaration in declared.items():
            value = given.get(name, declaration.get("Default"))
            if value is None:
                raise TemplateFault(f"the parameter {name} has no value")
            allowed = declaration.get("AllowedValues")
            if allowed and value not in allowed:
                raise TemplateFault(f"the parameter {name} cannot be {value!r}, only one of {allowed}")
            pattern = declaration.get("AllowedPattern")
            if pattern and not re.fullmatch(pattern, str(value)):
                raise TemplateFault(f"the parameter {name} cannot be {value!r}: it does not match {pattern}")
            many = declaration.get("Type", "String") in ("CommaDelimitedList", "List<Number>")
            self._parameters[name] = str(value).split(",") if many else str(value)

    def in_order(self) -> Iterator[str]:
        """The logical ids of what is to be made, each after all that it refers to.

        Raises TemplateFault when a reference leads nowhere, graphlib.CycleError when it leads back."""
        graph = {}
        for name, resource in self.resources.items():
            needs = set(references(resource.get("Properties", {}))) - self._parameters.keys()
            after = resource.get("DependsOn", [])
            needs |= {after} if isinstance(after, str) else set(after)
            if nowhere := sorted(needs - self.resources.keys()):
                raise TemplateFault(f"{name} refers to {', '.join(nowhere)}, which the template does not have")
            graph[name] = needs
        return (name for name in TopologicalSorter(graph).static_order() if self.wanted(name))

    def wanted(self, name: str) -> bool:
        condition = self.resources[name].get("Condition")
        return condition is None or self.condition(condition)

    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            raise TemplateFault(f"the template has no condition {name}")
        return bool(self.resolve(self._conditions[name], no_resource))

    def resolve(self, value: Any, attribute: Attribute) -> Any:
        """The value without intrinsics; raises TemplateFault for one that is not known."""
        if isinstance(value, list):
            return [found for item in value if (found := self.resolve(item, attribute)) is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name in INTRINSICS:
                return INTRINSICS[name](self, argument, attribute)
            if name.startswith("Fn::"):
                raise TemplateFault(f"the intrinsic {name} is not known here")
        resolved = {key: self.resolve(item, attribute) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def ref(self, name: str, attribute: Attribute) -> Any:
        return self._parameters[name] if name in self._parameters else attribute(name, None)

    def find_in_map(self, argument: list[str], attribute: Attribute) -> Any:
        name, first, second = self.resolve(argument, attribute)
        try:
            return self._mappings[name][first][second]
        except KeyError:
            raise TemplateFault(f"the template has no mapping {name}.{first}.{second}") from None


def no_resource(name: str, attribute: str | None) -> str:
    raise TemplateFault(f"a condition cannot refer to {name}: only to parameters")


IN_TEXT = re.compile(r"\$\{(!?)([^}]+)\}")


def substitute(template: Template, argument: Any, attribute: Attribute) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    values = template.resolve(given, attribute)

    def one(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in values:
            return str(values[name])
        owner, _, of_it = name.strip().partition(".")
        return str(attribute(owner, of_it) if of_it else template.ref(owner, attribute))

    return IN_TEXT.sub(one, text)


def get_att(template: Template, argument: Any, attribute: Attribute) -> str:
    name, of_it = argument.split(".", 1) if isinstance(argument, str) else argument
    return attribute(name, template.resolve(of_it, attribute))


def join(template: Template, argument: Any, attribute: Attribute) -> str:
    separator, parts = argument
    return str(separator).join(str(part) for part in template.resolve(parts, attribute))


def select(template: Template, argument: Any, attribute: Attribute) -> Any:
    index, items = template.resolve(argument, attribute)
    try:
        return items[int(index)]
    except IndexError:
        raise TemplateFault(f"Fn::Select asks for number {index} of {items}") from None


def split(template: Template, argument: Any, attribute: Attribute) -> list[str]:
    separator, text = template.resolve(argument, attribute)
    return str(text).split(separator)


def if_else(template: Template, argument: Any, attribute: Attribute) -> Any:
    name, yes, no = argument
    return template.resolve(yes if template.condition(name) else no, attribute)


def equals(template: Template, argument: Any, attribute: Attribute) -> bool:
    left, right = template.resolve(argument, attribute)
    return str(left) == str(right)


INTRINSICS: Mapping[str, Callable[[Template, Any, Attribute], Any]] = {
    "Ref": Template.ref,
    "Fn::GetAtt": get_att,
    "Fn::Join": join,
    "Fn::Sub": substitute,
    "Fn::Select": select,
    "Fn::Split": split,
    "Fn::FindInMap": Template.find_in_map,
    "Fn::If": if_else,
    "Fn::Equals": equals,
    "Fn::Not": lambda template, argument, attribute: not template.resolve(argument, attribute)[0],
    "Fn::And": lambda template, argument, attribute: all(template.resolve(argument, attribute)),
    "Fn::Or": lambda template, argument, attribute: any(template.resolve(argument, attribute)),
    "Condition": lambda template, argument, attribute: template.condition(argument),
}


def references(value: Any) -> Iterator[str]:
    """The resources and parameters that a value refers to, by logical id."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".")[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                text, given = (item, {}) if isinstance(item, str) else item
                named = {name.strip() for literal, name in IN_TEXT.findall(text) if not literal}
                yield from (name.partition(".")[0] for name in named if name not in given)
                yield from references(given)
            else:
                yield from references(item)
