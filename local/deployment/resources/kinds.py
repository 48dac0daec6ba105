"""How a resource type is known, what is passed over, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.credentials import ACCOUNT, REGION
from local.deployment.records import Deployment, Made

Properties = dict[str, Any]
Maker = Callable[[Deployment, str, Properties], Made]

MEANT: Final = object()
"""Marks a property that is acted upon, whatever it holds."""

Known = Any
"""What is known of a property: MEANT, a reason why it means nothing here, the known properties of the object that it
holds, or a list of one such for each of many."""


@dataclass(frozen=True)
class Kind:
    """A resource type: its known properties, and what makes it of their resolved values."""

    properties: Mapping[str, Known]
    make: Maker


FORGOTTEN = "what is made here ends with its process"
UNENCRYPTED = "nothing is encrypted at rest here"
NO_BILL = "nobody is billed here"
NO_IAM = "there is no IAM here"
NO_TRACE = "there is no X-Ray here"
ONE_LOG = "every log goes to the local cloud's own"
FOR_READERS = "said to people only"
CHECKOUT = "functions run from the checkout, by the Python that runs the local cloud"

IGNORED: Final[Mapping[str, str]] = {
    "AWS::ApplicationInsights::Application": "nobody watches here",
    "AWS::CDK::Metadata": "CDK's note to itself",
    "AWS::CloudWatch::Alarm": "nobody watches here",
    "AWS::CloudWatch::CompositeAlarm": "nobody watches here",
    "AWS::CloudWatch::Dashboard": "nobody watches here",
    "AWS::IAM::ManagedPolicy": NO_IAM,
    "AWS::IAM::Policy": NO_IAM,
    "AWS::IAM::Role": NO_IAM,
    "AWS::Lambda::LayerVersion": CHECKOUT,
    "AWS::Lambda::Permission": NO_IAM,
    "AWS::Logs::LogGroup": ONE_LOG,
    "AWS::Logs::MetricFilter": ONE_LOG,
    "AWS::Logs::QueryDefinition": ONE_LOG,
    "AWS::Logs::ResourcePolicy": NO_IAM,
    "AWS::S3::BucketPolicy": "moto ignores the Condition of a Deny, and would refuse everybody",
    "AWS::SNS::TopicPolicy": NO_IAM,
    "AWS::SQS::QueuePolicy": NO_IAM,
    "AWS::XRay::ResourcePolicy": NO_TRACE,
}

KINDS: Final[dict[str, Kind]] = {}


def reason_to_ignore(kind: str) -> str | None:
    if kind.startswith("Custom::"):
        return "custom resources are CDK's own helpers at deployment"
    return IGNORED.get(kind)


def known(kind: str, **properties: Known) -> Callable[[Maker], Maker]:
    def put(make: Maker) -> Maker:
        KINDS[kind] = Kind(properties, make)
        return make

    return put


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def switched_on(value: Any) -> bool:
    return value in (True, "true")


def texts(value: Any) -> Any:
    """Numbers and truths as CloudFormation hands them on: as text."""
    return json.dumps(value) if isinstance(value, bool) else str(value)
