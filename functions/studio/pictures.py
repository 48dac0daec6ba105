"""What becomes of a file that should be a picture, a caller's or a model's: decoded whole, and made into what every provider
takes."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

from functions.studio.bare_files import bare
from functions.studio.clips import KeptPicture
from functions.studio.errors import BrokenMedia, FieldError, InvalidRequest, RequestError, TooLarge, UnsupportedMedia

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000
MOST_SCANS = 100
"""Of a JPEG. A progressive one has about ten; each takes a pass over all of its pixels, however few its bytes."""

_SCAN = re.compile(rb"\xff\xda\0(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
"""How a scan of one to four components begins (ITU-T T.81, B.2.3): what lies behind a picture, a video say, has no such."""

THUMBNAIL = 768
"""Pixels of a thumbnail's longer side, at most: what a vision model looks at."""

QUALITY = 95
THUMBNAIL_QUALITY = 85
"""As JPEG counts it."""
QUICK_ABOVE = 12_000_000
"""Pixels. Beyond them a PNG is packed quickly rather than well: the packing alone would take a Lambda half a minute."""

TAKES = "A JPEG, PNG or WebP of at most {:g} MB and {} megapixels is taken."
FILES = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png")}
CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp")

UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error, zlib.error)
"""All of Pillow's ways to say that a file breaks off or contradicts itself."""


BLANK = 3
"""Levels of 256 by which a picture has to differ from itself somewhere, or nothing is to be seen on it."""


@dataclass(frozen=True)
class Picture:
    """A JPEG or PNG of RGB or RGBA, 8 bits each, upright, that holds nothing but the picture; its thumbnail, a JPEG."""

    body: bytes
    content_type: str
    extension: str
    width: int
    height: int
    thumbnail: bytes
    blank: bool
    """It has one colour throughout."""


def kept_as(picture: Picture, key: str, predict_seconds: float | None = None) -> KeptPicture:
    """What a clip's row says of it, once it lies under that key."""
    return KeptPicture(
        key=key,
        sha256=sha256(picture.body).hexdigest(),
        width=picture.width,
        height=picture.height,
        format="png" if picture.extension == "png" else "jpeg",
        bytes=len(picture.body),
        predict_seconds=predict_seconds,
    )


def read_picture(body: bytes, field: str = "file", most_bytes: int = MOST_BYTES) -> Picture:
    """TooLarge, UnsupportedMedia or InvalidRequest, each naming `field`, for whatever is no such picture.

    A good JPEG or PNG keeps its bytes but for what is not the picture: EXIF (and with it where it was taken), comments,
    further pictures. `most_bytes` is what the way by which it comes can carry.
    """
    from PIL.Image import DecompressionBombError

    def refused(kind: type[RequestError], detail: str) -> RequestError:
        hint = TAKES.format(most_bytes / 1e6, MOST_PIXELS // 10**6)
        return kind(detail, hint=hint, errors=(FieldError(field, detail),))

    if not body:
        raise refused(InvalidRequest, "The file is empty.")
    if len(body) > most_bytes:
        raise refused(TooLarge, f"The picture has {len(body)} bytes.")
    form = _form(body)
    if form is None:
        raise refused(UnsupportedMedia, "The file is neither a JPEG nor a PNG nor a WebP.")
    try:
        fault = _fault(body, form)
        if fault:
            raise refused(*fault)
        return _picture(_decoded(body, form), body, form)
    except DecompressionBombError:
        raise refused(TooLarge, "The picture has far too many pixels.") from None
    except UNDECODABLE:
        raise refused(InvalidRequest, f"The {form} cannot be decoded: it is damaged, or not all of it came.") from None


def upright(body: bytes) -> Image:
    """RGB of 8 bits, as it is to be looked at; what can be seen through lies on white. BrokenMedia for what is no picture."""
    from PIL.Image import DecompressionBombError

    form = _form(body)
    if form is None:
        raise BrokenMedia("the picture is neither JPEG nor PNG nor WebP")
    try:
        image = _decoded(body, form)
        turn = _turn(image)
        image = on_white(_srgb(_eight_bits(image)))
    except (DecompressionBombError, *UNDECODABLE):
        raise BrokenMedia("the picture cannot be decoded") from None
    return image if turn is None else image.transpose(turn)


def on_white(image: Image) -> Image:
    """Without what can be seen through."""
    from PIL.Image import new

    if image.mode != "RGBA":
        return image
    ground = new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _form(body: bytes) -> str | None:
    if body.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WEBP" if body[:4] == b"RIFF" and body[8:12] == b"WEBP" else None


def _fault(body: bytes, form: str) -> tuple[type[RequestError], str] | None:
    """What can be said against a picture before it is decoded."""
    image = _opened(body, form)
    if image.width * image.height > MOST_PIXELS:
        return TooLarge, f"The picture has {image.width} × {image.height} pixels."
    if image.format != "MPO" and getattr(image, "is_animated", False):
        return UnsupportedMedia, "The picture moves: it has more than one frame."
    if form == "PNG":
        image.verify()  # the sums: decoding passes over them, and a provider's decoder may not
    if form == "JPEG" and len(_SCAN.findall(body)) > MOST_SCANS:
        return InvalidRequest, f"The JPEG has more than {MOST_SCANS} scans."
    return None


def _decoded(body: bytes, form: str) -> Image:
    image = _opened(body, form)
    image.load()
    # The copy is without WebP's decoder, which holds the picture twice.
    return image.copy() if form == "WEBP" else image


def _opened(body: bytes, form: str) -> Image:
    """MPO is what Pillow calls a JPEG with further pictures behind it, as telephones make them."""
    from PIL import Image, WebPImagePlugin  # noqa: F401  (else Pillow loads all of its forty formats to find WebP)

    return Image.open(BytesIO(body), formats=(form,))


def _picture(image: Image, body: bytes, form: str) -> Picture:
    turn = _turn(image)
    kept = None if turn is not None or not _plain(image, body, form) else bare(body, form)
    if kept is None:
        image = _srgb(_eight_bits(image))
        if turn is not None:
            image = image.transpose(turn)
        form = "PNG" if form == "PNG" or image.mode == "RGBA" else "JPEG"
        kept = _written(image, form)
    content_type, extension = FILES[form]
    width, height = image.size
    blank = all(high - low < BLANK for low, high in _extremes(image))
    return Picture(kept, content_type, extension, width, height, _thumbnail(image), blank)


def _extremes(image: Image) -> list[tuple[int, int]]:
    """Of each band the darkest and the brightest there is."""
    return [band.getextrema() for band in image.split()]  # type: ignore[misc]  # of one band it is a pair


def _turn(image: Image) -> Transpose | None:
    """What the EXIF orientation asks for; an EXIF that cannot be read asks for nothing."""
    from PIL.ExifTags import Base
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(Base.Orientation, 1))
    except UNDECODABLE:
        return None


def _plain(image: Image, body: bytes, form: str) -> bool:
    """Whether the file is RGB or RGBA of 8 bits as it is: a PNG says so in its header, Pillow makes 16 bits 8."""
    if form == "PNG":
        return body[24] == 8 and body[25] in (2, 6)
    return form == "JPEG" and image.mode == "RGB"


def _eight_bits(image: Image) -> Image:
    """RGBA where something can be seen through; CMYK stays until its profile has been asked."""
    if image.mode.startswith("I"):
        # Pillow's conversion would cut brightness off at 255 of 65535.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        opaque = clear.getchannel("A").getextrema() == (255, 255)
        return clear.convert("RGB") if opaque else clear
    return image if image.mode in ("RGB", "CMYK") else image.convert("RGB")


def _srgb(image: Image) -> Image:
    """The colours that the picture's profile means; without one, or with one that is broken or of another kind, as they are."""
    from PIL import ImageCms

    profile = image.info.pop("icc_profile", None)
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        try:
            turned = ImageCms.profileToProfile(
                image, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode=target
            )
        except (ImageCms.PyCMSError, *UNDECODABLE):
            turned = None
        if turned is not None:
            return turned
    return image if image.mode == target else image.convert(target)


def _written(image: Image, form: str, quality: int = QUALITY) -> bytes:
    image.info = {}  # or Pillow would write a comment, a profile
    file = BytesIO()
    if form == "JPEG":
        image.save(file, "JPEG", quality=quality)
    else:
        image.save(file, "PNG", compress_level=1 if image.width * image.height > QUICK_ABOVE else 6)
    return file.getvalue()


def _thumbnail(image: Image) -> bytes:
    """Makes `image` small. What can be seen through lies on white."""
    image.thumbnail((THUMBNAIL, THUMBNAIL), reducing_gap=2.0)
    return _written(on_white(_srgb(image)), "JPEG", THUMBNAIL_QUALITY)
