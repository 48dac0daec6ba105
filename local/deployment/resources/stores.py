"""What remembers: tables, buckets, queues, secrets, parameters."""

from __future__ import annotations

import json
from typing import Any

from local.credentials import REGION
from local.deployment.records import Deployment, Made
from local.deployment.resources.kinds import (
    FOR_READERS,
    FORGOTTEN,
    MEANT,
    NO_BILL,
    NO_IAM,
    ONE_LOG,
    UNENCRYPTED,
    Properties,
    arn,
    known,
    switched_on,
    texts,
)


@known(
    "AWS::DynamoDB::Table",
    TableName=MEANT,
    KeySchema=MEANT,
    AttributeDefinitions=MEANT,
    BillingMode=MEANT,
    ProvisionedThroughput=MEANT,
    GlobalSecondaryIndexes=MEANT,
    LocalSecondaryIndexes=MEANT,
    StreamSpecification={"StreamViewType": MEANT},
    TimeToLiveSpecification={"AttributeName": MEANT, "Enabled": MEANT},
    DeletionProtectionEnabled=MEANT,
    Tags=MEANT,
    PointInTimeRecoverySpecification=FORGOTTEN,
    SSESpecification=UNENCRYPTED,
    ContributorInsightsSpecification=NO_BILL,
    TableClass=NO_BILL,
)
def table(to: Deployment, logical_id: str, given: Properties) -> Made:
    name = given.pop("TableName", to.physical_name(logical_id))
    expiry = given.pop("TimeToLiveSpecification", None)
    if "StreamSpecification" in given:
        given["StreamSpecification"]["StreamEnabled"] = True
    made = to.client("dynamodb").create_table(TableName=name, **given)["TableDescription"]
    if expiry:
        to.client("dynamodb").update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={**expiry, "Enabled": switched_on(expiry["Enabled"])},
        )
    return Made(name, {"Arn": made["TableArn"], "StreamArn": made.get("LatestStreamArn", "")})


@known(
    "AWS::S3::Bucket",
    BucketName=MEANT,
    CorsConfiguration={
        "CorsRules": [
            {
                "Id": FOR_READERS,
                "AllowedHeaders": MEANT,
                "AllowedMethods": MEANT,
                "AllowedOrigins": MEANT,
                "ExposedHeaders": MEANT,
                "MaxAge": MEANT,
            }
        ]
    },
    LifecycleConfiguration={
        "Rules": [
            {
                "Id": MEANT,
                "Status": MEANT,
                "Prefix": MEANT,
                "TagFilters": [{"Key": MEANT, "Value": MEANT}],
                "ExpirationInDays": MEANT,
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": MEANT},
            }
        ]
    },
    VersioningConfiguration={"Status": MEANT},
    Tags=MEANT,
    BucketEncryption=UNENCRYPTED,
    LoggingConfiguration=ONE_LOG,
    OwnershipControls=NO_IAM,
    PublicAccessBlockConfiguration=NO_IAM,
)
def bucket(to: Deployment, logical_id: str, given: Properties) -> Made:
    name = given.get("BucketName", to.physical_name(logical_id).lower())
    s3 = to.client("s3")
    s3.create_bucket(Bucket=name)
    if cors := given.get("CorsConfiguration"):
        s3.put_bucket_cors(
            Bucket=name, CORSConfiguration={"CORSRules": [cors_rule(rule) for rule in cors["CorsRules"]]}
        )
    if lifecycle := given.get("LifecycleConfiguration"):
        s3.put_bucket_lifecycle_configuration(
            Bucket=name,
            LifecycleConfiguration={"Rules": [lifecycle_rule(rule) for rule in lifecycle["Rules"]]},
        )
    if versioning := given.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    if tags := given.get("Tags"):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    return Made(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        },
    )


def cors_rule(rule: Properties) -> Properties:
    """CloudFormation's words for a rule, in S3's own."""
    words = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    said = {words.get(name, name): value for name, value in rule.items()}
    return said | ({"MaxAgeSeconds": int(said["MaxAgeSeconds"])} if "MaxAgeSeconds" in said else {})


def lifecycle_rule(rule: Properties) -> Properties:
    said: Properties = {"Status": rule["Status"]}
    if "Id" in rule:
        said["ID"] = rule["Id"]
    tags, prefix = rule.get("TagFilters", []), rule.get("Prefix")
    if len(tags) + (prefix is not None) > 1:
        said["Filter"] = {"And": {"Tags": tags} | ({} if prefix is None else {"Prefix": prefix})}
    else:
        said["Filter"] = {"Tag": tags[0]} if tags else {"Prefix": prefix or ""}
    if "ExpirationInDays" in rule:
        said["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if abandoned := rule.get("AbortIncompleteMultipartUpload"):
        said["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(abandoned["DaysAfterInitiation"])}
    return said


@known(
    "AWS::SQS::Queue",
    QueueName=MEANT,
    DelaySeconds=MEANT,
    FifoQueue=MEANT,
    ContentBasedDeduplication=MEANT,
    MaximumMessageSize=MEANT,
    MessageRetentionPeriod=MEANT,
    ReceiveMessageWaitTimeSeconds=MEANT,
    RedrivePolicy=MEANT,
    VisibilityTimeout=MEANT,
    Tags=MEANT,
    KmsMasterKeyId=UNENCRYPTED,
    KmsDataKeyReusePeriodSeconds=UNENCRYPTED,
    RedriveAllowPolicy=NO_IAM,
    SqsManagedSseEnabled=UNENCRYPTED,
)
def queue(to: Deployment, logical_id: str, given: Properties) -> Made:
    name = given.pop("QueueName", to.physical_name(logical_id))
    tags = {tag["Key"]: tag["Value"] for tag in given.pop("Tags", [])}
    if "RedrivePolicy" in given:
        given["RedrivePolicy"] = json.dumps(given["RedrivePolicy"])
    attributes = {key: texts(value) for key, value in given.items()}
    url = to.client("sqs").create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]
    return Made(url, {"Arn": arn("sqs", name), "QueueName": name, "QueueUrl": url})


@known(
    "AWS::SecretsManager::Secret",
    Name=MEANT,
    Description=MEANT,
    SecretString=MEANT,
    GenerateSecretString=MEANT,
    Tags=MEANT,
    KmsKeyId=UNENCRYPTED,
)
def secret(to: Deployment, logical_id: str, given: Properties) -> Made:
    manager = to.client("secretsmanager")
    name = given.pop("Name", to.physical_name(logical_id))
    if "GenerateSecretString" in given:
        given["SecretString"] = generated_secret(manager, given.pop("GenerateSecretString"))
    made = manager.create_secret(Name=name, **given)["ARN"]
    return Made(made, {"Id": made})


def generated_secret(manager: Any, rules: Properties) -> str:
    template, key = rules.pop("SecretStringTemplate", None), rules.pop("GenerateStringKey", None)
    password: str = manager.get_random_password(**rules)["RandomPassword"]
    return json.dumps({**json.loads(template), key: password}) if template else password


@known(
    "AWS::SSM::Parameter",
    Name=MEANT,
    Type=MEANT,
    Value=MEANT,
    Description=MEANT,
    Tier=NO_BILL,
    Tags=FOR_READERS,
)
def parameter(to: Deployment, logical_id: str, given: Properties) -> Made:
    name = given.pop("Name", to.physical_name(logical_id))
    to.client("ssm").put_parameter(Name=name, **given)
    return Made(name, {"Type": given["Type"], "Value": given["Value"]})
