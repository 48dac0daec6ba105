"""That the local cloud understands every word of the template, shown without starting it."""

from __future__ import annotations

import copy
import importlib
from typing import TYPE_CHECKING, Any

import pytest

from local.deployment.deploy import DeployFault, refuse_unknown
from local.template import Template

if TYPE_CHECKING:
    from tests.infra.conftest import Reader


def changed(template: Reader, **resources: dict[str, Any]) -> Template:
    document = copy.deepcopy(template.template)
    document["Resources"] |= resources
    return Template("reelay-dev", document)


def test_every_type_and_property_of_the_template_is_known_to_the_local_cloud(template: Reader) -> None:
    refuse_unknown(changed(template))


def test_a_type_that_it_does_not_know_is_refused_by_name(template: Reader) -> None:
    with pytest.raises(DeployFault, match="AWS::SNS::Topic"):
        refuse_unknown(changed(template, Topic={"Type": "AWS::SNS::Topic"}))


def test_a_property_that_it_does_not_know_is_refused_by_name(template: Reader) -> None:
    bucket = template.only("AWS::S3::Bucket", "Media")
    fast = copy.deepcopy(template.resources[bucket])
    fast["Properties"]["AccelerateConfiguration"] = {"AccelerationStatus": "Enabled"}
    with pytest.raises(DeployFault, match="AccelerateConfiguration"):
        refuse_unknown(changed(template, **{bucket: fast}))


def test_every_function_has_the_handler_that_it_names(template: Reader) -> None:
    for properties in template.functions.values():
        module, _, name = properties["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
