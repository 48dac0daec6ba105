"""The template, and a reader of it that says names instead of intrinsic functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from local.synth import synthesized

PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


class Permission(NamedTuple):
    action: str
    resource: str


class Reader:
    """Resources by type, and any value as text: a reference to a resource is its logical id, an attribute is
    `id.Attribute`, a parameter is `{Name}`."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.template = template
        self.resources: dict[str, dict[str, Any]] = template["Resources"]

    def all(self, type: str) -> dict[str, dict[str, Any]]:
        """Properties by logical id."""
        return {name: each.get("Properties", {}) for name, each in self.resources.items() if each["Type"] == type}

    def only(self, type: str, naming: str = "") -> str:
        """The logical id of the one resource of a type that has `naming` in it."""
        [name] = [name for name in self.all(type) if naming in name]
        return name

    def text(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": name} if name in PSEUDO:
                return PSEUDO[name]
            case {"Ref": name} if name in self.template["Parameters"]:
                return f"{{{name}}}"
            case {"Ref": name}:
                return name
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{name}.{attribute}"
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.text(part) for part in parts)
            case {"Fn::If": [condition, then, otherwise]}:
                return f"{condition} ? {self.text(then)} : {self.text(otherwise)}"
        raise AssertionError(f"not read: {json.dumps(value)}")

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """Properties of the functions by their folders."""
        return {each["Handler"].split(".")[1]: each for each in self.all("AWS::Lambda::Function").values()}

    def function_id(self, folder: str) -> str:
        functions = self.all("AWS::Lambda::Function").items()
        [name] = [name for name, each in functions if each["Handler"].split(".")[1] == folder]
        return name

    def environment(self, folder: str) -> dict[str, str]:
        variables = self.functions[folder]["Environment"]["Variables"]
        return {name: self.text(value) for name, value in variables.items()}

    def permissions(self, role: Any) -> set[Permission]:
        """What the policies of a role allow; `role` as a resource names it."""
        return {
            Permission(action, self.text(resource))
            for statement in self._statements(self.text(role).removesuffix(".Arn"))
            for action in many(statement["Action"])
            for resource in many(statement["Resource"])
        }

    def _statements(self, role: str) -> Iterator[dict[str, Any]]:
        properties = self.all("AWS::IAM::Role")[role]
        assert not properties.keys() & {"ManagedPolicyArns", "Policies"}, "read only policies of their own"
        for policy in self.all("AWS::IAM::Policy").values():
            if role in map(self.text, policy["Roles"]):
                for statement in policy["PolicyDocument"]["Statement"]:
                    assert statement["Effect"] == "Allow"
                    assert statement.keys() <= {"Effect", "Action", "Resource"}
                    yield statement


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def template() -> Reader:
    return Reader(synthesized().template)
