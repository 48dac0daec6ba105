from pathlib import Path

import numpy as np
from PIL import Image

from local.samples import draw_samples, imagined


def test_six_different_jpegs_of_1280_by_720_are_drawn_with_light_and_shade(tmp_path: Path) -> None:
    paths = draw_samples(tmp_path / "samples")
    assert [path.name for path in paths] == sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert len(paths) == 6
    pictures = [Image.open(path) for path in paths]
    assert {(picture.format, picture.size) for picture in pictures} == {("JPEG", (1280, 720))}
    assert all(60_000 < path.stat().st_size < 150_000 for path in paths)
    pixels = [np.asarray(picture.convert("RGB"), float) for picture in pictures]
    assert min(p.std() for p in pixels) > 25
    apart = [np.abs(a - b).mean() for n, a in enumerate(pixels) for b in pixels[:n]]
    assert min(apart) > 15


def test_a_text_imagines_always_the_same_picture_and_another_text_another_one() -> None:
    assert imagined("a lamp at dusk").tobytes() == imagined("a lamp at dusk").tobytes()
    assert imagined("a lamp at dusk").tobytes() != imagined("a lamp at dawn").tobytes()
