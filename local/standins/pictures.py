"""Pictures as providers take them: by http(s) URL or data: URI, really fetched, really decoded."""

import base64
import binascii
import io
import ipaddress
import socket
import urllib.parse
from functools import lru_cache

import requests
from PIL import Image, ImageOps

MAX_BYTES = 100 * 2**20


class PictureError(Exception):
    """A picture that cannot be had; the message says why, without the query of a signed URL."""


def fetch(url: str, *, public_only: bool = False, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes behind an http(s) URL or a data: URI."""
    if url.startswith("data:"):
        return _limited(_from_data_uri(url), max_bytes, "data URI")
    parts = urllib.parse.urlsplit(url)
    named = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if parts.scheme not in ("http", "https"):
        raise PictureError(f"{named[:120]} is not an http, https or data URL")
    if public_only and not is_public(url):
        raise PictureError(f"cannot reach {named}")
    try:
        with requests.Session() as session:
            # A proxy named in the environment would answer for loopback addresses.
            session.trust_env = False
            with session.get(url, timeout=(5, 30), stream=True) as answer:
                if answer.status_code != 200:
                    raise PictureError(f"{answer.status_code} {answer.reason} for {named}")
                return _limited(answer.raw.read(max_bytes + 1, decode_content=True), max_bytes, named)
    except (requests.RequestException, OSError) as error:
        raise PictureError(f"cannot fetch {named}: {type(error).__name__}") from error


# The pictures of a job come in many of its pairs: decoded once, they are also held in memory once.
@lru_cache(maxsize=32)
def decode(raw: bytes) -> Image.Image:
    """The whole picture, upright, in RGB; `format` is kept. Shared: not to be drawn upon."""
    try:
        with Image.open(io.BytesIO(raw)) as opened:
            kind = opened.format
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError("cannot identify or decode the picture") from error
    picture.format = kind
    return picture


def is_public(url: str) -> bool:
    """Whether a service out in the world could reach the host of `url`."""
    parts = urllib.parse.urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname or "", parts.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(address[4][0]).is_global for address in found)


def _from_data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise PictureError("a data URI without a comma")
    try:
        return (
            base64.b64decode(body, validate=True) if head.endswith(";base64") else urllib.parse.unquote_to_bytes(body)
        )
    except binascii.Error as error:
        raise PictureError("a data URI of broken base64") from error


def _limited(raw: bytes, max_bytes: int, named: str) -> bytes:
    if len(raw) > max_bytes:
        raise PictureError(f"{named} is larger than {max_bytes} bytes")
    return raw
