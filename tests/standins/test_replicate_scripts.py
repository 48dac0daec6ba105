"""Each verb of a script but those about webhooks, as the Replicate SDK and the wire show it."""

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pydantic.v1
import pytest
import requests
from replicate.exceptions import ReplicateError

from local.standins.replicate import Replicate
from tests.standins.asking import VEO, Start, client_of, decoded, download, ended, script, seen, veo_input
from tests.standins.conftest import Host, a_picture, wait_until


def throttled(standin: Replicate) -> requests.Response:
    url, body = f"{standin.url}/v1/models/{VEO}/predictions", {"input": {"prompt": "a"}}
    return requests.post(url, json=body, headers={"authorization": "Bearer x"}, timeout=10)


def made(standin: Replicate, host: Host, **changes: Any) -> Any:
    client = client_of(standin)
    return ended(client.predictions.create(model=VEO, input=veo_input(host, **changes)), client)


def test_fail_ends_the_next_matching_creates_as_failed_and_is_then_used_up(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"match": {"model": VEO, "prompt": "bad"}, "times": 2, "do": "fail"})
    ends = [made(standin, host, prompt=prompt) for prompt in ("bad 1", "good", "bad 2", "bad 3")]
    assert [end.status for end in ends] == ["failed", "succeeded", "failed", "succeeded"]
    assert ends[0].error


def test_a_rule_may_match_a_piece_of_a_pictures_url(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"match": {"image": "second"}, "times": 9, "do": "fail"})
    pictures = [host.serve(name, a_picture(1)) for name in ("first.jpg", "second.jpg")]
    assert [made(standin, host, image=picture).status for picture in pictures] == ["succeeded", "failed"]


def test_refuse_ends_as_flagged_by_moderation(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "refuse"})
    end = made(standin, host)
    assert (end.status, end.output) == ("failed", None)
    assert "flagged as sensitive" in end.error
    assert "(E005)" in end.error


def test_throttle_accepts_nothing_and_tells_how_long_to_wait_where_the_rule_does(start_replicate: Start) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "throttle", "seconds": 29.5, "times": 2}, {"do": "throttle"})
    with pytest.raises(ReplicateError) as told:
        client.predictions.create(model=VEO, input={"prompt": "a"})
    assert (told.value.status, told.value.detail) == (
        429,
        "Request was throttled. Your rate limit resets in ~30s.",
    )
    with_hints, without = throttled(standin), throttled(standin)
    assert (with_hints.status_code, with_hints.headers["retry-after"], with_hints.json()["retry_after"]) == (
        429,
        "30",
        30,
    )
    assert (without.status_code, without.json()["detail"]) == (429, "Request was throttled.")
    assert "retry-after" not in without.headers
    assert "retry_after" not in without.json()
    assert client.predictions.list().results == []


def test_server_error_is_503_and_nothing_was_accepted(start_replicate: Start) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "server_error"})
    with pytest.raises(ReplicateError) as told:
        client.predictions.create(model=VEO, input={"prompt": "a"})
    assert told.value.status == 503
    assert client.predictions.list().results == []
    assert client.predictions.create(model=VEO, input={"prompt": "a"}).status == "starting"


def test_lose_answer_drops_the_connection_and_the_prediction_lives_on(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "lose_answer"})
    with pytest.raises(httpx.RemoteProtocolError):
        client.predictions.create(model=VEO, input=veo_input(host), webhook=f"{host.url}/hook")
    [lost] = client.predictions.list().results
    assert ended(lost, client).status == "succeeded"
    assert {arrival.path for arrival in host.wait(2)} == {"/hook"}


def test_abort_ends_before_it_starts_which_the_sdk_cannot_read(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "abort"})
    asked = client.predictions.create(model=VEO, input=veo_input(host))
    wait_until(lambda: seen(standin, asked.id)["status"] == "aborted")
    found = seen(standin, asked.id)
    assert (found["output"], "started_at" in found, found["metrics"].keys()) == (None, False, {"total_time"})
    assert host.asked == []
    with pytest.raises(pydantic.v1.ValidationError):
        client.predictions.get(asked.id)


def test_slow_takes_its_seconds_longer(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "slow", "seconds": 1.5})
    assert made(standin, host).metrics["predict_time"] >= 1.5 + 0.9


def test_what_is_slow_can_be_hurried(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "slow", "seconds": 600})
    client = client_of(standin)
    asked = client.predictions.create(model=VEO, input=veo_input(host))
    requests.post(f"{standin.url}/_hurry", timeout=10).raise_for_status()
    assert ended(asked, client).status == "succeeded"


def test_serve_delivers_the_file_and_neither_fetches_nor_draws_anything(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    standin = start_replicate(cache=tmp_path / "cache")
    (tmp_path / "ready.mp4").write_bytes(b"a film, ready-made")
    script(standin, {"do": "serve", "file": str(tmp_path / "ready.mp4")})
    end = made(standin, host)
    assert requests.get(end.output, timeout=10).content == b"a film, ready-made"
    assert end.output.endswith(".mp4")
    assert host.asked == []
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_to_serve_that_vanished_meanwhile_fails_the_prediction(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    standin = start_replicate()
    (tmp_path / "ready.mp4").write_bytes(b"gone soon")
    script(standin, {"do": "serve", "file": str(tmp_path / "ready.mp4")}, {"do": "corrupt_output"})
    (tmp_path / "ready.mp4").unlink()
    end = made(standin, host)
    assert (end.status, "ready.mp4" in end.error) == ("failed", True)


def test_expire_output_leaves_a_url_to_nothing_once_the_prediction_has_ended(
    start_replicate: Start, host: Host
) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "expire_output"})
    asked = client.predictions.create(model=VEO, input=veo_input(host), webhook=f"{host.url}/hook")
    last = host.wait(2)[-1].json
    assert last["status"] == "succeeded"
    assert requests.get(last["output"], timeout=10).status_code == 404
    found = seen(standin, asked.id)
    assert (found["status"], found["output"], found["data_removed"]) == ("succeeded", None, True)


@pytest.mark.parametrize(("verb", "as_long"), [("truncate_output", False), ("corrupt_output", True)])
def test_a_spoilt_output_still_looks_like_an_mp4_but_cannot_be_decoded(
    start_replicate: Start, host: Host, tmp_path: Path, verb: str, as_long: bool
) -> None:
    standin = start_replicate()
    script(standin, {"do": verb})
    spoilt = download(made(standin, host).output, tmp_path / "spoilt.mp4")
    whole = download(made(standin, host).output, tmp_path / "whole.mp4")
    assert spoilt.read_bytes()[:3000] == whole.read_bytes()[:3000]
    assert b"ftyp" in spoilt.read_bytes()[:12]
    assert (spoilt.stat().st_size == whole.stat().st_size) is as_long
    assert len(decoded(whole, 1280, 720)) == 96
    with pytest.raises(subprocess.CalledProcessError):
        decoded(spoilt, 1280, 720)


def test_what_was_turned_away_leaves_the_other_rules_to_the_create_that_is_accepted(
    start_replicate: Start, host: Host
) -> None:
    standin = start_replicate()
    script(standin, {"do": "fail"}, {"do": "throttle", "times": 2}, {"do": "server_error"})
    assert [throttled(standin).status_code for _ in range(3)] == [429, 429, 503]
    assert [made(standin, host).status for _ in range(2)] == ["failed", "succeeded"]


def test_a_served_file_can_be_spoilt_and_slow_at_once(start_replicate: Start, host: Host, tmp_path: Path) -> None:
    standin = start_replicate()
    (tmp_path / "ready.mp4").write_bytes(b"123456789")
    rules: list[dict[str, Any]] = [{"do": "serve", "file": str(tmp_path / "ready.mp4")}, {"do": "truncate_output"}]
    script(standin, *rules, {"do": "slow", "seconds": 1})
    end = made(standin, host)
    assert requests.get(end.output, timeout=10).content == b"123456"
    assert end.metrics["predict_time"] >= 1.9
    [shown] = requests.get(f"{standin.url}/_predictions", timeout=10).json()
    assert shown["scripted"] == ["serve", "slow", "truncate_output"]
