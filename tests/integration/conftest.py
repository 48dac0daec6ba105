"""Real stores over moto, in this process: a table and a bucket for each test."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from moto import mock_aws

from functions.api import given
from functions.api.keys import issue_key
from functions.studio import wiring
from functions.studio.clock import CLOCK
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.table import Table
from local.ffmpeg import path_with_ffmpeg
from local.layers import fonts_folder, tracks_folder
from local.mends import tables
from local.standins.openai import OpenAi
from local.standins.xai import Xai
from tests.integration.api_events import Caller
from tests.integration.choice_stage import Lately, MovedClock
from tests.media import Studio
from tests.outputs import Outputs
from tests.shelf import Shelf

os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "testing",
    "POWERTOOLS_SERVICE_NAME": "testing",
    "POWERTOOLS_METRICS_NAMESPACE": "Reelay",
}


@pytest.fixture(scope="session", autouse=True)
def ffmpeg_on_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As on Lambda, where the layer has it: a program called `ffmpeg`, found on PATH."""
    os.environ["PATH"] = path_with_ffmpeg(tmp_path_factory.mktemp("bin"), os.environ["PATH"])


@pytest.fixture(scope="session", autouse=True)
def fonts_in_their_folder() -> None:
    """As on Lambda, where their layer has them."""
    os.environ["FONTS_FOLDER"] = str(fonts_folder())


@pytest.fixture(scope="session", autouse=True)
def tracks_in_their_folder() -> None:
    """The same of our music."""
    os.environ["TRACKS_FOLDER"] = str(tracks_folder())


@pytest.fixture(scope="session", autouse=True)
def dynamodb_under_many_hands() -> None:
    """As on AWS: conditions and transactions hold when several threads write at once, and a token is carried out once."""
    tables.a_conditional_write_is_atomic()
    tables.a_transaction_costs_what_it_touches()
    tables.a_query_reads_its_own_rows()
    tables.a_transaction_sent_twice_is_done_once()
    tables.a_row_is_answered_as_it_is_kept()


class OneOfEach(boto3.Session):
    """Whoever asks for a client as somebody did before gets the same one: to make one takes longer than most tests."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}

    def client(self, service_name: str, **options: Any) -> Any:  # type: ignore[override]  # whose overloads are by name
        said = {name: vars(value) if isinstance(value, Config) else value for name, value in options.items()}
        key = f"{service_name} {said}"
        if key not in self._made:
            make: Callable[..., Any] = super().client
            self._made[key] = make(service_name, **options)
        return self._made[key]


@pytest.fixture(scope="session")
def aws() -> boto3.Session:
    """One for all tests, of which each has its own moto all the same: that is behind every client."""
    return OneOfEach()


@pytest.fixture
def cloud(aws: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mock_aws():
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", aws)  # where mock_aws has put none
        yield


@pytest.fixture
def table(cloud: None) -> Table:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "unfinished", "createdAt")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "unfinished",
                "KeySchema": [
                    {"AttributeName": "unfinished", "KeyType": "HASH"},
                    {"AttributeName": "createdAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return Table("rows", client)


@pytest.fixture
def jobs(table: Table) -> JobStore:
    return JobStore(table)


@pytest.fixture
def ledger(table: Table) -> Ledger:
    return Ledger(table)


@pytest.fixture
def library(table: Table) -> Library:
    return Library(table)


@pytest.fixture
def media(cloud: None) -> MediaStore:
    boto3.client("s3").create_bucket(Bucket="media")
    return MediaStore("media")


@pytest.fixture
def shared(cloud: None) -> SharedStore:
    boto3.client("s3").create_bucket(Bucket="shared")
    return SharedStore("shared", "https://shared.example")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Draws clips; workers of one parallel run share what was drawn."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "clips"
    folder.mkdir(exist_ok=True)
    return Studio(folder)


@pytest.fixture
def outputs() -> Iterator[Outputs]:
    with Outputs.serving() as server:
        yield server


@pytest.fixture(scope="session")
def vision_service() -> Iterator[Xai]:
    service = Xai(token="key").start()
    yield service
    service.stop()


@pytest.fixture
def xai(vision_service: Xai) -> Xai:
    """The stand-in, with no script and an empty log."""
    requests.post(f"{vision_service.url}/_reset", timeout=5).raise_for_status()
    return vision_service


@pytest.fixture(scope="session")
def openai_service() -> Iterator[OpenAi]:
    service = OpenAi(token="key").start()
    yield service
    service.stop()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A /tmp of its own, for this process and those that it starts."""
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture
def shelf(jobs: JobStore, ledger: Ledger, media: MediaStore) -> Shelf:
    return Shelf(jobs, ledger, media)


@pytest.fixture
def deployed(table: Table, media: MediaStore, shared: SharedStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the template gives the function, and nothing left in its memory from another test."""
    machine = boto3.client("stepfunctions").create_state_machine(
        name="reelay-test",
        definition=json.dumps({"StartAt": "Plan", "States": {"Plan": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )
    monkeypatch.setenv("TABLE_NAME", table.name)
    monkeypatch.setenv("MEDIA_BUCKET", media.bucket)
    monkeypatch.setenv("SHARED_BUCKET", shared.bucket)
    monkeypatch.setenv("SHARED_URL", shared.address)
    monkeypatch.setenv("STATE_MACHINE_ARN", machine["stateMachineArn"])
    monkeypatch.setenv("VIDEO_GENERATION_MODEL", "veo3")
    monkeypatch.setenv("OUTSIDE_ORIGINS", "")
    monkeypatch.setenv("RUNWAYML_ENABLED", "true")
    monkeypatch.setenv(
        "EVENT_BUS_NAME", boto3.client("events").create_event_bus(Name="bus")["EventBusArn"].split("/")[1]
    )
    secret = boto3.client("secretsmanager").create_secret(Name="player", SecretString="of this deployment alone")
    monkeypatch.setenv("PLAYER_SECRET_ARN", secret["ARN"])
    stores = (wiring.table, given.keys, wiring.media, wiring.shared, wiring.overrides, wiring.workflow, wiring.events)
    for store in stores:
        store.cache_clear()
    yield
    for store in stores:
        store.cache_clear()


@pytest.fixture
def acme(deployed: None, table: Table) -> Caller:
    return Caller(issue_key(table, "acme"))


@pytest.fixture
def moved() -> Iterator[MovedClock]:
    """The time that the domain is told: ten minutes before a whole hour, so that tests see one go by."""
    clock = MovedClock(time.time() // 3600 * 3600 - 600)
    token = CLOCK.set(clock)
    yield clock
    CLOCK.reset(token)


@pytest.fixture
def lately(table: Table, moved: MovedClock) -> Lately:
    return Lately(table, moved)


@pytest.fixture
def other(deployed: None, table: Table) -> Caller:
    return Caller(issue_key(table, "other"))
