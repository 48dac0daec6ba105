"""The gateway: which route a request takes, the event it becomes, the answer it gets."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud
from local.deployment.records import Integration
from local.front import Route, allowed

DESK = "https://desk.example"


def raw(cloud: LocalCloud, method: str, target: str, body: bytes | None = None, **headers: str) -> Any:
    """Sends a request without any tidying of its path; the answer is the event that the function got."""
    connection = http.client.HTTPConnection(cloud.url.removeprefix("http://"))
    try:
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        assert response.status == 200
        return json.load(response)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("request_line", "key", "parameters"),
    [
        ("GET /clips/first", "GET /clips/first", {}),
        ("GET /clips/second", "GET /clips/{clip}", {"clip": "second"}),
        ("GET /clips/a%2Fb", "GET /clips/{clip}", {"clip": "a/b"}),
        ("POST /clips/first", "ANY /clips/{rest+}", {"rest": "first"}),
        ("GET /clips/a/b%2Fc", "ANY /clips/{rest+}", {"rest": "a/b/c"}),
        ("POST /clips", "POST /clips", {}),
        ("GET /clips", "$default", {}),
        ("GET /clips/", "$default", {}),
        ("DELETE /other", "$default", {}),
        ("GET /any/thing", "ANY /any/thing", {}),
        ("GET /films/7/poster", "GET /films/{film}/poster", {"film": "7"}),
        ("GET /films/7/other", "GET /films/{film}/{part}", {"film": "7", "part": "other"}),
    ],
)
def test_the_most_specific_route_wins(request_line: str, key: str, parameters: dict[str, str]) -> None:
    keys = [
        "$default",
        "ANY /clips/{rest+}",
        "ANY /any/thing",
        "GET /{all+}",
        "GET /clips/{clip}",
        "GET /clips/first",
        "POST /clips",
        "GET /films/{film}/{part}",
        "GET /films/{film}/poster",
    ]
    if key == "$default":
        keys.remove("GET /{all+}")
    method, path = request_line.split()
    for order in itertools.islice(itertools.permutations(keys), 0, None, 7919):
        routes = sorted((Route(one, Integration("f", 1)) for one in order), key=lambda route: route.precedence)
        taken = next(route for route in routes if route.match(method, path) is not None)
        assert (taken.key, taken.match(method, path)) == (key, parameters)


def test_an_event_has_the_payload_format_2_0(cloud: LocalCloud) -> None:
    event = raw(
        cloud,
        "POST",
        "/clips?tag=a%20b&tag=c&empty=&x=1+2",
        b'{"name": "\xc3\xbc"}',
        Content_Type="application/json; charset=utf-8",
        Cookie="one=1; two=2",
        X_Mixed_Case="Yes",
        User_Agent="tests",
    )
    assert (event["version"], event["routeKey"]) == ("2.0", "POST /clips")
    assert (event["rawPath"], event["rawQueryString"]) == ("/clips", "tag=a%20b&tag=c&empty=&x=1+2")
    assert event["queryStringParameters"] == {"tag": "a b,c", "empty": "", "x": "1 2"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert event["headers"]["x-mixed-case"] == "Yes"
    assert "cookie" not in event["headers"]
    assert event["headers"]["host"] == cloud.url.removeprefix("http://")
    assert (event["body"], event["isBase64Encoded"]) == ('{"name": "ü"}', False)
    assert "pathParameters" not in event
    context = event["requestContext"]
    assert context["http"] == {
        "method": "POST",
        "path": "/clips",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tests",
    }
    assert (context["stage"], context["routeKey"]) == ("$default", "POST /clips")
    assert context["timeEpoch"] > 1_700_000_000_000


def test_an_event_without_query_cookies_or_body_has_no_such_fields(cloud: LocalCloud) -> None:
    event = raw(cloud, "GET", "/clips/first")
    assert not event.keys() & {"queryStringParameters", "cookies", "body", "pathParameters"}
    assert (event["rawQueryString"], event["isBase64Encoded"]) == ("", False)


def test_a_path_arrives_as_it_was_sent(cloud: LocalCloud) -> None:
    event = raw(cloud, "GET", "/clips/a%2Fb%20c")
    assert event["rawPath"] == "/clips/a%2Fb%20c"
    assert event["pathParameters"] == {"clip": "a/b c"}


def test_a_header_sent_twice_is_one_with_a_comma(cloud: LocalCloud) -> None:
    connection = http.client.HTTPConnection(cloud.url.removeprefix("http://"))
    connection.putrequest("GET", "/clips/first")
    connection.putheader("X-Many", "one")
    connection.putheader("x-many", "two")
    connection.endheaders()
    event = json.load(connection.getresponse())
    connection.close()
    assert event["headers"]["x-many"] == "one,two"


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        ("text/csv", False),
        ("application/json", False),
        ("application/problem+json", False),
        ("application/xml", False),
        ("application/javascript", False),
        ("application/x-www-form-urlencoded", True),
        ("multipart/form-data; boundary=x", True),
        ("image/png", True),
    ],
)
def test_only_text_arrives_as_text(cloud: LocalCloud, kind: str, encoded: bool) -> None:
    event = raw(cloud, "POST", "/clips", b"a=b", Content_Type=kind)
    assert event["isBase64Encoded"] is encoded
    assert (base64.b64decode(event["body"]) if encoded else event["body"].encode()) == b"a=b"


def test_bytes_called_text_that_are_none_arrive_unharmed(cloud: LocalCloud) -> None:
    event = raw(cloud, "POST", "/clips", b"\xff\x00", Content_Type="text/plain")
    assert base64.b64decode(event["body"]) == b"\xff\x00"


def test_a_body_in_chunks_arrives_whole(cloud: LocalCloud) -> None:
    answer = requests.post(
        f"{cloud.url}/clips", data=iter([b"one,", b"two"]), headers={"Content-Type": "text/plain"}, timeout=10
    )
    assert answer.json()["body"] == "one,two"


def test_an_answer_keeps_its_status_bytes_headers_and_cookies(cloud: LocalCloud) -> None:
    answer = requests.get(f"{cloud.url}/clips/first?answer=bytes", timeout=10)
    assert (answer.status_code, answer.content) == (201, bytes(range(256)))
    assert (answer.headers["content-type"], answer.headers["x-number"]) == ("image/png", "7")
    assert answer.cookies.get_dict() == {"a": "1", "b": "2"}


def test_an_answer_without_a_status_is_the_body_as_json(cloud: LocalCloud) -> None:
    answer = requests.get(f"{cloud.url}/clips/first", timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_an_answer_without_a_type_is_plain_text(cloud: LocalCloud) -> None:
    answer = requests.get(f"{cloud.url}/clips/first?answer=text", timeout=10)
    assert (answer.text, answer.headers["content-type"]) == ("ü", "text/plain;charset=UTF-8")


@pytest.mark.parametrize("how", ["error", "nonsense"])
def test_a_function_that_fails_is_a_500_that_tells_nothing(cloud: LocalCloud, how: str) -> None:
    answer = requests.get(f"{cloud.url}/clips/first?answer={how}", timeout=10)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_an_answer_that_comes_too_late_is_a_503(cloud: LocalCloud) -> None:
    answer = requests.get(f"{cloud.url}/slow?wait=1.5", timeout=10)
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_a_request_without_a_route_is_a_404(cloud: LocalCloud) -> None:
    answer = requests.get(f"{cloud.url}/nowhere", timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_of_more_than_10_mb_is_a_413(cloud: LocalCloud, chunked: bool) -> None:
    body = b"x" * (10 * 1024 * 1024 + 1)
    answer = requests.post(f"{cloud.url}/clips", data=iter([body]) if chunked else body, timeout=30)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize(
    ("kind", "size", "status"),
    [
        ("image/png", 4_600_000, 200),
        ("image/png", 4_720_000, 413),
        ("text/plain", 4_720_000, 200),
        ("text/plain", 6_291_456, 413),
    ],
)
def test_an_event_of_more_than_6_mb_is_a_413_and_base64_counts(
    cloud: LocalCloud, kind: str, size: int, status: int
) -> None:
    """What a function is given as bytes is a third longer there."""
    answer = requests.post(
        f"{cloud.url}/clips?answer=text", data=b"x" * size, headers={"Content-Type": kind}, timeout=30
    )
    assert answer.status_code == status
    assert (status == 200) or answer.json() == {"message": "Request Entity Too Large"}


def test_an_allowed_origin_is_answered_before_any_function(cloud: LocalCloud) -> None:
    asked = {"Origin": DESK, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    answer = requests.options(f"{cloud.url}/clips/first?answer=error", headers=asked, timeout=10)
    assert answer.status_code == 204
    said = {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access")}
    assert said == {
        "access-control-allow-origin": DESK,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "x-api-key",
        "access-control-max-age": "60",
    }


@pytest.mark.parametrize(("origin", "said"), [(DESK, DESK), ("https://elsewhere.example", None)])
def test_a_page_may_read_the_answer_only_from_an_allowed_origin_whatever_the_function_says(
    cloud: LocalCloud, origin: str, said: str | None
) -> None:
    answer = requests.get(f"{cloud.url}/clips/first?answer=bytes", headers={"Origin": origin}, timeout=10)
    assert answer.headers.get("access-control-allow-origin") == said
    assert answer.headers.get("access-control-expose-headers") == ("etag" if said else None)


def test_an_origin_may_be_allowed_by_a_pattern() -> None:
    assert allowed("https://a.example", ["https://*"])
    assert not allowed("http://a.example", ["https://*"])
