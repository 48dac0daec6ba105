"""Webhooks of the Replicate stand-in, as they should come and as a script makes them come."""

import threading
from datetime import datetime
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from local.standins.replicate import Replicate
from tests.standins.asking import VEO, Start, client_of, ended, script, veo_input
from tests.standins.conftest import Host, wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_webhooks_are_signed_sent_in_order_and_only_those_asked_for(start_replicate: Start, host: Host) -> None:
    standin = start_replicate(webhook_secret=SECRET)
    client = client_of(standin)
    assert client.webhooks.default.secret().key == SECRET
    made = client.predictions.create(
        model=VEO,
        input=veo_input(host),
        webhook=f"{host.url}/hook?attempt=1",
        webhook_events_filter=["start", "output", "logs", "completed"],
    )
    arrived = host.wait(4)
    bodies = [Webhook(SECRET).verify(arrival.body, arrival.headers) for arrival in arrived]
    assert [arrival.path for arrival in arrived] == ["/hook?attempt=1"] * 4
    assert [body["status"] for body in bodies] == ["processing", "processing", "processing", "succeeded"]
    assert [body["output"] is None for body in bodies] == [True, True, False, False]
    assert len({arrival.headers["webhook-id"] for arrival in arrived}) == 4
    seen = requests.get(f"{standin.url}/v1/predictions/{made.id}", headers={"authorization": "Bearer x"}, timeout=10)
    assert bodies[-1] == seen.json()


def test_by_default_a_webhook_comes_for_the_output_and_for_the_end(start_replicate: Start, host: Host) -> None:
    client = client_of(start_replicate())
    made = client.predictions.create(model=VEO, input=veo_input(host), webhook=f"{host.url}/hook")
    ended(made, client)
    assert [arrival.json["status"] for arrival in host.wait(2)] == ["processing", "succeeded"]


def test_only_the_last_webhook_is_repeated_under_the_same_id_and_no_redirect_is_followed(
    start_replicate: Start, host: Host
) -> None:
    client = client_of(start_replicate(webhook_repeats=(0.05, 0.1, 0.2)))
    host.statuses += [500, 302, 500]
    events = ["start", "completed"]
    client.predictions.create(
        model=VEO, input=veo_input(host), webhook=f"{host.url}/hook", webhook_events_filter=events
    )
    arrived = host.wait(4)
    assert [a.json["status"] for a in arrived] == ["processing", "succeeded", "succeeded", "succeeded"]
    assert len({a.headers["webhook-id"] for a in arrived[1:]}) == 1
    assert {a.path for a in arrived} == {"/hook"}


def test_a_cancelled_prediction_stays_cancelled_and_says_so_by_webhook(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "slow", "seconds": 60})
    made = client.predictions.create(
        model=VEO, input=veo_input(host), webhook=f"{host.url}/hook", webhook_events_filter=["completed"]
    )
    wait_until(lambda: client.predictions.get(made.id).status == "processing")
    assert client.predictions.cancel(made.id).status == "canceled"
    assert host.wait(1)[0].json["status"] == "canceled"
    assert client.predictions.cancel(made.id).completed_at == client.predictions.get(made.id).completed_at
    assert len(host.arrivals) == 1


def test_lose_webhook_sends_none_for_that_prediction(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"match": {}, "do": "lose_webhook"})
    for name in ("lost", "kept"):
        ended(client.predictions.create(model=VEO, input=veo_input(host), webhook=f"{host.url}/{name}"), client)
    assert {arrival.path for arrival in host.wait(2)} == {"/kept"}


def ask(standin: Replicate, host: Host, *events: str) -> Any:
    return client_of(standin).predictions.create(
        model=VEO, input=veo_input(host), webhook=f"{host.url}/hook", webhook_events_filter=events or ("completed",)
    )


def deliveries(standin: Replicate) -> list[dict[str, Any]]:
    return requests.get(f"{standin.url}/_webhooks", timeout=10).json()


def test_duplicate_webhook_comes_five_times_four_of_them_at_once_under_one_id(
    start_replicate: Start, host: Host
) -> None:
    standin = start_replicate(webhook_secret=SECRET)
    together = threading.Barrier(4)
    host.pause = lambda: together.wait(10) if len(host.arrivals) <= 4 else None
    script(standin, {"do": "duplicate_webhook"})
    asked = ask(standin, host)
    arrived = host.wait(5)
    assert {arrival.headers["webhook-id"] for arrival in arrived} == {arrived[0].headers["webhook-id"]}
    assert {Webhook(SECRET).verify(arrival.body, arrival.headers)["id"] for arrival in arrived} == {asked.id}
    wait_until(lambda: len(deliveries(standin)) == 5)
    assert [delivery["answered"] for delivery in deliveries(standin)] == [200] * 5, "nobody had to wait in vain"


def test_forge_webhook_comes_first_signed_by_nobody_and_tells_the_contrary(start_replicate: Start, host: Host) -> None:
    standin = start_replicate(webhook_secret=SECRET)
    host.statuses += [401, 204] * 2
    script(standin, {"do": "forge_webhook", "times": 2}, {"do": "fail"})
    for ends in (("succeeded", "failed"), ("failed", "succeeded")):
        ask(standin, host)
        forged, genuine = host.wait(2)
        assert (forged.json["status"], genuine.json["status"]) == ends
        assert forged.json["id"] == genuine.json["id"]
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(forged.body, forged.headers)
        assert Webhook(SECRET).verify(genuine.body, genuine.headers)
        host.arrivals.clear()
    wait_until(lambda: len(deliveries(standin)) == 4)
    assert [(one["forged"], one["answered"]) for one in deliveries(standin)] == [(True, 401), (False, 204)] * 2


def test_late_webhook_comes_its_seconds_after_the_end_with_a_fresh_signature(
    start_replicate: Start, host: Host
) -> None:
    standin = start_replicate(webhook_secret=SECRET)
    script(standin, {"do": "late_webhook", "seconds": 4})
    end = ended(ask(standin, host), client_of(standin))
    assert host.arrivals == []
    [late] = host.wait(1)
    assert int(late.headers["webhook-timestamp"]) >= int(late.at) - 1
    assert end.metrics["total_time"] + 4 <= late.at - _seconds(end.created_at)
    assert Webhook(SECRET).verify(late.body, late.headers)["status"] == "succeeded"


def test_what_is_on_its_way_at_a_reset_still_arrives(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "late_webhook", "seconds": 4})
    asked = ask(standin, host)
    ended(asked, client_of(standin))
    requests.post(f"{standin.url}/_reset", timeout=10)
    assert [arrival.json["id"] for arrival in host.wait(1)] == [asked.id]


def test_early_webhook_tells_the_end_before_the_create_is_answered(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "early_webhook"})
    asked = ask(standin, host, "start", "completed")
    assert [arrival.json["status"] for arrival in host.arrivals] == ["processing", "succeeded"]
    assert asked.status == "starting"
    assert host.arrivals[-1].json["id"] == asked.id


def test_an_early_webhook_that_is_not_taken_comes_again_after_the_answer(start_replicate: Start, host: Host) -> None:
    standin = start_replicate(webhook_repeats=(0.5,))
    host.statuses += [404, 204]
    script(standin, {"do": "early_webhook"})
    ask(standin, host)
    assert len(host.arrivals) == 1
    host.wait(2)
    wait_until(lambda: [delivery["answered"] for delivery in deliveries(standin)] == [404, 204])
    requests.post(f"{standin.url}/_reset", timeout=10)
    assert deliveries(standin) == []


def test_an_aborted_prediction_tells_so_by_webhook(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "abort"})
    ask(standin, host)
    assert host.wait(1)[0].json["status"] == "aborted"


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
