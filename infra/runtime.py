"""What every function has in common."""

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import bundles
from infra.waivers import waive, waive_wildcard

# Of the metrics that the functions count.
NAMESPACE = "Reelay"


class Runtime(Construct):
    """The code and the layers, and how a folder of `functions/` becomes a Lambda."""

    def __init__(self, scope: Construct, id: str, *, log_level: str) -> None:
        super().__init__(scope, id)
        self._log_level = log_level
        self._code = bundles.our_code().asset()
        # What is tested is what runs: the wheels and the bytecode are of the Python that builds.
        self._python = lambda_.Runtime(f"python{bundles.PYTHON}", lambda_.RuntimeFamily.PYTHON)
        self._packages = self._layer("Packages", bundles.packages(), "Third-party packages")
        self._ffmpeg = self._layer("Ffmpeg", bundles.ffmpeg(), "ffmpeg, static")
        self._fonts = self._layer("Fonts", bundles.fonts(), "Fonts under the Open Font License")
        self._tracks = self._layer("Tracks", bundles.tracks(), "Music of our own")

    def function(
        self,
        scope: Construct,
        folder: str,
        *,
        does: str,
        seconds: int,
        memory: int = 512,
        tmp: int = 512,
        ffmpeg: bool = False,
        fonts: bool = False,
        tracks: bool = False,
    ) -> lambda_.Function:
        """The Lambda of `functions/{folder}`; it may do nothing but log until it is granted more. `memory` and
        `tmp` (its disk) are in MB."""
        name = f"{Stack.of(self).stack_name}-{folder}"
        log_group = logs.LogGroup(
            scope,
            f"{folder}_log",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # A role of its own, because the managed policy for Lambda's logs lets it write to every log group.
        role = iam.Role(scope, f"{folder}_role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        layers = ((self._ffmpeg, ffmpeg), (self._fonts, fonts), (self._tracks, tracks))
        function = lambda_.Function(
            scope,
            folder,
            function_name=name,
            description=does,
            code=self._code,
            handler=f"functions.{folder}.handler.handler",
            runtime=self._python,
            architecture=lambda_.Architecture.ARM_64,
            layers=[self._packages, *(layer for layer, wanted in layers if wanted)],
            memory_size=memory,
            timeout=Duration.seconds(seconds),
            ephemeral_storage_size=Size.mebibytes(tmp),
            environment={
                "LOG_LEVEL": self._log_level,
                "POWERTOOLS_SERVICE_NAME": folder,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            },
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )
        if fonts:
            function.add_environment("FONTS_FOLDER", bundles.FONTS_ON_LAMBDA)
        if tracks:
            function.add_environment("TRACKS_FOLDER", bundles.TRACKS_ON_LAMBDA)
        waive("L1", function, because="The runtime follows the Python that builds and tests.")
        waive_wildcard("*", function, because="X-Ray's actions know no resources.")
        return function

    def _layer(self, id: str, bundle: bundles.Bundle, description: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id,
            code=bundle.asset(),
            description=description,
            compatible_runtimes=[self._python],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )
