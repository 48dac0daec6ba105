"""What requests are billed as."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.units import READ, WRITE, billed, size, steps, transitions
from local.checkout import ROOT
from tests.bench.calls import a_put, a_row, an_update

WORKFLOW = json.loads((ROOT / "functions" / "workflow.asl.json").read_text())


def dynamodb(operation: str, asked: dict[str, Any], answer: dict[str, Any] | None = None, **rows: str) -> Any:
    final = {("J#1", sk): a_row(sk, text) for sk, text in rows.items()}
    return billed("dynamodb", operation, asked, answer or {}, final)


def test_a_row_is_as_large_as_its_names_and_values() -> None:
    assert size({"ab": {"S": "cdé"}}) == 2 + 4
    assert size({"n": {"N": "-123.45"}, "t": {"BOOL": True}}) == (1 + 4) + (1 + 1)
    assert size({"m": {"M": {"k": {"S": "v"}}}, "l": {"L": [{"S": "xy"}]}}) == (1 + 3 + 1 + 1 + 1) + (1 + 3 + 1 + 2)


def test_a_consistent_read_is_a_unit_for_each_4_kb_and_an_eventual_one_half_of_that() -> None:
    large = {"Item": a_row("JOB", "x" * 5000)}
    assert dynamodb("GetItem", {"ConsistentRead": True}, large) == (READ, 2)
    assert dynamodb("GetItem", {}, large) == (READ, 1)


def test_a_row_that_is_not_there_is_read_for_a_unit_too() -> None:
    assert dynamodb("GetItem", {"ConsistentRead": True}) == (READ, 1)


def test_a_query_is_billed_by_the_bytes_of_all_its_rows_together() -> None:
    rows = {"Items": [a_row(f"CLIP#{number}", "x" * 1000) for number in range(10)]}
    assert dynamodb("Query", {"ConsistentRead": True}, rows) == (READ, 3)


def test_a_batch_of_reads_is_billed_row_by_row_also_for_those_that_are_not_there() -> None:
    asked = {"RequestItems": {"t": {"ConsistentRead": True, "Keys": [{}, {}, {}]}}}
    found = {"Responses": {"t": [a_row("a"), a_row("b", "x" * 5000)]}}
    assert dynamodb("BatchGetItem", asked, found) == (READ, 1 + 2 + 1)


def test_a_put_is_a_unit_for_each_kb() -> None:
    assert dynamodb("PutItem", a_put("a")) == (WRITE, 1)
    assert dynamodb("PutItem", a_put("a", "x" * 1500)) == (WRITE, 2)


def test_an_update_is_billed_by_the_whole_row_and_not_by_what_it_changes() -> None:
    assert dynamodb("UpdateItem", an_update("a"), a="x" * 2500) == (WRITE, 3)


def test_a_transaction_costs_twice_its_writes_and_a_check_counts_as_one() -> None:
    writes = [{"Put": a_put("a", "x" * 1500)}, {"Update": an_update("b")}, {"ConditionCheck": an_update("c")}]
    assert dynamodb("TransactWriteItems", {"TransactItems": writes}, b="x" * 1500) == (WRITE, 2 * (2 + 2 + 1))


def test_a_batch_of_writes_costs_what_they_cost_alone() -> None:
    entries = [{"PutRequest": a_put("a")}, {"DeleteRequest": an_update("b")}]
    assert dynamodb("BatchWriteItem", {"RequestItems": {"t": entries}}) == (WRITE, 2)


@pytest.mark.parametrize(
    ("service", "operation", "asked", "bill"),
    [
        ("s3", "PUT", {}, ("S3 writes and lists", 1)),
        ("s3", "GET", {}, ("S3 reads", 1)),
        ("s3", "LIST", {}, ("S3 writes and lists", 1)),
        ("s3", "HEAD", {}, ("S3 reads", 1)),
        ("s3", "DELETE", {}, ("S3 writes and lists", 0)),
        ("sqs", "SendMessage", {}, ("SQS requests", 3)),
        ("events", "PutEvents", {"Entries": [{}, {}]}, ("events published", 2)),
        ("secretsmanager", "GetSecretValue", {}, ("secret reads", 1)),
        ("stepfunctions", "SendTaskSuccess", {}, ("state transitions", 0)),
    ],
)
def test_requests_to_other_services(service: str, operation: str, asked: dict[str, Any], bill: tuple[str, int]) -> None:
    assert billed(service, operation, asked, {}, {}) == bill


@pytest.mark.parametrize(("service", "operation"), [("sns", "Publish"), ("dynamodb", "Scan"), ("sqs", "PurgeQueue")])
def test_a_request_that_is_not_known_is_an_error_and_not_free(service: str, operation: str) -> None:
    with pytest.raises(KeyError, match=operation):
        billed(service, operation, {}, {}, {})


def test_the_steps_of_a_good_run_are_those_of_our_workflow() -> None:
    assert steps(WORKFLOW) == ["Plan", "MakeClips", "Arrange", "Paused", "MakePieces", "Assemble", "Deliver"]
    child = WORKFLOW["States"]["MakeClips"]["ItemProcessor"]
    assert steps(child) == ["RequestClip", "KeepClip", "AnotherStep", "ClipEnded"]


def test_every_clip_is_an_execution_of_its_own_with_a_begin_and_an_end() -> None:
    child = {"StartAt": "A", "States": {"A": {"Next": "B"}, "B": {"End": True}}}
    machine = {"StartAt": "M", "States": {"M": {"ItemProcessor": child, "Next": "D"}, "D": {"End": True}}}
    assert transitions(machine, "M", 10) == (2 + 2) + 10 * (2 + 2)
