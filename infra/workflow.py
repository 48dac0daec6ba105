"""The state machine: its plot is functions/workflow.asl.json, its actors are the functions."""

from pathlib import Path

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.waivers import waive_wildcard

DEFINITION = Path(__file__).parents[1] / "functions" / "workflow.asl.json"


class Workflow(Construct):
    """Known by its name before it is made: the functions that it calls also answer it, and would otherwise depend
    on it as it depends on them."""

    machine: sfn.StateMachine

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.name = Stack.of(self).stack_name
        self.arn = self._arn("stateMachine", self.name)
        # The maps are DISTRIBUTED: a child's machine is the parent's with the map's Label behind a slash.
        self.arn_of_maps = f"{self.arn}/*"
        self.arn_of_runs = self._arn("execution", f"{self.name}:*")
        self.arn_of_children = self._arn("execution", f"{self.name}/*")

    def take_answers_from(self, *functions: lambda_.Function) -> None:
        """Lets them end, or keep alive, a wait for a task token."""
        for function in functions:
            function.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["states:SendTaskSuccess", "states:SendTaskHeartbeat"],
                    resources=[self.arn, self.arn_of_maps],
                )
            )
            self._waive_wildcard(self.arn_of_maps, function)

    def be_started_by(self, *functions: lambda_.Function) -> None:
        for function in functions:
            function.add_environment("STATE_MACHINE_ARN", self.machine.state_machine_arn)
            self.machine.grant_start_execution(function)

    def be_watched_by(self, function: lambda_.Function) -> None:
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[self.arn_of_runs])
        )
        self._waive_wildcard(self.arn_of_runs, function)

    def be_stopped_by(self, *functions: lambda_.Function) -> None:
        for function in functions:
            function.add_environment("STATE_MACHINE_ARN", self.arn)
            function.add_to_role_policy(
                iam.PolicyStatement(actions=["states:StopExecution"], resources=[self.arn_of_runs])
            )
            self._waive_wildcard(self.arn_of_runs, function)

    def conduct(self, **states: lambda_.Function) -> None:
        """Makes the machine. Each state of the plot that calls a function, with the function that it calls."""
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=self.name,
            definition_body=sfn.DefinitionBody.from_file(str(DEFINITION)),
            definition_substitutions={state: function.function_arn for state, function in states.items()},
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Log",
                    # Under this prefix Step Functions needs no growing resource policy.
                    log_group_name=f"/aws/vendedlogs/states/{self.name}",
                    retention=logs.RetentionDays.ONE_MONTH,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            tracing_enabled=True,
            role=iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com")),
        )
        # A plot from a file gives CDK nothing to derive a policy from.
        for statement in (
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in states.values()],
            ),
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[self.arn]),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=[self.arn_of_runs, self.arn_of_children],
            ),
        ):
            self.machine.add_to_role_policy(statement)
        self._waive_wildcard(self.arn_of_runs, self.machine)
        self._waive_wildcard(self.arn_of_children, self.machine)
        waive_wildcard("*", self.machine, because="The actions of X-Ray and of log delivery know no resources.")

    def _waive_wildcard(self, arn: str, grantee: lambda_.Function | sfn.StateMachine) -> None:
        printed = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:" + arn.split(":", 5)[5]
        waive_wildcard(printed, grantee, because="Executions are named at run time.")

    def _arn(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
