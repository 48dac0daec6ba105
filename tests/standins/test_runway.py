"""The Runway stand-in, as Runway's own SDK sees it: its tasks and their credits, its stills, its addresses that expire."""

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import requests
from PIL import Image
from runwayml import AuthenticationError, BadRequestError, NotFoundError, RateLimitError, RunwayML
from runwayml.types import task_retrieve_response as tasks

from local.standins.runway import Runway
from tests.standins.asking import decoded, download
from tests.standins.conftest import Host, a_picture, wait_until

Start = Callable[..., Runway]
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


def client_of(standin: Runway, key: str = "any", **options: Any) -> RunwayML:
    return RunwayML(**{"api_key": key, "base_url": standin.url, "max_retries": 0, **options})


def script(standin: Runway, *rules: dict[str, Any]) -> None:
    requests.post(f"{standin.url}/_script", json=list(rules), timeout=10).raise_for_status()


def filmed(client: RunwayML, **changes: Any) -> str:
    """The id of a text's task."""
    asked = {"model": "gen4.5", "prompt_text": "a lamp", "ratio": "1280:720", "duration": 2, **changes}
    return client.text_to_video.create(**asked).id


def drawn_still(client: RunwayML, prompt: str, *pictures: str, **changes: Any) -> Image.Image:
    shown = {"reference_images": [{"uri": one} for one in pictures]} if pictures else {}
    asked = {"model": "gen4_image", "prompt_text": prompt, "ratio": "960:720", **shown, **changes}
    task = ended(client, client.text_to_image.create(**asked).id)
    return Image.open(io.BytesIO(requests.get(task.output[0], timeout=10).content))


def ended(client: RunwayML, id: str) -> Any:
    wait_until(lambda: client.tasks.retrieve(id).status in ENDED, 120)
    return client.tasks.retrieve(id)


def test_a_task_goes_through_its_states_and_tells_what_it_will_and_what_it_did_take(start_runway: Start) -> None:
    standin = start_runway()
    script(standin, {"do": "queue", "seconds": 600}, {"do": "slow", "seconds": 600})
    client = client_of(standin)
    made = client.post("/v1/text_to_video", body=BODY, cast_to=httpx.Response).json()
    assert made == {"id": str(uuid.UUID(made["id"])), "estimatedCost": {"credits": 24}}
    waiting = client.tasks.retrieve(made["id"])
    assert (waiting.status, waiting.estimated_cost.credits) == ("THROTTLED", 24)
    requests.post(f"{standin.url}/_hurry", timeout=10).raise_for_status()
    done = ended(client, made["id"])
    assert isinstance(done, tasks.Succeeded)
    assert done.cost.credits == 24
    assert len(done.output) == 1


BODY = {"model": "gen4.5", "promptText": "a lamp", "ratio": "1280:720", "duration": 2}


def test_a_task_at_work_shows_how_far_it_is(start_runway: Start) -> None:
    standin = start_runway()
    script(standin, {"do": "slow", "seconds": 600})
    client = client_of(standin)
    made = filmed(client)
    wait_until(lambda: client.tasks.retrieve(made).status == "RUNNING", 60)
    task = client.tasks.retrieve(made)
    assert isinstance(task, tasks.Running)
    assert 0 <= task.progress < 1


def test_a_clip_is_as_long_and_as_large_as_asked(start_runway: Start, host: Host, tmp_path: Path) -> None:
    client = client_of(start_runway())
    first = host.serve("first.jpg", a_picture(1, (1104, 832)))
    made = client.image_to_video.create(
        model="gen4_turbo", prompt_image=first, prompt_text="go", ratio="1104:832", duration=3
    )
    frames = decoded(download(ended(client, made.id).output[0], tmp_path / "clip.mp4"), 1104, 832)
    assert len(frames) == 3 * 24
    seen = np.asarray(Image.open(io.BytesIO(host.pages["/first.jpg"])), np.int16)
    assert np.abs(frames[0].astype(np.int16) - seen).mean() < 12, "it begins with the picture"


@pytest.mark.parametrize(("audio", "credits"), [(True, 160), (False, 80)])
def test_sound_is_paid_for(start_runway: Start, audio: bool, credits: int) -> None:
    standin = start_runway()
    script(standin, {"do": "queue", "seconds": 600})
    client = client_of(standin)
    made = client.text_to_video.create(model="veo3.1", prompt_text="a lamp", ratio="1280:720", duration=4, audio=audio)
    assert client.tasks.retrieve(made.id).estimated_cost.credits == credits


def test_a_still_has_its_prompt_written_on_it_over_the_picture_that_it_was_shown(
    start_runway: Start, host: Host
) -> None:
    client = client_of(start_runway())
    shown = host.serve("lamp.png", a_picture(3, (960, 720), "PNG"))
    one, other = (drawn_still(client, prompt, shown) for prompt in ("A lamp at dusk", "Somebody reads a book"))
    assert (one.format, one.size) == ("PNG", (960, 720))
    head, foot = (0, 0, 960, 500), (0, 600, 960, 720)
    assert one.crop(head).tobytes() == other.crop(head).tobytes()
    assert one.crop(foot).tobytes() != other.crop(foot).tobytes()
    assert np.asarray(one.crop(foot).convert("L")).max() > 200, "light letters"


def test_without_a_picture_a_still_is_imagined_from_its_prompt(start_runway: Start) -> None:
    client = client_of(start_runway())
    one, other = (drawn_still(client, prompt) for prompt in ("A lamp at dusk", "Somebody reads a book"))
    assert one.crop((0, 0, 960, 500)).tobytes() != other.crop((0, 0, 960, 500)).tobytes()


@pytest.mark.parametrize(
    ("path", "changes", "named"),
    [
        ("text_to_video", {"model": "gen9"}, "model"),
        ("text_to_video", {"model": "gen4_turbo"}, "model"),
        ("text_to_video", {"promptText": ""}, "promptText"),
        ("text_to_video", {"promptText": "x" * 1001}, "promptText"),
        ("text_to_video", {"ratio": "16:9"}, "ratio"),
        ("text_to_video", {"duration": 11}, "duration"),
        ("image_to_video", {"promptImage": "ftp://a.b/c"}, "promptImage"),
        ("image_to_video", {"promptImage": "http://127.0.0.1:1/lamp.jpg"}, "promptImage"),
        ("image_to_video", {"promptImage": "runway://nobody"}, "promptImage"),
        ("image_to_video", {"promptImage": "data:image/png;base64,AAAA"}, "promptImage"),
    ],
)
def test_a_request_that_the_model_does_not_take_is_400_and_says_which_input(
    start_runway: Start, path: str, changes: dict[str, Any], named: str
) -> None:
    standin = start_runway()
    with pytest.raises(BadRequestError) as refused:
        client_of(standin).post(f"/v1/{path}", body={**BODY, **changes}, cast_to=httpx.Response)
    body = refused.value.body
    assert isinstance(body, dict)
    assert body["error"] == "Validation of body failed"
    assert [named] == sorted({issue["path"][0] for issue in body["issues"]})
    assert requests.get(f"{standin.url}/_predictions", timeout=10).json() == []


def test_a_missing_or_wrong_key_is_401_another_version_400_and_an_unknown_task_404(start_runway: Start) -> None:
    standin = start_runway(token="right")
    with pytest.raises(AuthenticationError):
        filmed(client_of(standin, "wrong"))
    with pytest.raises(BadRequestError, match="X-Runway-Version"):
        filmed(client_of(standin, "right", runway_version="2020-01-01"))
    with pytest.raises(NotFoundError):
        client_of(standin, "right").tasks.retrieve(str(uuid.uuid4()))


def test_to_delete_a_task_cancels_it_and_forgets_it_once_it_has_ended(start_runway: Start) -> None:
    standin = start_runway()
    script(standin, {"do": "queue", "seconds": 600})
    client = client_of(standin)
    waiting, done = filmed(client), filmed(client)
    client.tasks.delete(waiting)
    task = client.tasks.retrieve(waiting)
    assert isinstance(task, tasks.Cancelled)
    assert task.cost.credits == 0
    ended(client, done)
    client.tasks.delete(done)
    with pytest.raises(NotFoundError):
        client.tasks.retrieve(done)


@pytest.mark.parametrize(
    ("verb", "code", "credits"), [("fail", "INTERNAL.BAD_OUTPUT.CODE01", 0), ("refuse", "SAFETY.INPUT.TEXT", 24)]
)
def test_a_failure_has_its_code_and_only_a_refused_input_costs(
    start_runway: Start, verb: str, code: str, credits: int
) -> None:
    standin = start_runway()
    script(standin, {"do": verb})
    client = client_of(standin)
    task = ended(client, filmed(client))
    assert isinstance(task, tasks.Failed)
    assert (task.failure_code, task.cost.credits) == (code, credits)


def test_beyond_the_daily_quota_a_create_is_429_and_nothing_is_begun(start_runway: Start) -> None:
    standin = start_runway()
    script(standin, {"do": "throttle", "seconds": 30})
    with pytest.raises(RateLimitError) as throttled:
        filmed(client_of(standin))
    assert throttled.value.response.headers["retry-after"] == "30"
    assert requests.get(f"{standin.url}/_predictions", timeout=10).json() == []


def test_each_look_gives_an_address_of_its_own_which_expires(start_runway: Start) -> None:
    standin = start_runway(link_ttl=0.0)
    client = client_of(standin)
    made = filmed(client)
    first, second = ended(client, made).output[0], ended(client, made).output[0]
    assert first != second
    assert requests.get(first, timeout=10).status_code == 401
    assert requests.get(first.partition("?")[0], timeout=10).status_code == 401


def test_an_upload_is_begun_sent_and_then_named(start_runway: Start) -> None:
    standin = start_runway()
    client = client_of(standin)
    uri = client.uploads.create_ephemeral(file=("lamp.png", a_picture(3, (960, 720), "PNG"))).uri
    assert uri.startswith("runway://")
    assert drawn_still(client, "A lamp", uri).size == (960, 720)
    with pytest.raises(BadRequestError, match="Unsupported"):
        client.uploads.create_ephemeral(file=("lamp.exe", b"MZ"))
