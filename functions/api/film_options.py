"""How the caller wants the film cut: the options that a request for a job of any kind has, read, understood and shown."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from functions.api import inputs
from functions.api.envelope import View
from functions.studio.catalogue import Model
from functions.studio.cut import (
    AspectRatio,
    Audio,
    Background,
    Card,
    Cut,
    Music,
    Position,
    Quality,
    Rate,
    Resolution,
    Transition,
    TransitionKind,
    Watermark,
)
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.library import Asset, AssetType, Library
from functions.studio.tracks import TRACKS, Track

MOST_CLIPS = 1000

NO_MUSIC = "none"
_TRACKS = f"one of {', '.join(TRACKS)}"

JoinSeconds = Annotated[float, Field(ge=0.1, le=2)]
CardSeconds = Annotated[float, Field(ge=0.5, le=10)]
Opacity = Annotated[float, Field(ge=0.01, le=1)]
Volume = Annotated[float, Field(ge=0.01, le=1)]


class TransitionWish(inputs.Input):
    kind: Annotated[TransitionKind, Field(strict=False)]
    seconds: JoinSeconds | None = None

    @field_validator("seconds")
    @classmethod
    def _takes_time(cls, seconds: float | None, info: ValidationInfo) -> float | None:
        if seconds is not None and info.data.get("kind") is TransitionKind.CUT:
            raise ValueError("must be left out: a cut takes no time")
        return seconds


class JoinWish(TransitionWish):
    """Where a join differs from `transition`; `after` is the number of the clip before it."""

    after: Annotated[int, Field(ge=1, lt=MOST_CLIPS)]


class WatermarkWish(inputs.Input):
    asset_id: str
    position: Position = "bottom-right"
    opacity: Opacity = 0.8


class MusicWish(inputs.Input):
    """One of our tracks, or an asset. `volume` is against the clips' sound: 1 is as loud as they are, wherever they are
    silent."""

    track: Track | None = None
    asset_id: str | None = None
    volume: Volume = 0.7


class CardWish(inputs.Input):
    asset_id: str
    seconds: CardSeconds = 3


def _by_its_name(said: Any) -> Any:
    return {"kind": said} if isinstance(said, str) else said


def _track(said: Any) -> Any:
    if said == NO_MUSIC:
        return None
    if isinstance(said, str):
        if said not in TRACKS:
            raise ValueError(f'must be {NO_MUSIC}, {_TRACKS}, or {{"assetId": …}} of music of your own')
        return {"track": said}
    return said


class CutOptions(inputs.Input):
    """Of a film whose clips say how large it is, and of what shape."""

    fps: Rate | None = None
    transition: (
        Annotated[TransitionWish, BeforeValidator(_by_its_name, json_schema_input_type=TransitionKind | TransitionWish)]
        | None
    ) = None
    transitions: Annotated[list[JoinWish], Field(max_length=MOST_CLIPS - 1)] = []
    audio: Audio = "keep"
    """`music` needs `music`, and keeps the clips' sound above it; so does `keep` with it. `strip` with it leaves the music
    alone."""
    music: Annotated[
        MusicWish | None,
        BeforeValidator(_track, json_schema_input_type=Literal["none"] | Track | MusicWish | None),
    ] = None
    """One of our tracks by its name, an asset of type audio, or none."""
    quality: Quality = "balanced"
    background: Background = "blurred"
    watermark: WatermarkWish | None = None
    intro: CardWish | None = None
    outro: CardWish | None = None


class FilmOptions(CutOptions):
    resolution: Resolution | None = None
    aspect_ratio: AspectRatio | None = None


def the_cut(asked: CutOptions, tenant: str, library: Library, clips: int | None, was: Cut | None = None) -> Cut:
    """InvalidRequest for joins that there cannot be among `clips`, None where their number is open; NotFound for assets
    that are none of the tenant's. Any campaign's will do: a logo belongs to the brand.

    `was` is how an earlier film was cut: what is not asked for anew stays as it is there.
    """
    said = asked.model_fields_set
    has_music = asked.music or (was and was.music and "music" not in said)
    before = was.transition if was and "transition" not in said else Transition()
    _check_joins(asked.transitions, clips)
    if asked.audio == "music" and not has_music:
        detail = f'is required when audio is music: {{"track": "{TRACKS[0]}"}}, or {{"assetId": "…"}} of an asset of type audio'
        raise InvalidRequest(f"music: {detail}", errors=(FieldError("music", detail),))
    usual = _transition(asked.transition, Transition()) if asked.transition else before
    sized = asked if isinstance(asked, FilmOptions) else FilmOptions()
    wanted = Cut(
        resolution=sized.resolution,
        aspect_ratio=sized.aspect_ratio,
        fps=asked.fps,
        transition=usual,
        joins={str(join.after): _transition(join, usual) for join in asked.transitions},
        audio=asked.audio,
        music=_music(asked.music, tenant, library),
        quality=asked.quality,
        background=asked.background,
        watermark=_watermark(asked.watermark, tenant, library),
        intro=_card(asked.intro, "intro", tenant, library),
        outro=_card(asked.outro, "outro", tenant, library),
    )
    if was:
        fields = {{"transitions": "joins"}.get(name, name) for name in said} & Cut.model_fields.keys() - {"takes"}
        wanted = was.model_copy(update={name: getattr(wanted, name) for name in fields})
    return wanted.model_copy(update={"audio": _audio(wanted)})


def _audio(cut: Cut) -> Audio:
    """Music lies under the clips' sound unless that is stripped; without any there is nothing to lie there."""
    if cut.audio == "strip":
        return "strip"
    return "music" if cut.music else "keep"


def _check_joins(joins: list[JoinWish], clips: int | None) -> None:
    times = Counter(join.after for join in joins)
    faults = []
    for place, join in enumerate(joins):
        field = f"transitions.{place}.after"
        if clips is not None and join.after >= clips:
            what = f"must be at most {clips - 1}, the last of {clips} clips that another one follows"
            faults.append(FieldError(field, what if clips > 1 else "must be left out: a single clip has no joins"))
        elif times[join.after] > 1:
            faults.append(FieldError(field, f"must be there once: {join.after} is given {times[join.after]} times"))
    if faults:
        raise InvalidRequest("; ".join(f"{one.field}: {one.detail}" for one in faults), errors=tuple(faults))


def _transition(wish: TransitionWish, usual: Transition) -> Transition:
    return Transition(kind=wish.kind, seconds=usual.seconds if wish.seconds is None else _exact(wish.seconds))


def _watermark(wish: WatermarkWish | None, tenant: str, library: Library) -> Watermark | None:
    if wish is None:
        return None
    asset = _asset("image", wish.asset_id, "watermark", tenant, library)
    return Watermark(asset_id=asset.id, key=asset.key, position=wish.position, opacity=_exact(wish.opacity))


def _card(wish: CardWish | None, field: str, tenant: str, library: Library) -> Card | None:
    if wish is None:
        return None
    asset = _asset("image", wish.asset_id, field, tenant, library)
    return Card(asset_id=asset.id, key=asset.key, seconds=_exact(wish.seconds))


def _music(wish: MusicWish | None, tenant: str, library: Library) -> Music | None:
    if wish is None:
        return None
    if (wish.track is None) == (wish.asset_id is None):
        detail = "must be left out where track is given" if wish.track else f"is required, or track: {_TRACKS}"
        raise InvalidRequest(f"music.assetId: {detail}", errors=(FieldError("music.assetId", detail),))
    if wish.asset_id is None:
        return Music(track=wish.track, volume=_exact(wish.volume))
    asset = _asset("audio", wish.asset_id, "music", tenant, library)
    return Music(asset_id=asset.id, key=asset.key, volume=_exact(wish.volume))


def _asset(kind: AssetType, asset_id: str, field: str, tenant: str, library: Library) -> Asset:
    asset = library.get(Asset, tenant, asset_id, field=f"{field}.assetId")
    if asset.type != kind:
        detail = f"must be an asset of type {kind}; {asset.name!r} is of type {asset.type}"
        raise InvalidRequest(f"{field}.assetId: {detail}", errors=(FieldError(f"{field}.assetId", detail),))
    return asset


def _exact(number: float) -> Decimal:
    """To the millisecond, which is finer than a frame, or to the thousandth."""
    return round(Decimal(repr(number)), 3)


def not_as_asked(model: Model, cut: Cut, seconds: int) -> list[str]:
    """The warnings that the model's clips will not be what the film is; `seconds` are those that it makes."""
    offered = model.offer(cut, seconds).resolution
    largest = max(model.resolutions, key=lambda one: one.side)
    made = f"{model.name} makes clips of {seconds} seconds at {offered.name} at most"
    warnings = []
    if cut.side and offered.side < cut.side:
        warnings.append(f"resolution {cut.resolution}: {made}; they are enlarged.")
    elif cut.quality == "premium" and offered is not largest:
        warnings.append(f"quality premium: {made}, not at {largest.name}.")
    if cut.aspect_ratio and model.aspect_ratios and cut.aspect_ratio not in model.aspect_ratios:
        ratios = ", ".join(model.aspect_ratios)
        warnings.append(
            f"aspectRatio {cut.aspect_ratio}: {model.name} makes {ratios} only; its clips are fitted in, nothing is cut off."
        )
    return warnings


class TransitionView(View):
    kind: TransitionKind
    seconds: float | None
    """Null of a cut."""


class JoinView(TransitionView):
    after: int


class WatermarkView(View):
    asset_id: str
    position: Position
    opacity: float


class MusicView(View):
    """`track` is null where `assetId` is not."""

    track: Track | None
    asset_id: str | None
    volume: float


class CardView(View):
    asset_id: str
    seconds: float


class OptionsView(View):
    """In the request's own form, whatever was left out filled in; what is null follows the clips."""

    resolution: Resolution | None
    aspect_ratio: AspectRatio | None
    fps: Rate | None
    transition: TransitionView
    transitions: list[JoinView]
    audio: Audio
    music: MusicView | None
    quality: Quality
    background: Background
    watermark: WatermarkView | None
    intro: CardView | None
    outro: CardView | None


def options_view(cut: Cut) -> OptionsView:
    return OptionsView.model_validate(cut.as_asked())
