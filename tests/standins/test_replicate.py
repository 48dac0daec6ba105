import io
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import replicate
import requests
from PIL import Image
from replicate.exceptions import ReplicateError
from replicate.prediction import Prediction
from standardwebhooks import Webhook

from local.standins.drawing import still
from local.standins.replicate import Replicate
from tests.standins.conftest import Host, a_picture, wait_until

Start = Callable[..., Replicate]
VEO, HAILUO = "google/veo-3.1-fast", "minimax/hailuo-02"


def client_of(standin: Replicate, token: str = "r8_any") -> replicate.Client:
    return replicate.Client(api_token=token, base_url=standin.url)


def veo_input(host: Host, **changes: Any) -> dict[str, Any]:
    return {
        "prompt": "a slow push in",
        "image": host.serve("first.jpg", a_picture(1)),
        "last_frame": host.serve("last.jpg", a_picture(2)),
        "duration": 4,
        "resolution": "720p",
        **changes,
    }


def ended(prediction: Prediction, client: replicate.Client) -> Prediction:
    wait_until(lambda: client.predictions.get(prediction.id).status in ("succeeded", "failed", "canceled"), 60)
    return client.predictions.get(prediction.id)


def script(standin: Replicate, *rules: dict[str, Any]) -> requests.Response:
    return requests.post(f"{standin.url}/_script", json=list(rules), timeout=10)


def download(url: str, path: Path) -> Path:
    path.write_bytes(requests.get(url, timeout=10).content)
    return path


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(path), "-map", "0:v:0"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def sound_of(path: Path) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(path), "-map", "0:a:0"]
    raw = subprocess.run([*command, "-f", "s16le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.int16).reshape(-1, 2)


def streams_of(path: Path) -> str:
    told = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], check=False, capture_output=True)
    return told.stderr.decode()


def unlikeness(frame: np.ndarray, picture: bytes) -> float:
    """Mean difference of a channel, 0..255, to the picture filled into the frame."""
    wanted = still(Image.open(io.BytesIO(picture)).convert("RGB"), frame.shape[1], frame.shape[0])
    return float(np.abs(frame.astype(float) - np.asarray(wanted, float)).mean())


def test_a_veo_clip_moves_from_the_first_picture_to_the_last_with_sound(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    client = client_of(start_replicate())
    made = ended(client.predictions.create(model=VEO, input=veo_input(host, duration=6)), client)
    assert (made.status, made.model, made.version, made.error) == ("succeeded", VEO, "hidden", None)
    clip = download(made.output, tmp_path / "clip.mp4")
    frames = decoded(clip, 1280, 720)
    assert len(frames) == 6 * 24
    assert unlikeness(frames[0], a_picture(1)) < 4 < 20 < unlikeness(frames[0], a_picture(2))
    assert unlikeness(frames[-1], a_picture(2)) < 4 < 20 < unlikeness(frames[-1], a_picture(1))
    steps = np.abs(np.diff(frames[::4, ::8, ::8].astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert steps.min() > 0.05, "it moves all the way"
    assert steps.max() < 20, "it never jumps"
    told = streams_of(clip)
    assert "h264 (High)" in told
    assert "yuv420p(tv, bt709" in told
    assert "24 fps" in told
    heard = sound_of(clip)
    assert 6 * 48_000 <= len(heard) < 6 * 48_000 + 1024, "AAC comes in whole frames of 1024"
    assert np.abs(heard[48_000:-48_000]).reshape(4, -1).max(axis=1).min() > 1000, "it sounds all the way"


def test_a_hailuo_clip_takes_the_shape_of_its_picture_at_25_frames_and_is_mute(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    client = client_of(start_replicate())
    given = {
        "prompt": "turn",
        "first_frame_image": host.serve("a.png", a_picture(3, (600, 800), "PNG")),
        "last_frame_image": host.serve("b.jpg", a_picture(4)),
        "duration": 6,
        "resolution": "768p",
    }
    made = ended(client.predictions.create(model=HAILUO, input=given), client)
    clip = download(made.output, tmp_path / "clip.mp4")
    assert len(decoded(clip, 768, 1024)) == 6 * 25
    assert "25 fps" in streams_of(clip)
    assert "Audio:" not in streams_of(clip)


def test_generate_audio_off_makes_a_clip_without_sound(start_replicate: Start, host: Host, tmp_path: Path) -> None:
    client = client_of(start_replicate())
    made = ended(client.predictions.create(model=VEO, input=veo_input(host, generate_audio=False)), client)
    assert "Audio:" not in streams_of(download(made.output, tmp_path / "clip.mp4"))


@pytest.mark.parametrize(
    ("model", "given", "size", "frames"),
    [
        ("google/veo-3", {"image": "A", "duration": 4, "aspect_ratio": "9:16"}, (720, 1280), 96),
        ("wan-video/wan-2.2-i2v-fast", {"image": "A", "last_image": "B"}, (854, 480), 81),
        ("luma/ray-flash-2-540p", {"start_image_url": "A"}, (960, 540), 120),
        ("kwaivgi/kling-v2.5-turbo-pro", {"aspect_ratio": "1:1"}, (1080, 1080), 120),
    ],
)
def test_every_family_of_models_makes_clips_of_its_own_size_and_rate(
    start_replicate: Start,
    host: Host,
    tmp_path: Path,
    model: str,
    given: dict[str, Any],
    size: tuple[int, int],
    frames: int,
) -> None:
    client = client_of(start_replicate())
    pictures = {"A": host.serve("a.jpg", a_picture(1)), "B": host.serve("b.jpg", a_picture(2))}
    given = {name: pictures.get(value, value) for name, value in given.items()}
    made = ended(client.predictions.create(model=model, input={"prompt": "go", **given}), client)
    assert len(decoded(download(made.output, tmp_path / "clip.mp4"), *size)) == frames


def test_a_model_of_several_pictures_answers_with_a_list(start_replicate: Start) -> None:
    client = client_of(start_replicate())
    asked = {"prompt": "a lamp", "num_outputs": 2, "aspect_ratio": "16:9", "output_format": "png"}
    made = ended(client.predictions.create(model="black-forest-labs/flux-schnell", input=asked), client)
    pictures = [Image.open(io.BytesIO(requests.get(url, timeout=10).content)) for url in made.output]
    assert [(p.format, p.size) for p in pictures] == [("PNG", (1366, 768))] * 2


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


def test_webhooks_are_signed_sent_in_order_and_only_those_asked_for(start_replicate: Start, host: Host) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    standin = start_replicate(webhook_secret=secret)
    client = client_of(standin)
    assert client.webhooks.default.secret().key == secret
    made = client.predictions.create(
        model=VEO,
        input=veo_input(host),
        webhook=f"{host.url}/hook?attempt=1",
        webhook_events_filter=["start", "output", "logs", "completed"],
    )
    arrived = host.wait(4)
    bodies = [Webhook(secret).verify(arrival.body, arrival.headers) for arrival in arrived]
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
    assert [json.loads(arrival.body)["status"] for arrival in host.wait(2)] == ["processing", "succeeded"]


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
    assert [json.loads(a.body)["status"] for a in arrived] == ["processing", "succeeded", "succeeded", "succeeded"]
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
    assert json.loads(host.wait(1)[0].body)["status"] == "canceled"
    assert client.predictions.cancel(made.id).completed_at == client.predictions.get(made.id).completed_at
    assert len(host.arrivals) == 1


def test_an_hour_after_its_end_a_prediction_loses_its_data_and_its_output(start_replicate: Start, host: Host) -> None:
    standin = start_replicate(output_ttl=0.5)
    client = client_of(standin)
    made = client.predictions.create(
        model=VEO, input=veo_input(host), webhook=f"{host.url}/hook", webhook_events_filter=["completed"]
    )
    output = json.loads(host.wait(1)[0].body)["output"]
    path = f"{standin.url}/v1/predictions/{made.id}"

    def seen() -> dict[str, Any]:
        return requests.get(path, headers={"authorization": "Bearer x"}, timeout=10).json()

    wait_until(lambda: seen()["data_removed"])
    assert (seen()["status"], seen()["output"], seen()["input"], seen()["logs"]) == ("succeeded", None, {}, None)
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


def test_many_predictions_are_drawn_at_once_and_the_same_shot_only_once(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    standin = start_replicate(cache=tmp_path / "cache")
    client = client_of(standin)
    made = [client.predictions.create(model=VEO, input=veo_input(host, prompt=f"clip {n}")) for n in range(12)]
    assert {ended(p, client).status for p in made} == {"succeeded"}
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_fail_ends_the_next_matching_creates_as_failed_and_is_then_used_up(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"match": {"model": VEO, "prompt": "bad"}, "times": 2, "do": "fail"})
    made = [
        client.predictions.create(model=VEO, input=veo_input(host, prompt=prompt))
        for prompt in ("bad 1", "good", "bad 2", "bad 3")
    ]
    assert [ended(p, client).status for p in made] == ["failed", "succeeded", "failed", "succeeded"]
    assert ended(made[0], client).error


def test_lose_webhook_sends_none_for_that_prediction(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"match": {}, "do": "lose_webhook"})
    for name in ("lost", "kept"):
        ended(client.predictions.create(model=VEO, input=veo_input(host), webhook=f"{host.url}/{name}"), client)
    assert {arrival.path for arrival in host.wait(2)} == {"/kept"}


def test_rules_about_different_things_apply_together_and_about_the_same_thing_in_turn(
    start_replicate: Start, host: Host
) -> None:
    standin = start_replicate()
    client = client_of(standin)
    script(standin, {"do": "fail"}, {"do": "slow", "seconds": 1, "times": 2}, {"do": "slow", "seconds": 2})
    made = [ended(client.predictions.create(model=VEO, input=veo_input(host)), client) for _ in range(3)]
    assert [p.status for p in made] == ["failed", "succeeded", "succeeded"]
    times = [p.metrics["predict_time"] for p in made]
    assert min(times[:2]) >= 1.9
    assert times[2] >= 2.9


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"do": "fail"}, "list"),
        ([{"do": "explode"}], "explode"),
        ([{"do": "fail", "file": "x"}], "file"),
        ([{"do": "slow"}], "seconds"),
        ([{"do": "fail", "times": 0}], "times"),
        ([{"match": []}], "verb"),
    ],
)
def test_a_script_that_makes_no_sense_is_422_and_says_why(start_replicate: Start, rules: Any, told: str) -> None:
    answer = requests.post(f"{start_replicate().url}/_script", json=rules, timeout=10)
    assert answer.status_code == 422
    assert told in answer.json()["error"]


def test_of_a_script_with_one_bad_rule_nothing_is_taken(start_replicate: Start, host: Host) -> None:
    standin = start_replicate()
    answer = script(standin, {"do": "fail"}, {"do": "fail", "times": 0})
    assert "rule 1" in answer.json()["error"]
    client = client_of(standin)
    assert ended(client.predictions.create(model=VEO, input=veo_input(host)), client).status == "succeeded"


def test_a_script_is_answered_with_how_many_rules_are_live_and_reset_clears_them(start_replicate: Start) -> None:
    standin = start_replicate()
    script(standin, {"do": "fail"})
    assert script(standin, {"do": "slow", "seconds": 1}, {"do": "lose_webhook"}).json() == {"rules": 3}
    assert requests.post(f"{standin.url}/_reset", timeout=10).json() == {}
    assert script(standin, {"do": "fail"}).json() == {"rules": 1}


def test_the_log_tells_what_was_asked_and_reset_forgets_it_all(start_replicate: Start) -> None:
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
    assert client.predictions.list().results == []


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


@pytest.mark.parametrize("name", ["replicate", "xai"])
@pytest.mark.parametrize("end", ["SIGTERM", "stdin"])
def test_as_a_process_it_says_ready_and_ends_when_told_or_left_alone(name: str, end: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", f"local.standins.{name}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    if end == "SIGTERM":
        process.terminate()
    else:
        process.stdin.close()
    assert process.wait(20) == 0
