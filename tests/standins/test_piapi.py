"""The PiAPI stand-in: its envelope, its tasks and their points, its uploads."""

import base64
import io
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from tests.standins.asking import decoded, download
from tests.standins.asking_piapi import Start, call, create, ended, made, pair, script, seen
from tests.standins.conftest import Host, a_picture, wait_until


def test_a_task_is_answered_in_the_envelope_under_a_uuid_with_its_points_frozen(start_piapi: Start) -> None:
    standin = start_piapi()
    script(standin, {"do": "slow", "seconds": 600})
    answer = create(standin, "Qubico/wanx", "txt2video-1.3b", {"prompt": "a", "aspect_ratio": "9:16"}).json()
    task = answer["data"]
    assert (answer["code"], answer["message"]) == (200, "success")
    assert str(uuid.UUID(task["task_id"])) == task["task_id"]
    assert (task["model"], task["task_type"], task["status"]) == ("Qubico/wanx", "txt2video-1.3b", "pending")
    assert task["meta"]["usage"] == {"type": "point", "frozen": 1_200_000, "consume": 0}
    assert task["meta"]["started_at"] == task["meta"]["ended_at"] == "0001-01-01T00:00:00Z"
    assert (task["output"], task["error"]["code"], task["error"]["message"]) == (None, 0, "")


def test_points_are_consumed_by_what_is_made_and_given_back_for_what_is_not(start_piapi: Start) -> None:
    standin = start_piapi()
    script(standin, {"do": "fail"})
    failed, good = ended(standin, made(standin)), ended(standin, made(standin))
    assert (failed["status"], failed["meta"]["usage"]["consume"]) == ("failed", 0)
    assert failed["error"]["code"] != 0
    assert failed["error"]["message"]
    assert (good["status"], good["meta"]["usage"]) == (
        "completed",
        {"type": "point", "frozen": 0, "consume": 300_000},
    )
    assert good["meta"]["started_at"] < good["meta"]["ended_at"]


@pytest.mark.parametrize(
    ("model", "task_type", "given", "named"),
    [
        ("nobody", "txt2video", {"prompt": "a"}, "model nobody"),
        ("Qubico/wanx", "img2video-1.3b", {"prompt": "a", "image": "https://a.b/c"}, "task_type img2video-1.3b"),
        ("Qubico/wanx", "txt2video-1.3b", {}, "prompt"),
        ("Qubico/wanx", "txt2video-1.3b", {"prompt": "a", "aspect_ratio": "1:1"}, "aspect_ratio"),
        ("Qubico/wanx", "img2video-14b", {"prompt": "a"}, "image"),
        ("Qubico/hunyuan", "txt2video", {"prompt": ""}, "prompt"),
        ("Qubico/hunyuan", "txt2video", {"prompt": "a", "image": "https://a.b/c"}, "image"),
        ("luma", "video_generation", {"prompt": "a", "key_frames": {"frame1": {"url": "x"}}}, "key_frames.frame1"),
    ],
)
def test_a_task_that_the_model_does_not_take_is_400_and_says_what_is_wrong(
    start_piapi: Start, model: str, task_type: str, given: dict[str, Any], named: str
) -> None:
    standin = start_piapi()
    answer = create(standin, model, task_type, given)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 400, None)
    assert named in answer.json()["message"]
    assert requests.get(f"{standin.url}/_predictions", timeout=10).json() == []


def test_a_missing_or_wrong_key_is_401_and_an_unknown_task_404(start_piapi: Start) -> None:
    standin = start_piapi(token="right")
    for key in ("", "wrong"):
        answer = call(standin, "GET", f"/api/v1/task/{uuid.uuid4()}", key=key)
        assert (answer.status_code, answer.json()["code"]) == (401, 401)
    answer = call(standin, "GET", f"/api/v1/task/{uuid.uuid4()}", key="right")
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_only_a_pending_task_can_be_cancelled_and_costs_nothing_then(start_piapi: Start) -> None:
    standin = start_piapi()
    script(standin, {"do": "queue", "seconds": 600}, {"do": "slow", "seconds": 600, "times": 2})
    waiting, running = made(standin)["task_id"], made(standin)["task_id"]
    wait_until(lambda: seen(standin, running)["status"] == "processing")
    assert call(standin, "DELETE", f"/api/v1/task/{waiting}").json()["code"] == 200
    gone = seen(standin, waiting)
    assert (gone["status"], gone["meta"]["usage"]["consume"]) == ("failed", 0)
    assert "cancelled" in gone["error"]["message"]
    refused = call(standin, "DELETE", f"/api/v1/task/{running}")
    assert (refused.status_code, "processing" in refused.json()["message"]) == (400, True)
    assert seen(standin, running)["status"] == "processing"


def test_outputs_are_deleted_after_a_while(start_piapi: Start) -> None:
    standin = start_piapi(output_ttl=0.5)
    task = made(standin)
    wait_until(lambda: seen(standin, task["task_id"])["input"] == {})
    found = seen(standin, task["task_id"])
    assert (found["status"], found["output"]) == ("completed", None)


# clips


@pytest.mark.parametrize(
    ("model", "task_type", "given", "size", "frames"),
    [
        ("Qubico/hunyuan", "fast-txt2video", {"aspect_ratio": "1:1"}, (480, 480), 120),
        ("Qubico/hunyuan", "img2video-concat", {"image": "A"}, (854, 480), 120),
        ("Qubico/wanx", "txt2video-14b", {"aspect_ratio": "9:16"}, (480, 854), 85),
        ("Qubico/wanx", "img2video-14b", {"image": "A"}, (854, 480), 85),
    ],
)
def test_every_model_makes_clips_of_its_own_size_and_length(
    start_piapi: Start,
    host: Host,
    tmp_path: Path,
    model: str,
    task_type: str,
    given: dict[str, Any],
    size: tuple[int, int],
    frames: int,
) -> None:
    standin = start_piapi()
    pictures = {"A": host.serve("a.jpg", a_picture(1))}
    given = {"prompt": "go"} | {name: pictures.get(value, value) for name, value in given.items()}
    task = ended(standin, create(standin, model, task_type, given).json()["data"])
    assert task["output"].keys() == {"video_url"}
    assert len(decoded(download(task["output"]["video_url"], tmp_path / "clip.mp4"), *size)) == frames


def unlikeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def picture_at(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(requests.get(url, timeout=10).content)).convert("RGB"))


def test_luma_leads_from_one_key_frame_to_the_other_and_names_its_last_frame(
    start_piapi: Start, host: Host, tmp_path: Path
) -> None:
    standin = start_piapi()
    task = ended(standin, create(standin, "luma", "video_generation", pair(host)).json()["data"])
    output = task["output"]
    video = output["video"]
    assert (video["width"], video["height"], output["video_raw"]["url"]) == (1280, 720, video["url"])
    frames = decoded(download(video["url"], tmp_path / "clip.mp4"), 1280, 720)
    first, last = picture_at(output["thumbnail"]["url"]), picture_at(output["last_frame"]["url"])
    assert len(frames) == 5 * 24
    assert unlikeness(frames[0], first) < 6 < 20 < unlikeness(frames[0], last)
    assert unlikeness(frames[-1], last) < 6 < 20 < unlikeness(frames[-1], first)


def test_others_answer_with_a_download_or_a_list_of_works(start_piapi: Start) -> None:
    standin = start_piapi()
    hailuo = ended(standin, create(standin, "hailuo", "video_generation", {"prompt": "a"}).json()["data"])["output"]
    kling = ended(standin, create(standin, "kling", "video_generation", {"prompt": "a"}).json()["data"])["output"]
    assert requests.get(hailuo["download_url"], timeout=10).content[4:8] == b"ftyp"
    assert requests.get(hailuo["cover_url"], timeout=10).content[:2] == b"\xff\xd8"
    assert requests.get(kling["works"][0]["video"]["resource"], timeout=10).content[4:8] == b"ftyp"


@pytest.mark.parametrize("page", [None, b"no picture"])
def test_a_picture_that_cannot_be_had_fails_the_task(start_piapi: Start, host: Host, page: bytes | None) -> None:
    standin = start_piapi()
    url = host.serve("it.jpg", page) if page else f"{host.url}/missing.jpg"
    given = {"prompt": "go", "image": f"{url}?signature=secret"}
    task = ended(standin, create(standin, "Qubico/wanx", "img2video-14b", given).json()["data"])
    assert (task["status"], "'image'" in task["error"]["message"]) == ("failed", True)
    assert "secret" not in task["error"]["message"]


# uploads, and pictures in the request itself


def uploaded(standin: Any, content: bytes, name: str = "one.jpg", head: str = "data:image/jpeg;base64,") -> Any:
    body = {"file_name": name, "file_data": head + base64.b64encode(content).decode()}
    return call(standin, "POST", "/api/ephemeral_resource", body)


def test_an_upload_has_an_address_that_serves_as_picture_where_nothing_private_can_be_reached(
    start_piapi: Start, host: Host
) -> None:
    standin = start_piapi(refuse_loopback=True)
    url = uploaded(standin, a_picture(1)).json()["data"]["url"]
    data = "data:image/jpeg;base64," + base64.b64encode(a_picture(1)).decode()
    pictures = {"uploaded": url, "inline": data, "private": host.serve("a.jpg", a_picture(1))}
    statuses = {
        name: ended(
            standin,
            create(standin, "Qubico/wanx", "img2video-14b", {"prompt": "go", "image": picture}).json()["data"],
        )["status"]
        for name, picture in pictures.items()
    }
    assert statuses == {"uploaded": "completed", "inline": "completed", "private": "failed"}
    assert host.asked == []
    private = create(standin, "Qubico/hunyuan", "txt2video", {"prompt": "a"}, f"{host.url}/hook")
    assert private.status_code == 400


@pytest.mark.parametrize(
    ("name", "head", "content"),
    [
        ("one.nothing", "data:image/jpeg;base64,", b"a"),
        ("one.png", "data:image/jpeg;base64,", b"a"),
        ("o" * 130 + ".jpg", "", b"a"),
        ("one.jpg", "data:image/jpeg;base64,%", b"a"),
        ("one.jpg", "", b"a" * (10 * 2**20 + 1)),
    ],
)
def test_an_upload_that_breaks_the_rules_is_400(start_piapi: Start, name: str, head: str, content: bytes) -> None:
    answer = uploaded(start_piapi(), content, name, head)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
