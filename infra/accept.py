"""Accepting jobs: the API, and the sweep behind it for those whose run never began."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.close import Close
from infra.door import Door
from infra.library import Library
from infra.make_clips import MakeClips
from infra.parameters import Parameters
from infra.plan import Plan
from infra.runtime import Runtime
from infra.share import Share
from infra.waivers import waive
from infra.workflow import Workflow


class Accept(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: Runtime,
        library: Library,
        share: Share,
        door: Door,
        workflow: Workflow,
        planning: Plan,
        clips: MakeClips,
        end: Close,
        parameters: Parameters,
    ) -> None:
        super().__init__(scope, id)
        self.api = runtime.function(self, "api", does="Answers the HTTP API.", seconds=30, memory=1024, ffmpeg=True)
        self.sweep = runtime.function(
            self, "sweep", does="Starts, closes or ends what does not move by itself.", seconds=60
        )

        self.player_secret = secretsmanager.Secret(
            self,
            "Player",
            description="Signs the tokens of video players",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=RemovalPolicy.DESTROY,
        )
        waive(
            "SMG4", self.player_secret, because="Another value ends every token at once, and each lasts a day at most."
        )
        self.api.add_environment("PLAYER_SECRET_ARN", self.player_secret.secret_arn)
        self.player_secret.grant_read(self.api)
        self.api.add_environment("VIDEO_GENERATION_MODEL", parameters.video_generation_model)
        planning.openai_key.hand_to(self.api)
        self.api.add_environment("OPENAI_BASE_URL", parameters.openai_base_url)
        self.api.add_environment("OUTSIDE_ORIGINS", parameters.outside_origins)
        self.api.add_environment("RUNWAYML_ENABLED", parameters.runwayml_enabled)
        library.lend_rows(self.api, self.sweep)
        library.lend_media(self.api)
        library.show_media(self.sweep)
        library.let_remove_media(self.api)
        share.lend(self.api)
        share.let_remove(self.api)
        end.let_stop(self.sweep, clips=clips, workflow=workflow)
        workflow.be_started_by(self.api, self.sweep)
        workflow.be_watched_by(self.sweep)
        end.be_told_by(self.api, self.sweep)

        door.default_to(self.api)
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[targets.LambdaFunction(self.sweep)],
        )
