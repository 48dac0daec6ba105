from __future__ import annotations

import pytest

from functions.api.playlists import film_playlist, live_playlist
from functions.studio.clips import Clip, ClipStatus
from functions.studio.cut import Cut, Take
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.media import Segment, Stretch
from tests.scripted import a_clip, a_job, a_kept

HEAD = """\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:10
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=0
"""


def signed(key: str) -> str:
    return f"https://bucket.example/{key}?signed"


def clip(job: Job, number: int, word: str) -> Clip:
    """`kept` with a segment, `bare` kept without one, or a status."""
    if word not in ("kept", "bare"):
        return a_clip(job, number=number, status=ClipStatus(word))
    stretch = Stretch(bytes=1000 + number, seconds=8 + number / 1000)
    segment = Segment(key=f"{number}.m4s", initial_bytes=800 + number, stretches=[stretch])
    kept = a_kept(number).model_copy(update={"segment": segment if word == "kept" else None})
    return a_clip(job, number=number, status=ClipStatus.COMPLETED, kept=kept)


def watched(text: str) -> list[int]:
    """The numbers of the clips that a playlist plays."""
    return [int(line.split("/")[3].split(".")[0]) for line in text.splitlines() if line.startswith("https")]


def test_a_playlist_names_byte_ranges_of_signed_objects_with_discontinuities_between_clips() -> None:
    job = a_job(duration_seconds=8, status=JobStatus.COMPLETED)
    assert live_playlist(job, [clip(job, 1, "kept"), clip(job, 2, "kept")], signed) == HEAD + (
        '#EXT-X-MAP:URI="https://bucket.example/1.m4s?signed",BYTERANGE="801@0"\n'
        "#EXTINF:8.001000,\n"
        "#EXT-X-BYTERANGE:1001@801\n"
        "https://bucket.example/1.m4s?signed\n"
        "#EXT-X-DISCONTINUITY\n"
        '#EXT-X-MAP:URI="https://bucket.example/2.m4s?signed",BYTERANGE="802@0"\n'
        "#EXTINF:8.002000,\n"
        "#EXT-X-BYTERANGE:1002@802\n"
        "https://bucket.example/2.m4s?signed\n"
        "#EXT-X-ENDLIST\n"
    )


@pytest.mark.parametrize(
    ("words", "plays"),
    [
        ("", []),
        ("pending pending", []),
        ("processing kept kept", []),
        ("kept processing kept", [1]),
        ("kept kept pending", [1, 2]),
        ("failed kept processing", [2]),
        ("kept failed kept pending kept", [1, 3]),
        ("kept cancelled kept", [1, 3]),
        ("bare kept", [2]),
        ("failed failed", []),
        ("kept kept kept", [1, 2, 3]),
    ],
)
def test_a_running_job_plays_its_settled_beginning_without_what_failed(words: str, plays: list[int]) -> None:
    job = a_job(duration_seconds=8, status=JobStatus.PROCESSING)
    text = live_playlist(job, [clip(job, number, word) for number, word in enumerate(words.split(), 1)], signed)
    assert watched(text) == plays
    assert text.startswith(HEAD)
    assert "ENDLIST" not in text


def test_a_run_that_cuts_the_clips_anew_plays_them_in_its_own_order() -> None:
    takes = Cut(takes=[Take(clip=3), Take(clip=1), Take(clip=3)])
    job = a_job(duration_seconds=8, purpose=Purpose(kind=RunKind.RECUT, chooses=False, cut=takes))
    clips = [clip(job, number, "kept") for number in (1, 2, 3)]
    assert watched(live_playlist(job, clips, signed)) == [3, 1, 3]
    failed = job.model_copy(update={"status": JobStatus.FAILED})
    assert watched(live_playlist(failed, clips, signed)) == [1, 2, 3], "that of the film which the job still has"


@pytest.mark.parametrize("status", JobStatus)
def test_a_playlist_ends_when_its_job_has_ended_and_not_before(status: JobStatus) -> None:
    job = a_job(duration_seconds=8, status=status)
    text = live_playlist(job, [clip(job, 1, "kept")], signed)
    assert text.endswith("\n#EXT-X-ENDLIST\n") is (status.value in ("completed", "failed", "cancelled"))


def test_a_playlist_only_grows_and_never_says_otherwise() -> None:
    job = a_job(duration_seconds=8, status=JobStatus.PROCESSING)
    words = ["pending"] * 4
    said = live_playlist(job, [], signed)
    for turn, word in [(2, "kept"), (0, "kept"), (1, "failed"), (3, "bare")]:
        words[turn] = word
        more = live_playlist(job, [clip(job, number, one) for number, one in enumerate(words, 1)], signed)
        assert more.startswith(said)
        said = more
    assert watched(said) == [1, 3]


@pytest.mark.parametrize(("asked", "longest"), [(1, 2), (4, 5), (6, 8), (8, 10), (10, 12)])
def test_the_target_duration_holds_for_every_clip_that_may_still_be_kept(asked: int, longest: int) -> None:
    text = live_playlist(a_job(duration_seconds=asked), [], signed)
    assert f"#EXT-X-TARGETDURATION:{longest}\n" in text


def test_the_films_playlist_divides_one_object_from_end_to_end() -> None:
    stretches = [Stretch(bytes=100, seconds=4), Stretch(bytes=50, seconds=4.5), Stretch(bytes=7, seconds=0.25)]
    text = film_playlist(Segment(key="film.m4s", initial_bytes=10, stretches=stretches), signed)
    ranges = [line.split(":")[1] for line in text.splitlines() if line.startswith("#EXT-X-BYTERANGE")]
    assert ranges == ["100@10", "50@110", "7@160"]
    assert text.count("#EXT-X-MAP") == 1
    assert "#EXT-X-DISCONTINUITY" not in text
    assert "#EXT-X-TARGETDURATION:5\n" in text
    assert "#EXT-X-PLAYLIST-TYPE:VOD\n" in text
    assert text.endswith("#EXT-X-ENDLIST\n")
