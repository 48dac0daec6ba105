"""What a template becomes on this machine, and what of it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.child import Child
from local.cloud import LocalCloud
from local.credentials import ACCESS_KEY, REGION, SECRET_KEY
from local.deployment.deploy import DeployFault, deploy
from local.deployment.records import Deployment, Integration, QueueMapping, Schedule
from local.deployment.resources import IGNORED, KINDS
from local.logs import Log
from local.template import Assembly
from local.workers import FunctionsDoNotStart
from tests.local_cloud.little import a_function, a_route, an_integration

HOLDERS = {
    "dynamodb": "data",
    "events": "states",
    "s3": "data",
    "secretsmanager": "data",
    "sqs": "data",
    "ssm": "data",
    "stepfunctions": "states",
}


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The two moto processes, with nothing deployed."""
    log = Log(tmp_path_factory.mktemp("deploy") / "log")
    with (
        Child("data", "local.data", log) as data,
        Child("states", "local.states", log, "--invoke", "http://127.0.0.1:9") as states,
    ):
        urls = {"data": data.url, "states": states.url}
        session = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
        for one in (data, states):
            one.wait_until_ready()

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=urls[HOLDERS[service]])  # type: ignore[call-overload]  # by a variable

        yield Deployment(Assembly("none", {}), client, "http://127.0.0.1:8080", "http://127.0.0.1:8081")
    log.close()


@pytest.fixture
def deployed(target: Deployment, request: pytest.FixtureRequest) -> Any:
    """Deploys resources as a stack named after the test."""

    def do(resources: dict[str, Any], files: dict[str, Path] | None = None, **outputs: Any) -> Deployment:
        stack = f"s{abs(hash(request.node.name)) % 10**9}"
        template = {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
        fresh = Deployment(Assembly(stack, template, files or {}), target.client, target.api_url, target.edge_url)
        deploy(fresh, {})
        return fresh

    return do


def a_resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


A_TABLE = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
A_MACHINE = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Plan}", "End": true}}}'


def test_everything_unknown_is_named_at_once_and_nothing_is_made(target: Deployment, deployed: Any) -> None:
    before = target.client("sqs").list_queues().get("QueueUrls", [])
    with pytest.raises(DeployFault) as fault:
        deployed(
            {
                "Good": {"Type": "AWS::SQS::Queue"},
                "Site": {"Type": "AWS::Route53::HostedZone"},
                "Queue": a_resource("AWS::SQS::Queue", Colour="red"),
                "Bucket": a_resource("AWS::S3::Bucket", CorsConfiguration={"CorsRules": [{"Verbs": ["GET"]}]}),
                "Odd": {"Type": "AWS::SQS::Queue", "UpdatePolicy": {}},
                "Fork": a_resource(
                    "AWS::Lambda::Function", Environment={"Fn::If": ["C", {"Vars": 1}, {"Variables": 1}]}
                ),
            }
        )
    assert sorted(str(fault.value).splitlines()) == [
        "Bucket (AWS::S3::Bucket): the property CorsConfiguration.CorsRules[].Verbs is not known here",
        "Fork (AWS::Lambda::Function): the property Environment.Vars is not known here",
        "Odd (AWS::SQS::Queue): UpdatePolicy is not known here",
        "Queue (AWS::SQS::Queue): the property Colour is not known here",
        "Site: the type AWS::Route53::HostedZone is not known here",
    ]
    assert target.client("sqs").list_queues().get("QueueUrls", []) == before


def test_everything_that_means_nothing_has_a_reason() -> None:
    def reasons(known: Any) -> Iterator[str]:
        if isinstance(known, str):
            yield known
        for part in known if isinstance(known, list) else known.values() if isinstance(known, dict) else ():
            yield from reasons(part)

    found = [*IGNORED.values(), *(reason for kind in KINDS.values() for reason in reasons(dict(kind.properties)))]
    assert found
    assert all(len(reason.split()) > 2 for reason in found)


def test_what_the_sdk_refuses_is_told_with_the_resource_and_what_depends_on_it_is_not(deployed: Any) -> None:
    with pytest.raises(DeployFault) as fault:
        deployed(
            {
                "Table": a_resource("AWS::DynamoDB::Table", **(A_TABLE | {"KeySchema": [{"Attribute": "pk"}]})),
                "Uses": a_function("echo", Environment={"Variables": {"TABLE_NAME": {"Ref": "Table"}}}),
                "Api": a_resource("AWS::ApiGatewayV2::Api", Name="x", ProtocolType="WEBSOCKET"),
            }
        )
    text = str(fault.value)
    assert "Table (AWS::DynamoDB::Table)" in text
    assert "WEBSOCKET" in text
    assert "Uses" not in text


def test_a_property_that_needs_what_is_not_made_here_is_an_error_with_the_reason(deployed: Any) -> None:
    with pytest.raises(DeployFault, match=r"F .*needs Role, which is not made here: there is no IAM"):
        deployed(
            {
                "Role": {"Type": "AWS::IAM::Role"},
                "F": a_function("echo", Environment={"Variables": {"ROLE": {"Fn::GetAtt": ["Role", "Arn"]}}}),
            }
        )


def test_properties_that_mean_nothing_need_not_resolve(deployed: Any) -> None:
    done = deployed({"Role": {"Type": "AWS::IAM::Role"}, "F": a_function("echo", Role={"Fn::GetAtt": ["Role", "Arn"]})})
    assert [function.name for function in done.functions.values()] == ["echo"]


def test_a_table_has_its_index_its_expiry_and_its_protection(deployed: Any) -> None:
    index = {
        "IndexName": "unfinished",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    made = deployed(
        {
            "Table": a_resource(
                "AWS::DynamoDB::Table",
                **A_TABLE,
                GlobalSecondaryIndexes=[index],
                TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": True},
                DeletionProtectionEnabled=True,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        },
        Name={"Ref": "Table"},
    )
    dynamodb = made.client("dynamodb")
    table = dynamodb.describe_table(TableName=made.outputs["Name"])["Table"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["unfinished"]
    assert table["DeletionProtectionEnabled"] is True
    expiry = dynamodb.describe_time_to_live(TableName=made.outputs["Name"])["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}


def test_a_bucket_has_its_rules_and_its_tags(deployed: Any) -> None:
    made = deployed(
        {
            "Media": a_resource(
                "AWS::S3::Bucket",
                CorsConfiguration={
                    "CorsRules": [
                        {
                            "AllowedMethods": ["GET"],
                            "AllowedOrigins": ["*"],
                            "ExposedHeaders": ["ETag"],
                            "MaxAge": 60,
                        }
                    ]
                },
                LifecycleConfiguration={
                    "Rules": [
                        {
                            "Id": "raw",
                            "Status": "Enabled",
                            "TagFilters": [{"Key": "lifetime", "Value": "raw"}],
                            "ExpirationInDays": 90,
                        },
                        {"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
                    ]
                },
                Tags=[{"Key": "project", "Value": "reelay"}],
                BucketEncryption={"ServerSideEncryptionConfiguration": []},
            )
        },
        Name={"Ref": "Media"},
        Arn={"Fn::GetAtt": ["Media", "Arn"]},
    )
    s3, name = made.client("s3"), made.outputs["Name"]
    assert made.outputs["Arn"] == f"arn:aws:s3:::{name}"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "project", "Value": "reelay"}]
    [cors] = s3.get_bucket_cors(Bucket=name)["CORSRules"]
    assert (cors["ExposeHeaders"], cors["MaxAgeSeconds"]) == (["ETag"], 60)
    raw, abandoned = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert raw["Filter"] == {"Tag": {"Key": "lifetime", "Value": "raw"}}
    assert raw["Expiration"] == {"Days": 90}
    assert abandoned["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_a_queue_hands_its_failures_to_its_dead_letters(deployed: Any) -> None:
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 5}
    made = deployed(
        {
            "Queue": a_resource("AWS::SQS::Queue", VisibilityTimeout=90, RedrivePolicy=redrive),
            "Dead": {"Type": "AWS::SQS::Queue"},
        },
        Url={"Ref": "Queue"},
        Dead={"Fn::GetAtt": ["Dead", "Arn"]},
    )
    got = made.client("sqs").get_queue_attributes(QueueUrl=made.outputs["Url"], AttributeNames=["All"])["Attributes"]
    assert got["VisibilityTimeout"] == "90"
    assert json.loads(got["RedrivePolicy"]) == {"deadLetterTargetArn": made.outputs["Dead"], "maxReceiveCount": 5}


def test_secrets_and_parameters_have_their_values(deployed: Any) -> None:
    made = deployed(
        {
            "Noise": a_resource("AWS::SecretsManager::Secret", GenerateSecretString={"PasswordLength": 40}),
            "Named": a_resource("AWS::SecretsManager::Secret", Name="named", SecretString="said"),
            "Setting": a_resource("AWS::SSM::Parameter", Name="/reelay/x", Type="String", Value="y"),
        },
        Noise={"Ref": "Noise"},
        Named={"Ref": "Named"},
    )
    secrets = made.client("secretsmanager")
    assert len(secrets.get_secret_value(SecretId=made.outputs["Noise"])["SecretString"]) == 40
    assert secrets.get_secret_value(SecretId=made.outputs["Named"])["SecretString"] == "said"
    assert made.client("ssm").get_parameter(Name="/reelay/x")["Parameter"]["Value"] == "y"


def test_a_definition_is_read_from_the_assembly_with_its_substitutions(deployed: Any, tmp_path: Path) -> None:
    (tmp_path / "workflow.json").write_text(A_MACHINE)
    made = deployed(
        {
            "F": a_function("echo"),
            "Machine": a_resource(
                "AWS::StepFunctions::StateMachine",
                DefinitionS3Location={"Bucket": {"Fn::Sub": "assets-${AWS::AccountId}"}, "Key": "abc.json"},
                DefinitionSubstitutions={"Plan": {"Fn::GetAtt": ["F", "Arn"]}},
            ),
        },
        {"abc.json": tmp_path / "workflow.json"},
        Arn={"Ref": "Machine"},
    )
    got = made.client("stepfunctions").describe_state_machine(stateMachineArn=made.outputs["Arn"])["definition"]
    assert json.loads(got)["States"]["A"]["Resource"] == "arn:aws:lambda:us-east-1:123456789012:function:echo"


def test_a_definition_whose_names_are_not_substituted_is_an_error(deployed: Any) -> None:
    with pytest.raises(DeployFault, match="Plan"):
        deployed({"Machine": a_resource("AWS::StepFunctions::StateMachine", DefinitionString=A_MACHINE)})


def test_a_rule_on_events_is_made_and_one_on_time_is_kept_for_the_clock(deployed: Any) -> None:
    target = {"Arn": {"Fn::GetAtt": ["F", "Arn"]}, "Id": "Target0"}
    made = deployed(
        {
            "F": a_function("echo"),
            "Bus": a_resource("AWS::Events::EventBus", Name="films"),
            "OnEvent": a_resource(
                "AWS::Events::Rule",
                EventBusName={"Ref": "Bus"},
                EventPattern={"source": ["aws.states"]},
                Targets=[target],
            ),
            "OnTime": a_resource(
                "AWS::Events::Rule", Name="minutely", ScheduleExpression="rate(1 minute)", Targets=[target]
            ),
            "Asleep": a_resource(
                "AWS::Events::Rule", ScheduleExpression="rate(2 hours)", State="DISABLED", Targets=[target]
            ),
        },
        Rule={"Ref": "OnEvent"},
    )
    events = made.client("events")
    assert events.describe_rule(Name=made.outputs["Rule"], EventBusName="films")["EventPattern"]
    [found] = events.list_targets_by_rule(Rule=made.outputs["Rule"], EventBusName="films")["Targets"]
    assert found["Arn"].endswith(":function:echo")
    arn = "arn:aws:events:us-east-1:123456789012:rule/minutely"
    assert made.schedules == [Schedule("minutely", arn, 60, found["Arn"])]


def test_functions_mappings_and_routes_are_read(deployed: Any) -> None:
    made = deployed(
        {
            "F": a_function("echo", MemorySize=512, ReservedConcurrentExecutions=2),
            "Queue": a_resource("AWS::SQS::Queue", QueueName="checks"),
            "Mapping": a_resource(
                "AWS::Lambda::EventSourceMapping",
                EventSourceArn={"Fn::GetAtt": ["Queue", "Arn"]},
                FunctionName={"Ref": "F"},
                BatchSize=1,
            ),
            "Api": a_resource("AWS::ApiGatewayV2::Api", Name="x", ProtocolType="HTTP"),
            "Stage": a_resource("AWS::ApiGatewayV2::Stage", ApiId={"Ref": "Api"}, StageName="$default"),
            "I": an_integration("F"),
            "R": a_route("$default", "I"),
        },
        Url={"Fn::GetAtt": ["Api", "ApiEndpoint"]},
    )
    arn = "arn:aws:lambda:us-east-1:123456789012:function:echo"
    function = made.functions[arn]
    assert (function.name, function.memory, function.timeout, function.most_workers) == ("echo", 512, 20, 2)
    assert made.mappings == [QueueMapping("arn:aws:sqs:us-east-1:123456789012:checks", "echo", batch_size=1)]
    assert made.routes == {"$default": Integration(arn, 30)}
    assert made.outputs == {"Url": "http://127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"I": an_integration("F", PayloadFormatVersion="1.0")}, "2.0"),
        ({"I": an_integration("F", IntegrationUri="arn:aws:lambda:us-east-1:123456789012:function:gone")}, "gone"),
        ({"R2": a_route("$default", "I")}, "second route"),
        ({"S": a_resource("AWS::ApiGatewayV2::Stage", ApiId="x", StageName="v1")}, "v1"),
        (
            {
                "M": a_resource(
                    "AWS::Lambda::EventSourceMapping", EventSourceArn="arn:aws:kinesis:x", FunctionName="echo"
                )
            },
            "kinesis",
        ),
        ({"T": a_resource("AWS::Events::Rule", ScheduleExpression="cron(0 12 * * ? *)", Targets=[])}, "cron"),
    ],
    ids=["payload format", "function that is gone", "route twice", "stage", "source", "cron"],
)
def test_what_the_local_cloud_cannot_do_is_an_error(deployed: Any, changed: dict[str, Any], told: str) -> None:
    ground = {
        "F": a_function("echo"),
        "Api": a_resource("AWS::ApiGatewayV2::Api", Name="x", ProtocolType="HTTP"),
        "I": an_integration("F"),
        "R": a_route("$default", "I"),
    }
    with pytest.raises(DeployFault, match=told):
        deployed(ground | changed)


def test_a_queue_that_shows_a_message_again_too_soon_for_its_function_is_an_error(deployed: Any) -> None:
    source = {"Fn::GetAtt": ["Queue", "Arn"]}
    with pytest.raises(DeployFault, match="hides its messages for 5 s, its function may take 20 s"):
        deployed(
            {
                "F": a_function("echo"),
                "Queue": a_resource("AWS::SQS::Queue", VisibilityTimeout=5),
                "M": a_resource("AWS::Lambda::EventSourceMapping", EventSourceArn=source, FunctionName={"Ref": "F"}),
            }
        )


def test_a_handler_that_cannot_be_imported_stops_the_start_and_names_the_function(tmp_path: Path) -> None:
    resources = {"Good": a_function("echo"), "Bad": a_function("nobody"), "Lost": a_function("x", Handler="no.where.f")}
    cloud = LocalCloud(assembly=Assembly("s", {"Resources": resources}), stand_ins=(), tenants=(), out=tmp_path)
    with pytest.raises(FunctionsDoNotStart) as fault, cloud:
        pass
    assert "nobody (tests.local_cloud.handlers.nobody): Handler 'nobody' missing" in str(fault.value)
    assert "x (no.where.f): Unable to import module 'no.where'" in str(fault.value)
    assert "echo" not in str(fault.value)


def a_distribution(**behaviour: Any) -> dict[str, Any]:
    origin = {"Id": "one", "DomainName": {"Fn::GetAtt": ["Pictures", "RegionalDomainName"]}}
    usual = {"TargetOriginId": "one", "AllowedMethods": ["GET", "HEAD"], "ViewerProtocolPolicy": "redirect-to-https"}
    config = {"Enabled": True, "Origins": [origin], "DefaultCacheBehavior": usual | behaviour}
    return a_resource("AWS::CloudFront::Distribution", DistributionConfig=config)


def test_a_distribution_shows_its_bucket_where_the_edge_is(deployed: Any) -> None:
    resources = {"Pictures": a_resource("AWS::S3::Bucket"), "Edge": a_distribution()}
    done = deployed(resources, domain={"Fn::GetAtt": ["Edge", "DomainName"]}, name={"Ref": "Pictures"})
    assert done.shown == done.outputs["name"]
    assert done.outputs["domain"] == "127.0.0.1:8081"


def test_a_distribution_that_would_let_anybody_write_is_refused(deployed: Any) -> None:
    resources = {"Pictures": a_resource("AWS::S3::Bucket"), "Edge": a_distribution(AllowedMethods=["GET", "PUT"])}
    with pytest.raises(DeployFault, match="reads one bucket"):
        deployed(resources)
