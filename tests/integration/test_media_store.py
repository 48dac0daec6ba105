"""Objects as the store sends them."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.studio.media_store import PARTED, RAW, MediaStore


@pytest.mark.parametrize(("size", "parted"), [(PARTED - 1, False), (PARTED, True)])
def test_only_a_large_file_is_sent_in_parts_and_either_has_its_type_and_tag(
    media: MediaStore, tmp_path: Path, size: int, parted: bool
) -> None:
    with (tmp_path / "sound.pcm").open("wb") as file:
        file.truncate(size)
    media.upload(tmp_path / "sound.pcm", "sound.pcm", "application/octet-stream", tags=RAW)
    found = media.client.head_object(Bucket=media.bucket, Key="sound.pcm")
    [tag] = media.client.get_object_tagging(Bucket=media.bucket, Key="sound.pcm")["TagSet"]
    assert (found["ContentLength"], "-" in found["ETag"]) == (size, parted)
    assert (found["ContentType"], f"{tag['Key']}={tag['Value']}") == ("application/octet-stream", RAW)
