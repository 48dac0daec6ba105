"""What media files are: the typed description of one, and the pieces that a film is copied together from."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Literal

from pydantic import Field

from functions.studio.cut import TransitionKind
from functions.studio.rows import Row
from functions.studio.stills import Slide


class PieceKind(StrEnum):
    CLIP = "clip"
    JOIN = "join"
    SLIDE = "slide"
    """Of a picture that we move ourselves."""
    CARD = "card"
    """A picture that stands still, with words or without."""


SEAMS = frozenset({"h264", "hevc", "vp9"})
"""What films are encoded in."""

HDR = ("smpte2084", "arib-std-b67")


def clip_name(number: int) -> str:
    """A clip's file, by the clip's number: the last part of its key, and its name to callers."""
    return f"clip_{number:03d}.mp4"


class Span(Row):
    """Of a picture: milliseconds from its first frame."""

    start: int
    end: int


class Picture(Row):
    """The picture track. Times count in ticks of `1 / timescale` seconds, as ffmpeg reads them."""

    index: int = 0
    """Among the streams of its file: ffmpeg's concat goes by it."""
    codec: str
    profile: str = ""
    pixel_format: str
    colour: str = ""
    """Range and colour space as ffmpeg names them; empty where the file is silent."""
    field_order: str = "progressive"
    width: int
    height: int
    sample_aspect: str = "1:1"
    rotation: int = 0
    timescale: int
    ticks: int | None = None
    """Ticks a frame; None where the rate varies or the first frame is not at zero."""
    frames: int
    lead: int = 0
    """Ticks by which the first frame is decoded before it is shown."""
    span: int
    """Ticks from the first frame's beginning to the last one's end."""
    extradata: str = ""
    """SHA-256 of the decoder's configuration; empty where the file has several or none."""
    packets: str
    """SHA-256 over the sizes and hashes of all packets, in the order of the file."""
    black: list[Span] | None = None
    """Where nothing is seen at all; None where nobody looked, as until November 2026."""
    still: list[Span] | None = None
    """Where nothing moves."""

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.span, self.timescale)

    @property
    def fps(self) -> Fraction:
        return Fraction(self.timescale, self.ticks) if self.ticks else Fraction(self.frames) / self.seconds

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as a viewer sees them: square pixels, upright, even."""
        across, down = (int(part) for part in self.sample_aspect.split(":"))
        width, height = round(self.width * across / max(down, 1)) if across else self.width, self.height
        if self.rotation % 180:
            width, height = height, width
        return width + width % 2, height + height % 2

    @property
    def hdr(self) -> bool:
        return any(transfer in self.colour for transfer in HDR)

    @property
    def seam(self) -> tuple[object, ...] | None:
        """What pieces must share to be copied into one film; None for a file that only an encoder can use."""
        upright = self.field_order == "progressive" and self.rotation == 0 and self.sample_aspect == "1:1"
        if not (self.codec in SEAMS and self.pixel_format == "yuv420p" and upright and self.ticks and self.extradata):
            return None
        return (
            self.index,
            self.codec,
            self.profile,
            self.colour,
            self.width,
            self.height,
            self.timescale,
            self.ticks,
            self.lead,
            self.extradata,
        )


class Sound(Row):
    codec: str
    rate: int
    layout: str
    loudest: int | None = None
    """The sample furthest from zero, of 32,768; None where nobody listened."""


class Probe(Row):
    """A whole file: it was read to its end, and every packet of its picture and its sound was decoded."""

    bytes: int
    picture: Picture
    sound: Sound | None = None


class Loudness(Row):
    """Of a whole sound track; None where there is too little to measure."""

    integrated: float | None = None
    """LUFS."""
    peak: float | None = None
    """True peak, dBTP."""


class Stretch(Row):
    bytes: int
    seconds: float


class Segment(Row):
    """A fragmented copy for players that follow a playlist: one object, which `stretches` divide behind its beginning."""

    key: str
    initial_bytes: int
    """What sets a decoder up, in front of the first stretch."""
    stretches: list[Stretch]


class Target(Row):
    """What a piece is conformed to: every piece of a film shares it, and so one decoder configuration."""

    width: int
    height: int
    fps: int


class Shot(Row):
    """Frames of a clip, or of a picture on its way, counted at the film's rate: from `start` until before `end`."""

    clip: int
    key: str
    """The clip as it was kept, or the picture."""
    pcm_key: str | None = None
    """Its sound, as long as the clip; None of a picture."""
    picture: Picture | None = None
    """The clip's, as it was kept."""
    slide: Slide | None = None
    """Instead of a clip: its frames are counted from the slide's first."""
    start: int = 0
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.start


class Piece(Row):
    """What a film is copied together from: one a row, in the order of the film."""

    number: int
    kind: PieceKind
    shots: list[Shot] = Field(default_factory=list)
    """One of a clip, two of a join (the tail of one clip, the head of the next, equally long), none of a card that shows none
    of the clips."""
    transition: TransitionKind | None = None
    """Of a join."""
    card: Literal["intro", "outro", "title", "price"] | None = None
    """Whatever words or pictures the caller has put there; a title and a price stand on what the shots show."""
    frames: int
    """As planned."""
    at: int | None = None
    """Of a narrated film, in which a piece's words and sound depend on it: the frame of the film that it begins with."""
    narration_at: int | None = None
    """And the one that the narration begins with."""
    key: str
    """The piece itself; the clip's own key where it is copied as it is."""
    pcm_key: str | None = None
    """Its sound; the film cuts it to the piece's frames. None where the film has no sound."""
    target: Target | None = None
    """None: the clip as it is."""
    bytes: int | None = None
    picture: Picture | None = None
    """None until the piece is made."""
    fault: str | None = None
    """Why it could not be made."""

    @property
    def clips(self) -> list[int]:
        return [shot.clip for shot in self.shots]

    @property
    def name(self) -> str:
        """In words, for messages."""
        match self.clips:
            case []:
                return f"the {self.card} card"
            case [_] if self.card:
                return f"the {self.card} card"
            case [clip]:
                return f"clip {clip}"
            case [before, after, *_]:
                return f"the join of clips {before} and {after}"
        raise AssertionError(self.kind)
