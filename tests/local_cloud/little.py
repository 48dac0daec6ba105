"""A little template with one of each thing, its parts, and the cloud that it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.cloud import LocalCloud
from local.template import Assembly


def a_function(handler: str, **properties: Any) -> dict[str, Any]:
    known = {"Handler": f"tests.local_cloud.handlers.{handler}", "Timeout": 20, "FunctionName": handler}
    return {"Type": "AWS::Lambda::Function", "Properties": known | properties}


def a_route(key: str, integration: str) -> dict[str, Any]:
    target = {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]}
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {"ApiId": {"Ref": "Api"}, "RouteKey": key, "Target": target},
    }


def an_integration(function: str, **properties: Any) -> dict[str, Any]:
    known = {
        "ApiId": {"Ref": "Api"},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": {"Fn::GetAtt": [function, "Arn"]},
        "PayloadFormatVersion": "2.0",
    }
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": known | properties}


def a_template() -> dict[str, Any]:
    table = {"Variables": {"TABLE_NAME": {"Ref": "Table"}}}
    machine = {
        "StartAt": "Echo",
        "States": {
            "Echo": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "${Echo}", "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "End": True,
            }
        },
    }
    return {
        "Parameters": {"LogLevel": {"Type": "String", "Default": "INFO"}},
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": "sk", "KeyType": "RANGE"},
                    ],
                    "AttributeDefinitions": [
                        {"AttributeName": "pk", "AttributeType": "S"},
                        {"AttributeName": "sk", "AttributeType": "S"},
                    ],
                    "BillingMode": "PAY_PER_REQUEST",
                },
            },
            "Media": {"Type": "AWS::S3::Bucket"},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 3}},
            "Dead": {"Type": "AWS::SQS::Queue"},
            "About": a_function("about", MemorySize=256, Environment={"Variables": {"LOG_LEVEL": {"Ref": "LogLevel"}}}),
            "Echo": a_function("echo"),
            "FailTwice": a_function("fail_twice", Environment=table),
            "Http": a_function("http"),
            "KeepMessages": a_function("keep_messages", Timeout=3, Environment=table),
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                    "FunctionName": {"Ref": "KeepMessages"},
                    "BatchSize": 5,
                    "MaximumBatchingWindowInSeconds": 1,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                },
            },
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": json.dumps(machine),
                    "DefinitionSubstitutions": {"Echo": {"Fn::GetAtt": ["Echo", "Arn"]}},
                },
            },
            "Api": {
                "Type": "AWS::ApiGatewayV2::Api",
                "Properties": {
                    "Name": "little",
                    "ProtocolType": "HTTP",
                    "CorsConfiguration": {
                        "AllowOrigins": ["https://desk.example"],
                        "AllowMethods": ["GET", "POST"],
                        "AllowHeaders": ["x-api-key"],
                        "ExposeHeaders": ["etag"],
                        "MaxAge": 60,
                    },
                },
            },
            "HttpIntegration": an_integration("Http"),
            "Impatient": an_integration("Http", TimeoutInMillis=500),
            "Clip": a_route("GET /clips/{clip}", "HttpIntegration"),
            "FirstClip": a_route("GET /clips/first", "HttpIntegration"),
            "Clips": a_route("ANY /clips/{rest+}", "HttpIntegration"),
            "Post": a_route("POST /clips", "HttpIntegration"),
            "Slow": a_route("GET /slow", "Impatient"),
        },
        "Outputs": {
            "TableName": {"Value": {"Ref": "Table"}},
            "MediaBucketName": {"Value": {"Ref": "Media"}},
            "QueueUrl": {"Value": {"Ref": "Queue"}},
            "DeadChecksUrl": {"Value": {"Ref": "Dead"}},
            "StateMachineArn": {"Value": {"Ref": "Machine"}},
            "ApiUrl": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}},
        },
    }


def little_cloud(out: Path, **given: Any) -> LocalCloud:
    assembly = Assembly("little", a_template())
    return LocalCloud(assembly=assembly, stand_ins=(), tenants=(), out=out, retry_delays=(0.1, 0.1), **given)
