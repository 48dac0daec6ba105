"""The rest of the outside: the queue, the bus, the bucket, and the media work, which here is data and time."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from typing import Any, cast

from functions.assemble.assemble import AtFault
from functions.keep_clip.copying import Copier
from functions.keep_clip.keep import Keeper
from functions.make_piece.make import narration_of
from functions.make_piece.mixing import write_sound
from functions.studio import sound
from functions.studio.chat import Chat
from functions.studio.check_queue import VISIBILITY
from functions.studio.clips import Answer, Attempt, Clip, Kept, KeptPicture
from functions.studio.errors import BrokenMedia, OutputExpired, OutputUnreachable
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, LeftOut
from functions.studio.ledger import Ledger
from functions.studio.media import Picture, Piece, Probe, Target
from functions.studio.media_store import (
    MediaStore,
    clip_key,
    film_key,
    last_frame_key,
    shared_picture_key,
    thumbnail_key,
)
from functions.studio.narration import Narration
from functions.studio.services import Seen
from functions.studio.workplace import workplace
from simulation.aws import Sdk
from simulation.provider import Makers
from simulation.runs_seen import Broken
from simulation.world import World

MOST_RECEIVES = 10
"""As infra/make_clips.py sets it: then a message is set aside."""


CROWDED = 50
"""Messages that wait while none comes twice any more: each look queues the next one, and what SQS does once in thousands of
times would else, at the rate that shows something here, become thousands of looks at one prediction."""


class Sqs(Sdk):
    """`receive` is what is done with a message, and says whether it went well."""

    def __init__(self, world: World, receive: Callable[[str, Callable[[bool], None]], None]) -> None:
        super().__init__(world)
        self.receive = receive
        self.waiting = 0
        self.set_aside: list[str] = []
        """In the queue of dead letters."""

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:
        if not 0 <= DelaySeconds <= 900:
            raise ValueError("SQS delays by 0 to 900 seconds")

        def send() -> None:
            world, weather = self.world, self.world.weather
            late = world.chance.uniform(5, 90) if world.strikes(weather.message_late) else world.latency()
            self._come(MessageBody, DelaySeconds + late, 1)
            if self.waiting < CROWDED and world.strikes(weather.message_twice):
                self._come(MessageBody, DelaySeconds + late + world.chance.choice((0.01, 2.0, 200.0)), 1)

        self.ask(f"queue {MessageBody if self.world.trace is not None else ''} in {DelaySeconds} s", send)

    def _come(self, body: str, seconds: float, receives: int) -> None:
        self.waiting += 1

        def come() -> None:
            self.waiting -= 1
            began = self.world.time

            def done(well: bool) -> None:
                if well:
                    return
                if receives == MOST_RECEIVES:
                    self.set_aside.append(body)
                else:
                    self._come(body, max(0.0, began + VISIBILITY - self.world.time), receives + 1)

            self.receive(body, done)

        self.world.after(seconds, come)

    def redrive(self) -> int:
        """What is set aside goes back, as `make redrive` sends it."""
        again, self.set_aside = self.set_aside, []
        for body in again:
            self._come(body, 0.5, 1)
        return len(again)


class Bus(Sdk):
    """EventBridge, as far as jobs' own events go."""

    def __init__(self, world: World, heard: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(world)
        self.heard = heard
        """Told of each event, as its rules' targets would be."""
        self.events: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        def put() -> dict[str, Any]:
            for entry in Entries:
                event = {
                    "source": entry["Source"],
                    "detail-type": entry["DetailType"],
                    "detail": json.loads(entry["Detail"]),
                }
                self.events.append(event)
                self.heard(event)
            return {"FailedEntryCount": 0, "Entries": []}

        return self.ask(f"publish {Entries[0]['DetailType']}", put)


READ_AGAIN = ("application/octet-stream", "application/json")
"""What is kept of what is put, beside its key: sound, and answers of services. Pictures are known by their keys."""


class Bucket(MediaStore):
    """What lies in a bucket, by key."""

    def __init__(self, world: World, name: str, reached: Callable[[str], None]) -> None:
        super().__init__(name, cast(Any, object()))  # nothing here asks S3
        self.world = world
        self.reached = reached
        """Told of each key that somebody reads, writes or hands out."""
        self.objects: set[str] = set()
        self.stored: dict[str, float] = {}
        """When each of them was, for the first time."""
        self.stored_by: dict[str, int] = {}
        """By which invocation."""
        self.bodies: dict[str, bytes] = {}
        """Of those that somebody reads for what they are; of all others it is their key."""

    def store(self, key: str, body: bytes | None = None) -> None:
        self.reached(key)
        if key in self.objects:
            self.world.note("stored again:", key)
        me = self.world.current

        def arrive() -> None:
            self.objects.add(key)
            if body is not None:
                self.bodies[key] = body
            self.stored.setdefault(key, self.world.time)
            self.stored_by.setdefault(key, me.number if me else 0)

        self.world.call(f"store {key}", arrive)

    def read(self, key: str) -> bytes:
        self.reached(key)
        return self.world.call(f"read {key}", lambda: self.bodies.get(key, key.encode()))

    def put(self, key: str, body: Any, content_type: str, *, tags: str = "") -> None:
        self.store(key, body if content_type in READ_AGAIN and body else None)

    def names(self, folder: str, most: int) -> list[str]:
        self.reached(folder)
        return self.world.call(
            f"list {folder}", lambda: sorted(one for one in self.objects if one.startswith(folder))[:most]
        )

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.reached(key)
            self.world.call(f"delete {key}", partial(self.objects.discard, key))

    def signed_url(self, key: str, *, name: str | None = None, seconds: int = 0) -> str:
        self.reached(key)
        return f"https://{self.bucket}.example/{key}?name={name or ''}"


@cache
def a_photo() -> bytes:
    """What somebody puts in place of a generated picture: it is read for what it is."""
    from PIL import Image

    picture, file = Image.new("RGB", (64, 48), "navy"), BytesIO()
    picture.paste("gold", (0, 0, 32, 24))
    picture.save(file, "PNG")
    return file.getvalue()


FPS = 24


def a_picture(wide: bool, seconds: int) -> Picture:
    return Picture(
        codec="h264",
        profile="High",
        pixel_format="yuv420p",
        width=1280 if wide else 720,
        height=720 if wide else 1280,
        timescale=12_288,
        ticks=512,
        frames=seconds * FPS,
        lead=1024,
        span=seconds * FPS * 512,
        extradata="a",
        packets="p",
    )


@dataclass(frozen=True, kw_only=True)
class Copying(Copier):
    """Takes time, and comes to what the schedule says."""

    makers: Makers

    def copy(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer) -> Kept | KeptPicture:
        world, url = self.makers.world, answer.output_url
        if answer.removed or not url:
            raise OutputExpired("the provider has deleted its output")
        if world.strikes(world.weather.output_unreachable):
            raise OutputUnreachable("the provider's output did not arrive")
        found = self._fetched(url)
        if found == "gone" and (other := self._shown_now(attempt)) not in (None, url):
            found = self._fetched(other)
        if found == "gone":
            raise OutputExpired("the provider's output has expired")
        if found == "broken":
            raise BrokenMedia("it is cut short")
        return self._kept_picture(job) if attempt.stage == "image" else self._kept(job, clip, attempt)

    def _fetched(self, url: str) -> str:
        world = self.makers.world
        return world.call(f"fetch {url}", lambda: self.makers.fetch(url), lasts=world.chance.uniform(0.5, 5))

    def _kept_picture(self, job: Job) -> KeptPicture:
        key = shared_picture_key(job.tenant, "png")
        self.shared().put(key, b"", "image/png")
        return KeptPicture(key=key, sha256="0", width=720, height=1280, format="png", bytes=1000)

    def _kept(self, job: Job, clip: Clip, attempt: Attempt) -> Kept:
        key = clip_key(job.tenant, job.id, attempt.id, clip.number)
        self.media.put(key, b"", "video/mp4")
        picture = a_picture(clip.number != 2 or not job.metadata.get("mixed"), clip.duration_seconds)
        return Kept(
            key=key,
            pcm_key=key + ".pcm",
            sha256="0",
            probe=Probe(bytes=1000, picture=picture),
            thumbnail_key=thumbnail_key(key),
            last_frame_key=last_frame_key(key),
        )


@dataclass(frozen=True, kw_only=True)
class Keeping(Keeper):
    """KeepClip, that copies so."""

    makers: Makers

    def copy(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer) -> Kept | KeptPicture:
        copying = Copying(
            media=self.media,
            shared=self.shared,
            provider_of=self.provider_of,
            origins=self.origins,
            catalogue=self.catalogue,
            segment_seconds=self.segment_seconds,
            makers=self.makers,
        )
        return copying.copy(job, clip, attempt, answer)


def encode(piece: Piece, target: Target, job: Job, media: MediaStore) -> Probe:
    assert isinstance(media, Bucket)
    media.store(piece.key)
    told = narration_of(piece, job, media)
    if piece.pcm_key and told and told.pcm_key:
        media.put(piece.pcm_key, _sound_of(piece, target, media.read(told.pcm_key)), "application/octet-stream")
    picture = a_picture(wide=True, seconds=1).model_copy(
        update={"width": target.width, "height": target.height, "frames": piece.frames, "span": piece.frames * 512}
    )
    return Probe(bytes=1000, picture=picture)


def _sound_of(piece: Piece, target: Target, narration: bytes) -> bytes:
    with workplace() as folder:
        spoken, made = folder / "spoken.pcm", folder / "made.pcm"
        spoken.write_bytes(narration)
        write_sound(piece, target, [None] * len(piece.shots), made, spoken)
        return made.read_bytes()


def _check_heard(job: Job, pieces: Sequence[Piece], media: Bucket) -> None:
    """What the pieces of a narrated film say one after the other is what its narration says, whole and at its time."""
    target, begins = pieces[0].target, pieces[0].narration_at
    if job.narration is None or not job.narration.spoken:
        return
    assert target is not None
    assert begins is not None
    told = Narration.model_validate_json(media.bodies[job.narration.key])
    assert told.pcm_key is not None
    whole = b"".join(media.bodies[piece.pcm_key] for piece in pieces if piece.pcm_key)
    size = sound.RATE // target.fps * sound.SAMPLE_BYTES
    spoken = media.bodies[told.pcm_key]
    wanted = bytes(begins * size) + spoken
    if whole[: len(wanted)] != wanted or whole[len(wanted) :].strip(b"\0"):
        raise Broken(f"the film of run {job.run} does not say what its narration says")


def make_film(
    job: Job, pieces: Sequence[Piece], left_out: LeftOut, jobs: JobStore, ledger: Ledger, media: MediaStore
) -> Film:
    assert isinstance(media, Bucket)
    world = media.world
    if world.strikes(world.weather.piece_spoilt):
        raise AtFault({world.chance.choice(pieces).number: "it is spoilt"})
    for piece in pieces:
        if piece.key not in media.objects:
            raise AssertionError(f"{piece.name} is said to be made, and is not in the bucket")
    _check_heard(job, pieces, media)
    key = film_key(job.tenant, job.id, job.run)
    media.store(key)
    return Film(
        run=job.run,
        made_by=job.purpose.kind,
        key=key,
        poster_key=key + ".jpg",
        manifest_key=key + ".json",
        duration_seconds=sum(piece.frames for piece in pieces) / FPS,
        frames=sum(piece.frames for piece in pieces),
        width=1280,
        height=720,
        fps=24,
        bytes=1000,
        sha256="0",
        clips=list(dict.fromkeys(clip for piece in pieces for clip in piece.clips)),
        omissions=left_out.omissions,
    )


class Choosing(Chat):
    """The vision model: pairs each picture with the next."""

    def __init__(self) -> None:
        super().__init__(lambda: "key", "https://vision.example")
        self.pictures: set[str] = set()
        """Of all campaigns, by their ids."""

    def answer(self, model: Any, messages: Any, schema: Any, seconds: float = 0.0, **_: Any) -> Seen:
        named = dict.fromkeys(re.findall(r"[0-9a-f-]{36}", json.dumps(messages)))
        ids = [one for one in named if one in self.pictures]
        pairs = [
            {"image1AssetId": one, "image2AssetId": other, "score": 0.9, "reason": "they follow each other"}
            for one, other in itertools.pairwise(ids)
        ]
        return Seen(text=json.dumps({"pairs": pairs}), refusal=None, stopped="stop", tokens_in=100, tokens_out=100)
