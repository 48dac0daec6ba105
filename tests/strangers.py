"""Strangers' https servers on loopback, with certificates of an authority of their own."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.api.outside import Outside

NAME = "pictures.example"
"""Found by no resolver: whoever reaches it has connected to the address, in this name."""

Script = Callable[[ssl.SSLSocket], None]


@cache
def authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate("authority", [], key, None), key


def trust() -> ssl.SSLContext:
    made, _ = authority()
    return ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())


def _certificate(
    name: str,
    names: Sequence[x509.GeneralName],
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    days: int = 1,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def serving(*, name: str = NAME, days: int = 1, trusted: bool = True) -> ssl.SSLContext:
    """A server's side, with a certificate for `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = _certificate(name, [alternative], key, authority() if trusted else None, days)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "server.pem")
        file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(file)
    return context


@dataclass
class Stranger:
    """`heads` are the requests that came, `connections` counts what knocked at all."""

    port: int
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    looked_up: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/lamp.png"

    def outside(self, *addresses: str, seconds: float = 10.0) -> Outside:
        """The door, for which the stranger's name is at `addresses`, and loopback is out in the world."""

        def resolve(host: str, port: int) -> list[str]:
            self.looked_up.append(host)
            return list(addresses or ("127.0.0.1",))

        return Outside(
            resolve=resolve,
            admits=lambda address: address.is_loopback,
            trust=trust,
            ports=frozenset({self.port}),
            seconds=seconds,
        )


@contextlib.contextmanager
def stranger(script: Script | bytes, context: ssl.SSLContext | None = None) -> Iterator[Stranger]:
    """Serves each connection by `script`, once the request's head has come; bytes are sent as they are."""
    context = context or serving()
    listener = socket.create_server(("127.0.0.1", 0))
    here = Stranger(listener.getsockname()[1])
    ended = threading.Event()

    def serve(raw: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
            head = b""
            while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
                head += more
            here.heads.append(head.decode())
            if callable(script):
                script(connection)
            else:
                connection.sendall(script)

    def listen() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                raw, _ = listener.accept()
                here.connections += 1
                raw.settimeout(20)
                threading.Thread(target=serve, args=(raw,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield here
    finally:
        ended.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", here.port), timeout=1).close()
        listener.close()


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    said = {"Content-Length": str(len(body)), "Content-Type": "image/png"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body
