"""Whatever the clips are like, however many of them survive, and however they are joined: the film is what was planned.

A film a seed. `FILMS=200 .venv/bin/python -m pytest tests/integration/test_any_film.py -n 2` makes as many; a seed that
fails is in the test's name, and makes the same film again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random

import pytest

from functions.studio.boxes import read_movie
from functions.studio.cut import Cut, Transition, TransitionKind
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media import Piece, PieceKind
from functions.studio.media_store import MediaStore
from tests.any_clips import COLOURS, Form, any_form, drawn
from tests.media import FFMPEG, Studio
from tests.seen import heard, loudest, near
from tests.shelf import Shelf

FILMS = int(os.environ.get("FILMS", "8"))
MANY = 60
MILLISECOND = 48
"""In samples."""


def clips_of(lot: Random) -> dict[int, Form]:
    """Of a film, by number: all of one form or each of its own, some of them missing."""
    alike = lot.random() < 0.25
    count = lot.choice((1, 2, 3, 7)) if alike else lot.choice((1, 2, 3, 4, 5))
    palette = list(COLOURS)
    lot.shuffle(palette)
    forms = [any_form(lot, palette[turn % len(palette)]) for turn in range(count)]
    if alike:
        forms = [Form(**{**vars(forms[0]), "colour": form.colour}) for form in forms]
    survivors = [number for number in range(1, count + 1) if lot.random() < 0.8] or [lot.randint(1, count)]
    return {number: forms[number - 1] for number in survivors}


def cut_of(lot: Random) -> Cut:
    def transition() -> Transition:
        kind = lot.choice((TransitionKind.CUT, *TransitionKind))
        return Transition(kind=kind, seconds=Decimal(lot.choice(("0.1", "0.5", "1", "2"))))

    joins = {str(number): transition() for number in range(1, 8) if lot.random() < 0.3}
    return Cut(transition=transition(), joins=joins, fps=lot.choice((None, None, 24, 25, 30)))


def packets(*files: Path) -> list[str]:
    """The hash of every packet of the files' pictures, one file behind the other."""
    found = []
    for file in files:
        arguments = ["-v", "error", "-i", file, "-map", "0:v", "-c", "copy", "-f", "framehash", "-hash", "md5", "-"]
        said = subprocess.run([FFMPEG, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
        found += [line.rsplit(",", 1)[1].strip() for line in said.splitlines() if not line.startswith("#")]
    return found


def colours(film: Path) -> list[tuple[int, ...]]:
    """Of every frame: decoded whole."""
    arguments = ["-v", "error", "-xerror", "-i", str(film), "-vf", "scale=1:1:flags=area", "-fps_mode", "passthrough"]
    raw = subprocess.run(
        [FFMPEG, *arguments, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True
    ).stdout
    return [tuple(raw[at : at + 3]) for at in range(0, len(raw), 3)]


def proved(shelf: Shelf, clips: dict[int, Form], folder: Path) -> None:
    """Item by item what a film has to be, found out by other means than those that made it."""
    pieces, film = shelf.pieces, shelf.film
    path = shelf.fetched(film.key, folder)
    made = [shelf.fetched(key, folder) for key in dict.fromkeys(piece.key for piece in pieces)]
    by_key = dict(zip(dict.fromkeys(piece.key for piece in pieces), made, strict=True))
    fps = Fraction(film.frames) / Fraction(str(film.duration_seconds))

    assert packets(path) == packets(*(by_key[piece.key] for piece in pieces))
    movie = read_movie(path)
    assert [track.kind for track in movie.tracks] == ["vide", "soun"]
    assert {track.descriptions for track in movie.tracks} == {1}
    picture = movie.first("vide")
    assert picture
    configurations = {read_movie(file).first("vide").configuration for file in made}  # type: ignore[union-attr]  # a piece has a picture
    assert configurations == {picture.configuration}

    seen = colours(path)
    assert len(seen) == film.frames == picture.samples == sum(piece.frames for piece in pieces)
    exact = Fraction(picture.ticks, picture.timescale)
    for track in movie.tracks:
        (edit,) = track.edits
        assert abs(Fraction(edit.duration, movie.timescale) - exact) <= Fraction(1, 1000)
    sound = heard(path)
    assert abs(len(sound) // 2 - exact * 48_000) <= MILLISECOND + 1024  # the last packet of AAC is whole

    assert film.clips == sorted(clips)
    lengths_hold(pieces)
    ends = list(accumulate((piece.frames for piece in pieces), initial=0))
    for piece, (start, end) in zip(pieces, pairwise(ends), strict=True):
        if piece.kind is PieceKind.CLIP:
            form = clips[piece.clips[0]]
            assert near(seen[(start + end) // 2], COLOURS[form.colour], 70), (piece.name, seen[(start + end) // 2])
            if Fraction(end - start) / fps >= Fraction(2, 5):
                first, last = (round((start + (end - start) * part) / fps * 48_000) * 2 for part in (0.3, 0.7))
                assert (loudest(sound[first:last]) > 500) == (form.layout is not None), piece.name


def lengths_hold(pieces: list[Piece]) -> None:
    """Each clip is seen from its first frame to its last, and meets each neighbour in at most half of it."""
    for clip in {clip for piece in pieces for clip in piece.clips}:
        shots = [shot for piece in pieces for shot in piece.shots if shot.clip == clip]
        joins = [shot for piece in pieces if len(piece.clips) > 1 for shot in piece.shots if shot.clip == clip]
        whole = shots[-1].end
        assert shots[0].start == 0
        assert all(before.end == after.start for before, after in pairwise(shots))
        assert all(shot.frames * 2 <= whole for shot in joins)
        fps = pieces[0].target.fps if pieces[0].target else shots[0].picture.fps
        assert abs(whole - shots[0].picture.seconds * fps) <= 1


@pytest.mark.parametrize("seed", range(FILMS))
def test_a_film_of_any_clips_is_what_was_planned(
    seed: int, jobs: JobStore, ledger: Ledger, media: MediaStore, studio: Studio, tmp_path: Path
) -> None:
    lot = Random(hashlib.sha256(str(seed).encode()).digest())
    clips = clips_of(lot)
    shelf = Shelf(jobs, ledger, media, cut_of(lot))
    for number in range(1, max(clips) + 1):
        if number in clips:
            shelf.keep(number, drawn(studio, clips[number]))
        else:
            shelf.fails(number, "Nudity")
    shelf.make_pieces()
    shelf.assemble()
    proved(shelf, clips, tmp_path)


def test_a_film_of_sixty_clips_is_what_was_planned(shelf: Shelf, studio: Studio, tmp_path: Path) -> None:
    """Of one form, so that they are copied; every seventh failed."""
    lot = Random(60)
    names = list(COLOURS)
    form = Form("red", "h264 with B-frames", (64, 36), "24000/1001", 0.5, "stereo", 44_100)
    forms = {number: Form(**{**vars(form), "colour": lot.choice(names)}) for number in range(1, MANY + 1) if number % 7}
    for number in range(1, MANY + 1):
        if number in forms:
            shelf.keep(number, drawn(studio, forms[number]))
        else:
            shelf.fails(number, "Nudity")
    shelf.make_pieces()
    shelf.assemble()
    assert all(piece.target is None for piece in shelf.pieces)
    proved(shelf, forms, tmp_path)
