"""What ffmpeg does to the pictures of a piece, as one filter graph: pure.

Everything is counted in frames at the film's rate; a time in decimal seconds would land a frame late.
"""

from __future__ import annotations

from fractions import Fraction

from functions.studio.cut import Cut, TransitionKind, Watermark
from functions.studio.media import Picture, Piece, Shot, Target

TONE_MAP = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)

STANDARD = "out_color_matrix=bt709:out_range=tv"

LAST = (
    "format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709:field_mode=prog,"
    "sidedata=mode=delete"
)

XFADE = {TransitionKind.CROSSFADE: "fade", TransitionKind.WIPE: "wipeleft", TransitionKind.SLIDE: "slideleft"}
"""ffmpeg's names; the next clip comes in from the right."""

BLUR = 8
"""The background is blurred at an eighth of the film's size: that costs a sixty-fourth, and nobody sees it."""

SLOWEST = 2
"""Frames a second of a clip that is not read from its beginning: a second holds the frame that is seen at its end."""

THIN = 4
"""Pixels: bars that are thinner together stay black."""

WATERMARK = (Fraction(3, 10), Fraction(3, 20), Fraction(3, 100))
"""Of the film's short side: the most that a watermark is wide and high, and its distance from the edges."""


def graph(piece: Piece, target: Target, cut: Cut, burnt: str = "") -> str:
    """From the inputs (the clips of the piece's shots; its slides, all in one; or its card; then the watermark) to `[film]`.

    `burnt` is a filter that writes into the picture: it sees the piece's frames from zero on, in time.
    """
    inputs = max(1, sum(shot.slide is None for shot in piece.shots) + any(shot.slide for shot in piece.shots))
    match piece.shots:
        case []:
            chains = [f"[0:v]{card(piece.frames, target, cut)}[p]"]
        case [shot]:
            chains = [f"[{'0:v' if shot.slide else '0:V:0'}]{view(shot, (0, shot.frames), target, cut)}[p]"]
        case [tail, head, *_]:
            chains = join(piece.transition, tail, head, target, cut)
    if cut.watermark:
        chains += [f"[{inputs}:v]{mark(cut.watermark, target)}[w]"]
        chains += [f"[p][w]overlay={place(cut.watermark, target)}:eof_action=repeat[q]"]
    last = f"{LAST},{burnt}" if burnt else LAST
    return ";".join([*chains, f"[{'q' if cut.watermark else 'p'}]setpts=N/({target.fps}*TB),{last}[film]"])


def view(shot: Shot, seen: tuple[int, int], target: Target, cut: Cut, label: str = "a", below: int = 0) -> str:
    """Of the shot's frames those from the one number until before the other; `below` so many other slides in its input."""
    if shot.slide is None:
        part = shot.model_copy(update={"start": shot.start + seen[0], "end": shot.start + seen[1]})
        return clip(part, target, cut, label)
    place = f"crop={target.width}:{target.height}:0:{below * target.height}"
    return f"{place},trim=start_frame={seen[0]}:end_frame={seen[1]},setsar=1,{counted(target)}"


def clip(shot: Shot, target: Target, cut: Cut, label: str = "a") -> str:
    """The shot's frames: progressive, in standard range, square pixels, at a constant rate, filling the film's frame.

    ffmpeg has turned the picture upright before.
    """
    assert shot.picture is not None
    picture, skipped = shot.picture, late(shot, target) * target.fps
    steps = [
        "" if picture.field_order == "progressive" else "bwdif=mode=send_frame:deint=all",
        steady(shot.start - skipped, shot.end - skipped, target),
        "scale='trunc(iw*sar/2)*2':ih,setsar=1",
        tone_map(target) if picture.hdr else "",
        boxed(target, cut, label) if has_bars(picture, target) else plainly_boxed(target),
        counted(target),
    ]
    return ",".join(step for step in steps if step)


def card(frames: int, target: Target, cut: Cut) -> str:
    """One picture, standing still; what is transparent in it is black."""
    flat = "format=rgba,premultiply=inplace=1,format=rgb24,setsar=1"
    still = f"settb=1/{target.fps},loop=loop=-1:size=1,setpts=N,trim=end_frame={frames}"
    return ",".join([flat, boxed(target, cut, "a"), still])


def join(transition: TransitionKind | None, tail: Shot, head: Shot, target: Target, cut: Cut) -> list[str]:
    """A fade through black shows the first half of the tail, then the second half of the head; the others show both."""
    length = tail.frames
    first, second, *both = pads(tail, head)
    below = 1 if tail.slide else 0
    if transition is TransitionKind.FADE_BLACK:
        half = length // 2
        going = view(tail, (0, half), target, cut, "a")
        coming = view(head, (half, length), target, cut, "b", below)
        return [
            *both,
            f"[{first}]{going},fade=t=out:s=0:n={half}[x]",
            f"[{second}]{coming},fade=t=in:s=0:n={length - half}[y]",
            "[x][y]concat=n=2[p]",
        ]
    assert transition is not None
    microseconds = round(Fraction(length * 1_000_000, target.fps))
    return [
        *both,
        f"[{first}]{view(tail, (0, length), target, cut, 'a')}[x]",
        f"[{second}]{view(head, (0, length), target, cut, 'b', below)}[y]",
        f"[x][y]xfade=transition={XFADE[transition]}:duration={microseconds}us:offset=0,trim=end_frame={length}[p]",
    ]


def pads(tail: Shot, head: Shot) -> tuple[str, ...]:
    """Where a join's two shots come in, and the chain that divides the input of two slides: clips come before slides."""
    match tail.slide, head.slide:
        case None, None:
            return "0:V:0", "1:V:0"
        case None, _:
            return "0:V:0", "1:v"
        case _, None:
            return "1:v", "0:V:0"
    return "s1", "s2", "[0:v]split[s1][s2]"


def late(shot: Shot, target: Target) -> int:
    """Whole seconds of a clip that its decoder may skip: all but one before the shot.

    Whole, so that they are whole frames at any rate of a film. A varying rate may have one frame stand for longer.
    """
    picture = shot.picture
    return max(0, shot.start // target.fps - 1) if picture and picture.ticks and picture.fps >= SLOWEST else 0


def steady(start: int, end: int, target: Target) -> str:
    """Frames `start` until before `end` at the film's rate; what ends too early stands still."""
    return f"fps={target.fps}:start_time=0:round=near,tpad=stop=-1:stop_mode=clone,trim=start_frame={start}:end_frame={end}"


def counted(target: Target) -> str:
    """From zero on, and at a rate that the filters behind it know of: `setpts` forgets it."""
    return f"setpts=N/({target.fps}*TB),fps={target.fps}:start_time=0:round=near"


def tone_map(target: Target) -> str:
    """At the film's size: a frame in floating point weighs 25 MB in full HD and 100 MB in 4K."""
    return f"scale={target.width}:{target.height}:force_original_aspect_ratio=decrease:force_divisible_by=2,{TONE_MAP}"


def has_bars(picture: Picture, target: Target) -> bool:
    """Whether the picture leaves something of the film's frame empty that is worth filling."""
    width, height = picture.shown
    scale = min(Fraction(target.width, width), Fraction(target.height, height))
    return max(target.width - width * scale, target.height - height * scale) >= THIN


def plainly_boxed(target: Target) -> str:
    size = f"{target.width}:{target.height}"
    fitted = f"scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2:{STANDARD}"
    return f"{fitted},format=yuv420p,pad={size}:-1:-1,setsar=1"


def boxed(target: Target, cut: Cut, label: str) -> str:
    """Letterboxed, never stretched: on black, or on a blurred copy of itself that fills the frame."""
    if cut.background == "plain":
        return plainly_boxed(target)
    size = f"{target.width}:{target.height}"
    small = f"{max(2, target.width // BLUR)}:{max(2, target.height // BLUR)}"
    return (
        f"split[{label}1][{label}2];"
        f"[{label}1]scale={small}:force_original_aspect_ratio=increase:{STANDARD},crop={small},gblur=sigma=3,"
        f"scale={size}:flags=bicubic,format=yuv420p,setsar=1[{label}3];"
        f"[{label}2]scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2:{STANDARD},format=yuv420p,"
        f"setsar=1[{label}4];"
        f"[{label}3][{label}4]overlay=x=(W-w)/2:y=(H-h)/2"
    )


def mark(watermark: Watermark, target: Target) -> str:
    short = min(target.width, target.height)
    width, height = (max(2, int(short * part)) for part in WATERMARK[:2])
    return (
        f"format=rgba,colorchannelmixer=aa={watermark.opacity},"
        f"scale={width}:{height}:force_original_aspect_ratio=decrease:{STANDARD},format=yuva420p"
    )


def place(watermark: Watermark, target: Target) -> str:
    margin = int(min(target.width, target.height) * WATERMARK[2])
    if watermark.position == "center":
        return "x=(W-w)/2:y=(H-h)/2"
    down, across = watermark.position.split("-")
    x = f"{margin}" if across == "left" else f"W-w-{margin}"
    y = f"{margin}" if down == "top" else f"H-h-{margin}"
    return f"x={x}:y={y}"
