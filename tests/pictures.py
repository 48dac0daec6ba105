"""Pictures of every awkward kind, drawn when they are wanted."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms
from PIL.ExifTags import IFD, Base

CORNERS = {"red": (0, 0), "lime": (1, 0), "blue": (0, 1), "yellow": (1, 1)}
"""Each quarter of a drawn picture has a colour of its own: which way up it is can be seen."""

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def drawn(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (width, height))
    for colour, (right, below) in CORNERS.items():
        image.paste(colour, (right * width // 2, below * height // 2, width, height))
    return image.convert(mode)


def saved(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opened(body: bytes) -> Image.Image:
    image = Image.open(BytesIO(body))
    image.load()
    return image


def corners(image: Image.Image) -> dict[str, tuple[int, int]]:
    """Where the colours of a drawn picture are now."""
    found = {}
    upright = image.convert("RGB")
    for right, below in CORNERS.values():
        pixel = upright.getpixel(((image.width * (1 + 2 * right)) // 4, (image.height * (1 + 2 * below)) // 4))
        assert isinstance(pixel, tuple)
        found[nearest(pixel)] = (right, below)
    return found


def nearest(pixel: tuple[int, ...]) -> str:
    colours = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
    return min(colours, key=lambda name: sum(abs(a - b) for a, b in zip(colours[name], pixel, strict=True)))


def exif(orientation: int | None = None, *, place: bool = False) -> Image.Exif:
    """`place`: with where it was taken."""
    made = Image.Exif()
    made[Base.Make] = "Telephone"
    if orientation:
        made[Base.Orientation] = orientation
    if place:
        made.get_ifd(IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return made


def laid(orientation: int, image: Image.Image) -> Image.Image:
    """As a camera that was held so stores an upright picture."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return image.transpose(undo[orientation]) if orientation in undo else image


def scanned(image: Image.Image, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again, until there are so many."""
    body = saved(image, progressive=True)
    last = body[body.rindex(b"\xff\xc4", 0, body.rindex(b"\xff\xda")) : -2]
    return body[:-2] + last * (scans - body.count(b"\xff\xda")) + body[-2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """Behind the header."""
    return png[:33] + chunk(kind, content) + png[33:]


def png_16(width: int = 64, height: int = 48) -> bytes:
    """RGB of 16 bits, of one colour."""
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    row = b"\0" + struct.pack(">HHH", 0xC080, 0x4040, 0x2020) * width
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(row * height)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_header(width: int, height: int) -> bytes:
    """That claims so many pixels, and has a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def webp_canvas(webp: bytes, width: int, height: int) -> bytes:
    """A moving WebP that claims another size of itself."""
    assert webp[12:16] == b"VP8X"
    return webp[:24] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + webp[30:]


def zlib_bomb(megabytes: int = 100) -> bytes:
    return zlib.compress(bytes(megabytes * 1_000_000), 9)
