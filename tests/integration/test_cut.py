"""The film obeys its cut: joins, size and rate, background, cards, watermark and sound, over what providers really make."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from functions.studio.boxes import read_movie
from functions.studio.cut import Card, Cut, Position, Transition, TransitionKind, Watermark
from functions.studio.errors import BrokenMedia, FilmTooLarge
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore, asset_key
from functions.studio.probe import examine
from functions.studio.room import MOST_BYTES
from tests.media import Studio
from tests.seen import frames_of, heard, loudest, near, pixels
from tests.shelf import Shelf

RED, GREEN, BLUE, BLACK = (254, 0, 0), (0, 128, 0), (0, 0, 254), (0, 0, 0)
SIZE = (320, 180)
LEFT, MIDDLE, RIGHT = (20, 90), (160, 90), (300, 90)

Cutting = Callable[..., Shelf]


@pytest.fixture
def cutting(jobs: JobStore, ledger: Ledger, media: MediaStore) -> Cutting:
    """A shelf whose job is cut in some way."""
    return lambda **cut: Shelf(jobs, ledger, media, Cut(**cut))


def joined(kind: str, seconds: str = "0.5") -> Transition:
    return Transition(kind=TransitionKind(kind), seconds=Decimal(seconds))


def film_of(shelf: Shelf, folder: Path) -> Path:
    """The film, after it was shown to be what was planned: by its row, its boxes and by decoding it."""
    shelf.make_pieces()
    film = shelf.assemble()
    path = shelf.fetched(film.key, folder)
    assert film.frames == sum(piece.frames for piece in shelf.pieces) == frames_of(path)
    movie = read_movie(path)
    shown = {Fraction(track.edits[0].duration, movie.timescale) for track in movie.tracks}
    assert shown == {Fraction(film.frames) / examine(path).picture.fps}
    return path


LOOKS: dict[str, dict[tuple[int, int], tuple[int, int, int]]] = {
    "crossfade": {LEFT: (127, 64, 0), MIDDLE: (127, 64, 0), RIGHT: (127, 64, 0)},
    "fade-black": {LEFT: BLACK, MIDDLE: BLACK, RIGHT: BLACK},
    "wipe": {LEFT: RED, RIGHT: GREEN},
    "slide": {LEFT: RED, RIGHT: GREEN},
}
"""Colours in the middle of a join from red to green."""


@pytest.mark.parametrize("kind", LOOKS)
def test_a_join_shows_both_clips_in_its_middle_and_each_alone_at_its_ends(
    kind: str, cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    shelf = cutting(transition=joined(kind)).keeps(studio.clip(colour="red"), studio.clip(colour="green"))
    film = film_of(shelf, tmp_path)
    assert [(piece.kind, piece.frames) for piece in shelf.pieces] == [("clip", 12), ("join", 12), ("clip", 12)]
    for frame, colour in ((0, RED), (11, RED), (12, RED), (24, GREEN), (35, GREEN)):
        assert all(near(one, colour, 24) for one in pixels(film, frame, [LEFT, MIDDLE, RIGHT], SIZE))
    seen = pixels(film, 18, list(LOOKS[kind]), SIZE)
    assert all(near(one, colour, 24) for one, colour in zip(seen, LOOKS[kind].values(), strict=True)), seen


def test_a_slide_moves_the_picture_and_a_wipe_uncovers_it(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    """The clip that goes has a white left half."""
    half = studio.clip(colour="red", filters="drawbox=w=iw/2:t=fill:c=white")
    left_of_edge = {}
    for kind in ("wipe", "slide"):
        shelf = cutting(transition=joined(kind)).keeps(half, studio.clip(colour="green"))
        folder = tmp_path / kind
        folder.mkdir()
        (left_of_edge[kind],) = pixels(film_of(shelf, folder), 18, [(140, 90)], SIZE)
    assert near(left_of_edge["wipe"], (255, 255, 255), 24)
    assert near(left_of_edge["slide"], RED, 24)


def test_joins_hold_over_other_rates_and_sizes_mute_clips_and_clips_of_a_moment(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    joins = {"1": joined("wipe"), "2": joined("slide", "0.3"), "4": joined("fade-black"), "5": joined("cut")}
    shelf = cutting(transition=joined("crossfade"), joins=joins).keeps(
        studio.clip(),
        studio.clip(size="180x320", fps="30", sound=False),
        studio.clip(fps="25", seconds=2),
        studio.clip(seconds=0.2, sound=False),
        studio.clip(seconds=0.04, sound=False),
        studio.clip(size="640x360", fps="30000/1001"),
    )
    film_of(shelf, tmp_path)
    target = shelf.pieces[0].target
    assert target
    assert target.fps == 25
    assert [(piece.clips, piece.transition, piece.frames) for piece in shelf.pieces] == [
        ([1], None, 13),
        ([1, 2], "wipe", 12),
        ([2], None, 5),
        ([2, 3], "slide", 8),
        ([3], None, 40),
        ([3, 4], "crossfade", 2),
        ([4], None, 3),
        ([5], None, 1),
        ([6], None, 24),
    ]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_clips_are_the_film_is_as_long_as_planned_and_proved(
    seed: int, cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    encoders = (
        ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
        ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"),
        ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
        ("-c:v", "mpeg4"),
    )

    def clip() -> Path:
        size = chance.choice(["64x36", "36x64", "48x48", "96x54"])
        return studio.clip(
            seconds=chance.choice([0.2, 0.5, 0.9, 1.6]),
            fps=chance.choice(["24", "25", "30", "30000/1001", "60"]),
            size=size,
            sound=chance.random() < 0.7,
            # HEVC's smallest block decides how small its pictures may be.
            encoder=chance.choice(encoders if size == "96x54" else encoders[:2]),
        )

    def transition() -> Transition:
        return joined(chance.choice(list(TransitionKind)), str(chance.choice([0.1, 0.5, 3])))

    count = chance.randint(1, 5)
    shelf = cutting(
        transition=transition(),
        joins={str(number): transition() for number in range(1, count + 1) if chance.random() < 0.3},
        fps=chance.choice([None, None, 24, 25, 30]),
        aspect_ratio=chance.choice([None, None, "1:1", "9:16"]),
        audio=chance.choice(["keep", "keep", "strip"]),
        background=chance.choice(["blurred", "plain"]),
        quality=chance.choice(["economy", "balanced", "premium"]),
    )
    survivors = sorted(chance.sample(range(1, 8), count))
    for number in survivors:
        shelf.keep(number, clip())
    film_of(shelf, tmp_path)
    assert shelf.film.clips == survivors


def test_the_manifest_tells_where_joins_are_and_where_each_clip_is_seen(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    shelf = cutting(transition=joined("crossfade")).keeps(studio.clip(), studio.clip())
    film_of(shelf, tmp_path)
    manifest = json.loads(shelf.media.read(shelf.film.manifest_key))
    assert [
        (one["kind"], one["clips"], one["transition"], one["startsAt"], one["frames"]) for one in manifest["pieces"]
    ] == [
        ("clip", [1], None, 0, 12),
        ("join", [1, 2], "crossfade", 0.5, 12),
        ("clip", [2], None, 1, 12),
    ]
    assert [(clip["startsAt"], clip["seconds"]) for clip in manifest["clips"]] == [(0, 1), (0.5, 1)]


SECOND = 2 * 48_000
"""Samples, left and right."""
EDGE = 2 * 2048
"""AAC blurs what lies next to a change."""


def test_a_fade_through_black_is_silent_in_its_middle_and_a_crossfade_is_not(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    """Two seconds, joined by one: its middle is at a second and a half, where both clips are heard half as loud."""
    loud = {}
    for kind in ("fade-black", "crossfade"):
        shelf = cutting(transition=joined(kind, "1")).keeps(
            studio.clip(seconds=2, tone=440), studio.clip(seconds=2, tone=660)
        )
        folder = tmp_path / kind
        folder.mkdir()
        samples = heard(film_of(shelf, folder))
        assert loudest(samples[: SECOND - EDGE]) > 3000
        middle = int(1.5 * SECOND)
        loud[kind] = loudest(samples[middle - 480 : middle + 480])
    assert loud["fade-black"] < 300
    assert loud["crossfade"] > 3000


def test_sound_that_stops_at_a_clips_end_stops_there_in_the_film(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    """The mute clip lies between joins of a fifth of a second: from its own body on nothing is heard."""
    shelf = cutting(transition=joined("wipe", "0.25")).keeps(studio.clip(), studio.clip(sound=False), studio.clip())
    samples = heard(film_of(shelf, tmp_path))
    first = 3 * SECOND // 4
    assert loudest(samples[:first]) > 1000
    mute = samples[SECOND + EDGE : int(1.5 * SECOND) - EDGE]
    assert loudest(mute) < 64
    assert loudest(samples[int(1.75 * SECOND) + EDGE :]) > 1000


def test_a_stripped_film_has_no_sound_at_all(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    shelf = cutting(audio="strip").keeps(studio.clip(), studio.clip(filters="hue=h=90"))
    movie = read_movie(film_of(shelf, tmp_path))
    assert [track.kind for track in movie.tracks] == ["vide"]
    assert all(piece.target is None for piece in shelf.pieces)


def drawn(
    shelf: Shelf, studio: Studio, colour: str, size: str, extension: str = "png", filters: str = "null"
) -> dict[str, str]:
    """A picture among the tenant's assets, as a watermark or a card names it."""
    path = studio.made(["-f", "lavfi", "-i", f"color=c={colour}:s={size}", "-vf", filters, "-frames:v", "1"], extension)
    key = asset_key(shelf.job.tenant, path.stem, f"original.{extension}")
    shelf.media.upload(path, key, f"image/{extension}")
    return {"asset_id": path.stem, "key": key}


def test_a_film_of_another_shape_is_letterboxed_on_a_blurred_copy_or_on_black(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    for background, above in (("blurred", GREEN), ("plain", BLACK)):
        shelf = cutting(aspect_ratio="9:16", background=background).keeps(studio.clip(colour="green"))
        folder = tmp_path / background
        folder.mkdir()
        film = film_of(shelf, folder)
        assert (shelf.film.width, shelf.film.height) == (180, 320)
        seen = pixels(film, 12, [(90, 20), (90, 160), (90, 300)], (180, 320))
        assert all(near(one, other, 24) for one, other in zip(seen, [above, GREEN, above], strict=True)), seen


def test_a_picture_is_never_stretched(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    """A square in a wide clip is a square in a square film."""
    clip = studio.clip(colour="red", filters="drawbox=x=110:y=40:w=100:h=100:t=fill:c=white")
    film = film_of(cutting(aspect_ratio="1:1", background="plain").keeps(clip), tmp_path)
    row = pixels(film, 0, [(x, 90) for x in range(180)], (180, 180))
    column = pixels(film, 0, [(90, y) for y in range(180)], (180, 180))
    across, down = (sum(near(one, (255, 255, 255), 60) for one in line) for line in (row, column))
    assert abs(across - down) <= 2
    assert 50 <= across <= 60


@pytest.mark.parametrize("seconds", [0.04, 0.2])
def test_a_clip_of_a_moment_is_letterboxed_too(
    seconds: float, cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    shelf = cutting(aspect_ratio="9:16").keeps(studio.clip(seconds=seconds, sound=False))
    film_of(shelf, tmp_path)
    assert shelf.film.frames == round(seconds * 24)


def test_a_card_is_letterboxed_on_a_blurred_copy_too(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    card = Card(**drawn(cutting(), studio, "blue", "200x200"), seconds=Decimal("0.5"))
    film = film_of(cutting(intro=card, fps=25).keeps(studio.clip(colour="red")), tmp_path)
    for frame in (0, 11):
        assert all(near(one, BLUE, 24) for one in pixels(film, frame, [LEFT, MIDDLE, RIGHT], SIZE))


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_cards_stand_still_in_silence_before_and_after_the_clips(
    extension: str, cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    card = drawn(cutting(), studio, "blue", "200x200", extension)
    shelf = cutting(
        intro=Card(**card, seconds=Decimal("1")), outro=Card(**card, seconds=Decimal("0.5")), background="plain"
    ).keeps(studio.clip(colour="red"))
    film = film_of(shelf, tmp_path)
    assert shelf.film.frames == 24 + 24 + 12
    assert shelf.film.clips == [1]
    for frame, colour in ((0, BLUE), (23, BLUE), (24, RED), (47, RED), (48, BLUE), (59, BLUE)):
        assert near(*pixels(film, frame, [MIDDLE], SIZE), colour, 24)
    assert near(*pixels(film, 12, [LEFT], SIZE), BLACK, 24)
    samples = heard(film)
    assert loudest(samples[: SECOND - EDGE]) < 64
    assert loudest(samples[SECOND + EDGE : 2 * SECOND - EDGE]) > 1000
    assert loudest(samples[2 * SECOND + EDGE :]) < 64
    manifest = json.loads(shelf.media.read(shelf.film.manifest_key))
    assert [(one["kind"], one["card"], one["startsAt"]) for one in manifest["pieces"]] == [
        ("card", "intro", 0),
        ("clip", None, 1),
        ("card", "outro", 2),
    ]


PLACES = {
    "top-left": (16, 12),
    "top-right": (304, 12),
    "bottom-left": (16, 168),
    "bottom-right": (304, 168),
    "center": MIDDLE,
}


@pytest.mark.parametrize("position", PLACES)
def test_a_watermark_lies_on_every_piece_at_its_place_as_opaque_as_asked(
    position: Position, cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    picture = drawn(cutting(), studio, "blue", "400x200")
    shelf = cutting(
        transition=joined("crossfade"), watermark=Watermark(**picture, position=position, opacity=Decimal("0.5"))
    ).keeps(studio.clip(colour="red"), studio.clip(colour="red"))
    film = film_of(shelf, tmp_path)
    for frame in (0, 11, 12, 18, 23, 24, 35):
        for name, place in PLACES.items():
            colour = (127, 0, 127) if name == position else RED
            assert near(*pixels(film, frame, [place], SIZE), colour, 24), (frame, name)


def test_what_is_transparent_in_a_watermark_stays_so(cutting: Cutting, studio: Studio, tmp_path: Path) -> None:
    half = "format=rgba,geq=r=0:g=0:b=255:a='255*lt(X,W/2)'"
    picture = drawn(cutting(), studio, "blue", "200x200", filters=half)
    shelf = cutting(watermark=Watermark(**picture, position="top-left", opacity=Decimal(1))).keeps(
        studio.clip(colour="red")
    )
    film = film_of(shelf, tmp_path)
    inside, beside = pixels(film, 6, [(10, 16), (28, 16)], SIZE)
    assert near(inside, BLUE, 24)
    assert near(beside, RED, 24)


def test_a_watermark_that_is_no_picture_is_named_in_what_the_film_fails_of(cutting: Cutting, studio: Studio) -> None:
    shelf = cutting(watermark=Watermark(asset_id="a", key="playlist.png")).keeps(studio.clip())
    shelf.media.put("playlist.png", b"#EXTM3U\n#EXTINF:1,\nhttp://example.com/x.ts\n", "image/png")
    shelf.make_pieces()
    with pytest.raises(BrokenMedia, match="the picture is neither PNG nor JPEG"):
        shelf.assemble()


def test_a_long_clip_is_encoded_in_parts_and_no_frame_is_missing_or_doubled_between_them(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    """Forty seconds; each frame is a little brighter than the one before it, from black anew every hundred frames."""
    clip = studio.clip(seconds=40, size="64x36", colour="black", filters="geq=lum='20+2*mod(N,100)':cb=128:cr=128")
    shelf = cutting(aspect_ratio="1:1", background="plain").keeps(clip)
    film = film_of(shelf, tmp_path)
    assert [piece.frames for piece in shelf.pieces] == [480, 480]
    (size,) = {(shelf.film.width, shelf.film.height)}
    grey = [pixels(film, frame, [(size[0] // 2, size[1] // 2)], size)[0][0] for frame in range(477, 484)]
    assert all(0 < after - before < 6 for before, after in pairwise(grey)), grey
    assert loudest(heard(film)[20 * SECOND - 480 : 20 * SECOND + 480]) > 1000


def test_a_film_that_is_too_large_is_refused_before_anything_is_made(
    cutting: Cutting, studio: Studio, tmp_path: Path
) -> None:
    shelf = cutting().keeps(studio.clip())
    kept = shelf.jobs.clip(shelf.job.id, 1).video
    assert kept
    heavy = kept.model_copy(update={"probe": kept.probe.model_copy(update={"bytes": MOST_BYTES})})
    row = shelf.jobs.clip(shelf.job.id, 1).model_copy(update={"kept": heavy})
    shelf.jobs.table.commit(shelf.jobs.new_clip(shelf.job.id, row))
    with pytest.raises(FilmTooLarge, match="GB"):
        shelf.arrange()
    assert shelf.pieces == []
