"""One local cloud for the rows of a file, and the table of all rows: what was done, what was seen, whether it held.

A row is a test called `test_row_{number}_{the_failure}`; its docstring is what was done, and what it tells by the fixture
`saw` is what was seen: counts, statuses and money, never times, so that the table is the same each time."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.samples import draw_samples
from local.standins.replicate import Replicate
from tests.integration.replicate_stage import SECRET
from tests.media import Studio
from tests.survival.crew import SECONDS, Crew, Provider
from tests.survival.gate import Gate
from tests.survival.table import ROWS, TABLE, Row, as_document, as_line, name_of, number_of

WEB = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
REPEATS = (0.3, 0.3)
"""Seconds before the provider's second and third try to deliver a webhook: about a minute in the world."""


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("ready"))


@pytest.fixture(scope="session")
def clip(studio: Studio) -> Path:
    """Ready-made, so that nothing has to be drawn."""
    return studio.clip(seconds=SECONDS, encoder=WEB)


@contextmanager
def provided(**settings: str) -> Iterator[Provider]:
    stand_in = Replicate(webhook_secret=SECRET, webhook_repeats=REPEATS).start()
    try:
        with Gate.before(stand_in.url) as gate:
            yield Provider(stand_in, gate, settings)
    finally:
        stand_in.stop()


@contextmanager
def employed(cloud: LocalCloud, provider: Provider, clip: Path, pictures: list[Path]) -> Iterator[Crew]:
    """The crew of a cloud, with a campaign whose pictures are there."""
    with cloud:
        secret = cloud.outputs["ReplicateSecretArn"]
        cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="stand-in-replicate")
        cloud.services["replicate"] = provider.stand_in.url
        versions = {"Status": "Enabled"}  # so that what is written twice can be seen
        cloud.client("s3").put_bucket_versioning(Bucket=cloud.bucket, VersioningConfiguration=versions)
        yield Crew(cloud, provider.gate, pictures, clip)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_samples(tmp_path_factory.mktemp("samples"))[:5]


Opening = Callable[..., Crew]


@pytest.fixture(scope="session")
def opening(clip: Path, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    """Opens a cloud with these settings, which stays for the session."""
    with ExitStack() as stack:

        def opened(kind: type[LocalCloud] = LocalCloud, **settings: str) -> Crew:
            provider = stack.enter_context(provided(**settings))
            out = tmp_path_factory.mktemp("cloud")
            cloud = kind(out=out, stand_ins=("xai",), parameters={"CheckDelays": "2,3,4,5", **provider.parameters})
            return stack.enter_context(employed(cloud, provider, clip, pictures))

        yield opened


@pytest.fixture(scope="session")
def patient(opening: Opening) -> Crew:
    """Where a clip has ten minutes, and the provider is asked every few seconds."""
    return opening()


@pytest.fixture
def crew(patient: Crew) -> Crew:
    return refreshed(patient)


def refreshed(crew: Crew) -> Crew:
    """Before services that have forgotten everything."""
    for service in crew.cloud.services.values():
        requests.post(f"{service}/_reset", timeout=10).raise_for_status()
    crew.gate.forget()
    return crew


# the table


def _row(said: str) -> int:
    if said.isdecimal() and int(said) in ROWS:
        return int(said)
    raise ArgumentTypeError(f"there is no row {said!r}; there are {', '.join(map(str, sorted(ROWS)))}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--row", type=_row, help="this row of the table alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    row = config.getoption("row")
    left = [item for item in items if row is None or number_of(item.name) == row]
    config.hook.pytest_deselected(items=[item for item in items if item not in left])
    items[:] = left


@pytest.fixture
def saw(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tells what a row has seen; several tellings are one sentence."""

    def tell(words: str) -> None:
        request.node.user_properties.append(("saw", words))

    return tell


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    if number_of(item.name):
        did = re.sub(r"\s+", " ", str(item.function.__doc__)).strip()  # type: ignore[attr-defined]  # rows are functions
        report.user_properties = [*report.user_properties, ("did", did)]
    return report


SEEN: dict[int, Row] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Reports of all workers come here, whichever ran the row."""
    name = report.nodeid.rpartition("::")[2]
    number = number_of(name)
    if number is None or not (report.when == "call" or report.failed):
        return
    told = [value for key, value in report.user_properties if key == "saw"]
    did = next((str(value) for key, value in report.user_properties if key == "did"), "")
    crash = getattr(report.longrepr, "reprcrash", None)
    fault = "" if report.passed else str(crash.message if crash else report.longreprtext).strip().splitlines()[0]
    SEEN[number] = Row(number, name_of(name), did, "; ".join(map(str, told)), report.passed, fault)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for _, row in sorted(SEEN.items()):
        terminalreporter.write_line(as_line(row))
    if SEEN.keys() == ROWS and all(row.held for row in SEEN.values()):
        TABLE.write_text(as_document(SEEN.values()))
        terminalreporter.write_line(f"{len(SEEN)} rows, all held: {TABLE.relative_to(TABLE.parents[1])}")
    elif SEEN:
        held = sum(row.held for row in SEEN.values())
        terminalreporter.write_line(f"{held} of {len(SEEN)} rows held")
