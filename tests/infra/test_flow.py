"""What calls what: routes, the workflow, the queue, the rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.studio.recording import CALLBACKS

if TYPE_CHECKING:
    from tests.infra.conftest import Reader

FUNCTIONS = Path(__file__).parents[2] / "functions"
PLOT = (FUNCTIONS / "workflow.asl.json").read_text()
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:reelay-dev"
RUNS = "arn:aws:states:us-east-1:123456789012:execution:reelay-dev"


def may_invoke(template: Reader, folder: str) -> set[tuple[str, str]]:
    """The services, and on whose behalf, that a function lets call it."""
    return {
        (each["Principal"], template.text(each["SourceArn"]))
        for each in template.all("AWS::Lambda::Permission").values()
        if template.text(each["FunctionName"]) == f"{template.function_id(folder)}.Arn"
    }


@pytest.mark.parametrize(("route", "folder"), [("$default", "api"), (f"POST {CALLBACKS}", "callback")])
def test_a_route_leads_to_its_function(template: Reader, route: str, folder: str) -> None:
    [properties] = [each for each in template.all("AWS::ApiGatewayV2::Route").values() if each["RouteKey"] == route]
    integration = template.all("AWS::ApiGatewayV2::Integration")[template.text(properties["Target"]).split("/")[1]]
    assert template.text(integration["IntegrationUri"]) == f"{template.function_id(folder)}.Arn"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert {service for service, _ in may_invoke(template, folder)} == {"apigateway.amazonaws.com"}


def test_there_are_no_other_routes(template: Reader) -> None:
    assert len(template.all("AWS::ApiGatewayV2::Route")) == 2


def test_requests_are_limited_and_logged_without_what_is_secret_in_them(template: Reader) -> None:
    [stage] = template.all("AWS::ApiGatewayV2::Stage").values()
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 200, "ThrottlingBurstLimit": 400}
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["route"] == "$context.routeKey"
    assert not re.search("query|header|authorizer|\\$context.requestOverride", stage["AccessLogSettings"]["Format"])


def test_a_page_of_another_origin_may_call_the_api_with_its_key_but_never_with_a_cookie(template: Reader) -> None:
    [api] = template.all("AWS::ApiGatewayV2::Api").values()
    assert api["CorsConfiguration"] == {
        "AllowOrigins": ["*"],
        "AllowMethods": ["*"],
        "AllowHeaders": ["authorization", "content-type", "idempotency-key", "if-none-match", "x-api-key"],
        "ExposeHeaders": ["etag", "idempotent-replayed", "location", "retry-after"],
    }


def test_every_name_in_the_workflow_is_a_function(template: Reader) -> None:
    [machine] = template.all("AWS::StepFunctions::StateMachine").values()
    substitutions = {name: template.text(value) for name, value in machine["DefinitionSubstitutions"].items()}
    assert substitutions.keys() == set(re.findall(r"\$\{(\w+)\}", PLOT))
    for state, arn in substitutions.items():
        folder = re.sub(r"(?<!^)([A-Z])", r"_\1", state).lower()
        assert arn == f"{template.function_id(folder)}.Arn"


def test_the_workflow_may_call_its_functions_and_run_its_maps(template: Reader) -> None:
    [machine] = template.all("AWS::StepFunctions::StateMachine").values()
    called = {template.text(arn) for arn in machine["DefinitionSubstitutions"].values()}
    allowed = template.permissions(machine["RoleArn"])
    assert {one for one in allowed if one.resource != "*"} == {
        *(("lambda:InvokeFunction", arn) for arn in called),
        ("states:StartExecution", MACHINE),
        *(
            (f"states:{action}Execution", f"{RUNS}{separator}*")
            for action in ("Describe", "Stop")
            for separator in (":", "/")
        ),
    }
    assert {one.action.split(":")[0] for one in allowed if one.resource == "*"} == {"logs", "xray"}


def test_the_machine_has_the_name_by_which_its_functions_know_it(template: Reader) -> None:
    [machine] = template.all("AWS::StepFunctions::StateMachine").values()
    assert machine["StateMachineName"] == MACHINE.rsplit(":", 1)[1]


def test_the_workflow_is_logged_and_traced_without_what_its_states_carry(template: Reader) -> None:
    [machine] = template.all("AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_a_check_is_taken_alone_and_again_before_the_heartbeat_stops(template: Reader) -> None:
    checks = template.only("AWS::SQS::Queue", "MakeClipsChecks")
    [mapping] = template.all("AWS::Lambda::EventSourceMapping").values()
    assert template.text(mapping["EventSourceArn"]) == f"{checks}.Arn"
    assert template.text(mapping["FunctionName"]) == template.function_id("check_clip")
    assert mapping["BatchSize"] == 1
    visibility = template.all("AWS::SQS::Queue")[checks]["VisibilityTimeout"]
    longest_gap = max(map(int, template.template["Parameters"]["CheckDelays"]["Default"].split(",")))
    heartbeat = 3 * longest_gap
    assert template.functions["check_clip"]["Timeout"] < visibility
    assert longest_gap + visibility < heartbeat


def test_checks_that_keep_failing_are_set_aside_and_ring_an_alarm(template: Reader) -> None:
    queues = template.all("AWS::SQS::Queue")
    redrive = queues[template.only("AWS::SQS::Queue", "MakeClipsChecks")]["RedrivePolicy"]
    dead = template.only("AWS::SQS::Queue", "DeadChecks")
    assert template.text(redrive["deadLetterTargetArn"]) == f"{dead}.Arn"
    assert queues[dead]["MessageRetentionPeriod"] == 14 * 24 * 3600
    [alarm] = [each for each in template.all("AWS::CloudWatch::Alarm").values() if "SetAside" in each["AlarmName"]]
    [watched] = alarm["Metrics"]
    metric = watched["MetricStat"]["Metric"]
    assert (metric["Namespace"], metric["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert [template.text(each["Value"]) for each in metric["Dimensions"]] == [f"{dead}.QueueName"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["TreatMissingData"] == "notBreaching"


def rules_of(template: Reader, folder: str) -> list[dict[str, Any]]:
    """The rules that call a function, which lets them."""
    arn = f"{template.function_id(folder)}.Arn"
    rules = template.all("AWS::Events::Rule").items()
    calling = {
        name: rule for name, rule in rules if [template.text(target["Arn"]) for target in rule["Targets"]] == [arn]
    }
    assert may_invoke(template, folder) == {("events.amazonaws.com", f"{name}.Arn") for name in calling}
    return list(calling.values())


def test_a_run_that_ends_badly_closes_its_job_but_a_child_of_it_does_not(template: Reader) -> None:
    [rule] = [rule for rule in rules_of(template, "close_job") if "EventBusName" not in rule]
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail-type"] == ["Step Functions Execution Status Change"]
    assert set(pattern["detail"]["status"]) == {"ABORTED", "TIMED_OUT", "FAILED"}
    # Compared as a whole: a child's machine ARN is this one, a slash and its map's Label.
    assert [template.text(arn) for arn in pattern["detail"]["stateMachineArn"]] == [MACHINE]


@pytest.mark.parametrize(
    ("folder", "kinds"), [("close_job", ["job.cancelling", "job.closing"]), ("keep_clip", ["clip.late"])]
)
def test_what_is_to_be_stopped_or_comes_late_is_heard_on_our_own_bus(
    template: Reader, folder: str, kinds: list[str]
) -> None:
    [rule] = [rule for rule in rules_of(template, folder) if "EventBusName" in rule]
    assert template.text(rule["EventBusName"]) == template.only("AWS::Events::EventBus")
    assert rule["EventPattern"] == {"source": ["reelay"], "detail-type": kinds}


def test_the_sweep_comes_every_minute(template: Reader) -> None:
    [rule] = rules_of(template, "sweep")
    assert rule["ScheduleExpression"] == "rate(1 minute)"


def test_the_deployment_says_where_everything_is(template: Reader) -> None:
    outputs = {name: template.text(output["Value"]) for name, output in template.template["Outputs"].items()}
    assert outputs == {
        "ApiUrl": f"{template.only('AWS::ApiGatewayV2::Api')}.ApiEndpoint",
        "TableName": template.only("AWS::DynamoDB::Table"),
        "MediaBucketName": template.only("AWS::S3::Bucket", "Media"),
        "SharedBucketName": template.only("AWS::S3::Bucket", "Share"),
        "SharedPicturesUrl": template.environment("api")["SHARED_URL"],
        "StateMachineArn": template.only("AWS::StepFunctions::StateMachine"),
        "ReplicateSecretArn": template.only("AWS::SecretsManager::Secret", "Replicate"),
        "PiapiSecretArn": template.only("AWS::SecretsManager::Secret", "Piapi"),
        "RunwaySecretArn": template.only("AWS::SecretsManager::Secret", "Runway"),
        "XaiSecretArn": template.only("AWS::SecretsManager::Secret", "Xai"),
        "OpenaiSecretArn": template.only("AWS::SecretsManager::Secret", "Openai"),
        "R2SecretArn": template.only("AWS::SecretsManager::Secret", "R2"),
        "DeadChecksUrl": template.only("AWS::SQS::Queue", "DeadChecks"),
    }


def test_the_dashboard_shows_what_the_functions_count(template: Reader) -> None:
    [board] = template.all("AWS::CloudWatch::Dashboard").values()
    body = template.text(board["DashboardBody"])
    counted = {
        name
        for path in FUNCTIONS.rglob("*.py")
        for name in re.findall(r'\b(?:count|seconds|money)\(\s*"([A-Z]\w+)"', path.read_text())
    }
    assert counted >= {"JobsAccepted", "JobsCompleted", "JobsFailed", "ClipsCompleted", "ClipsFailed", "ClipCost"}
    assert [metric for metric in sorted(counted) if metric not in body] == []
