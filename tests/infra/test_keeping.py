"""What outlives a deployment is kept, kept private, and no longer than promised."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.checkout import ROOT

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
    for name in template.all(type):
        resource = template.resources[name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_media_are_private_and_encrypted(template: Reader) -> None:
    [bucket] = template.all("AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert [rule["AllowedMethods"] for rule in bucket["CorsConfiguration"]["CorsRules"]] == [["GET"]]


@pytest.mark.parametrize("type", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"])
def test_nothing_is_reached_without_tls(template: Reader, type: str) -> None:
    policies = template.all(type)
    assert len(policies) == len(template.all(type.removesuffix("Policy")))
    for policy in policies.values():
        assert {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}.items() <= (
            policy["PolicyDocument"]["Statement"][0].items()
        )


def test_raw_outputs_and_abandoned_uploads_expire(template: Reader) -> None:
    [bucket] = template.all("AWS::S3::Bucket").values()
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
    for secret in template.all("AWS::SecretsManager::Secret").values():
        assert secret["GenerateSecretString"] == {}
        assert "SecretString" not in secret


def test_everything_that_can_be_tagged_says_whose_it_is(template: Reader) -> None:
    tagged = [each["Properties"]["Tags"] for each in template.resources.values() if "Tags" in each["Properties"]]
    as_pairs = [tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags} for tags in tagged]
    assert len(as_pairs) > 40
    assert all(pairs == {"project": "reelay", "stage": "dev"} for pairs in as_pairs)


def test_the_template_is_of_no_account_and_names_no_machine(template: Reader) -> None:
    text = json.dumps(template.template)
    assert not re.search(r"\b\d{12}\b", text)
    assert str(ROOT) not in text
    assert f"{Path.home()}/" not in text
