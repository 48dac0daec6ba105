"""Makes of a template what it says: resources of moto by boto3, and the tables that the rest of the local cloud reads.

What a resource type means here is said in `resources`. A type or property that is not known there is an error, and
all errors are raised together before anything is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError, ParamValidationError

from local.deployment.records import Deployment, Made
from local.deployment.resources import KINDS, MEANT, Known, reason_to_ignore
from local.template import Template, TemplateFault

OF_EVERY_RESOURCE: Final = {
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
}


class DeployFault(Exception):
    """Raised with one line for everything in the template that cannot be made here."""


def deploy(deployment: Deployment, parameters: Mapping[str, str]) -> None:
    """Raises DeployFault, TemplateFault."""
    assembly = deployment.assembly
    template = Template(assembly.stack, assembly.template, parameters)
    refuse_unknown(template)
    made: dict[str, Made] = {}
    failed: set[str] = set()
    faults: list[str] = []

    def attribute(name: str, of_it: str | None) -> str:
        if name in failed:
            raise Dependent
        if name not in made:
            raise TemplateFault(f"needs {name}, which {why_unmade(template, name)}")
        if of_it is None:
            return made[name].ref
        if of_it not in made[name].attributes:
            raise TemplateFault(f"needs the attribute {of_it} of {name}, which is not known here")
        return made[name].attributes[of_it]

    for name in template.in_order():
        resource = template.resources[name]
        if resource["Type"] not in KINDS:
            continue
        kind = KINDS[resource["Type"]]
        try:
            values = template.resolve(only_meant(resource.get("Properties", {}), kind.properties), attribute)
            made[name] = kind.make(deployment, name, values)
        except (TemplateFault, ClientError, ParamValidationError) as fault:
            failed.add(name)
            faults.append(f"{name} ({resource['Type']}): {fault}")
        except Dependent:
            failed.add(name)
    if faults:
        raise DeployFault("\n".join(faults))
    for name, output in template.outputs.items():
        if "Condition" not in output or template.condition(output["Condition"]):
            deployment.outputs[name] = template.resolve(output["Value"], attribute)


class Dependent(Exception):
    """A resource cannot be made because one that it needs could not."""


def why_unmade(template: Template, name: str) -> str:
    if name not in template.resources:
        return "the template does not have"
    if not template.wanted(name):
        return "its condition leaves out"
    kind = template.resources[name]["Type"]
    return f"is not made here: {reason_to_ignore(kind)} ({kind})"


def refuse_unknown(template: Template) -> None:
    """Raises DeployFault with every type and property of which `resources` says nothing."""
    faults = []
    for name, resource in template.resources.items():
        kind = resource["Type"]
        if reason_to_ignore(kind):
            continue
        if kind not in KINDS:
            faults.append(f"{name}: the type {kind} is not known here")
            continue
        for unknown in sorted(resource.keys() - OF_EVERY_RESOURCE):
            faults.append(f"{name} ({kind}): {unknown} is not known here")
        for unknown in unknown_properties(resource.get("Properties", {}), KINDS[kind].properties):
            faults.append(f"{name} ({kind}): the property {unknown} is not known here")
    if faults:
        raise DeployFault("\n".join(faults))


def unknown_properties(value: Any, known: Known, path: str = "") -> Iterator[str]:
    if known is MEANT or isinstance(known, str):
        return
    if isinstance(value, Mapping) and "Fn::If" in value:
        for branch in value["Fn::If"][1:]:
            yield from unknown_properties(branch, known, path)
    elif value == {"Ref": "AWS::NoValue"}:
        return
    elif isinstance(known, list):
        for item in value:
            yield from unknown_properties(item, known[0], f"{path}[]")
    else:
        for name, item in value.items():
            there = f"{path}.{name}".lstrip(".")
            if name in known:
                yield from unknown_properties(item, known[name], there)
            else:
                yield there


def only_meant(value: Any, known: Known) -> Any:
    """A value without the properties that mean nothing here: what they refer to need not exist."""
    if known is MEANT:
        return value
    if isinstance(value, Mapping) and "Fn::If" in value:
        condition, *branches = value["Fn::If"]
        return {"Fn::If": [condition, *(only_meant(branch, known) for branch in branches)]}
    if value == {"Ref": "AWS::NoValue"}:
        return value
    if isinstance(known, list):
        return [only_meant(item, known[0]) for item in value]
    return {name: only_meant(item, known[name]) for name, item in value.items() if not isinstance(known[name], str)}
