from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from admin.__main__ import main
from functions.api.keys import Keys
from functions.studio.budgets import Budgets
from functions.studio.errors import Unauthenticated
from functions.studio.table import Table

STACK = """
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  TableName: {Value: rows}
"""


def test_a_key_that_was_made_opens_for_its_tenant(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "acme", "--tier", "free", "--table", "rows"]) == 0
    caller = Keys(table).authenticate({"x-api-key": capsys.readouterr().out.strip()})
    assert (caller.tenant, caller.tier) == ("acme", "free")


def test_a_revoked_key_opens_no_more(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    main(["key", "acme", "--table", "rows"])
    key = capsys.readouterr().out.strip()
    for _ in range(2):
        assert main(["revoke", key[:15], "--table", "rows"]) == 0
    with pytest.raises(Unauthenticated):
        Keys(table).authenticate({"x-api-key": key})


def test_a_budget_is_set_shown_and_taken_away(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    for usd, said in [(["12.50"], "12.50 USD"), ([], "12.50 USD"), (["0"], "0 USD"), (["none"], "no limit")]:
        assert main(["budget", "--table", "rows", "acme", *usd]) == 0
        assert capsys.readouterr().out == f"acme: {said}; settled 0, lost 0, reserved 0 USD.\n"
    assert Budgets(table).tenant("acme").cap is None


def test_credits_are_granted_shown_and_taken_back(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    for amount, said in [
        ([], "0 credits left of 0"),
        (["1000"], "1000 credits left of 1000"),
        (["-400"], "600 credits left of 600"),
    ]:
        assert main(["credits", "--table", "rows", "--", "acme", *amount]) == 0
        assert capsys.readouterr().out == f"acme: {said}; taken 0, reserved 0.\n"


def test_a_key_of_the_operator_is_made_where_that_is_said(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    for more, role in [([], "tenant"), (["--role", "operator"], "operator")]:
        assert main(["key", "acme", "--table", "rows", *more]) == 0
        assert Keys(table).authenticate({"x-api-key": capsys.readouterr().out.strip()}).role == role


def test_the_table_is_found_in_the_stack_of_the_stage(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.delenv("TABLE_NAME", raising=False)
    boto3.client("cloudformation").create_stack(StackName="reelay-prod", TemplateBody=STACK)
    assert main(["key", "acme"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["key", "Acme!", "--table", "rows"],
        ["revoke", "rl_000000000000", "--table", "rows"],
        ["key", "acme"],
        ["budget", "--table", "rows", "--", "acme", "-5"],
        ["budget", "acme", "1e3", "--table", "rows"],
        ["budget", "Acme!", "5", "--table", "rows"],
        ["credits", "Acme!", "5", "--table", "rows"],
        ["credits", "acme", "1.5", "--table", "rows"],
        ["credits", "acme", "0", "--table", "rows"],
        ["credits", "--table", "rows", "--", "acme", "-5"],
    ],
)
def test_what_cannot_be_done_is_said_and_ends_with_1(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("left", ["", '{"pid": 4194305, "url": "http://127.0.0.1:8080", "aws": {}}'])
def test_without_a_stage_and_a_local_cloud_nobody_goes_to_aws(
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    left: str,
) -> None:
    """There is a stack of the stage dev, and perhaps the file of a cloud that was killed: no process has that number."""
    for name in ("STAGE", "TABLE_NAME"):
        monkeypatch.delenv(name, raising=False)
    boto3.client("cloudformation").create_stack(StackName="reelay-dev", TemplateBody=STACK)
    if left:
        (tmp_path / "local.json").write_text(left)
    assert main(["key", "acme"], tmp_path / "local.json") == 1
    assert capsys.readouterr().err == "error: no local cloud is up: `make local`, or name a STAGE\n"


def queues() -> tuple[str, str]:
    """Looks, and where they are set aside."""
    sqs = boto3.client("sqs")
    aside = sqs.create_queue(QueueName="aside")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=aside, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 10})
    return sqs.create_queue(QueueName="looks", Attributes={"RedrivePolicy": policy})["QueueUrl"], aside


def bodies(url: str) -> list[str]:
    answer = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return sorted(message["Body"] for message in answer.get("Messages", []))


def test_looks_that_were_set_aside_are_taken_again(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    looks, aside = queues()
    for number in range(3):
        boto3.client("sqs").send_message(QueueUrl=aside, MessageBody=str(number))
    assert main(["redrive", "--queue", aside]) == 0
    assert capsys.readouterr().out == "3 looks are taken again.\n"
    assert (bodies(looks), bodies(aside)) == (["0", "1", "2"], [])


def test_a_redrive_without_a_stage_and_a_local_cloud_goes_nowhere(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("STAGE", raising=False)
    assert main(["redrive"], tmp_path / "local.json") == 1
    assert "no local cloud is up" in capsys.readouterr().err
