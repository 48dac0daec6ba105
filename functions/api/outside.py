"""The one door to URLs that users give. Only public servers, only https, and what a deployment lists beside them; what is
checked is what is connected to.

A host is resolved here, every address that it has must be public, and the connection goes to one of those addresses: a
name that resolves otherwise a moment later (DNS rebinding) changes nothing. The certificate must hold for the name. No
redirect is followed, no proxy asked, no answer unpacked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import certifi
from urllib3.util import Url, parse_url  # one reading of a URL, and a strict one: no gap between two

from functions.studio.errors import AddressRefused, AddressUnreachable, AnswerTooLarge

MOST_SECONDS = 15.0
"""From first to last; of the API's thirty, decoding wants the rest."""
CONNECT_SECONDS = 5.0
"""For one address, if there are several."""

GLOBAL_V6 = IPv6Network("2000::/3")
"""All that is unicast and global (RFC 4291), so neither mapped v4 addresses nor NAT64's."""
NOT_PUBLIC_V6 = [IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
"""Protocols (Teredo), documentation, 6to4: some lead on to any v4 address."""
NOT_PUBLIC_V4 = [IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4")]
"""Protocols, the relay of 6to4, multicast: not what Python's `is_global` means by private."""

PORTS = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address


def is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.is_global and address in GLOBAL_V6 and not any(address in net for net in NOT_PUBLIC_V6)
    return address.is_global and not any(address in net for net in NOT_PUBLIC_V4)


def resolve(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


@dataclass(frozen=True)
class Outside:
    """`admits` decides about addresses, `trust` about certificates. `origins` (`scheme://host[:port]`) are let in as they
    are, wherever they lead and by http too: a deployment's own word for servers that it knows."""

    resolve: Callable[[str, int], Sequence[str]] = resolve
    admits: Callable[[Address], bool] = is_public
    trust: Callable[[], ssl.SSLContext] = trust
    ports: frozenset[int] = frozenset({443})
    origins: Sequence[str] = ()
    seconds: float = MOST_SECONDS

    def get(self, url: str, *, most_bytes: int, accept: str = "*/*") -> bytes:
        """What is at `url`. AddressRefused before anything is sent; AddressUnreachable, AnswerTooLarge."""
        deadline = time.monotonic() + self.seconds
        asked, host, port = self._read(url)
        addresses = self._addresses(host, port, deadline)
        if not self._is_listed(asked) and not all(self.admits(address) for address in addresses):
            raise AddressRefused("must lead to a public server")
        context = self.trust() if asked.scheme == "https" else None
        try:
            connection = _connected(host, port, addresses, context, deadline)
            try:
                connection.request("GET", asked.request_uri, headers=_headers(accept))
                return _body(connection.getresponse(), most_bytes)
            finally:
                connection.close()
        except ssl.SSLCertVerificationError as error:
            raise AddressUnreachable(f"its certificate is not accepted: {error.verify_message}") from None
        except TimeoutError:
            raise AddressUnreachable(f"it did not answer in full within {self.seconds:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise AddressUnreachable(f"it could not be fetched: {type(error).__name__}") from None

    def _read(self, url: str) -> tuple[Url, str, int]:
        try:
            asked = parse_url(url)
        except ValueError:
            raise AddressRefused("must be a URL") from None
        listed = self._is_listed(asked)
        if not asked.host or not (listed or asked.scheme == "https"):
            raise AddressRefused("must be an https URL")
        if asked.auth is not None:
            raise AddressRefused("must not have a user name or password")
        port = _port(asked)
        if not listed and port not in self.ports:
            raise AddressRefused(f"must not name the port {port}: https has 443")
        return asked, asked.host.strip("[]"), port

    def _is_listed(self, asked: Url) -> bool:
        return any(_origin(asked) == _origin(parse_url(one)) for one in self.origins)

    def _addresses(self, host: str, port: int, deadline: float) -> list[Address]:
        """Looking up is bounded too: whose name it is decides how long it takes."""
        looking = ThreadPoolExecutor(1, thread_name_prefix="resolve")
        try:
            found = looking.submit(self.resolve, host, port).result(deadline - time.monotonic())
            addresses = [ip_address(one) for one in found]
        except (OSError, ValueError):  # TimeoutError is one of the former
            raise AddressUnreachable("its host cannot be found") from None
        finally:
            looking.shutdown(wait=False)
        if not addresses:
            raise AddressUnreachable("its host cannot be found")
        return addresses


def _origin(url: Url) -> tuple[str | None, str | None, int]:
    return url.scheme, url.host, _port(url)


def _port(url: Url) -> int:
    return PORTS.get(url.scheme or "", 0) if url.port is None else url.port


def _connected(
    host: str, port: int, addresses: Sequence[Address], context: ssl.SSLContext | None, deadline: float
) -> _Connection:
    for turn, address in enumerate(dict.fromkeys(addresses), 1):
        connection = _Connection(host, port, address, context, deadline)
        try:
            connection.connect()
        except OSError:
            if turn == len(set(addresses)) or time.monotonic() > deadline:
                raise
        else:
            return connection
    raise AssertionError("there is at least one address")


class _Connection(http.client.HTTPConnection):
    """To the address that was checked, in the name of its host, and not beyond the deadline. Without `context` in the clear."""

    def __init__(self, host: str, port: int, address: Address, context: ssl.SSLContext | None, deadline: float) -> None:
        self.default_port = PORTS["https" if context else "http"]
        super().__init__(host, port)
        self._trusting = context
        self._address = str(address)
        self._deadline = deadline

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), timeout=min(CONNECT_SECONDS, _left(self._deadline)))
        raw.settimeout(_left(self._deadline))
        try:
            hurried = _trusted(raw, self._trusting, self.host) if self._trusting else _Hurried(fileno=raw.detach())
        except BaseException:
            raw.close()
            raise
        hurried.settimeout(_left(self._deadline))
        hurried.deadline = self._deadline
        self.sock = hurried


class _Hurried(socket.socket):
    """Every reading ends with the deadline; a time-out of its own for each would let an answer drip for ever."""

    deadline: float

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self.settimeout(_left(self.deadline))
        return super().recv_into(*arguments, **named)


class _HurriedTls(_Hurried, ssl.SSLSocket):
    """The same behind a certificate that holds."""


def _trusted(raw: socket.socket, context: ssl.SSLContext, host: str) -> _HurriedTls:
    context.sslsocket_class = _HurriedTls
    wrapped = context.wrap_socket(raw, server_hostname=host)
    assert isinstance(wrapped, _HurriedTls)
    return wrapped


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _headers(accept: str) -> dict[str, str]:
    return {"User-Agent": "Reelay", "Accept": accept, "Accept-Encoding": "identity", "Connection": "close"}


def _body(answer: http.client.HTTPResponse, most_bytes: int) -> bytes:
    if 300 <= answer.status < 400:
        raise AddressUnreachable("it redirects, and redirects are not followed: give the URL that it leads to")
    if answer.status != 200:
        raise AddressUnreachable(f"it answers {answer.status}")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise AddressUnreachable("its answer is compressed, though that was not asked for")
    if answer.length is None or answer.length <= most_bytes:
        body = answer.read(most_bytes + 1)
        if answer.length:
            raise AddressUnreachable("its answer broke off")
        if len(body) <= most_bytes:
            return body
    raise AnswerTooLarge(f"it answers with more than {most_bytes / 1e6:g} MB")
