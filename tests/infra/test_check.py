"""`infra.check` objects: to each of its tools a fault of the kind that it is there for."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from infra.app import reelay
from infra.check import TOLERATED, Objection, asl_validator, cfn_lint, idle_waivers
from infra.waivers import waive
from infra.workflow import DEFINITION

if TYPE_CHECKING:
    from tests.infra.conftest import Reader


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The app with a bucket that nobody thought about, and with an excuse for what nobody does."""
    app = reelay(outdir=tmp_path_factory.mktemp("cdk.out"))
    stack = app.node.find_child("reelay-dev")
    s3.Bucket(stack, "Careless")
    waive("DDB3", table_of(stack), because="This table has point-in-time recovery: there is nothing to excuse.")
    return app


def table_of(stack: IConstruct) -> IConstruct:
    return stack.node.find_child("Library").node.find_child("Table")


def test_a_waiver_that_waives_nothing_is_reported_and_it_is_the_only_one(careless: App) -> None:
    assert idle_waivers(careless) == [("DDB3", "reelay-dev/Library/Table")]


def test_cdk_nag_stops_the_synthesis_of_a_template_with_a_fault(careless: App) -> None:
    with pytest.raises(RuntimeError, match="server access logs disabled") as objection:
        careless.synth()
    blamed = {line.split()[0] for line in str(objection.value).splitlines() if "aws-cdk-lib." in line}
    assert blamed == {"reelay-dev/Careless/Resource"}


def test_cfn_lint_reports_what_cloudformation_would_refuse(template: Reader, tmp_path: Path) -> None:
    document = copy.deepcopy(template.template)
    queue = document["Resources"][template.only("AWS::SQS::Queue", "DeadChecks")]
    queue["Properties"]["MessageRetentionPeriod"] = 14 * 24 * 3600 + 1
    faulty = tmp_path / "faulty.template.json"
    faulty.write_text(json.dumps(document))
    with pytest.raises(Objection, match=r"1209601 is greater than the maximum of 1209600"):
        cfn_lint(faulty)


def test_cfn_lint_has_nothing_to_say_but_what_is_tolerated_and_each_tolerance_is_needed(
    template: Reader, tmp_path: Path
) -> None:
    strict, whole = tmp_path / "strict.yaml", tmp_path / "whole.template.json"
    strict.write_text("{}")
    whole.write_text(json.dumps(template.template))
    with pytest.raises(Objection) as objection:
        cfn_lint(whole, tolerated=strict)
    objected = {
        line.split()[0] for line in str(objection.value).splitlines() if line[:1] in "EWI" and line[1:5].isdigit()
    }
    tolerated = [line.strip() for line in TOLERATED.read_text().splitlines()[1:]]
    reasons, rules = tolerated[::2], tolerated[1::2]
    assert all(reason.startswith("# ") for reason in reasons), "a reason above each rule"
    assert {rule.removeprefix("- ") for rule in rules} == objected


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda plot: plot["States"]["Plan"].update(Next="MakeClip"), "MakeClip"),
        (lambda plot: plot["States"]["Arrange"].update(TimeoutSecond=90), "/States/Arrange is invalid"),
        (lambda plot: plot["States"]["MakeClips"].update(ItemsPath="$.clips.tasks["), "ItemsPath"),
    ],
    ids=["a state that is not there", "a field that there is not", "a path that is none"],
)
def test_asl_validator_reports_what_step_functions_would_refuse(
    tmp_path: Path, fault: Callable[[Any], None], said: str
) -> None:
    plot = json.loads(DEFINITION.read_text())
    fault(plot)
    faulty = tmp_path / "faulty.asl.json"
    faulty.write_text(json.dumps(plot))
    with pytest.raises(Objection, match=said):
        asl_validator(faulty)


def test_asl_validator_has_nothing_against_the_workflow() -> None:
    asl_validator(DEFINITION)
