"""What outlives a deployment is kept, kept private, and no longer than promised."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local.checkout import ROOT
from tests.infra.conftest import many

if TYPE_CHECKING:
    from tests.infra.conftest import Reader


def test_the_table_is_as_the_stores_expect_it(template: Reader) -> None:
    [table] = template.all("AWS::DynamoDB::Table").values()
    assert {(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]} == {("pk", "HASH"), ("sk", "RANGE")}
    assert {each["AttributeType"] for each in table["AttributeDefinitions"]} == {"S"}
    [index] = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "unfinished"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["unfinished", "createdAt"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_rows_can_be_restored_and_not_deleted_by_accident(template: Reader) -> None:
    [table] = template.all("AWS::DynamoDB::Table").values()
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("type", ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"])
def test_what_cannot_be_made_again_outlives_the_stack(template: Reader, type: str) -> None:
    for name in template.all(type).keys() - {player_secret(template)}:
        resource = template.resources[name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def player_secret(template: Reader) -> str:
    return template.only("AWS::SecretsManager::Secret", "Player")


BUCKETS = ("Media", "Share")


def bucket_of(template: Reader, naming: str) -> dict[str, Any]:
    return template.all("AWS::S3::Bucket")[template.only("AWS::S3::Bucket", naming)]


@pytest.mark.parametrize("naming", BUCKETS)
def test_media_are_private_and_encrypted(template: Reader, naming: str) -> None:
    bucket = bucket_of(template, naming)
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_a_page_of_another_origin_may_show_media_and_upload_by_a_signed_form_and_nothing_else(template: Reader) -> None:
    bucket = bucket_of(template, "Media")
    [rule] = bucket["CorsConfiguration"]["CorsRules"]
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("naming", BUCKETS)
def test_what_a_user_deletes_is_gone(template: Reader, naming: str) -> None:
    """No key is written twice, so that versions would keep nothing but what somebody asked to be deleted."""
    bucket = bucket_of(template, naming)
    assert not bucket.keys() & {"VersioningConfiguration", "ObjectLockEnabled", "ReplicationConfiguration"}


def test_messages_are_encrypted_those_set_aside_too(template: Reader) -> None:
    queues = template.all("AWS::SQS::Queue").values()
    assert [queue["SqsManagedSseEnabled"] for queue in queues] == [True, True]


@pytest.mark.parametrize("type", ["AWS::S3::Bucket", "AWS::SQS::Queue"])
def test_nothing_is_reached_without_tls_and_nobody_is_let_in_from_outside(template: Reader, type: str) -> None:
    refused = set()
    for policy in template.all(f"{type}Policy").values():
        statement, *others = policy["PolicyDocument"]["Statement"]
        assert not [one for one in others if one["Principal"] != {"Service": "cloudfront.amazonaws.com"}]
        assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
        assert statement["Action"] in ("s3:*", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        refused |= {template.text(resource) for resource in many(statement["Resource"])}
    there = {f"{name}.Arn" for name in template.all(type)}
    assert refused == there | ({f"{arn}/*" for arn in there} if type == "AWS::S3::Bucket" else set())


def test_the_distribution_alone_is_let_in_to_read_what_is_shared(template: Reader) -> None:
    [distribution], [access] = (
        template.all(f"AWS::CloudFront::{kind}") for kind in ("Distribution", "OriginAccessControl")
    )
    shared = template.only("AWS::S3::Bucket", "Share")
    [policy] = [one for one in template.all("AWS::S3::BucketPolicy").values() if template.text(one["Bucket"]) == shared]
    _, read = policy["PolicyDocument"]["Statement"]
    assert (read["Effect"], read["Action"], template.text(read["Resource"])) == (
        "Allow",
        "s3:GetObject",
        f"{shared}.Arn/*",
    )
    [source] = read["Condition"]["StringEquals"].items()
    assert (source[0], template.text(source[1])) == (
        "AWS:SourceArn",
        f"arn:aws:cloudfront::123456789012:distribution/{distribution}",
    )
    config = template.resources[distribution]["Properties"]["DistributionConfig"]
    [origin] = config["Origins"]
    assert template.text(origin["DomainName"]) == f"{shared}.RegionalDomainName"
    assert template.text(origin["OriginAccessControlId"]) == f"{access}.Id"
    assert config["DefaultCacheBehavior"]["AllowedMethods"] == ["GET", "HEAD"]
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


def test_raw_outputs_and_abandoned_uploads_expire(template: Reader) -> None:
    bucket = bucket_of(template, "Media")
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert {rule["TagFilters"][0]["Value"]: rule["ExpirationInDays"] for rule in rules if "TagFilters" in rule} == {
        "raw": 90,
        "upload": 1,
    }
    [abandoned] = [rule for rule in rules if "TagFilters" not in rule]
    assert abandoned["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "ExpirationInDays" not in abandoned


def test_no_secret_is_in_the_template(template: Reader) -> None:
    for name, secret in template.all("AWS::SecretsManager::Secret").items():
        assert "SecretString" not in secret
        made = {"SecretStringTemplate": "{}", "GenerateStringKey": "untouched"}
        if name == player_secret(template):
            made = {"PasswordLength": 64, "ExcludePunctuation": True}
        assert secret["GenerateSecretString"] == made


def test_functions_are_told_where_a_secret_is_never_what_it_is(template: Reader) -> None:
    secrets = set(template.all("AWS::SecretsManager::Secret"))
    told = {
        (name, value)
        for folder in template.functions
        for name, value in template.environment(folder).items()
        if re.search("KEY|SECRET|TOKEN|PASSWORD", name) or value in secrets
    }
    assert {name for name, _ in told} == {
        "REPLICATE_SECRET_ARN",
        "PIAPI_SECRET_ARN",
        "RUNWAYML_SECRET_ARN",
        "XAI_SECRET_ARN",
        "OPENAI_SECRET_ARN",
        "R2_SECRET_ARN",
        "PLAYER_SECRET_ARN",
    }
    assert {value for _, value in told} == secrets
    assert not [name for name in template.template["Parameters"] if re.search("Key|Secret|Token|Password", name)]


def test_everything_that_can_be_tagged_says_whose_it_is(template: Reader) -> None:
    for name, resource in template.resources.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        if "Tags" in schema["properties"]:
            tags = resource["Properties"].get("Tags", [])
            pairs = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
            assert pairs == {"project": "reelay", "stage": "dev"}, name


def test_the_template_is_of_no_account_and_names_no_machine(template: Reader) -> None:
    text = json.dumps(template.template)
    assert not re.search(r"\b\d{12}\b", text)
    assert str(ROOT) not in text
    assert f"{Path.home()}/" not in text
