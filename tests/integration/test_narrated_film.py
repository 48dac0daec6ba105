"""A film that follows a narration: from pictures and words in the bucket to the film."""

from __future__ import annotations

import math
from array import array
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from functions.make_piece.make import make_piece
from functions.make_piece.words import priced
from functions.studio import sound
from functions.studio.captions import CaptionStyle
from functions.studio.clips import ClipStatus
from functions.studio.cut import Cut, Transition, TransitionKind
from functions.studio.detail import still_of
from functions.studio.errors import PieceUnfit
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.listings import Listing
from functions.studio.media import PieceKind
from functions.studio.media_store import MediaStore
from functions.studio.narration import Narration, NarrationRef, Word
from tests.media import Studio
from tests.scripted import a_clip
from tests.seen import decoded, frames_of, heard
from tests.shelf import Shelf

SECONDS = 2.5
EACH = sound.RATE // 30
SMALL = Cut(resolution="480p", transition=Transition(kind=TransitionKind.CROSSFADE))


def spoken(seconds: float = SECONDS) -> bytes:
    """A tone that rises, so that no two stretches of it are alike."""
    samples = round(seconds * sound.RATE)
    levels = array("h")
    for turn in range(samples):
        level = round(8000 * math.sin(2 * math.pi * (200 + 100 * turn / samples) * turn / sound.RATE))
        levels.extend((level, -level))
    return levels.tobytes()


class Told(Shelf):
    """A listing's job, narrated."""

    def __init__(self, jobs: JobStore, ledger: Ledger, media: MediaStore, cut: Cut = SMALL, **of_listing: Any) -> None:
        given = {"title": "Lamp", "description": "A lamp", "category": "home", "asset_ids": [], "price": Decimal(49)}
        listing = Listing(**{**given, **of_listing})
        words = [Word(text="Warm", start=0.1, end=1.0), Word(text="light.", start=1.1, end=2.2)]
        narration = Narration(
            script="Warm light.",
            language="en",
            voice=listing.voice,
            words=words,
            seconds=SECONDS,
            pcm_key="told.pcm" if listing.spoken else None,
            timed="heard",
        )
        ref = NarrationRef(key="told.json", script="Warm light.", seconds=SECONDS, words=2, spoken=listing.spoken)
        super().__init__(jobs, ledger, media, cut, kind="listing", listing=listing, narration=ref)
        media.put("told.json", narration.model_dump_json(by_alias=True).encode(), "application/json")
        media.put("told.pcm", spoken(), "application/octet-stream")

    def shows(self, number: int, colour: str) -> None:
        file = BytesIO()
        Image.effect_noise((300, 400), 60).convert("RGB").save(file, "PNG")
        image = Image.blend(Image.open(file).convert("RGB"), Image.new("RGB", (300, 400), colour), 0.7)
        file = BytesIO()
        image.save(file, "PNG")
        key = f"picture-{number}.png"
        self.media.put(key, file.getvalue(), "image/png")
        clip = a_clip(self.job, number, status=ClipStatus.COMPLETED, still=still_of(key, "", 300, 400, file.getvalue()))
        self.jobs.table.commit(self.jobs.new_clip(self.job.id, clip))


@pytest.fixture
def told(jobs: JobStore, ledger: Ledger, media: MediaStore) -> Told:
    return Told(jobs, ledger, media)


def sound_of(shelf: Shelf) -> bytes:
    """Of the pieces, one after the other."""
    keys = [piece.pcm_key for piece in shelf.pieces]
    return b"".join(shelf.media.read(key) for key in keys if key)


def test_pictures_and_a_narration_become_a_film(told: Told, tmp_path: Path) -> None:
    told.shows(1, "red")
    told.shows(2, "blue")
    told.make_pieces()

    film = told.assemble()

    path = told.fetched(film.key, tmp_path)
    assert film.frames == frames_of(path) == 12 + 75 + 18
    assert (film.width, film.height, film.fps) == (480, 854, 30.0)
    assert film.clips == [1, 2]
    assert 0 <= len(heard(path)) // 2 - film.frames * EACH < 1024
    document = told.media.read(film.manifest_key).decode()
    assert '"kind": "slide"' in document
    assert '"picture": [' in document


def test_the_narration_is_in_the_pieces_to_the_sample(told: Told) -> None:
    told.shows(1, "red")
    told.shows(2, "blue")
    told.shows(3, "green")
    told.make_pieces()
    voice = spoken()
    before = bytes(12 * EACH * sound.SAMPLE_BYTES)
    behind = bytes(sum(piece.frames for piece in told.pieces) * EACH * sound.SAMPLE_BYTES - len(before) - len(voice))
    assert sound_of(told) == before + voice + behind


def test_a_videos_own_sound_lies_quietly_beneath_the_voice(
    jobs: JobStore, ledger: Ledger, media: MediaStore, studio: Studio
) -> None:
    loudness = {}
    for voice, audio in (("none", "keep"), ("alloy", "keep"), ("alloy", "strip")):
        shelf = Told(jobs, ledger, media, SMALL.model_copy(update={"audio": audio}), voice=voice)
        shelf.keep(1, studio.clip(seconds=4, fps="30", tone=1000))
        shelf.make_pieces()
        assert [piece.kind for piece in shelf.pieces] == [PieceKind.CLIP]
        begins, ends = (frame * EACH * sound.SAMPLE_BYTES for frame in (2, 11))
        loudness[voice, audio] = sound.loudest([sound_of(shelf)[begins:ends]])
    assert loudness["alloy", "strip"] == 0
    assert loudness["alloy", "keep"] == pytest.approx(loudness["none", "keep"] / 4, abs=2)
    assert loudness["none", "keep"] > 1000


def test_words_title_and_price_are_written_where_they_belong(
    jobs: JobStore, ledger: Ledger, media: MediaStore, tmp_path: Path
) -> None:
    def bright(**of_listing: Any) -> dict[str, list[int]]:
        """Of each piece the brightest pixel of its frames: on a dark picture that is a letter."""
        shelf = Told(jobs, ledger, media, **of_listing)
        shelf.shows(1, "black")
        shelf.make_pieces()
        found = {}
        for piece in shelf.pieces:
            raw = decoded(shelf.fetched(piece.key, tmp_path), "-f", "rawvideo", "-pix_fmt", "gray")
            frames = [raw[at : at + 480 * 854] for at in range(0, len(raw), 480 * 854)]
            found[f"{piece.kind}-{piece.card}-{piece.at}"] = [max(frame) for frame in frames]
        return found

    plain = bright()
    assert list(plain) == ["slide-None-0"]
    assert max(plain["slide-None-0"]) < 190

    full = bright(captions=CaptionStyle(), title_card=True, price_card=True)
    assert list(full) == ["slide-title-0", "slide-None-54", "join-None-139", "card-price-154"]
    assert min(full["slide-title-0"]) > 200
    assert full["slide-None-54"][30] > 200
    assert min(full["card-price-154"]) > 200
    assert max(full["join-None-139"][3:]) < 200


def test_a_picture_that_is_gone_is_left_out_and_the_others_have_its_time(told: Told) -> None:
    for number, colour in enumerate(("red", "blue", "green"), 1):
        told.shows(number, colour)
    told.media.delete("picture-2.png")
    for task in told.arrange():
        make_piece(task, told.jobs, told.media)
    with pytest.raises(PieceUnfit, match="Clip 2"):
        told.assemble()

    told.make_pieces()
    film = told.assemble()

    assert film.clips == [1, 3]
    assert film.frames == 105
    assert sound_of(told)[12 * EACH * sound.SAMPLE_BYTES :].startswith(spoken())


def test_a_silent_film_is_as_long_as_its_words_take_to_read(
    jobs: JobStore, ledger: Ledger, media: MediaStore, tmp_path: Path
) -> None:
    shelf = Told(jobs, ledger, media, voice="none")
    shelf.shows(1, "red")
    shelf.make_pieces()
    film = shelf.assemble()
    assert film.frames == 105
    assert film.loudness is not None
    assert max(map(abs, heard(shelf.fetched(film.key, tmp_path))), default=0) < 10


@pytest.mark.parametrize(
    ("price", "currency", "tag"),
    [("18500", "USD", "$18,500"), ("49.90", "EUR", "€49.90"), ("1000", "PLN", "1,000 PLN"), ("0", "USD", "$0")],
)
def test_a_price_is_written_as_on_a_tag(price: str, currency: str, tag: str) -> None:
    assert priced(Decimal(price), currency) == tag
