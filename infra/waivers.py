"""Where the template knowingly departs from a rule of cdk-nag."""

from aws_cdk import Acknowledgment, App, CfnElement, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

PACK = "AwsSolutions-"


def waive(rule: str, construct: IConstruct, *, because: str) -> None:
    """For the construct and all below it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{PACK}{rule}", reason=because))


def waive_wildcard(resource: str, grantee: lambda_.Function | sfn.StateMachine, *, because: str) -> None:
    """This wildcard only, and in the policy of this role only. `resource` is written as cdk-nag prints it."""
    assert grantee.role is not None, "this stack makes every role itself"
    waive(f"IAM5[Resource::{resource}]", grantee.role, because=because)


def waived(app: App) -> set[tuple[str, str]]:
    """The rule and the construct's path of each waiver."""
    return {
        (rule.partition(PACK)[2], construct.node.path)
        for construct in app.node.find_all()
        for entry in construct.node.metadata
        if entry.type == Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for rule in entry.data
    }


def printed_arn(construct: IConstruct) -> str:
    """The ARN of a construct of this stack, as cdk-nag prints it."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)
    return f"<{Stack.of(construct).get_logical_id(resource)}.Arn>"
