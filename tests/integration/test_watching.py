"""Beside the film: its moving preview and its playlist, and what becomes of a film without them."""

from __future__ import annotations

import json
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from functions.assemble.watching import make_preview, put_beside
from functions.studio.media import Segment
from tests.media import Studio
from tests.shelf import Shelf


@pytest.mark.parametrize(("seconds", "size"), [(0.2, "320x180"), (2, "180x320"), (9, "641x361")])
def test_a_preview_is_a_few_small_moving_seconds(studio: Studio, tmp_path: Path, seconds: float, size: str) -> None:
    to = tmp_path / "preview.webp"
    encoder = ("-c:v", "libx264", "-pix_fmt", "yuv444p")
    make_preview(studio.clip(seconds=seconds, size=size, encoder=encoder), seconds, to)
    assert to.stat().st_size < 500_000
    with Image.open(to) as preview:
        assert preview.format == "WEBP"
        assert preview.width == 320
        frames = getattr(preview, "n_frames", 1)
        assert frames == pytest.approx(min(seconds, 3) * 12, abs=1)


def test_a_film_lies_in_the_bucket_with_its_preview_and_its_playlists_ranges(shelf: Shelf, studio: Studio) -> None:
    shelf.keeps(*(studio.clip(seconds=3, tone=tone) for tone in (300, 500, 700)))
    shelf.make_pieces()
    film = shelf.assemble()
    assert film.preview
    assert film.ranges_key
    with Image.open(BytesIO(shelf.media.read(film.preview.key))) as preview:
        assert preview.format == "WEBP"
    ranges = Segment.model_validate_json(shelf.media.read(film.ranges_key))
    content = shelf.media.read(ranges.key)
    assert ranges.initial_bytes + sum(stretch.bytes for stretch in ranges.stretches) == len(content)
    assert sum(stretch.seconds for stretch in ranges.stretches) == pytest.approx(9)
    manifest = json.loads(shelf.media.read(film.manifest_key))
    assert manifest["preview"] == {"name": "preview.webp", "sha256": film.preview.sha256}
    assert not manifest["film"].keys() & {"preview", "rangesKey"}


def test_a_film_is_no_less_finished_without_them(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    shelf.keeps(studio.clip())
    shelf.make_pieces()
    film = shelf.assemble()
    combined = shelf.fetched(film.key, tmp_path)
    bare = put_beside(film, combined, [], Fraction(24), shelf.media, seconds=0.0)
    assert bare == film.model_copy(update={"preview": None, "ranges_key": None})
