"""Every function is wired as the flow needs it: its environment, its size, and no grant more than it uses."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from infra.bundles import FONTS_ON_LAMBDA, TRACKS_ON_LAMBDA
from infra.watch import CHOOSERS
from tests.infra.conftest import Permission, Reader


class Wiring(NamedTuple):
    environment: str
    grants: str
    memory: int = 512
    seconds: int = 60
    tmp: int = 512
    ffmpeg: bool = False
    fonts: bool = False
    tracks: bool = False


SHARED = "SHARED_BUCKET SHARED_URL"
PROVIDERS = (
    "REPLICATE_SECRET_ARN REPLICATE_BASE_URL PIAPI_SECRET_ARN PIAPI_BASE_URL PIAPI_UPLOAD_URL"
    " RUNWAYML_SECRET_ARN RUNWAYML_BASE_URL"
)

WIRING = {
    "api": Wiring(
        f"TABLE_NAME MEDIA_BUCKET {SHARED} STATE_MACHINE_ARN VIDEO_GENERATION_MODEL PLAYER_SECRET_ARN EVENT_BUS_NAME"
        " OUTSIDE_ORIGINS RUNWAYML_ENABLED OPENAI_SECRET_ARN OPENAI_BASE_URL",
        "rows media remove share remove_shared start player publish openai",
        1024,
        30,
        ffmpeg=True,
    ),
    "callback": Wiring(f"TABLE_NAME {PROVIDERS} EVENT_BUS_NAME", "rows replicate piapi runway answer publish", 512, 30),
    "plan": Wiring(
        "TABLE_NAME MEDIA_BUCKET XAI_SECRET_ARN XAI_BASE_URL OPENAI_SECRET_ARN OPENAI_BASE_URL MEDIA_HANDOVER CHECK_DELAYS CLIP_TIMEOUT_SECONDS",
        "rows media xai openai speak",
        2048,
        300,
        ffmpeg=True,
    ),
    "request_clip": Wiring(
        f"TABLE_NAME MEDIA_BUCKET {SHARED} {PROVIDERS} PUBLIC_URL CHECK_QUEUE_URL CHECK_DELAYS MEDIA_HANDOVER",
        "rows look look_shared replicate piapi runway answer send",
        512,
        120,
    ),
    "check_clip": Wiring(
        f"TABLE_NAME MEDIA_BUCKET {SHARED} {PROVIDERS} PUBLIC_URL CHECK_QUEUE_URL CHECK_DELAYS MEDIA_HANDOVER EVENT_BUS_NAME",
        "rows look look_shared replicate piapi runway answer send receive publish",
        seconds=120,
    ),
    "keep_clip": Wiring(
        f"TABLE_NAME MEDIA_BUCKET {SHARED} REPLICATE_OUTPUT_ORIGINS PIAPI_OUTPUT_ORIGINS RUNWAY_OUTPUT_ORIGINS {PROVIDERS} EVENT_BUS_NAME",
        "rows media share replicate piapi runway publish",
        2048,
        480,
        ffmpeg=True,
    ),
    "arrange": Wiring(f"TABLE_NAME {PROVIDERS}", "rows replicate piapi runway"),
    "make_piece": Wiring(
        "TABLE_NAME MEDIA_BUCKET FONTS_FOLDER", "rows media", 3008, 900, tmp=2048, ffmpeg=True, fonts=True
    ),
    "assemble": Wiring(
        "TABLE_NAME MEDIA_BUCKET TRACKS_FOLDER", "rows media", 3008, 900, tmp=10240, ffmpeg=True, tracks=True
    ),
    "deliver": Wiring("TABLE_NAME EVENT_BUS_NAME APPROVAL_SECONDS", "rows publish"),
    "copy_film": Wiring(
        "TABLE_NAME MEDIA_BUCKET R2_SECRET_ARN R2_ENDPOINT_URL R2_PUBLIC_URL", "rows look r2", 1024, 900
    ),
    "close_job": Wiring(
        f"TABLE_NAME STATE_MACHINE_ARN EVENT_BUS_NAME {PROVIDERS}",
        "rows stop answer replicate piapi runway publish",
        seconds=300,
    ),
    "sweep": Wiring(
        f"TABLE_NAME MEDIA_BUCKET STATE_MACHINE_ARN EVENT_BUS_NAME {PROVIDERS}",
        "rows look start describe stop answer replicate piapi runway publish",
    ),
}

FUNCTIONS = Path(__file__).parents[2] / "functions"

OF_EVERY_FUNCTION = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:reelay-dev"

RUNS = "arn:aws:states:us-east-1:123456789012:execution:reelay-dev"

READ_ROWS = "dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query "
WRITE_ROWS = (
    "dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem"
)
READ_MEDIA = "s3:GetObject s3:GetObjectTagging"
WRITE_MEDIA = "s3:PutObject s3:PutObjectTagging s3:AbortMultipartUpload"


def granted(template: Reader, grant: str) -> set[tuple[str, str]]:
    """The permissions behind a word of the table above."""
    media, shared = (f"{template.only('AWS::S3::Bucket', name)}.Arn" for name in ("Media", "Share"))
    checks = f"{template.only('AWS::SQS::Queue', 'MakeClipsChecks')}.Arn"
    match grant:
        case "rows":
            table = f"{template.only('AWS::DynamoDB::Table')}.Arn"
            return each(READ_ROWS + WRITE_ROWS, table, f"{table}/index/*")
        case "look":
            return each(READ_MEDIA, f"{media}/*") | each("s3:ListBucket", media)
        case "media":
            return each(f"{READ_MEDIA} {WRITE_MEDIA}", f"{media}/*") | each("s3:ListBucket", media)
        case "look_shared":
            return each(READ_MEDIA, f"{shared}/*") | each("s3:ListBucket", shared)
        case "share":
            return each(f"{READ_MEDIA} {WRITE_MEDIA}", f"{shared}/*") | each("s3:ListBucket", shared)
        case "remove_shared":
            return each("s3:DeleteObject", f"{shared}/*")
        case "replicate" | "piapi" | "runway" | "xai" | "openai" | "r2" | "player":
            secret = template.only("AWS::SecretsManager::Secret", grant.capitalize())
            return each("secretsmanager:GetSecretValue secretsmanager:DescribeSecret", secret)
        case "speak":
            return each("polly:SynthesizeSpeech", "*")
        case "start":
            return each("states:StartExecution", template.only("AWS::StepFunctions::StateMachine"))
        case "describe":
            return each("states:DescribeExecution", f"{RUNS}:*")
        case "stop":
            return each("states:StopExecution", f"{RUNS}:*")
        case "remove":
            return each("s3:DeleteObject", f"{media}/*")
        case "answer":
            return each("states:SendTaskSuccess states:SendTaskHeartbeat", MACHINE, f"{MACHINE}/*")
        case "send":
            return each("sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl", checks)
        case "receive":
            return each(
                "sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes sqs:GetQueueUrl",
                checks,
            )
        case "publish":
            return each("events:PutEvents", f"{template.only('AWS::Events::EventBus')}.Arn")
    raise AssertionError(grant)


def each(actions: str, *resources: str) -> set[tuple[str, str]]:
    return {(action, resource) for action in actions.split() for resource in resources}


def test_there_is_a_function_for_every_folder_of_the_flow_and_no_other(template: Reader) -> None:
    assert template.functions.keys() == WIRING.keys() == {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}
    assert len(template.all("AWS::Lambda::Function")) == len(WIRING)


@pytest.mark.parametrize("folder", WIRING)
def test_a_function_knows_what_it_was_granted_and_nothing_else(template: Reader, folder: str) -> None:
    expected = set(WIRING[folder].environment.split()) | OF_EVERY_FUNCTION
    assert template.environment(folder).keys() == expected


@pytest.mark.parametrize("folder", WIRING)
def test_a_function_may_do_what_it_needs_and_nothing_else(template: Reader, folder: str) -> None:
    grants = WIRING[folder].grants.split()
    log = each("logs:CreateLogStream logs:PutLogEvents", f"{template.only('AWS::Logs::LogGroup', id_part(folder))}.Arn")
    traces = each("xray:PutTraceSegments xray:PutTelemetryRecords", "*")
    allowed = template.permissions(template.functions[folder]["Role"])
    assert allowed == log | traces | set[tuple[str, str]]().union(*(granted(template, grant) for grant in grants))


def test_every_call_of_the_table_that_the_stores_make_is_granted() -> None:
    """Nobody asks for a permission here: what is forgotten shows in an account only."""
    needs = {
        "get_item": "GetItem",
        "batch_get_item": "BatchGetItem",
        "query": "Query",
        "put_item": "PutItem",
        "update_item": "UpdateItem",
        "delete_item": "DeleteItem",
        "batch_write_item": "BatchWriteItem",
        "transact_write_items": "PutItem UpdateItem DeleteItem ConditionCheckItem",
    }
    made = set(re.findall(r"client\.(?:get_paginator\(\")?(\w+)", (FUNCTIONS / "studio" / "table.py").read_text()))
    assert made
    asked = {f"dynamodb:{action}" for call in made for action in needs[call].split()}
    assert asked <= set((READ_ROWS + WRITE_ROWS).split())


def test_wildcards_are_these_and_no_others(template: Reader) -> None:
    """Why each is there, its waiver in `infra` says."""
    [machine] = template.all("AWS::StepFunctions::StateMachine").values()
    roles = [machine["RoleArn"], *(function["Role"] for function in template.functions.values())]
    allowed = set[Permission]().union(*map(template.permissions, roles))
    assert {one.resource for one in allowed if "*" in one.resource} == {
        "*",
        f"{template.only('AWS::DynamoDB::Table')}.Arn/index/*",
        f"{template.only('AWS::S3::Bucket', 'Media')}.Arn/*",
        f"{template.only('AWS::S3::Bucket', 'Share')}.Arn/*",
        f"{MACHINE}/*",
        f"{RUNS}:*",
        f"{RUNS}/*",
    }
    assert {one.action.split(":")[0] for one in allowed if one.resource == "*"} == {"logs", "xray", "polly"}
    assert not [one.action for one in allowed if "*" in one.action]


def test_a_role_is_its_service_s_alone(template: Reader) -> None:
    for role in template.all("AWS::IAM::Role").values():
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"].keys() == {"Service"}
        assert statement["Principal"]["Service"] in ("lambda.amazonaws.com", "states.amazonaws.com")


def test_functions_let_nobody_call_them_but_the_door_and_the_events_that_they_hear(template: Reader) -> None:
    called = {template.text(each["FunctionName"]) for each in template.all("AWS::Lambda::Permission").values()}
    outside = ("api", "callback", "close_job", "copy_film", "keep_clip", "sweep")
    assert called == {f"{template.function_id(folder)}.Arn" for folder in outside}


def id_part(folder: str) -> str:
    """As CDK writes it into a logical id, with the kind of thing that follows."""
    return folder.replace("_", "") + "log"


@pytest.mark.parametrize("folder", WIRING)
def test_a_function_has_the_room_and_the_time_of_its_work(template: Reader, folder: str) -> None:
    function, wiring = template.functions[folder], WIRING[folder]
    assert (function["MemorySize"], function["Timeout"]) == (wiring.memory, wiring.seconds)
    assert function["EphemeralStorage"] == {"Size": wiring.tmp}


@pytest.mark.parametrize("folder", WIRING)
def test_a_function_is_called_by_one_name_everywhere(template: Reader, folder: str) -> None:
    function = template.functions[folder]
    assert function["Handler"] == f"functions.{folder}.handler.handler"
    assert function["FunctionName"] == f"reelay-dev-{folder}"
    assert template.environment(folder)["POWERTOOLS_SERVICE_NAME"] == folder
    assert template.environment(folder)["POWERTOOLS_METRICS_NAMESPACE"] == "Reelay"


def test_functions_run_on_arm64_and_on_the_python_that_builds(template: Reader) -> None:
    for function in template.functions.values():
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == f"python3.{sys.version_info.minor}"
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_our_code_is_one_asset(template: Reader) -> None:
    assert len({function["Code"]["S3Key"] for function in template.functions.values()}) == 1


def test_a_function_carries_no_layer_that_it_does_not_use(template: Reader) -> None:
    packages, ffmpeg, fonts, tracks = (
        template.only("AWS::Lambda::LayerVersion", name) for name in ("Packages", "Ffmpeg", "Fonts", "Tracks")
    )
    for folder, function in template.functions.items():
        layers = [template.text(layer) for layer in function["Layers"]]
        used = WIRING[folder]
        assert layers == [packages, *[ffmpeg] * used.ffmpeg, *[fonts] * used.fonts, *[tracks] * used.tracks]


def test_fonts_and_tracks_are_named_where_their_layers_lie(template: Reader) -> None:
    assert template.environment("make_piece")["FONTS_FOLDER"] == FONTS_ON_LAMBDA
    assert template.environment("assemble")["TRACKS_FOLDER"] == TRACKS_ON_LAMBDA


def test_every_log_is_kept_for_a_month(template: Reader) -> None:
    groups = template.all("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
    logged = {template.text(function["LoggingConfig"]["LogGroup"]) for function in template.functions.values()}
    assert logged <= groups.keys()
    assert len(logged) == len(WIRING)


def test_providers_call_back_to_the_api_unless_the_deployment_says_where(template: Reader) -> None:
    api = template.only("AWS::ApiGatewayV2::Api")
    assert template.environment("request_clip")["PUBLIC_URL"] == f"PublicUrlIsOwn ? {api}.ApiEndpoint : {{PublicUrl}}"
    assert template.template["Conditions"]["PublicUrlIsOwn"] == {"Fn::Equals": [{"Ref": "PublicUrl"}, ""]}


def test_shared_pictures_are_had_of_the_distribution_unless_the_deployment_says_where(template: Reader) -> None:
    there = template.only("AWS::CloudFront::Distribution")
    told = f"SharedUrlIsOwn ? https://{there}.DomainName : {{SharedUrl}}"
    assert {template.environment(folder)["SHARED_URL"] for folder in ("api", "keep_clip", "request_clip")} == {told}


def test_what_a_deployment_may_choose_reaches_the_functions(template: Reader) -> None:
    chosen = {
        "LOG_LEVEL": "LogLevel",
        "VIDEO_GENERATION_MODEL": "VideoGenerationModel",
        "OUTSIDE_ORIGINS": "OutsideOrigins",
        "REPLICATE_BASE_URL": "ReplicateBaseUrl",
        "REPLICATE_OUTPUT_ORIGINS": "ReplicateOutputOrigins",
        "PIAPI_BASE_URL": "PiapiBaseUrl",
        "PIAPI_UPLOAD_URL": "PiapiUploadUrl",
        "PIAPI_OUTPUT_ORIGINS": "PiapiOutputOrigins",
        "RUNWAYML_ENABLED": "RunwaymlEnabled",
        "RUNWAYML_BASE_URL": "RunwaymlBaseUrl",
        "RUNWAY_OUTPUT_ORIGINS": "RunwayOutputOrigins",
        "XAI_BASE_URL": "XaiBaseUrl",
        "OPENAI_BASE_URL": "OpenaiBaseUrl",
        "R2_ENDPOINT_URL": "R2EndpointUrl",
        "R2_PUBLIC_URL": "R2PublicUrl",
        "MEDIA_HANDOVER": "MediaHandover",
        "CHECK_DELAYS": "CheckDelays",
        "CLIP_TIMEOUT_SECONDS": "ClipTimeoutSeconds",
        "APPROVAL_SECONDS": "ApprovalSeconds",
    }
    for folder in WIRING:
        for variable, value in template.environment(folder).items():
            if variable in chosen:
                assert value == f"{{{chosen[variable]}}}"
    assert template.template["Parameters"].keys() == {*chosen.values(), "PublicUrl", "SharedUrl"}


def test_whoever_looks_into_the_catalogue_may_read_the_deployments_word_on_it_and_is_heard_by_the_alarm(
    template: Reader,
) -> None:
    looks = re.compile(r"\bwiring(\.|\.?\s+import\b[^\n]*\b)(catalogue|outbox)\b")
    choosers = {
        path.relative_to(FUNCTIONS).parts[0]
        for path in FUNCTIONS.glob("*/**/*.py")
        if path.relative_to(FUNCTIONS).parts[0] != "studio" and looks.search(path.read_text())
    }
    assert choosers == set(CHOOSERS)
    for folder in choosers:
        assert "MEDIA_BUCKET" in template.environment(folder)
        assert granted(template, "look") <= template.permissions(template.functions[folder]["Role"])
