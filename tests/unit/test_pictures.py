from __future__ import annotations

import random
from io import BytesIO

import pytest
from PIL import Image

from functions.studio.errors import InvalidRequest, RequestError, TooLarge, UnsupportedMedia
from functions.studio.pictures import THUMBNAIL, Picture, read_picture
from tests.pictures import (
    CORNERS,
    PROFILE,
    corners,
    drawn,
    exif,
    laid,
    opened,
    png_16,
    png_header,
    saved,
    scanned,
    webp_canvas,
    with_chunk,
    zlib_bomb,
)


def kept(body: bytes) -> tuple[Picture, Image.Image]:
    picture = read_picture(body)
    image = opened(picture.body)
    assert image.format is not None
    assert (image.size, image.get_format_mimetype()) == ((picture.width, picture.height), picture.content_type)
    assert image.mode in ("RGB", "RGBA")
    assert not image.getexif()
    return picture, image


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_good_picture_keeps_its_bytes(form: str, mode: str) -> None:
    if (form, mode) == ("JPEG", "RGBA"):
        mode = "RGB"
    body = saved(drawn(mode=mode), form, icc_profile=PROFILE)
    assert kept(body)[0].body == body


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_is_applied_to_the_pixels(orientation: int, form: str) -> None:
    body = saved(laid(orientation, drawn(64, 32)), form, exif=exif(orientation))
    picture, image = kept(body)
    assert (image.size, corners(image)) == ((64, 32), CORNERS)
    assert corners(opened(picture.thumbnail)) == CORNERS


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_changes_nothing(orientation: int) -> None:
    assert corners(kept(saved(drawn(), exif=exif(orientation)))[1]) == CORNERS


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_an_exif_that_cannot_be_read_does_no_harm() -> None:
    assert corners(kept(saved(drawn(), exif=b"Exif\0\0MM\0*\xff\xff\xff\xffnonsense"))[1]) == CORNERS


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_where_a_picture_was_taken_is_not_kept(form: str) -> None:
    picture, image = kept(saved(drawn(), form, exif=exif(place=True)))
    assert b"Telephone" not in picture.body
    assert not set(image.info) & {"exif", "xmp", "comment"}


def test_a_jpeg_that_loses_its_exif_is_not_encoded_again() -> None:
    plain, tagged = saved(drawn(), quality=80), saved(drawn(), quality=80, exif=exif(place=True), comment=b"by me")
    assert len(tagged) > len(plain)
    assert kept(tagged)[0].body == plain


def test_a_png_loses_its_texts_and_nothing_else() -> None:
    plain = saved(drawn(mode="RGBA"), "PNG", icc_profile=PROFILE, dpi=(72, 72))
    told = with_chunk(with_chunk(plain, b"tEXt", b"Author\0me"), b"eXIf", exif(place=True).tobytes()[6:])
    assert kept(told)[0].body == plain


def test_what_lies_behind_a_picture_is_not_kept() -> None:
    for form in ("JPEG", "PNG"):
        body = saved(drawn(), form)
        assert kept(body + b"<script>PK\x03\x04")[0].body == body


def test_of_a_telephones_several_pictures_the_first_is_kept() -> None:
    file = BytesIO()
    drawn().save(file, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48), "black")])
    assert opened(file.getvalue()).format == "MPO"
    picture, image = kept(file.getvalue())
    assert (image.format, picture.extension, corners(image)) == ("JPEG", "jpg", CORNERS)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_becomes_a_jpeg(lossless: bool) -> None:
    picture, image = kept(saved(drawn(), "WEBP", lossless=lossless))
    assert (picture.content_type, corners(image)) == ("image/jpeg", CORNERS)


def test_a_webp_that_can_be_seen_through_becomes_a_png() -> None:
    clear = drawn(mode="RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    picture, image = kept(saved(clear, "WEBP", lossless=True, exact=True))
    assert (picture.content_type, image.mode) == ("image/png", "RGBA")
    assert image.tobytes() == clear.tobytes()


def test_a_webp_whose_every_pixel_is_opaque_becomes_a_jpeg() -> None:
    assert kept(saved(drawn(mode="RGBA"), "WEBP", lossless=True))[0].content_type == "image/jpeg"


@pytest.mark.parametrize("profile", [b"", PROFILE, b"nonsense"], ids=["none", "of another kind", "broken"])
def test_cmyk_becomes_rgb(profile: bytes) -> None:
    picture, image = kept(saved(drawn(mode="CMYK"), icc_profile=profile))
    assert (picture.content_type, image.mode, corners(image)) == ("image/jpeg", "RGB", CORNERS)


def test_a_palette_becomes_rgb() -> None:
    picture, image = kept(saved(drawn(mode="P"), "PNG"))
    assert (picture.content_type, image.mode, corners(image)) == ("image/png", "RGB", CORNERS)


def test_a_palette_that_can_be_seen_through_becomes_rgba() -> None:
    _, image = kept(saved(drawn().quantize(8), "PNG", transparency=0))
    assert image.mode == "RGBA"
    assert image.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_grey_becomes_rgb(mode: str, form: str) -> None:
    mode = "L" if form == "JPEG" else mode
    image = kept(saved(drawn(mode="L").convert(mode), form))[1]
    assert image.mode == "RGB"


def test_16_bits_of_grey_become_8_in_all_their_brightness() -> None:
    grey = Image.new("I;16", (64, 48), 0x8000)
    _, image = kept(saved(grey, "PNG"))
    assert image.getpixel((5, 5)) == (128, 128, 128)


def test_16_bits_of_colour_become_8() -> None:
    picture, image = kept(png_16())
    assert (picture.body[24], picture.body[25]) == (8, 2)
    assert image.getpixel((5, 5)) == (0xC0, 0x40, 0x20)


def test_the_colours_of_a_profile_are_made_those_of_a_screen_when_the_picture_is_written_anew() -> None:
    _, image = kept(saved(laid(6, drawn()), exif=exif(6), icc_profile=PROFILE))
    assert "icc_profile" not in image.info
    assert corners(image) == CORNERS


@pytest.mark.parametrize(
    ("size", "small"),
    [((3000, 1500), (768, 384)), ((100, 2000), (38, 768)), ((64, 48), (64, 48)), ((1, 5000), (1, 768))],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_thumbnail_is_a_small_rgb_jpeg(size: tuple[int, int], small: tuple[int, int], form: str) -> None:
    image = opened(read_picture(saved(drawn(*size), form)).thumbnail)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", small)
    assert max(small) <= THUMBNAIL


def test_what_can_be_seen_through_lies_on_white_in_the_thumbnail() -> None:
    image = opened(read_picture(saved(Image.new("RGBA", (64, 48), (0, 0, 0, 0)), "PNG")).thumbnail)
    assert image.getpixel((5, 5)) == (255, 255, 255)


def wrong_sum(png: bytes) -> bytes:
    """Every pixel can be decoded; strict decoders take no such file."""
    at = png.index(b"IEND") - 5
    return png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]


def moving(form: str) -> bytes:
    return saved(drawn(), form, save_all=True, append_images=[Image.new("RGB", (64, 48), "black")])


REFUSED = {
    "empty": (b"", InvalidRequest),
    "gif": (saved(drawn(), "GIF"), UnsupportedMedia),
    "moving-gif": (moving("GIF"), UnsupportedMedia),
    "moving-webp": (moving("WEBP"), UnsupportedMedia),
    "moving-png": (moving("PNG"), UnsupportedMedia),
    "bmp": (saved(drawn(), "BMP"), UnsupportedMedia),
    "tiff": (saved(drawn(), "TIFF"), UnsupportedMedia),
    "avif": (saved(drawn(), "AVIF"), UnsupportedMedia),
    "pdf": (saved(drawn(), "PDF"), UnsupportedMedia),
    "text": (b"just text, called lamp.jpg", UnsupportedMedia),
    "html": (b"<!doctype html><html><body>404</body></html>", UnsupportedMedia),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', UnsupportedMedia),
    "playlist": (b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://169.254.169.254/latest/\n", UnsupportedMedia),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", UnsupportedMedia),
    "zip": (b"PK\x03\x04" + bytes(100), UnsupportedMedia),
    "mp4": (bytes(4) + b"ftypisom" + bytes(100), UnsupportedMedia),
    "text-with-a-jpegs-first-bytes": (b"\xff\xd8\xff#EXTM3U\nhttp://127.0.0.1/", InvalidRequest),
    "text-with-a-pngs-first-bytes": (b"\x89PNG\r\n\x1a\n<svg/>", InvalidRequest),
    "text-with-a-webps-first-bytes": (b"RIFF\x20\0\0\0WEBPVP8 <svg/>", InvalidRequest),
    "cut-jpeg": (saved(drawn(640, 480))[:2000], InvalidRequest),
    "cut-progressive-jpeg": (saved(Image.effect_noise((640, 480), 90), progressive=True)[:9000], InvalidRequest),
    "cut-png": (saved(drawn(640, 480), "PNG")[:-40], InvalidRequest),
    "cut-webp": (saved(drawn(640, 480), "WEBP")[:-40], InvalidRequest),
    "png-with-a-wrong-sum": (saved(drawn(), "PNG")[:-20] + bytes(20), InvalidRequest),
    "png-with-a-wrong-sum-of-sound-pixels": (wrong_sum(saved(drawn(), "PNG")), InvalidRequest),
    "png-that-ends-early": (png_header(640, 480), InvalidRequest),
    "too-many-pixels": (png_header(10_000, 5_001), TooLarge),
    "far-too-many-pixels": (png_header(2**31 - 1, 2**31 - 1), TooLarge),
    "far-too-many-pixels-of-webp": (webp_canvas(moving("WEBP"), 16_383, 16_383), TooLarge),
    "text-bomb": (with_chunk(saved(drawn(), "PNG"), b"zTXt", b"a\0\0" + zlib_bomb()), InvalidRequest),
    "profile-bomb": (with_chunk(saved(drawn(), "PNG"), b"iCCP", b"a\0\0" + zlib_bomb()), InvalidRequest),
    "scan-bomb": (scanned(drawn(), 101), InvalidRequest),
    "heavy": (saved(drawn()) + bytes(20_000_000), TooLarge),
}


@pytest.mark.parametrize(("body", "kind"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_usable_picture_is_refused_in_words_that_name_the_field(
    body: bytes, kind: type[RequestError]
) -> None:
    with pytest.raises(RequestError) as refusal:
        read_picture(body, "url")
    assert type(refusal.value) is kind
    assert [error.field for error in refusal.value.errors] == ["url"]
    assert "50 megapixels" in str(refusal.value.hint)
    assert refusal.value.detail.startswith(("The file ", "The picture ", "The JPEG ", "The PNG ", "The WEBP "))


def test_a_jpeg_may_come_in_a_hundred_scans_and_what_lies_behind_it_is_none() -> None:
    body = scanned(drawn(), 100)
    assert kept(body)[0].body == body
    assert kept(body + b"\xff\xda" * 1000)[0].body == body


def test_pixels_are_counted_to_the_last() -> None:
    with pytest.raises(InvalidRequest, match="decoded"):
        read_picture(png_header(10_000, 5_000))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_whatever_becomes_of_a_damaged_picture_is_a_picture_or_a_refusal() -> None:
    chance = random.Random(28)
    whole = [
        saved(drawn(), exif=exif(6, place=True), icc_profile=PROFILE),
        saved(drawn(), progressive=True),
        saved(drawn(mode="CMYK"), icc_profile=PROFILE),
        saved(drawn(mode="RGBA"), "PNG", icc_profile=PROFILE, exif=exif(3)),
        saved(drawn(mode="P"), "PNG"),
        saved(drawn(mode="RGBA"), "WEBP", lossless=True, exif=exif(8), icc_profile=PROFILE),
        saved(drawn(), "WEBP"),
    ]
    ends = {"kept": 0, "refused": 0}
    for _ in range(700):
        body = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 2, 20))):
            at = chance.randrange(min(len(body), chance.choice((40, 400, 4000))))
            body[at : at + chance.choice((0, 1, 1, 9))] = chance.randbytes(chance.choice((0, 1, 1, 3)))
        try:
            kept(bytes(body))
            ends["kept"] += 1
        except RequestError:
            ends["refused"] += 1
    assert min(ends.values()) > 50
