"""What the measure of black and still says of real files: broken ones, and those that only look a little like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.studio.probe import examine
from functions.studio.visible import clip_faults
from tests.media import Studio

SIZE = "640x360"
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
LOW = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "35", "-pix_fmt", "yuv420p")
ONE = "loop=loop=-1:size=1,trim=end_frame=48"
"""One frame, two seconds long."""


def drawn(studio: Studio, filters: str, encoder: tuple[str, ...] = LOW) -> Path:
    return studio.clip(seconds=2, size=SIZE, filters=filters, encoder=encoder)


def judged(clip: Path) -> list[str]:
    return [fault.split(" ")[0] for fault in clip_faults(examine(clip).picture)]


LAMP = "drawbox=x=300:y=200:w=16:h=16:t=fill"
BLINKS = f"{LAMP}:c=black,{LAMP}:c=white:enable='lt(mod(t,1),0.5)'"
ZOOMS = f"{ONE},scale=2560:-2,zoompan=z='1+0.005*on/48':d=1:s={SIZE}:fps=24:x='(iw-iw/zoom)/2':y='(ih-ih/zoom)/2'"


@pytest.mark.parametrize(
    ("name", "filters", "encoder", "verdict"),
    [
        ("one frame", ONE, LOW, ["nothing"]),
        ("one frame as HEVC", ONE, X265, ["nothing"]),
        ("a light of 16 by 16 pixels blinks", f"{ONE},{BLINKS}", LOW, []),
        ("a zoom by a two-hundredth", ZOOMS, LOW, []),
        ("grain alone", f"{ONE},noise=alls=8:allf=t", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), []),
        ("black", "drawbox=t=fill:c=black", LOW, ["it"]),
        ("black with noise of a sensor", "drawbox=t=fill:c=black,noise=alls=6:allf=t", LOW, ["it"]),
        ("full range black", "drawbox=t=fill:c=black", ("-c:v", "libx264", "-pix_fmt", "yuvj420p"), ["it"]),
        ("ten-bit black", "drawbox=t=fill:c=black", (*X265, "-pix_fmt", "yuv420p10le"), ["it"]),
        ("a light that blinks in the dark", f"drawbox=t=fill:c=black,{BLINKS}", LOW, []),
        ("a dark room", "lutyuv=y=16+val/12:u=128:v=128", LOW, []),
        ("from black and to black", "fade=t=in:d=0.7,fade=t=out:st=1.3:d=0.7", LOW, []),
    ],
    ids=lambda given: given if isinstance(given, str) and "=" not in given else "",
)
def test_only_what_shows_nothing_at_all_is_at_fault(
    studio: Studio, name: str, filters: str, encoder: tuple[str, ...], verdict: list[str]
) -> None:
    assert judged(drawn(studio, filters, encoder)) == verdict
