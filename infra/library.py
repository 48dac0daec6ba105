"""What every stage of the flow shares: the rows, which are the truth, and the media."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.waivers import printed_arn, waive, waive_wildcard

ROWS = [
    f"dynamodb:{action}"
    for action in (
        "GetItem",
        "BatchGetItem",
        "Query",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "ConditionCheckItem",
    )
]
READ = ["s3:GetObject", "s3:GetObjectTagging"]
WRITE = ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"]
REMOVE = ["s3:DeleteObject"]


class Library(Construct):
    """The table and the media bucket. Whoever is lent one learns its name from its environment."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            time_to_live_attribute="expiresAt",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        # Sparse: only jobs that have not ended carry the attribute, so the sweep reads nothing else.
        self.table.add_global_secondary_index(
            index_name="unfinished", partition_key=_text("unfinished"), sort_key=_text("createdAt")
        )
        self.media = s3.Bucket(
            self,
            "Media",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # Not versioned: no key is ever written twice.
            lifecycle_rules=[
                _expires("raw", days=90),
                _expires("upload", days=1),
                s3.LifecycleRule(id="abandoned", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
            cors=[
                s3.CorsRule(
                    # A page may put a picture there only with a form that the API has signed.
                    allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD, s3.HttpMethods.POST],
                    allowed_origins=["*"],
                    allowed_headers=["*"],
                    exposed_headers=["Content-Length", "Content-Range", "ETag"],
                    max_age=3600,
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        waive(
            "S1",
            self.media,
            because="Objects are reached by URLs that the API signs for one tenant, or by this stack's functions; an "
            "account that wants each read recorded turns on CloudTrail's data events.",
        )

    def lend_rows(self, *borrowers: lambda_.Function) -> None:
        for function in borrowers:
            function.add_environment("TABLE_NAME", self.table.table_name)
            self.table.grant(function, *ROWS)
            waive_wildcard(f"{printed_arn(self.table)}/index/*", function, because="The table's own indexes.")

    def show_media(self, *borrowers: lambda_.Function) -> None:
        for function in borrowers:
            self._lend_media(function, READ)

    def lend_media(self, *borrowers: lambda_.Function) -> None:
        for function in borrowers:
            self._lend_media(function, READ + WRITE)

    def let_remove_media(self, function: lambda_.Function) -> None:
        function.add_to_role_policy(iam.PolicyStatement(actions=REMOVE, resources=[self.media.arn_for_objects("*")]))

    def _lend_media(self, function: lambda_.Function, actions: list[str]) -> None:
        function.add_environment("MEDIA_BUCKET", self.media.bucket_name)
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[self.media.arn_for_objects("*")]))
        waive_wildcard(f"{printed_arn(self.media)}/*", function, because="Keys are made at run time.")
        # Without it S3 answers 403, not 404, for an object that is not there.
        function.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.media.bucket_arn]))


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _expires(lifetime: str, *, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(id=lifetime, tag_filters={"lifetime": lifetime}, expiration=Duration.days(days))
