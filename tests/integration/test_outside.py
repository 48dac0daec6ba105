"""Promise 6: a URL that a user gives leads to public servers only, and never further than it was checked."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from threading import Timer

import pytest

from functions.api.outside import Outside, is_public
from functions.studio.errors import AddressRefused, AddressUnreachable, AnswerTooLarge
from tests.outputs import Outputs, drips
from tests.strangers import NAME, Script, response, serving, stranger

PICTURE = bytes(range(256)) * 40
MOST = 20_000


def no_lookup(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


def test_what_lies_at_a_public_address_is_fetched_in_the_name_of_its_host() -> None:
    with stranger(response(PICTURE)) as there:
        assert there.outside().get(f"{there.url}?w=1#top", most_bytes=MOST, accept="image/png") == PICTURE
    [head] = there.heads
    assert head.startswith("GET /lamp.png?w=1 HTTP/1.1\r\n")
    assert f"\r\nHost: {NAME}:{there.port}\r\n" in head
    assert "\r\nAccept: image/png\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert not {"authorization", "cookie", "x-amz-security-token"} & {
        line.split(":")[0].lower() for line in head.split("\r\n")
    }


def test_a_body_in_chunks_arrives_whole() -> None:
    body = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    with stranger(response(body, Content_Length="", Transfer_Encoding="chunked")) as there:
        assert there.outside().get(there.url, most_bytes=MOST) == b"hello world"


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    with stranger(response(PICTURE, Content_Length="")) as there:
        assert there.outside().get(there.url, most_bytes=MOST) == PICTURE


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://pictures.example/a.png", "https"),
        ("ftp://pictures.example/a.png", "https"),
        ("file:///etc/passwd", "https"),
        ("data:image/png;base64,AAAA", "https"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "https"),
        ("//pictures.example/a.png", "https"),
        ("pictures.example/a.png", "https"),
        ("/etc/passwd", "https"),
        ("https:///a.png", "https"),
        ("https://", "https"),
        ("", "https"),
        ("https://[::1", "URL"),
        ("https://exa mple/", "URL"),
        ("https://pictures.example:99999/", "URL"),
        ("https://me:secret@pictures.example/a.png", "password"),
        ("https://me@pictures.example/a.png", "password"),
        ("https://pictures.example:8443/a.png", "port"),
        ("https://pictures.example:22/", "port"),
        ("https://pictures.example:80/", "port"),
        ("https://pictures.example:0/", "port"),
    ],
)
def test_what_is_no_public_https_url_is_refused_before_anything_is_looked_up(url: str, said: str) -> None:
    with pytest.raises(AddressRefused, match=said):
        Outside(resolve=no_lookup).get(url, most_bytes=MOST)


INSIDE = [
    "127.0.0.1",
    "127.255.0.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.9.9",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_in_the_world_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00:ec2::254"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_name_of_which_one_address_is_inside_is_refused(inside: str, order: int) -> None:
    door = Outside(resolve=lambda host, port: ["93.184.216.34", inside][::order])
    with pytest.raises(AddressRefused, match="public"):
        door.get("https://pictures.example/a.png", most_bytes=MOST)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]", "localhost"],
)
def test_however_an_address_inside_is_written_it_is_refused(host: str) -> None:
    """By the system's own resolver, which reads all of these."""
    with pytest.raises(AddressRefused, match="public"):
        Outside().get(f"https://{host}/a.png", most_bytes=MOST)


def test_nothing_is_sent_to_an_address_that_is_refused() -> None:
    with stranger(response(PICTURE)) as there:
        door = Outside(resolve=lambda host, port: ["127.0.0.1"], ports=frozenset({there.port}))
        with pytest.raises(AddressRefused):
            door.get(there.url, most_bytes=MOST)
        assert there.connections == 0


def test_a_name_is_looked_up_once_and_what_it_was_then_is_connected_to() -> None:
    """DNS rebinding: nobody asks what the name is by now."""
    with stranger(response(PICTURE)) as there:
        there.outside().get(there.url, most_bytes=MOST)
    assert there.looked_up == [NAME]


def test_where_one_address_does_not_answer_the_next_is_tried() -> None:
    with stranger(response(PICTURE)) as there:
        assert there.outside("127.0.0.9", "127.0.0.1").get(there.url, most_bytes=MOST) == PICTURE


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with stranger(response(b"", status, Location="http://169.254.169.254/")) as there:
        with pytest.raises(AddressUnreachable, match="redirect"):
            there.outside().get(there.url, most_bytes=MOST)
        assert len(there.heads) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oops", "206 Partial Content", "204 No"])
def test_an_answer_that_is_not_the_thing_itself_is_said_with_its_status(status: str) -> None:
    with stranger(response(b"", status)) as there, pytest.raises(AddressUnreachable, match=status[:3]):
        there.outside().get(there.url, most_bytes=MOST)


@pytest.mark.parametrize(
    "context",
    [lambda: serving(name="other.example"), lambda: serving(days=-1), lambda: serving(trusted=False)],
    ids=["of another name", "expired", "of nobody known"],
)
def test_a_certificate_that_does_not_hold_ends_it_before_anything_is_asked(
    context: Callable[[], ssl.SSLContext],
) -> None:
    with stranger(response(PICTURE), context()) as there, pytest.raises(AddressUnreachable, match="certificate"):
        there.outside().get(there.url, most_bytes=MOST)
    assert there.heads == []


def test_an_address_may_stand_for_a_name_when_its_certificate_says_so() -> None:
    with stranger(response(PICTURE), serving(name="127.0.0.1")) as there:
        assert there.outside().get(f"https://127.0.0.1:{there.port}/", most_bytes=MOST) == PICTURE


@pytest.mark.parametrize("said", ["", "20001"], ids=["unsaid", "said"])
def test_more_than_is_read_is_refused(said: str) -> None:
    with (
        stranger(response(bytes(MOST + 1), Content_Length=said)) as there,
        pytest.raises(AnswerTooLarge, match=r"0\.02 MB"),
    ):
        there.outside().get(there.url, most_bytes=MOST)


def test_as_much_as_is_read_is_taken() -> None:
    with stranger(response(bytes(MOST))) as there:
        assert len(there.outside().get(there.url, most_bytes=MOST)) == MOST


def test_a_length_of_terabytes_is_refused_without_reading() -> None:
    with stranger(response(b"", Content_Length=str(10**13))) as there, pytest.raises(AnswerTooLarge):
        there.outside().get(there.url, most_bytes=MOST)


def test_an_endless_body_is_read_to_the_limit_and_no_further() -> None:
    sent = 0

    def flood(connection: ssl.SSLSocket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(bytes(100_000))
            sent += 100_000

    with stranger(flood) as there, pytest.raises(AnswerTooLarge):
        there.outside().get(there.url, most_bytes=MOST)
    assert sent < 100_000_000


def test_an_answer_that_breaks_off_is_not_taken_for_the_whole() -> None:
    with (
        stranger(response(PICTURE, Content_Length="20000")) as there,
        pytest.raises(AddressUnreachable, match="broke off"),
    ):
        there.outside().get(there.url, most_bytes=MOST)


def test_an_answer_in_chunks_that_breaks_off_is_not_taken_for_the_whole() -> None:
    body = b"5\r\nhello\r\n6\r\n wo"
    broken = response(body, Content_Length="", Transfer_Encoding="chunked")
    with stranger(broken) as there, pytest.raises(AddressUnreachable, match="IncompleteRead"):
        there.outside().get(there.url, most_bytes=MOST)


def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    with (
        stranger(response(bomb, Content_Encoding="gzip")) as there,
        pytest.raises(AddressUnreachable, match="compressed"),
    ):
        there.outside().get(there.url, most_bytes=MOST)


def drip(*, head: bytes, drop: bytes) -> Script:
    """`head` at once, then a drop every 50 ms: for ever, as far as any deadline here goes."""

    def script(connection: ssl.SSLSocket) -> None:
        connection.sendall(head)
        for _ in range(200):
            connection.sendall(drop)
            time.sleep(0.05)

    return script


@pytest.mark.parametrize(
    "script",
    [
        drip(head=response(b"", Content_Length="9999"), drop=b"."),
        drip(head=response(b"", Content_Length="", Transfer_Encoding="chunked"), drop=b"1\r\n.\r\n"),
        drip(head=response(b"", Content_Length="", Transfer_Encoding="chunked") + b"1;", drop=b"x"),
        drip(head=b"HTTP/1.1 200 OK\r\n", drop=b"x"),
        drip(head=b"", drop=b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(head=b"", drop=b""),
    ],
    ids=["body", "chunks", "chunk-head", "headers", "continue", "silence"],
)
def test_an_answer_that_drips_ends_with_the_deadline(script: Script) -> None:
    with stranger(script) as there, pytest.raises(AddressUnreachable, match=r"within 0\.5 s"):
        there.outside(seconds=0.5).get(there.url, most_bytes=MOST)


def test_a_server_that_never_shakes_hands_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        end = Timer(10, listener.close)
        end.start()
        with pytest.raises(AddressUnreachable, match=r"within 0\.5 s"):
            replace(at(port), seconds=0.5).get(f"https://{NAME}:{port}/", most_bytes=MOST)
        end.cancel()


def test_a_lookup_that_takes_for_ever_ends_with_the_deadline() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(2)
        return ["93.184.216.34"]

    with pytest.raises(AddressUnreachable, match="found"):
        Outside(resolve=slow, seconds=0.2).get("https://pictures.example/", most_bytes=MOST)


def test_a_name_that_nobody_has_cannot_be_found() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    for resolve in (unknown, lambda host, port: []):
        with pytest.raises(AddressUnreachable, match="found"):
            Outside(resolve=resolve).get("https://pictures.example/", most_bytes=MOST)


@pytest.mark.parametrize("nonsense", [b"SSH-2.0-OpenSSH\r\n", b"\0\0\0\0", b"HTTP/1.1 abc\r\n\r\n", b""])
def test_what_does_not_speak_http_is_unreachable(nonsense: bytes) -> None:
    with stranger(nonsense) as there, pytest.raises(AddressUnreachable, match="could not be fetched"):
        there.outside().get(there.url, most_bytes=MOST)


def at(port: int) -> Outside:
    return Outside(
        resolve=lambda host, asked: ["127.0.0.1"], admits=lambda address: True, ports=frozenset({port}), seconds=5
    )


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(AddressUnreachable, match="ConnectionRefusedError"):
        at(port).get(f"https://{NAME}:{port}/", most_bytes=MOST)


def test_a_server_that_speaks_http_without_tls_is_unreachable() -> None:
    with Outputs.serving() as server:
        port = int(server.origin.rsplit(":", 1)[1])
        with pytest.raises(AddressUnreachable, match="SSLError"):
            at(port).get(f"https://{NAME}:{port}/", most_bytes=MOST)


def test_a_path_cannot_smuggle_another_request() -> None:
    with stranger(response(PICTURE)) as there:
        there.outside().get(f"{there.url}?a=1 HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /b", most_bytes=MOST)
    [head] = there.heads
    assert "X-Evil: 1\r\n" not in head


# what a deployment lists


def test_an_origin_that_the_deployment_lists_is_let_in_by_http_and_from_inside() -> None:
    with Outputs.serving() as there:
        door = Outside(origins=["https://pictures.internal", there.origin])
        assert door.get(there.holds(PICTURE, "/lamp.png"), most_bytes=MOST) == PICTURE
        assert there.asked == ["/lamp.png"]


def test_what_stands_beside_a_listed_origin_is_refused() -> None:
    with Outputs.serving() as there, Outputs.serving() as beside:
        door = Outside(origins=[there.origin])
        for url in (beside.holds(PICTURE), there.holds(PICTURE).replace("127.0.0.1", "localhost")):
            with pytest.raises(AddressRefused, match="https"):
                door.get(url, most_bytes=MOST)
        with pytest.raises(AddressRefused, match="password"):
            door.get(there.holds(PICTURE).replace("http://", "http://me@"), most_bytes=MOST)
        assert (there.asked, beside.asked) == ([], [])


def test_a_listed_origin_has_no_more_redirects_bytes_or_time_than_any() -> None:
    with Outputs.serving() as there, Outputs.serving() as beside, drips() as slow:
        door = Outside(origins=[there.origin, slow], seconds=0.5)
        with pytest.raises(AddressUnreachable, match="redirects"):
            door.get(there.says(302, Location=beside.holds(PICTURE)), most_bytes=MOST)
        with pytest.raises(AnswerTooLarge):
            door.get(there.holds(PICTURE), most_bytes=100)
        with pytest.raises(AddressUnreachable, match="did not answer in full"):
            door.get(f"{slow}/lamp.png", most_bytes=MOST)
        assert not beside.asked
