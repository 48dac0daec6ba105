"""Playlists (HLS, RFC 8216) as text, from rows alone; the media themselves are fetched from the bucket by signed URLs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from math import ceil

from functions.studio.clips import Clip, leeway
from functions.studio.jobs import Job
from functions.studio.media import Segment
from functions.studio.shots import takes

PLAYLIST = "application/vnd.apple.mpegurl"

Sign = Callable[[str], str]
"""From an object's key to its URL."""


def live_playlist(job: Job, clips: Sequence[Clip], sign: Sign) -> str:
    """The film while it is made, hard cuts only: its clips up to the first one that is still to come. Lines are only ever
    added (an EVENT), the last of them when the job has ended. Failed clips are passed over, as in the film."""
    clips = _as_cut(job, clips)
    asked = max([job.duration_seconds, *(clip.duration_seconds for clip in clips)])
    beginning = takewhile(lambda clip: job.ended or clip.settled, clips)
    watched = [clip.video.segment for clip in beginning if clip.video and clip.video.segment]
    return _text(watched, sign, longest=ceil(asked + leeway(asked)), kind="EVENT", ended=job.ended)


def _as_cut(job: Job, clips: Sequence[Clip]) -> Sequence[Clip]:
    """In the order of the film, without what it leaves out, one variant of each shot; clips are whole."""
    known = {clip.number: clip for clip in clips}
    shown = takes(clips, job.cut if job.ended else job.run_cut)
    return [known[take.clip] for take in shown if take.clip in known]


def film_playlist(film: Segment, sign: Sign) -> str:
    longest = ceil(max(stretch.seconds for stretch in film.stretches))
    return _text([film], sign, longest=longest, kind="VOD", ended=True)


def _text(segments: Sequence[Segment], sign: Sign, *, longest: int, kind: str, ended: bool) -> str:
    """`longest` must hold for all segments to come: the target duration of a playlist may not change."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{longest}",
        f"#EXT-X-PLAYLIST-TYPE:{kind}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-START:TIME-OFFSET=0",
    ]
    for turn, segment in enumerate(segments):
        url, start = sign(segment.key), segment.initial_bytes
        if turn:
            lines.append("#EXT-X-DISCONTINUITY")
        lines.append(f'#EXT-X-MAP:URI="{url}",BYTERANGE="{start}@0"')
        for stretch in segment.stretches:
            lines += [f"#EXTINF:{stretch.seconds:.6f},", f"#EXT-X-BYTERANGE:{stretch.bytes}@{start}", url]
            start += stretch.bytes
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else [])]) + "\n"
