"""Where the template knowingly departs from a rule of cdk-nag."""

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct


def waive(rule: str, construct: IConstruct, *, because: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=because))


def waive_wildcard(resource: str, grantee: lambda_.Function | sfn.StateMachine, *, because: str) -> None:
    """This wildcard only, and in the policy of this role only. `resource` is written as cdk-nag prints it."""
    assert grantee.role is not None, "this stack makes every role itself"
    waive(f"IAM5[Resource::{resource}]", grantee.role, because=because)


def printed_arn(construct: IConstruct) -> str:
    """The ARN of a construct of this stack, as cdk-nag prints it."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)
    return f"<{Stack.of(construct).get_logical_id(resource)}.Arn>"
