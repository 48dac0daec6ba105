"""Each mend of the data process, shown by what AWS does: it holds with the mend, and not without it."""

from __future__ import annotations

import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from moto.core import responses
from moto.core.serialize import JSONSerializer
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import sqs_backends

from local.credentials import ACCOUNT, REGION
from local.mends import DATA
from tests.local_cloud.mended import DataCloud, Mend, all_at_once, data_cloud, inside, named, others, program

WRITERS = 6
LONG_TO_WRITE = {f"attribute{number}": {"S": "x" * 20} for number in range(100)}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCloud]:
    with data_cloud(tmp_path_factory.mktemp("data")) as up:
        yield up


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "row"}}


def a_conditional_write_is_atomic(cloud: DataCloud) -> None:
    def write(item: dict[str, Any]) -> bool:
        try:
            cloud.tables.put_item(TableName=cloud.table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except cloud.tables.exceptions.ConditionalCheckFailedException:
            return False
        return True

    assert cloud.table
    for _ in range(4):
        item = key(str(uuid.uuid4())) | LONG_TO_WRITE
        assert sum(all_at_once(lambda _, item=item: write(item), WRITERS)) == 1


class Untouched(list[Any]):
    """Rows or messages that nobody may go through."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("all were gone through")

    def values(self) -> Iterator[Any]:
        return iter(self)

    def __deepcopy__(self, memo: object) -> Untouched:
        raise AssertionError("all were copied")


def a_table(*keys: str) -> Any:
    backend = dynamodb_backends[ACCOUNT][REGION]
    backend.create_table(
        "jobs",
        schema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)],
        throughput=None,
        attr=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    return backend.tables["jobs"]


def a_transaction_costs_what_it_touches() -> None:
    a_table("pk").items["another row"] = Untouched()
    put = {"Put": {"TableName": "jobs", "Item": {"pk": {"S": "this row"}}}}
    dynamodb_backends[ACCOUNT][REGION].transact_write_items([put])


def a_query_reads_its_own_rows() -> None:
    table = a_table("pk", "sk")
    for name in ("b", "a", "c"):
        table.put_item({"pk": {"S": "this job"}, "sk": {"S": name}})
    table.items["another job"] = Untouched()
    found, *_ = table.query(DynamoType({"S": "this job"}), None, [], None, None, True, None)
    assert [row.range_key.value for row in found] == ["a", "b", "c"]


def a_transaction_sent_twice_is_done_once(cloud: DataCloud) -> None:
    row, token = key(str(uuid.uuid4())), str(uuid.uuid4())

    def add(amount: str) -> None:
        update = {
            "TableName": cloud.table,
            "Key": row,
            "UpdateExpression": "ADD n :amount",
            "ExpressionAttributeValues": {":amount": {"N": amount}},
        }
        cloud.tables.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)

    add("1")
    add("1")
    assert cloud.tables.get_item(TableName=cloud.table, Key=row)["Item"]["n"] == {"N": "1"}
    with pytest.raises(cloud.tables.exceptions.IdempotentParameterMismatchException):
        add("2")


def attributes_are_not_counted_on_every_send() -> None:
    backend = sqs_backends[ACCOUNT][REGION]
    queue = backend.create_queue("check", region=REGION)
    queue._messages = Untouched()
    backend.send_message("check", "look")


@dataclass
class Dated:
    """A message that is looked at, and not asked: it would ask for the time anew."""

    visible_at: float
    delayed_until: float

    @property
    def visible(self) -> bool:
        raise AssertionError("it was asked")


def a_look_into_a_queue_asks_for_the_time_once() -> None:
    queue = sqs_backends[ACCOUNT][REGION].create_queue("check", region=REGION)
    now = time.time() * 1000
    due, hidden, delayed = (
        Dated(visible_at, delayed_until)
        for visible_at, delayed_until in ((0, now - 1), (now + 60_000, 0), (0, now + 60_000))
    )
    queue._messages = [due, hidden, delayed]
    assert queue.messages == [due]


def only_the_buckets_cors_rules_open_it_to_browsers(cloud: DataCloud) -> None:
    cloud.objects.put_object(Bucket=cloud.bucket, Key="film.mp4", Body=b"film")
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://desk.example"]}
    cloud.objects.put_bucket_cors(Bucket=cloud.bucket, CORSConfiguration={"CORSRules": [rule]})
    url = cloud.objects.generate_presigned_url("get_object", {"Bucket": cloud.bucket, "Key": "film.mp4"})

    def allowed(origin: str) -> str | None:
        return requests.get(url, headers={"Origin": origin}, timeout=5).headers.get("Access-Control-Allow-Origin")

    assert allowed("https://desk.example") == "https://desk.example"
    assert allowed("https://elsewhere.example") is None


def a_request_finds_its_service_at_once() -> None:
    def no_folder_is_listed(event: str, _: tuple[object, ...]) -> None:
        assert event != "os.listdir"

    application = DomainDispatcherApplication(create_backend_app)
    sys.addaudithook(no_folder_is_listed)
    assert application.get_backend_for_host("dynamodb") == "dynamodb"


def a_request_finds_its_action_at_once() -> None:
    assert "get_item" in responses.method_names_from_class(DynamoHandler)
    calls = Counter[str]()
    sys.setprofile(lambda frame, event, _: calls.update([event]))
    responses.method_names_from_class(DynamoHandler)
    sys.setprofile(None)
    assert calls["call"] < 3


def a_row_is_answered_as_it_is_kept() -> None:
    operation = get_service_model("dynamodb").operation_model("GetItem")
    item = {f"attribute{number}": {"S": "x"} for number in range(100)}
    calls = Counter[str]()
    sys.setprofile(lambda frame, event, _: calls.update([event]))
    JSONSerializer(operation).serialize({"Item": item})
    sys.setprofile(None)
    assert calls["call"] < 10 * len(item)


def an_uploaded_form_is_tagged(cloud: DataCloud) -> None:
    tagging = "<Tagging><TagSet><Tag><Key>lifetime</Key><Value>upload</Value></Tag></TagSet></Tagging>"
    fields = {"tagging": tagging}
    signed = cloud.objects.generate_presigned_post(cloud.bucket, "uploads/a.png", Fields=fields, Conditions=[fields])
    assert requests.post(signed["url"], data=signed["fields"], files={"file": b"png"}, timeout=5).ok
    tags = cloud.objects.get_object_tagging(Bucket=cloud.bucket, Key="uploads/a.png")["TagSet"]
    assert tags == [{"Key": "lifetime", "Value": "upload"}]


class Unread:
    """What an object holds, which nobody may read."""

    def seek(self, place: int) -> None:
        raise AssertionError("it was read")

    def close(self) -> None:
        """As files have it."""


def a_list_of_versions_leaves_what_they_hold() -> None:
    backend = s3_backends[ACCOUNT]["aws"]
    backend.create_bucket("films", REGION)
    backend.put_object("films", "film.mp4", b"film")._value_buffer = Unread()
    found, *_ = backend.list_object_versions("films")
    assert [(one.name, one.is_latest) for one in found] == [("film.mp4", True)]


OVER_HTTP = named(
    (
        a_conditional_write_is_atomic,
        a_transaction_sent_twice_is_done_once,
        only_the_buckets_cors_rules_open_it_to_browsers,
        an_uploaded_form_is_tagged,
    )
)
INSIDE = named(
    (
        a_request_finds_its_service_at_once,
        a_request_finds_its_action_at_once,
        a_row_is_answered_as_it_is_kept,
        a_transaction_costs_what_it_touches,
        a_query_reads_its_own_rows,
        attributes_are_not_counted_on_every_send,
        a_look_into_a_queue_asks_for_the_time_once,
        a_list_of_versions_leaves_what_they_hold,
    )
)


def test_every_mend_has_a_check_of_its_name() -> None:
    assert {mend.__name__ for mend in DATA} == set(OVER_HTTP) | set(INSIDE)


@pytest.mark.parametrize("mend", DATA, ids=lambda mend: mend.__name__)
def test_aws_does_so_and_moto_only_when_mended(
    mend: Mend, cloud: DataCloud, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if check := INSIDE.get(mend.__name__):
        inside(DATA, check)
        with pytest.raises(AssertionError):
            inside(others(DATA, mend), check)
    else:
        check = OVER_HTTP[mend.__name__]
        check(cloud)
        with data_cloud(tmp_path_factory.mktemp("unmended"), left_out=mend) as unmended, pytest.raises(AssertionError):
            check(unmended)


def test_the_data_process_mends_itself(tmp_path: Path) -> None:
    with program(tmp_path, "local.data") as url:
        a_transaction_sent_twice_is_done_once(DataCloud(url))


def test_values_of_every_kind_come_back_as_they_were_put(cloud: DataCloud) -> None:
    row = key(str(uuid.uuid4())) | {
        "n": {"N": "1.50"},
        "nothing": {"NULL": True},
        "flag": {"BOOL": False},
        "bytes": {"B": b"\x00\x01"},
        "sets": {"L": [{"SS": ["x", "y"]}, {"NS": ["1", "2"]}, {"BS": [b"q"]}]},
        "map": {"M": {"S": {"S": "deep"}, "empty": {"M": {}}, "list": {"L": []}}},
    }
    cloud.tables.put_item(TableName=cloud.table, Item=row)
    assert cloud.tables.get_item(TableName=cloud.table, Key={name: row[name] for name in ("pk", "sk")})["Item"] == row


def test_a_failed_transaction_leaves_every_row_as_it_was(cloud: DataCloud) -> None:
    old, new, guarded = (key(str(uuid.uuid4())) for _ in range(3))
    cloud.tables.put_item(TableName=cloud.table, Item=old | {"n": {"N": "1"}})
    cloud.tables.put_item(TableName=cloud.table, Item=guarded | {"status": {"S": "completed"}})
    with pytest.raises(cloud.tables.exceptions.TransactionCanceledException) as cancelled:
        cloud.tables.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": cloud.table,
                        "Key": old,
                        "UpdateExpression": "SET n = n + :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                },
                {"Put": {"TableName": cloud.table, "Item": new}},
                {
                    "Put": {
                        "TableName": cloud.table,
                        "Item": guarded,
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        )
    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "None", "ConditionalCheckFailed"]
    assert reasons[2]["Item"]["status"] == {"S": "completed"}
    assert cloud.tables.get_item(TableName=cloud.table, Key=old)["Item"]["n"] == {"N": "1"}
    assert "Item" not in cloud.tables.get_item(TableName=cloud.table, Key=new)


def test_a_failed_condition_shows_the_row_that_it_met(cloud: DataCloud) -> None:
    row = key(str(uuid.uuid4()))
    cloud.tables.put_item(TableName=cloud.table, Item=row | {"status": {"S": "completed"}})
    with pytest.raises(cloud.tables.exceptions.ConditionalCheckFailedException) as failed:
        cloud.tables.update_item(
            TableName=cloud.table,
            Key=row,
            UpdateExpression="SET x = :x",
            ExpressionAttributeValues={":x": {"S": "1"}},
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert failed.value.response["Item"]["status"] == {"S": "completed"}


def test_a_queue_says_what_it_holds(cloud: DataCloud) -> None:
    url = cloud.queues.create_queue(QueueName=f"q-{uuid.uuid4()}")["QueueUrl"]
    cloud.queues.send_message(QueueUrl=url, MessageBody="look")
    attributes = cloud.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
