"""What is shared: pictures that anybody may see who was given their address."""

from aws_cdk import CfnCondition, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.library import READ, REMOVE, WRITE
from infra.waivers import printed_arn, waive, waive_wildcard


class Share(Construct):
    """A bucket as private as that of the media, and the distribution by which the world reads it."""

    def __init__(self, scope: Construct, id: str, *, shared_url: str) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(id="abandoned", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        waive("S1", self.bucket, because="It is read by the distribution, and written by this stack's functions only.")
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"{stack.stack_name}: pictures that are shared",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self.bucket),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                # No key is ever written twice: what was read once stays true.
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=cloudfront.ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS_AND_SECURITY_HEADERS,
            ),
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        )
        for rule, because in {
            "CFR1": "Who may see a picture is decided by whoever shares its address, wherever they are.",
            "CFR2": "It answers reads of a bucket, by keys that nobody guesses, and runs nothing.",
            "CFR3": "Keys are what opens a picture, so none of them is written to a log.",
            "CFR4": "Its own address has CloudFront's certificate, whose TLS is not ours to choose.",
        }.items():
            waive(rule, distribution, because=because)
        own = CfnCondition(stack, "SharedUrlIsOwn", expression=Fn.condition_equals(shared_url, ""))
        address = f"https://{distribution.distribution_domain_name}"
        self.url = Fn.condition_if(own.logical_id, address, shared_url).to_string()

    def show(self, *borrowers: lambda_.Function) -> None:
        for function in borrowers:
            self._lend(function, READ)

    def lend(self, *borrowers: lambda_.Function) -> None:
        for function in borrowers:
            self._lend(function, READ + WRITE)

    def let_remove(self, function: lambda_.Function) -> None:
        function.add_to_role_policy(iam.PolicyStatement(actions=REMOVE, resources=[self.bucket.arn_for_objects("*")]))

    def _lend(self, function: lambda_.Function, actions: list[str]) -> None:
        function.add_environment("SHARED_BUCKET", self.bucket.bucket_name)
        function.add_environment("SHARED_URL", self.url)
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[self.bucket.arn_for_objects("*")]))
        waive_wildcard(f"{printed_arn(self.bucket)}/*", function, because="Keys are made at run time.")
        function.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]))
