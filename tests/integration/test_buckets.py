"""A bucket that the stack should have made, and that is not to be had."""

from __future__ import annotations

import boto3
import pytest

from functions.studio import wiring
from functions.studio.errors import NotConfigured
from functions.studio.media_store import MediaStore


def test_a_bucket_that_is_there_is_found(cloud: None) -> None:
    boto3.client("s3").create_bucket(Bucket="there")
    assert MediaStore("there").found().bucket == "there"


def test_one_that_is_not_is_named_before_anything_is_written(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_BUCKET", "gone-from-here")
    wiring.media.cache_clear()
    with pytest.raises(NotConfigured, match="'gone-from-here' is not there"):
        wiring.media()
