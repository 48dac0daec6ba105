"""`python -m bench [SUBJECT …]`: measures, prints a table, writes out/bench.json.

Exit status 0 if every bound holds, 1 if one does not (all figures are shown and written all the same), 2 if something
could not be measured."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import requests

from bench import cost, films, gliding, jobs, startup
from bench.figures import Figure, document, table
from bench.film_job import NoBench
from bench.prices import Line
from local.checkout import OUT
from local.cloud import FAULTS
from local.demo import NoFilm
from local.ffmpeg import path_with_ffmpeg

RESULT: Final = OUT / "bench.json"
SUBJECTS: Final = ("startup", "films", "gliding", "jobs", "cost")
BUSY: Final = 0.5
"""Processes that want to run, for each processor, above which seconds say little."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the bounds of the design.")
    parser.add_argument(
        "subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(SUBJECTS)}; all of them by default"
    )
    chosen = parser.parse_args().subjects or list(SUBJECTS)
    if unknown := set(chosen) - set(SUBJECTS):
        parser.error(f"there is no subject {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load / processors > BUSY:
        say(f"The machine is busy (load {load:.1f} on {processors} processors): figures in seconds will be too high.")
    RESULT.unlink(missing_ok=True)
    try:
        figures, lines = measured(chosen)
    except (NoBench, NoFilm, requests.RequestException, *FAULTS) as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 2
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(document(figures))
    say(table(figures))
    if lines:
        say("\nof one clip's orchestration on AWS:")
        say("\n".join(f"  {line.quantity:10.4g} {line.name:<26} ${line.usd:.7f}" for line in lines))
    return 0 if all(figure.holds for figure in figures) else 1


def measured(chosen: Sequence[str]) -> tuple[list[Figure], list[Line]]:
    figures: list[Figure] = []
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for subject in chosen:
            began = time.monotonic()
            folder = Path(scratch, subject)
            folder.mkdir()
            match subject:
                case "startup":
                    figures.append(startup.measure())
                case "films" | "gliding":
                    os.environ["PATH"] = path_with_ffmpeg(folder / "bin", os.environ["PATH"])
                    figures += (films if subject == "films" else gliding).measure(folder)
                case "jobs":
                    figures += jobs.measure(folder)
                case "cost":
                    figure, lines = cost.measure(folder)
                    figures.append(figure)
            say(f"{subject}: measured in {time.monotonic() - began:.0f} s")
    return figures, lines


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
