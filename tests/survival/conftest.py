"""One local cloud for the rows of a file, and the table of all rows: what was done, what was seen, whether it held.

A row is a test called `test_row_{number}_{the_failure}`; its docstring is what was done, and what it tells by the fixture
`saw` is what was seen: counts, statuses and money, never times, so that the table is the same each time."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.studio.balances import Balances, granted
from functions.studio.table import Table
from local.cloud import LocalCloud
from tests.media import Studio
from tests.pictures import drawn, saved
from tests.survival.crew import Crew, Material, Provider
from tests.survival.faulty_cloud import FaultyCloud
from tests.survival.gate import Gate
from tests.survival.lister import Lister
from tests.survival.table import ROWS, TABLE, Row, as_document, as_line, name_of, number_of, whole
from tests.survival.ways import LISTED, WAYS
from tests.survival.wires import WIRES, Wire
from tests.workflow.conftest import Team

WEB = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("ready"))


@contextmanager
def provided(wire: Wire) -> Iterator[Provider]:
    stand_in = wire.stand_in().start()
    try:
        with Gate.before(stand_in.url, wire) as gate:
            yield Provider(wire, stand_in, gate)
    finally:
        stand_in.stop()


Crews = Mapping[str, Crew]
"""Of one cloud, by the names of their ways."""


@contextmanager
def employed(
    cloud: LocalCloud, providers: Iterable[Provider], pictures: list[Path], clips: Mapping[int, Path], still: Path
) -> Iterator[Crews]:
    """With a campaign whose pictures are there, and credits for all that rows ask for."""
    with cloud:
        for one in providers:
            secret = cloud.outputs[f"{one.wire.name.title()}SecretArn"]
            cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=f"stand-in-{one.wire.name}")
            cloud.services[one.wire.name] = one.stand_in.url
        versions = {"Status": "Enabled"}  # so that what is written twice can be seen
        cloud.client("s3").put_bucket_versioning(Bucket=cloud.bucket, VersioningConfiguration=versions)
        cloud.client("s3").put_bucket_versioning(
            Bucket=cloud.outputs["SharedBucketName"], VersioningConfiguration=versions
        )
        Balances(Table(cloud.table, cloud.client("dynamodb"))).grant("demo", granted(1_000_000, "for all rows"))
        team = Team(cloud)
        campaign = team.campaign(pictures)
        picture = team.get(f"/assets?campaignId={campaign}&type=image")["items"][0]["id"]
        has, gates = Material(pictures, campaign, picture, clips, still), {one.wire.name: one.gate for one in providers}
        kinds = {LISTED: Lister}
        yield {name: kinds.get(name, Crew)(cloud, way, gates[way.wire.name], has) for name, way in WAYS.items()}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five, each darker than the one before."""
    folder = tmp_path_factory.mktemp("pictures")
    made = [folder / f"{number}.jpg" for number in range(1, 6)]
    for number, path in enumerate(made, 1):
        path.write_bytes(saved(drawn(1280, 720).point([value // number for value in range(256)] * 3)))
    return made


Opening = Callable[..., Crews]


@pytest.fixture(scope="session")
def opening(studio: Studio, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    """Opens a cloud with these settings, which stays for the session. Clips are ready-made, so that nothing has to be
    drawn."""
    clips = {way.seconds: studio.clip(seconds=way.seconds, encoder=WEB) for way in WAYS.values()}
    still = tmp_path_factory.mktemp("still") / "still.png"
    still.write_bytes(saved(drawn(320, 180), "PNG"))
    with ExitStack() as stack:

        def opened(kind: type[LocalCloud] = LocalCloud, **settings: str) -> Crews:
            providers = [stack.enter_context(provided(wire)) for wire in WIRES]
            parameters = {name: value for one in providers for name, value in one.parameters.items()}
            out = tmp_path_factory.mktemp("cloud")
            cloud = kind(
                out=out,
                stand_ins=("xai", "openai"),
                parameters={"CheckDelays": "2,3,4,5", **parameters, **settings},
            )
            return stack.enter_context(employed(cloud, providers, pictures, clips, still))

        yield opened


@pytest.fixture(scope="session")
def staff(opening: Opening) -> Crews:
    """Where a clip has ten minutes, and the provider is asked every few seconds."""
    return opening()


@pytest.fixture(scope="session")
def faulty_staff(opening: Opening) -> Crews:
    """The same, between whose functions and AWS a row can step in."""
    return opening(FaultyCloud)


@pytest.fixture
def crews(staff: Crews, request: pytest.FixtureRequest) -> list[Crew]:
    """In the ways that the row is done in."""
    refreshed(staff.values())
    return [staff[name] for name in ways_of(request.node)]


@pytest.fixture
def crew(crews: list[Crew]) -> Crew:
    """Of a row that is done in one way."""
    [one] = crews
    return one


def refreshed(crews: Iterable[Crew]) -> None:
    """Of one cloud, before services that have forgotten everything."""
    crews = list(crews)
    services = {service for crew in crews for service in crew.cloud.services.items()}
    for name, url in services:
        if name not in ("xai", "openai"):  # what nobody could cancel comes to its end
            requests.post(f"{url}/_hurry", timeout=10).raise_for_status()
        requests.post(f"{url}/_reset", timeout=10).raise_for_status()
    for crew in crews:
        crew.gate.forget()
    crews[0].heal()


# the table


def ways_of(item: pytest.Item) -> tuple[str, ...]:
    marker = item.get_closest_marker("ways")
    return marker.args if marker else ("pairs",)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "ways(*names): what a row is done with; image pairs where it does not say")


def _row(said: str) -> int:
    if said.isdecimal() and int(said) in ROWS:
        return int(said)
    raise ArgumentTypeError(f"there is no row {said!r}; there are {', '.join(map(str, sorted(ROWS)))}")


LONGEST = ("test_faults", "test_timeouts", "test_running", "test_busy")
"""Files that are begun first: the others are done beside them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--row", type=_row, help="this row of the table alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    row = config.getoption("row")
    left = [item for item in items if row is None or number_of(item.name) == row]
    config.hook.pytest_deselected(items=[item for item in items if item not in left])
    items[:] = sorted(left, key=lambda item: item.path.stem not in LONGEST)


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
        report.user_properties = [*report.user_properties, ("did", did), ("ways", ", ".join(ways_of(item)))]
    return report


SEEN: dict[str, Row] = {}
"""By test."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Reports of all workers come here, whichever ran the row."""
    name = report.nodeid.rpartition("::")[2]
    number = number_of(name)
    if number is None or not (report.when == "call" or report.failed):
        return
    told = [value for key, value in report.user_properties if key == "saw"]
    did, ways = (
        next((str(value) for key, value in report.user_properties if key == name), "") for name in ("did", "ways")
    )
    crash = getattr(report.longrepr, "reprcrash", None)
    fault = "" if report.passed else str(crash.message if crash else report.longreprtext).strip().splitlines()[0]
    SEEN[report.nodeid] = Row(number, name_of(name), ways, did, "; ".join(map(str, told)), report.passed, fault)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    rows = whole(SEEN.values())
    for row in rows:
        terminalreporter.write_line(as_line(row))
    if {row.number for row in rows} == ROWS and all(row.held for row in rows):
        TABLE.write_text(as_document(rows))
        terminalreporter.write_line(f"{len(rows)} rows, all held: {TABLE.relative_to(TABLE.parents[1])}")
    elif rows:
        terminalreporter.write_line(f"{sum(row.held for row in rows)} of {len(rows)} rows held")
