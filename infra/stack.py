"""Reelay, as one reads it."""

from aws_cdk import App, CfnOutput, DefaultStackSynthesizer, Stack, Tags

from infra.accept import Accept
from infra.close import Close
from infra.door import Door
from infra.library import Library
from infra.make_clips import MakeClips
from infra.make_film import MakeFilm
from infra.parameters import Parameters
from infra.plan import Plan
from infra.runtime import Runtime
from infra.share import Share
from infra.watch import Watch
from infra.workflow import Workflow


class Reelay(Stack):
    """A job comes in by the door, is accepted and planned; its clips are made, then its film; it is closed. The
    workflow conducts, the library remembers, and we watch."""

    def __init__(self, app: App, *, stage: str) -> None:
        super().__init__(
            app,
            f"reelay-{stage}",
            description="Reelay: films from pictures, by AI video models it does not own",
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        parameters = Parameters(self)
        runtime = Runtime(self, "Runtime", log_level=parameters.log_level)
        library = Library(self, "Library")
        share = Share(self, "Share", shared_url=parameters.shared_url)
        door = Door(self, "Door", public_url=parameters.public_url)
        workflow = Workflow(self, "Workflow")

        planning = Plan(self, "Plan", runtime=runtime, library=library, parameters=parameters)
        clips = MakeClips(
            self,
            "MakeClips",
            runtime=runtime,
            library=library,
            share=share,
            door=door,
            workflow=workflow,
            parameters=parameters,
        )
        film = MakeFilm(self, "MakeFilm", runtime=runtime, library=library, clips=clips)
        end = Close(
            self, "Close", runtime=runtime, library=library, workflow=workflow, clips=clips, parameters=parameters
        )
        workflow.conduct(
            Plan=planning.plan,
            RequestClip=clips.request_clip,
            KeepClip=clips.keep_clip,
            Arrange=film.arrange,
            MakePiece=film.make_piece,
            Assemble=film.assemble,
            Deliver=end.deliver,
            CloseJob=end.close_job,
        )
        accept = Accept(
            self,
            "Accept",
            runtime=runtime,
            library=library,
            share=share,
            door=door,
            workflow=workflow,
            planning=planning,
            clips=clips,
            end=end,
            parameters=parameters,
        )
        Watch(
            self,
            "Watch",
            door=door,
            workflow=workflow,
            clips=clips,
            unattended=(accept.sweep, end.close_job, clips.keep_clip),
        )

        Tags.of(self).add("project", "reelay")
        Tags.of(self).add("stage", stage)
        for name, value in {
            "ApiUrl": door.api.api_endpoint,
            "TableName": library.table.table_name,
            "MediaBucketName": library.media.bucket_name,
            "SharedBucketName": share.bucket.bucket_name,
            "SharedPicturesUrl": share.url,
            "StateMachineArn": workflow.machine.state_machine_arn,
            "ReplicateSecretArn": clips.key.arn,
            "PiapiSecretArn": clips.piapi_key.arn,
            "RunwaySecretArn": clips.runway_key.arn,
            "XaiSecretArn": planning.key.arn,
            "OpenaiSecretArn": planning.openai_key.arn,
            "R2SecretArn": end.r2_keys.arn,
            "DeadChecksUrl": clips.dead_checks.queue_url,
        }.items():
            CfnOutput(self, name, value=value)
