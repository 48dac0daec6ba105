"""The rules of the house: which way arrows point, and that folders, states and error names agree."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.studio import errors

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
STUDIO = "functions.studio"
LAMBDAS = sorted(path.name for path in FUNCTIONS.iterdir() if (path / "handler.py").exists())

PURE = {
    "jobs",
    "clips",
    "attempts",
    "brief",
    "choice",
    "credits",
    "policy",
    "messages",
    "errors",
    "catalogue",
    "rows",
    "media",
    "overlay",
    "cut",
    "filling",
    "health",
    "listing",
    "listings",
    "narration",
    "data",
    "services",
    "captions",
    "bonds",
    "caption_lines",
    "fonts",
    "writing",
    "scripts",
    "narration_costs",
    "pairs",
    "payload",
    "reruns",
    "resolutions",
    "scene_progress",
    "scenes",
    "clock",
    "retry_after",
    "shots",
    "stills",
    "tiers",
    "timeline",
    "visible",
    "tracks",
    "destinations",
    "ads",
    "written_scripts",
}
"""Data and decisions: the standard library and pydantic only."""

STORES = {
    "job_store",
    "ledger",
    "library",
    "storyboard",
    "media_store",
    "workflow",
    "check_queue",
    "events",
    "keyring",
    "pulse",
    "showcase",
}
"""One outside thing each; those of rows stand on `table`."""

PARTS = {"film_rows"}
"""Rows that a store has in a file of their own."""

FOUNDATIONS = {"table", "telemetry", "at_once"}
"""What any store or domain service may stand on."""

TOOLS = {
    "bare_files",
    "boxes",
    "detail",
    "ffmpeg",
    "loudness",
    "music",
    "pictures",
    "probe",
    "room",
    "segment",
    "sound",
    "subtitles",
    "tunes",
    "videos",
    "workplace",
}
"""Files, and the program that reads them: no store, no cloud."""

DOMAIN = {
    "balances",
    "budgets",
    "listing_clips",
    "overrides",
    "recording",
    "closing",
    "sending",
    "settlement",
    "stopping",
}
"""What two Lambdas do in the same way, over the stores."""

SERVICES = {"openai_wire", "chat"}
"""Who answers at once, and is paid for it: no store, no cloud."""

WIRING = {"wiring"}
"""Builds the stores from the environment, and what a domain service stands among."""

RINGS = {
    **dict.fromkeys(PURE, PURE),
    **dict.fromkeys(FOUNDATIONS, PURE),
    **dict.fromkeys(PARTS, PURE | {"table"}),
    **dict.fromkeys(STORES, PURE | {"table"} | PARTS),
    **dict.fromkeys(TOOLS, PURE | TOOLS),
    **dict.fromkeys(SERVICES, PURE | SERVICES),
    **dict.fromkeys(DOMAIN, PURE | FOUNDATIONS | STORES | DOMAIN | {"providers"}),
    **dict.fromkeys(WIRING, PURE | FOUNDATIONS | STORES | DOMAIN | {"providers"}),
}
"""What each module of the studio may import of the studio."""

AWS = {"boto3", "botocore", "types_boto3_dynamodb", "types_boto3_events", "types_boto3_s3", "types_boto3_sqs"}
CLIENTS = {
    **dict.fromkeys(PURE | TOOLS, frozenset({"pydantic"})),
    **dict.fromkeys(STORES | PARTS | {"table"}, AWS | {"types_boto3_stepfunctions", "pydantic"}),
    "keyring": {"aws_lambda_powertools", "botocore"},
    "telemetry": {"aws_lambda_powertools"},
    "pictures": {"PIL"},
    "subtitles": {"pysubs2"},
    **dict.fromkeys(SERVICES, frozenset({"openai", "pydantic"})),
    "detail": {"PIL"},
    "at_once": frozenset(),
    **dict.fromkeys(DOMAIN | WIRING, frozenset()),
}
"""And of the world."""

SDKS = {
    "protocol": {"pydantic"},
    "piapi": {"pydantic", "requests", "urllib3"},
    "runway": {"httpx", "pydantic", "runwayml"},
    "replicate": {"httpx", "pydantic", "replicate", "standardwebhooks"},
}
"""A provider's own."""


def modules() -> list[Path]:
    return sorted(FUNCTIONS.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module named by an import anywhere in the file; `from a import b` counts as a and, where b is one, a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            yield node.module
            folder = ROOT / Path(*node.module.split("."))
            for alias in node.names:
                if (folder / f"{alias.name}.py").exists() or (folder / alias.name).is_dir():
                    yield f"{node.module}.{alias.name}"


def studio_parts(path: Path) -> set[str]:
    """The names right below functions.studio that a file imports."""
    return {name.split(".")[2] for name in imports(path) if name.startswith(STUDIO + ".")}


def outside(path: Path) -> set[str]:
    """Top-level packages that are neither ours nor the standard library's."""
    tops = {name.split(".")[0] for name in imports(path)}
    return {top for top in tops if top not in sys.stdlib_module_names and top != "functions"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_in_functions_imports_the_build_the_local_cloud_or_the_tests(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & {"infra", "local", "tests", "admin", "simulation"}


@pytest.mark.parametrize("name", sorted(RINGS))
def test_a_module_of_the_studio_imports_only_what_lies_further_inward(name: str) -> None:
    assert studio_parts(FUNCTIONS / "studio" / f"{name}.py") - {name} <= RINGS[name]


@pytest.mark.parametrize("name", sorted(RINGS))
def test_a_module_of_the_studio_knows_no_client_but_its_own(name: str) -> None:
    assert outside(FUNCTIONS / "studio" / f"{name}.py") <= CLIENTS[name]


@pytest.mark.parametrize("name", sorted(STORES))
def test_stores_do_not_import_each_other(name: str) -> None:
    assert not studio_parts(FUNCTIONS / "studio" / f"{name}.py") & (STORES - {name})


PROVIDERS = [path for path in (FUNCTIONS / "studio" / "providers").glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("path", PROVIDERS, ids=name_of)
def test_providers_import_their_own_sdk_no_store_and_no_sibling(path: Path) -> None:
    assert studio_parts(path) <= PURE | {"providers"}
    assert outside(path) <= SDKS[path.stem]
    siblings = {name.split(".")[3] for name in imports(path) if name.startswith(f"{STUDIO}.providers.")}
    assert siblings <= {"protocol"}


def test_every_module_of_the_studio_has_its_place_in_the_house() -> None:
    there = {path.stem for path in (FUNCTIONS / "studio").glob("*.py")} - {"__init__"}
    assert there == RINGS.keys()


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_imports_the_studio_and_its_own_folder(name: str) -> None:
    for path in (FUNCTIONS / name).rglob("*.py"):
        ours = {module.split(".")[1] for module in imports(path) if module.startswith("functions.")}
        assert ours <= {"studio", name}, path


def test_the_studio_imports_no_lambda() -> None:
    for path in (FUNCTIONS / "studio").rglob("*.py"):
        ours = {module.split(".")[1] for module in imports(path) if module.startswith("functions.")}
        assert ours <= {"studio"}, path


def test_names_say_something() -> None:
    empty = {"utils", "util", "common", "helpers", "helper", "core", "misc"}
    packages = [ROOT / name for name in ("functions", "infra", "local", "admin", "simulation")]
    assert not [path for package in packages for path in package.rglob("*") if path.stem in empty]


IMPORT_ALL = """
import json, os, sys
import boto3

for name in [name for name in os.environ if name not in ("PATH", "HOME", "PYTHONHOME")]:
    del os.environ[name]

class Read(Exception): pass

def refused(*_, **__):
    raise Read("a client is built at import")

boto3.client = boto3.resource = boto3.session.Session.client = refused
import importlib
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_importing_the_lambdas_needs_no_environment_builds_no_client_and_loads_nothing_heavy() -> None:
    names = [f"functions.{name}.handler" for name in LAMBDAS]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, json.dumps(names)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not set(json.loads(done.stdout)) & {"openai", "replicate", "PIL", "pysubs2", "httpx", "moto"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_line_of_a_module_reads_the_environment_at_import(path: Path) -> None:
    """Not even where an empty environment does no harm: defaults of parameters and decorators run at import too."""
    tree = ast.parse(path.read_text())
    later: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            later.update(inner for statement in node.body for inner in ast.walk(statement))
        elif isinstance(node, ast.Lambda):
            later.update(ast.walk(node.body))
    for node in set(ast.walk(tree)) - later:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        assert name not in {"environ", "getenv"}, f"line {node.lineno}"


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_has_its_handler_on_top(name: str) -> None:
    tree = ast.parse((FUNCTIONS / name / "handler.py").read_text())
    public = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
    assert public - {"read"} == {"handler"}, "what is more than parsing and one call has a file of its own"


# the workflow


def states(document: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    for name, state in document["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


WORKFLOW = json.loads((FUNCTIONS / "workflow.asl.json").read_text())
STATES = dict(states(WORKFLOW))
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def folder_of(state: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", state).lower()


@pytest.mark.parametrize("name", TASKS)
def test_a_state_calls_the_function_whose_name_it_carries(name: str) -> None:
    assert TASKS[name]["Parameters"]["FunctionName"] == f"${{{name}}}"
    assert folder_of(name) in LAMBDAS


@pytest.mark.parametrize("name", TASKS)
def test_every_state_that_waits_has_a_timeout(name: str) -> None:
    assert {"TimeoutSeconds", "TimeoutSecondsPath"} & TASKS[name].keys()


def test_the_wait_for_a_provider_has_a_heartbeat_too() -> None:
    assert TASKS["RequestClip"]["HeartbeatSecondsPath"] == "$.heartbeatSeconds"


KNOWN_TO_AWS = {
    "States.ALL",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "States.TaskFailed",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Sandbox.Timedout",
    "Runtime.ExitError",
}
OURS = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}


def test_every_error_that_the_workflow_names_is_of_the_error_tree_or_of_aws() -> None:
    named = {
        error
        for state in STATES.values()
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]
        for error in rule["ErrorEquals"]
    }
    assert named <= OURS | KNOWN_TO_AWS


def test_the_picture_of_the_error_tree_shows_every_error_under_its_parent() -> None:
    drawn = re.findall(r"^ +([│├└─ ]*)(\w+)", str(errors.__doc__), re.MULTILINE)
    parents: list[str] = []
    seen = {}
    for branch, name in drawn:
        depth = len(branch) // 4
        parents[depth:] = [name]
        seen[name] = parents[depth - 1] if depth else "Exception"
    tree = {name: getattr(errors, name).__bases__[0].__name__ for name in OURS}
    assert seen == tree


MAPS = {name: state for name, state in STATES.items() if state["Type"] == "Map"}


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_distributed_without_a_limit_under_a_fixed_label(name: str) -> None:
    state = MAPS[name]
    assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert "MaxConcurrency" not in state
    assert state["Label"] == name


def test_one_lost_clip_never_stops_the_others() -> None:
    assert MAPS["MakeClips"]["ToleratedFailurePercentage"] == 100.0
    assert isinstance(MAPS["MakeClips"]["ToleratedFailurePercentage"], float)


def test_no_item_processor_asks_for_the_execution() -> None:
    """On AWS a child would see its own execution there, in the local interpreter its parent's."""
    for name in MAPS:
        assert "$$.Execution" not in json.dumps(MAPS[name]["ItemProcessor"])


def test_the_state_carries_no_media_and_no_secret() -> None:
    text = json.dumps(WORKFLOW).lower()
    assert not re.search(r"url|secret|apikey|output_url", text.replace("outputunreachable", ""))
