"""Intrinsics, conditions, parameters and the order of a template; the files of an assembly."""

from __future__ import annotations

import graphlib
import json
from pathlib import Path
from typing import Any

import pytest

from local.template import Template, TemplateFault, load_assembly, references

CONDITIONS = {
    "Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]},
    "Dev": {"Fn::Not": [{"Condition": "Live"}]},
    "Neither": {"Fn::And": [{"Condition": "Live"}, {"Condition": "Dev"}]},
    "Either": {"Fn::Or": [{"Condition": "Live"}, {"Condition": "Dev"}]},
}
PARAMETERS = {
    "Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "live"]},
    "Delays": {"Type": "CommaDelimitedList", "Default": "3,5"},
    "Seconds": {"Type": "Number", "Default": 600, "AllowedPattern": "[1-9][0-9]*"},
}


def a_template(resources: dict[str, Any] | None = None, **parameters: str) -> Template:
    mappings = {"Sizes": {"dev": {"memory": "128"}}}
    text = {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Mappings": mappings, "Resources": resources or {}}
    return Template("reelay-dev", text, parameters)


def attribute(name: str, of_it: str | None) -> str:
    return f"<{name}.{of_it}>" if of_it else f"<{name}>"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ({"Ref": "Table"}, "<Table>"),
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Delays"}, ["3", "5"]),
        ({"Ref": "Seconds"}, "600"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "AWS::StackName"}, "reelay-dev"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "<Table.Arn>"),
        ({"Fn::GetAtt": "Table.Stream.Arn"}, "<Table.Stream.Arn>"),
        ({"Fn::Join": [":", ["a", {"Ref": "Stage"}, "b"]]}, "a:dev:b"),
        ({"Fn::Join": ["+", {"Ref": "Delays"}]}, "3+5"),
        ({"Fn::Sub": "${Stage}-${Table}-${Table.Arn}-${!Kept}"}, "dev-<Table>-<Table.Arn>-${Kept}"),
        ({"Fn::Sub": ["${Own}/${Stage}", {"Own": {"Ref": "Table"}}]}, "<Table>/dev"),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"Fn::Select": ["0", {"Fn::Split": [":", "a:b"]}]}, "a"),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Fn::If": ["Live", "yes", "no"]}, "no"),
        ({"Fn::If": ["Dev", {"Ref": "Table"}, "no"]}, "<Table>"),
        ({"Fn::If": ["Neither", 1, {"Fn::If": ["Either", 2, 3]}]}, 2),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, "128"),
        ({"kept": 1, "lost": {"Ref": "AWS::NoValue"}}, {"kept": 1}),
        ([1, {"Fn::If": ["Live", 2, {"Ref": "AWS::NoValue"}]}], [1]),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_an_intrinsic_resolves(value: Any, expected: Any) -> None:
    assert a_template().resolve(value, attribute) == expected


def test_an_unknown_intrinsic_is_an_error_that_names_it() -> None:
    with pytest.raises(TemplateFault, match="Fn::ImportValue"):
        a_template().resolve({"x": {"Fn::ImportValue": "y"}}, attribute)


def test_a_given_parameter_goes_before_its_default_and_turns_conditions() -> None:
    template = a_template(Stage="live")
    assert template.resolve({"Fn::If": ["Live", {"Ref": "Stage"}, "no"]}, attribute) == "live"


@pytest.mark.parametrize(
    ("given", "named"), [({"Typo": "x"}, "Typo"), ({"Stage": "test"}, "Stage"), ({"Seconds": "0"}, "Seconds")]
)
def test_a_parameter_that_the_template_would_refuse_is_an_error(given: dict[str, str], named: str) -> None:
    with pytest.raises(TemplateFault, match=named):
        a_template(**given)


def test_a_parameter_without_a_value_is_an_error() -> None:
    with pytest.raises(TemplateFault, match="Key"):
        Template("s", {"Parameters": {"Key": {"Type": "String"}}})


def test_resources_come_after_all_that_they_refer_to() -> None:
    resources = {
        "A": {"Type": "T", "Properties": {"x": {"Fn::Sub": "${B.Arn} ${Stage} ${!Z} ${Own}"}}, "DependsOn": "E"},
        "B": {"Type": "T", "Properties": {"x": [{"Ref": "C"}, {"Ref": "AWS::Region"}]}, "DependsOn": ["D"]},
        "C": {"Type": "T", "Properties": {"x": {"Fn::GetAtt": ["D", "Arn"]}}},
        "D": {"Type": "T"},
        "E": {"Type": "T", "Properties": {"x": {"Fn::If": ["Live", "no", {"Ref": "B"}]}}},
        "Own": {"Type": "T"},
    }
    order = list(a_template(resources).in_order())
    assert sorted(order) == sorted(resources)
    for first, then in ("BA", "CB", "DB", "DC", "EA", "BE"):
        assert order.index(first) < order.index(then)


def test_a_resource_whose_condition_does_not_hold_is_left_out() -> None:
    resources = {"A": {"Type": "T", "Condition": "Live"}, "B": {"Type": "T", "Condition": "Dev"}}
    assert list(a_template(resources).in_order()) == ["B"]


def test_a_reference_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(TemplateFault, match="A refers to Nobody"):
        list(a_template({"A": {"Type": "T", "Properties": {"x": {"Ref": "Nobody"}}}}).in_order())


def test_a_circle_of_references_is_an_error() -> None:
    circle = {"A": {"Type": "T", "DependsOn": "B"}, "B": {"Type": "T", "Properties": {"x": {"Ref": "A"}}}}
    with pytest.raises(graphlib.CycleError):
        list(a_template(circle).in_order())


def test_names_that_a_sub_brings_itself_are_no_references() -> None:
    assert set(references({"Fn::Sub": ["${Own} ${Other.Arn}", {"Own": {"Ref": "Third"}}]})) == {"Other", "Third"}


def test_an_assembly_gives_its_one_stack_and_the_files_it_speaks_of(tmp_path: Path) -> None:
    properties = {"templateFile": "s.template.json", "stackName": "reelay-dev"}
    stack = {"type": "aws:cloudformation:stack", "properties": properties}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"s": stack, "t": {"type": "cdk:tree"}}}))
    (tmp_path / "s.template.json").write_text('{"Resources": {}}')
    file = {"source": {"path": "asset.json"}, "destinations": {"here": {"objectKey": "abc.json"}}}
    (tmp_path / "s.assets.json").write_text(json.dumps({"files": {"abc": file}}))
    assembly = load_assembly(tmp_path)
    assert (assembly.stack, assembly.template) == ("reelay-dev", {"Resources": {}})
    assert assembly.files == {"abc.json": tmp_path / "asset.json"}


def test_an_assembly_of_two_stacks_is_an_error(tmp_path: Path) -> None:
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "x"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"one": stack, "two": stack}}))
    with pytest.raises(TemplateFault, match="one, two"):
        load_assembly(tmp_path)
