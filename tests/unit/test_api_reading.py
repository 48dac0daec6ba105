"""What the API reads: JSON, cursors, forms, pictures."""

from __future__ import annotations

import io
import zlib

import pytest
import requests
from PIL import Image
from pydantic import ValidationError

from functions.api.bodies import json_object
from functions.api.cursors import cursor, position
from functions.api.image_pairs import ImagePairsRequest
from functions.api.uploads import MOST_BYTES, Sent, read_upload
from functions.studio.errors import InvalidRequest, RequestError, TooLarge, UnsupportedMedia
from functions.studio.pictures import read_picture
from functions.studio.rows import new_id


def encoded(mode: str, form: str, size: tuple[int, int] = (30, 20), **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, form, **options)
    return file.getvalue()


def form(fields: list[tuple[str, str]], body: bytes = b"picture") -> Sent:
    parts = [(name, (None, value)) for name, value in fields]
    file = ("file", ("C:\\photos\\lamp é.jpg", body, "image/jpeg"))
    sent = requests.Request("POST", "http://api/", files=[*parts, file]).prepare()  # type: ignore[list-item]  # a file among fields
    assert isinstance(sent.body, bytes)
    return read_upload(sent.headers["Content-Type"], sent.body)


@pytest.mark.parametrize("text", ["{", "{}{}", "'a'", '{"a": infinity}', '{"a": 1,}', "[" * 50_000])
def test_what_is_not_json_is_a_bad_request(text: str) -> None:
    with pytest.raises(RequestError) as raised:
        json_object(text)
    assert raised.value.status == 400


@pytest.mark.parametrize(("text", "field"), [('{"a": 1, "a": 1}', "a"), ('{"a": {"b": 1, "c": 2, "b": 3}}', "b")])
def test_a_field_that_is_given_twice_is_refused_by_name(text: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        json_object(text)
    assert [error.field for error in raised.value.errors] == [field]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400"])
def test_what_is_no_number_of_json_is_refused_by_the_field_it_is_in(number: str) -> None:
    for field in ("clipDuration", "numPairs", "metadata"):
        said = f'{{"x": {number}}}' if field == "metadata" else number
        with pytest.raises(ValidationError) as raised:
            ImagePairsRequest.model_validate(json_object(f'{{"campaignId": "one", "{field}": {said}}}'))
        assert [error["loc"] for error in raised.value.errors()] == [(field,)]


@pytest.mark.parametrize("text", ["[]", "1", "null", '"a"', "true"])
def test_a_body_is_an_object(text: str) -> None:
    with pytest.raises(InvalidRequest):
        json_object(text)


def test_a_cursor_leads_back_to_where_it_was_made() -> None:
    last = new_id()
    assert position(cursor(last)) == last
    assert position(None) is None
    assert cursor(None) is None


@pytest.mark.parametrize("forged", ["", "x", "Ж", "a" * 5000, "Q0xJRU5UIw==", "////"])
def test_a_cursor_that_is_none_of_ours_is_refused(forged: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        position(forged)
    assert raised.value.errors[0].field == "cursor"


@pytest.mark.parametrize(
    ("mode", "kind", "content_type"),
    [("RGB", "JPEG", "image/jpeg"), ("CMYK", "JPEG", "image/jpeg"), ("L", "JPEG", "image/jpeg"), ("RGBA", "PNG", "image/png"),
     ("P", "PNG", "image/png"), ("I;16", "PNG", "image/png")],
)  # fmt: skip
def test_a_picture_of_any_mode_is_measured(mode: str, kind: str, content_type: str) -> None:
    read = read_picture(encoded(mode, kind))
    assert (read.width, read.height, read.content_type) == (30, 20, content_type)


def test_a_telephones_jpeg_with_further_pictures_is_a_jpeg() -> None:
    more = [Image.new("RGB", (30, 20), (9, 9, 9))]
    read = read_picture(encoded("RGB", "MPO", save_all=True, append_images=more))
    assert (read.content_type, read.extension) == ("image/jpeg", "jpg")


def test_a_picture_is_measured_before_it_is_decoded() -> None:
    bomb = bytearray(encoded("L", "PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    with pytest.raises(TooLarge):
        read_picture(bytes(bomb))


def test_a_picture_that_breaks_off_is_refused_wherever_it_does() -> None:
    file = io.BytesIO()
    Image.effect_noise((200, 100), 60).save(file, "JPEG")
    whole = file.getvalue()
    for length in range(0, len(whole) - 2, 400):
        with pytest.raises((InvalidRequest, UnsupportedMedia)):
            read_picture(whole[:length])


def test_the_fields_and_the_file_of_a_form_are_read() -> None:
    sent = form(
        [("uploadType", "file"), ("campaignId", "c"), ("name", " Lamp "), ("tags", '["a", "b"]')], b"\r\n--x\x00"
    )
    assert (sent.asked.name, sent.asked.campaign_id, sent.asked.tags) == ("Lamp", "c", ["a", "b"])
    assert sent.body == b"\r\n--x\x00"


@pytest.mark.parametrize(
    ("tags", "read"),
    [([], []), (["a"], ["a"]), (["a", "b, c"], ["a", "b, c"]), (["[]"], []), ([""], []), (['["a"]'], ["a"])],
)
def test_tags_come_as_an_array_or_a_repeated_field(tags: list[str], read: list[str]) -> None:
    sent = form([("uploadType", "file"), ("campaignId", "c"), *(("tags", tag) for tag in tags)])
    assert sent.asked.tags == read


def test_a_form_as_large_as_lambda_takes_is_read_and_a_larger_one_is_refused() -> None:
    fields = [("uploadType", "file"), ("campaignId", "c")]
    assert len(form(fields, bytes(MOST_BYTES - 1000)).body) == MOST_BYTES - 1000
    with pytest.raises(TooLarge):
        form(fields, bytes(MOST_BYTES))
