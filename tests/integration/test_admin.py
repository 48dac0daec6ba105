from __future__ import annotations

import boto3
import pytest

from admin.__main__ import main
from functions.api.keys import Keys
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


def test_the_table_is_found_in_the_stack_of_the_stage(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.delenv("TABLE_NAME", raising=False)
    boto3.client("cloudformation").create_stack(StackName="reelay-prod", TemplateBody=STACK)
    assert main(["key", "acme"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [["key", "Acme!", "--table", "rows"], ["revoke", "rl_000000000000", "--table", "rows"], ["key", "acme"]],
)
def test_what_cannot_be_done_is_said_and_ends_with_1(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("error: ")
