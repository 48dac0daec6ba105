"""What a provider's output must be to be kept, and where it may come from. All else was paid for in vain, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.keep_clip.output import fetch, may_fetch
from functions.studio.clips import Answer, AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import OutputUnreachable, ProviderBusy
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState
from functions.studio.media_store import MediaStore
from functions.studio.providers import Prediction
from tests.integration.keep_stage import Desk, a_desk
from tests.media import Studio
from tests.outputs import Outputs, drips


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    return a_desk(jobs, ledger, media, outputs)


def test_an_output_without_an_address_is_broken(desk: Desk) -> None:
    desk.answered(output_url=None)
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: the provider named no output."
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_an_output_that_its_provider_has_deleted_is_expired_and_its_money_is_lost(desk: Desk) -> None:
    desk.answered(output_url=None, removed=True)
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: the provider has deleted its output."
    assert desk.clip.error_class == "expired"
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_without_ffmpeg_the_clip_fails_with_just_these_words(
    desk: Desk, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip()))
    monkeypatch.setenv("PATH", "")
    desk.keep()
    assert desk.clip.error_message == "ffmpeg is not available"
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_a_clip_of_another_length_than_was_paid_for_is_broken(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.holds(studio.clip(seconds=3)))
    desk.keep()
    assert desk.clip.error_message == "The clip is unusable: it lasts 3.00 s instead of 1 s."


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_output_fails_the_clip_for_good(desk: Desk, status: int) -> None:
    url = desk.outputs.says(status)
    desk.answered(output_url=url)
    desk.provider.known["p1"] = Prediction(id="p1", answer=Answer(outcome=Outcome.SUCCEEDED, output_url=url))
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class, desk.money) == (ClipStatus.FAILED, "expired", LineState.LOST)


def test_an_output_that_has_expired_is_fetched_from_where_its_provider_shows_it_now(desk: Desk, studio: Studio) -> None:
    desk.answered(output_url=desk.outputs.says(403))
    fresh = Answer(outcome=Outcome.SUCCEEDED, output_url=desk.outputs.holds(studio.clip(), "/fresh.mp4"))
    desk.provider.known["p1"] = Prediction(id="p1", answer=fresh)
    desk.keep()
    assert (desk.clip.status, desk.money) == (ClipStatus.COMPLETED, LineState.SETTLED)
    assert desk.outputs.asked == ["/out.mp4", "/fresh.mp4"]


@pytest.mark.parametrize(
    "shown",
    [
        Answer(outcome=Outcome.SUCCEEDED, output_url=None, removed=True),
        Answer(outcome=Outcome.SUCCEEDED, output_url=None),
        None,
    ],
)
def test_one_that_its_provider_does_not_show_any_more_is_expired(desk: Desk, shown: Answer | None) -> None:
    desk.answered(output_url=desk.outputs.says(403))
    desk.provider.known["p1"] = Prediction(id="p1", answer=shown)
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class, desk.money) == (ClipStatus.FAILED, "expired", LineState.LOST)
    assert (desk.provider.looks, desk.outputs.asked) == (["p1"], ["/out.mp4"])


def test_one_whose_provider_cannot_be_asked_is_expired_too(desk: Desk) -> None:
    desk.answered(output_url=desk.outputs.says(404))
    desk.provider.busy = ProviderBusy("later")
    desk.keep()
    assert (desk.clip.error_class, desk.money) == ("expired", LineState.LOST)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_output_that_cannot_be_fetched_just_now_is_left_for_another_try(desk: Desk, status: int) -> None:
    desk.answered(output_url=desk.outputs.says(status))
    with pytest.raises(OutputUnreachable):
        desk.keep()
    assert (desk.clip.status, desk.money) == (ClipStatus.PROCESSING, LineState.RESERVED)


def test_an_output_that_breaks_off_is_left_for_another_try(desk: Desk, studio: Studio) -> None:
    content = studio.clip().read_bytes()
    desk.answered(output_url=desk.outputs.says(200, content[: len(content) // 2], Content_Length=str(len(content))))
    with pytest.raises(OutputUnreachable):
        desk.keep()


def test_a_redirect_within_the_provider_is_followed(desk: Desk, studio: Studio) -> None:
    desk.outputs.holds(studio.clip(), "/there.mp4")
    desk.answered(output_url=desk.outputs.says(302, Location="/there.mp4"))
    desk.keep()
    assert desk.clip.status is ClipStatus.COMPLETED


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"])
def test_a_redirect_to_anywhere_else_is_not_followed(desk: Desk, target: str) -> None:
    desk.answered(output_url=desk.outputs.says(302, Location=target))
    desk.keep()
    assert (desk.clip.status, desk.clip.error_class) == (ClipStatus.FAILED, "unconfigured")


ORIGINS = ["https://replicate.delivery", "https://*.replicate.delivery"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://replicate.delivery/a/b.mp4", True),
        ("https://pbxt.replicate.delivery/a.mp4", True),
        ("https://replicate.delivery:443/a.mp4", True),
        ("http://replicate.delivery/a.mp4", False),
        ("https://replicate.delivery:8443/a.mp4", False),
        ("https://replicate.delivery.evil.example/a.mp4", False),
        ("https://evilreplicate.delivery/a.mp4", False),
        ("https://replicate.delivery@evil.example/a.mp4", False),
        ("https://evil@replicate.delivery/a.mp4", False),
        ("file:///replicate.delivery", False),
        ("https:///a.mp4", False),
        ("https://replicate.delivery:port/a.mp4", False),
    ],
)
def test_outputs_come_from_their_providers_origins_only(url: str, allowed: bool) -> None:
    assert may_fetch(url, ORIGINS) is allowed


def test_an_output_that_drips_ends_with_its_time(tmp_path: Path) -> None:
    with drips() as slow, pytest.raises(OutputUnreachable, match="in time"):
        fetch(f"{slow}/out.mp4", tmp_path / "out.mp4", [slow], seconds=0.5)
