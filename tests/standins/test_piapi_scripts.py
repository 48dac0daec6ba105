"""The PiAPI stand-in under a script, and its webhooks."""

from pathlib import Path
from typing import Any

import pytest
import requests

from local.standins.piapi import Piapi
from tests.standins.asking_piapi import SECRET, Start, create, deliveries, ended, made, pair, script, seen
from tests.standins.conftest import Host, wait_until


def test_the_end_is_told_with_the_secret_in_clear_and_capital_first(start_piapi: Start, host: Host) -> None:
    standin = start_piapi()
    task = made(standin, f"{host.url}/hook?attempt=1")
    [told] = host.wait(1)
    body = told.json
    assert (told.path, told.headers["x-webhook-secret"]) == ("/hook?attempt=1", SECRET)
    assert abs(body["timestamp"] - told.at) < 60
    assert (body["data"]["task_id"], body["data"]["status"]) == (task["task_id"], "Completed")
    assert body["data"]["config"]["webhook_config"] == {"endpoint": f"{host.url}/hook?attempt=1", "secret": SECRET}
    assert {**body["data"], "status": "completed"} == seen(standin, task["task_id"])


def test_some_models_tell_of_their_beginning_too(start_piapi: Start, host: Host) -> None:
    standin = start_piapi()
    create(standin, "luma", "video_generation", pair(host), f"{host.url}/hook")
    assert [one.json["data"]["status"] for one in host.wait(2)] == ["Processing", "Completed"]


def test_the_last_webhook_comes_up_to_three_times(start_piapi: Start, host: Host) -> None:
    standin = start_piapi(webhook_repeats=(0.05, 0.05))
    host.statuses += [500, 302, 500]
    made(standin, f"{host.url}/hook")
    wait_until(lambda: len(deliveries(standin)) == 3)
    assert [one["answered"] for one in deliveries(standin)] == [500, 302, 500]
    assert len({one.body for one in host.arrivals}) == 1


def test_a_forged_webhook_tells_the_contrary_and_does_not_know_the_secret(start_piapi: Start, host: Host) -> None:
    standin = start_piapi()
    host.statuses += [401, 204] * 2
    script(standin, {"do": "forge_webhook", "times": 2}, {"do": "fail"})
    for ends in (("Completed", "Failed"), ("Failed", "Completed")):
        made(standin, f"{host.url}/hook")
        forged, genuine = host.wait(2)
        assert (forged.json["data"]["status"], genuine.json["data"]["status"]) == ends
        assert forged.headers["x-webhook-secret"] != genuine.headers["x-webhook-secret"] == SECRET
        assert SECRET not in forged.body
        host.arrivals.clear()


def test_webhooks_are_lost_doubled_late_and_early(start_piapi: Start, host: Host) -> None:
    standin = start_piapi()
    for verb, count in (("lose_webhook", 0), ("duplicate_webhook", 5), ("late_webhook", 1), ("early_webhook", 1)):
        script(standin, {"do": verb, "seconds": 1})
        task = made(standin, f"{host.url}/{verb}")
        if verb == "early_webhook":
            assert [one.path for one in host.arrivals] == [f"/{verb}"]
            assert task["status"] == "pending"
        end = ended(standin, task)
        assert end["status"] == "completed"
        host.wait(count)
        assert {one.path for one in host.arrivals} <= {f"/{verb}"}
        host.arrivals.clear()


def turned_away(standin: Piapi) -> requests.Response:
    return create(standin, "Qubico/hunyuan", "txt2video", {"prompt": "a"})


def test_what_is_turned_away_was_never_accepted_and_says_so_in_its_own_way(start_piapi: Start) -> None:
    standin = start_piapi()
    script(standin, {"do": "throttle", "seconds": 7}, {"do": "server_error"}, {"do": "hide_error"})
    throttled, failing, hiding = (turned_away(standin) for _ in range(3))
    assert (throttled.status_code, throttled.json()["code"], throttled.headers["retry-after"]) == (429, 429, "7")
    assert (failing.status_code, failing.json()["code"]) == (500, 500)
    assert (hiding.status_code, hiding.json()["code"], hiding.json()["data"]) == (200, 500, None)
    assert requests.get(f"{standin.url}/_predictions", timeout=10).json() == []


def test_a_lost_answer_leaves_a_task_behind_and_a_refused_one_says_why(start_piapi: Start) -> None:
    standin = start_piapi()
    script(standin, {"do": "lose_answer"}, {"do": "refuse"})
    with pytest.raises(requests.ConnectionError):
        turned_away(standin)
    [lost] = requests.get(f"{standin.url}/_predictions", timeout=10).json()
    end = ended(standin, {"task_id": lost["id"]})
    assert (end["status"], "moderation" in end["error"]["message"]) == ("failed", True)


def test_outputs_are_served_ready_made_expire_and_are_spoilt(start_piapi: Start, tmp_path: Path) -> None:
    standin = start_piapi()
    ready = tmp_path / "ready.mp4"
    ready.write_bytes(b"123456789")
    serve: dict[str, Any] = {"do": "serve", "file": str(ready), "times": 3}
    script(standin, serve, {"do": "expire_output"})
    first = ended(standin, made(standin))
    assert (first["status"], first["output"]) == ("completed", None), "gone as soon as it is there"
    whole = ended(standin, made(standin))["output"]["video_url"]
    assert requests.get(whole, timeout=10).content == b"123456789"
    script(standin, {"do": "truncate_output"})
    cut = ended(standin, made(standin))["output"]["video_url"]
    assert requests.get(cut, timeout=10).content == b"123456"


def test_reset_forgets_what_has_ended_and_hurry_ends_all_waiting(start_piapi: Start) -> None:
    standin = start_piapi()
    over = ended(standin, made(standin))
    script(standin, {"do": "queue", "seconds": 600}, {"do": "slow", "seconds": 600})
    waits = made(standin)
    requests.post(f"{standin.url}/_reset", timeout=10).raise_for_status()
    assert [one["id"] for one in requests.get(f"{standin.url}/_predictions", timeout=10).json()] == [waits["task_id"]]
    assert over["task_id"] != waits["task_id"]
    requests.post(f"{standin.url}/_hurry", timeout=10).raise_for_status()
    assert ended(standin, waits)["status"] == "completed"
