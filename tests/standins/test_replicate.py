import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from replicate.exceptions import ReplicateError

from tests.standins.asking import HAILUO, VEO, Start, client_of, ended, script, seen, veo_input
from tests.standins.conftest import Host, a_picture, wait_until


@pytest.mark.parametrize(
    ("model", "given", "field", "kind"),
    [
        (VEO, {}, "input", "required"),
        (VEO, {"prompt": "a", "duration": 5}, "input.duration", "enum"),
        (VEO, {"prompt": "a", "duration": "8"}, "input.duration", "invalid_type"),
        (VEO, {"prompt": "a", "image": "first.jpg"}, "input.image", "format"),
        (VEO, {"prompt": "a", "reference_images": []}, "input", "additional_property_not_allowed"),
        (HAILUO, {"prompt": "a", "duration": 10}, "input.duration", "enum"),
        (HAILUO, {"prompt": "a", "duration": 10, "resolution": "1080p"}, "input.duration", "enum"),
        (HAILUO, {"prompt": "a", "duration": 10, "resolution": "512p"}, "input.duration", "enum"),
        (
            HAILUO,
            {"prompt": "a", "last_frame_image": "https://a.b/c", "resolution": "512p"},
            "input.resolution",
            "enum",
        ),
        (
            "minimax/hailuo-2.3",
            {"prompt": "a", "last_frame_image": "https://a.b/c"},
            "input",
            "additional_property_not_allowed",
        ),
        (
            "google/veo-3.1",
            {"prompt": "a", "reference_images": ["https://a.b/c"], "duration": 4},
            "input.duration",
            "const",
        ),
        ("wan-video/wan-2.2-i2v-fast", {"prompt": "a"}, "input", "required"),
        ("black-forest-labs/flux-1.1-pro", {"prompt": "a", "width": 99}, "input.width", "number_gte"),
    ],
)
def test_an_input_that_breaks_the_models_schema_is_422_and_names_the_field(
    start_replicate: Start, model: str, given: dict[str, Any], field: str, kind: str
) -> None:
    standin = start_replicate()
    with pytest.raises(ReplicateError) as refused:
        client_of(standin).predictions.create(model=model, input=given)
    assert (refused.value.status, refused.value.title) == (422, "Input validation failed")
    answer = requests.post(
        f"{standin.url}/v1/models/{model}/predictions",
        json={"input": given},
        headers={"authorization": "Bearer x"},
        timeout=10,
    )
    assert answer.headers["content-type"] == "application/problem+json"
    faults = answer.json()["invalid_fields"]
    assert {fault["field"] for fault in faults} == {field}
    assert kind in {fault["type"] for fault in faults}
    assert client_of(standin).predictions.list().results == []


def test_ten_seconds_of_hailuo_are_taken_at_768p(start_replicate: Start) -> None:
    given = {"prompt": "a", "duration": 10, "resolution": "768p"}
    assert client_of(start_replicate()).predictions.create(model=HAILUO, input=given).status == "starting"


def test_a_missing_or_wrong_token_is_401(start_replicate: Start) -> None:
    standin = start_replicate(token="r8_right")
    with pytest.raises(ReplicateError) as refused:
        client_of(standin, "r8_wrong").predictions.list()
    assert (refused.value.status, refused.value.title) == (401, "Unauthenticated")
    assert requests.get(f"{standin.url}/v1/predictions", timeout=10).status_code == 401
    assert client_of(standin, "r8_right").predictions.list().results == []


def test_an_unknown_model_prediction_or_version_is_told_as_the_real_service_does(start_replicate: Start) -> None:
    client = client_of(start_replicate())
    for call, status in (
        (lambda: client.predictions.create(model="foo/bar", input={"prompt": "a"}), 404),
        (lambda: client.predictions.get("a" * 26), 404),
        (lambda: client.predictions.create(version="0" * 64, input={"prompt": "a"}), 422),
    ):
        with pytest.raises(ReplicateError) as refused:
            call()
        assert refused.value.status == status


@pytest.mark.parametrize("version", [VEO, f"{VEO}:{'a' * 64}"])
def test_a_create_by_version_takes_owner_and_name(start_replicate: Start, version: str) -> None:
    made = client_of(start_replicate()).predictions.create(version=version, input={"prompt": "a"})
    assert (made.model, len(made.id), made.id.isalnum(), made.id.lower()) == (VEO, 26, True, made.id)


@pytest.mark.parametrize(
    ("page", "told"),
    [(None, "404"), (b"no picture", "cannot identify"), (a_picture(1)[:2000], "cannot identify or decode")],
)
def test_a_picture_that_cannot_be_fetched_or_decoded_fails_the_prediction(
    start_replicate: Start, host: Host, page: bytes | None, told: str
) -> None:
    client = client_of(start_replicate())
    url = host.serve("it.jpg", page) if page else f"{host.url}/missing.jpg"
    made = ended(
        client.predictions.create(model=VEO, input=veo_input(host, last_frame=f"{url}?signature=secret")), client
    )
    assert made.status == "failed"
    assert "'last_frame'" in made.error
    assert told in made.error
    assert "secret" not in made.error


def test_an_uploaded_file_and_a_data_uri_serve_as_pictures(start_replicate: Start, tmp_path: Path) -> None:
    client = client_of(start_replicate())
    (tmp_path / "first.jpg").write_bytes(a_picture(1))
    first = client.files.create(tmp_path / "first.jpg", metadata={"attempt": "1"})
    assert (first.size, first.content_type, first.metadata) == (len(a_picture(1)), "image/jpeg", {"attempt": "1"})
    given = {"prompt": "a", "duration": 4, "resolution": "720p", "image": first.urls["get"]}
    made = client.predictions.create(model=VEO, input=given | {"last_frame": io.BytesIO(a_picture(2))})
    assert "/v1/files/" in made.input["last_frame"], "the SDK uploads what is file-like"
    assert ended(made, client).status == "succeeded"
    client.files.delete(first.id)
    made = ended(client.predictions.create(model=VEO, input=given), client)
    assert (made.status, "404" in made.error) == ("failed", True)


def test_an_hour_after_its_end_a_prediction_loses_its_data_and_its_output(start_replicate: Start, host: Host) -> None:
    standin = start_replicate(output_ttl=0.5)
    client = client_of(standin)
    made = client.predictions.create(
        model=VEO, input=veo_input(host), webhook=f"{host.url}/hook", webhook_events_filter=["completed"]
    )
    output = json.loads(host.wait(1)[0].body)["output"]
    wait_until(lambda: seen(standin, made.id)["data_removed"])
    found = seen(standin, made.id)
    assert (found["status"], found["output"], found["input"], found["logs"]) == ("succeeded", None, {}, None)
    assert requests.get(output, timeout=10).status_code == 404


def test_outputs_are_served_by_range_too(start_replicate: Start, host: Host) -> None:
    client = client_of(start_replicate())
    output = ended(client.predictions.create(model=VEO, input=veo_input(host)), client).output
    part = requests.get(output, headers={"range": "bytes=4-7"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_prefer_wait_answers_with_the_finished_prediction(start_replicate: Start, host: Host) -> None:
    client = client_of(start_replicate())
    assert client.models.predictions.create(VEO, veo_input(host), wait=30).status == "succeeded"


def test_predictions_are_listed_newest_first_a_hundred_a_page_both_ways(start_replicate: Start) -> None:
    standin = start_replicate()
    script(standin, {"do": "slow", "seconds": 600, "times": 205})
    client = client_of(standin)
    made = [client.predictions.create(model=VEO, input={"prompt": str(n)}).id for n in range(205)][::-1]
    first = client.predictions.list()
    second = client.predictions.list(first.next)
    third = client.predictions.list(second.next)
    assert [p.id for page in (first, second, third) for p in page.results] == made
    assert (first.previous, third.next) == (None, None)
    assert [p.id for p in client.predictions.list(third.previous).results] == made[100:200]


def test_fifty_creates_at_once_are_all_answered_while_none_has_ended(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    script(standin, {"do": "slow", "seconds": 600, "times": 50})
    client = client_of(standin)
    given = [veo_input(host, prompt=f"clip {n}") for n in range(50)]
    with ThreadPoolExecutor(50) as pool:
        made = list(pool.map(lambda one: client.predictions.create(model=VEO, input=one), given))
    seen = requests.get(f"{standin.url}/_predictions", timeout=10).json()
    assert {p["id"] for p in seen} == {p.id for p in made}
    assert [p["endedAt"] for p in seen] == [None] * 50


def test_the_log_tells_what_was_asked_and_reset_forgets_it(start_replicate: Start) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "slow", "seconds": 60, "times": 9})
    made = client.predictions.create(model=VEO, input={"prompt": "a"}, webhook="http://127.0.0.1:1/hook")
    client.predictions.get(made.id)
    log = requests.get(f"{standin.url}/_log", timeout=10).json()
    assert [(entry["method"], entry["path"]) for entry in log] == [
        ("POST", f"/v1/models/{VEO}/predictions"),
        ("GET", f"/v1/predictions/{made.id}"),
    ]
    assert log[0]["body"] == {"input": {"prompt": "a"}, "webhook": "http://127.0.0.1:1/hook"}
    assert log[0]["at"] <= log[1]["at"]
    requests.post(f"{standin.url}/_reset", timeout=10)
    assert requests.get(f"{standin.url}/_log", timeout=10).json() == []


def test_reset_forgets_what_has_ended_and_lets_the_rest_go_on(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "fail", "times": 1})
    over = ended(client.predictions.create(model=VEO, input={"prompt": "a"}), client)
    script(standin, {"do": "slow", "seconds": 3, "times": 1})
    runs = client.predictions.create(model=VEO, input=veo_input(host), webhook=f"{host.url}/hook")
    requests.post(f"{standin.url}/_reset", timeout=10)
    assert [one.id for one in client.predictions.list().results] == [runs.id]
    with pytest.raises(ReplicateError):
        client.predictions.get(over.id)
    assert ended(runs, client).status == "succeeded"
    wait_until(lambda: f'"{runs.id}"' in requests.get(f"{standin.url}/_webhooks", timeout=10).text)


def test_refusing_loopback_neither_webhooks_nor_pictures_may_be_private(start_replicate: Start, host: Host) -> None:
    client = client_of(start_replicate(refuse_loopback=True))
    for webhook in (f"{host.url}/hook", "https://127.0.0.1/hook", "https://10.0.0.1/hook"):
        with pytest.raises(ReplicateError) as refused:
            client.predictions.create(model=VEO, input=veo_input(host), webhook=webhook)
        assert refused.value.status == 422
    assert ended(client.predictions.create(model=VEO, input=veo_input(host)), client).status == "failed"
    assert host.asked == []
    upload = client.files.create(io.BytesIO(a_picture(1)))
    given = veo_input(host, image=upload.urls["get"])
    del given["last_frame"]
    assert ended(client.predictions.create(model=VEO, input=given), client).status == "succeeded"
