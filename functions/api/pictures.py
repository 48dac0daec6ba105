"""What a picture must prove before it is kept: it is really decoded."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from functions.studio.errors import FieldError, InvalidRequest, RequestError, TooLarge, UnsupportedMedia

MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000

CONTENT_TYPES = {"JPEG": ("image/jpeg", "jpg"), "MPO": ("image/jpeg", "jpg"), "PNG": ("image/png", "png")}
"""By Pillow's name of the format. MPO is a JPEG with further pictures behind it, as telephones make them."""


@dataclass(frozen=True)
class Picture:
    """Pixels, content type and SHA-256 of a file that was decoded whole."""

    width: int
    height: int
    content_type: str
    extension: str
    bytes: int
    sha256: str


def read_picture(body: bytes, field: str = "file", most_bytes: int = MOST_BYTES) -> Picture:
    """TooLarge, UnsupportedMedia or InvalidRequest, each naming `field`, for whatever is no such picture.

    `most_bytes` is what the way by which it comes can carry.
    """
    from PIL import Image, UnidentifiedImageError

    def refused(kind: type[RequestError], detail: str) -> RequestError:
        hint = f"A JPEG or PNG of at most {most_bytes / 1e6:g} MB and {MOST_PIXELS // 10**6} megapixels is taken."
        return kind(detail, hint=hint, errors=(FieldError(field, detail),))

    if len(body) > most_bytes:
        raise refused(TooLarge, f"The picture has {len(body)} bytes.")
    try:
        # Checks the sums of a PNG, which decoding alone passes over; a picture that was verified must be opened anew.
        with Image.open(BytesIO(body), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise refused(TooLarge, f"The picture has {image.width} × {image.height} pixels.")
            image.verify()
        with Image.open(BytesIO(body), formats=("JPEG", "PNG")) as image:
            image.load()
            content_type, extension = CONTENT_TYPES[image.format or ""]
            size = image.size
    except UnidentifiedImageError:
        raise refused(UnsupportedMedia, "The file is neither a JPEG nor a PNG.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise refused(TooLarge, "The picture has far too many pixels.") from None
    except (OSError, SyntaxError, ValueError) as error:
        # Pillow's three ways to say that a file breaks off or contradicts itself.
        raise refused(InvalidRequest, f"The picture cannot be decoded: {error}.") from None
    return Picture(*size, content_type, extension, len(body), sha256(body).hexdigest())
