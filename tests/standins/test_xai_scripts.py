"""Each verb of a script that the xAI stand-in knows, as the OpenAI SDK shows it."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
import requests

from local.standins.xai import Xai
from tests.standins.conftest import Host, a_picture
from tests.standins.test_xai import MODEL, PAIRS, Selection, asked_with, client_of, shown

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def script(xai: Xai, *rules: dict[str, Any]) -> requests.Response:
    return requests.post(f"{xai.url}/_script", json=list(rules), timeout=10)


def hello(xai: Xai) -> Any:
    return client_of(xai).chat.completions.create(model=MODEL, messages=HELLO)


def chosen(xai: Xai, host: Host) -> Any:
    """The first choice of an answer about two pictures."""
    urls = {name: host.serve(f"{name}.jpg", a_picture(n)) for n, name in enumerate("ab")}
    return (
        client_of(xai)
        .chat.completions.create(model=MODEL, messages=shown(urls), response_format=asked_with(PAIRS))
        .choices[0]
    )


def test_fail_is_a_server_error_once(xai: Xai) -> None:
    script(xai, {"do": "fail"})
    with pytest.raises(openai.InternalServerError):
        hello(xai)
    assert hello(xai).choices[0].finish_reason == "stop"


def test_slow_takes_its_seconds_and_runs_into_the_clients_limit(xai: Xai) -> None:
    script(xai, {"do": "slow", "seconds": 1, "times": 2})
    began = time.monotonic()
    hello(xai)
    assert time.monotonic() - began >= 1
    in_a_hurry = client_of(xai).with_options(timeout=httpx2.Timeout(0.3))
    with pytest.raises(openai.APITimeoutError):
        in_a_hurry.chat.completions.create(model=MODEL, messages=HELLO)


def test_throttle_tells_how_long_to_wait_where_the_rule_does(xai: Xai) -> None:
    script(xai, {"do": "throttle", "seconds": 7}, {"do": "throttle"})
    with pytest.raises(openai.RateLimitError) as with_hints:
        hello(xai)
    assert with_hints.value.response.headers["retry-after"] == "7"
    assert "7s" in with_hints.value.message
    with pytest.raises(openai.RateLimitError) as without:
        hello(xai)
    assert "retry-after" not in without.value.response.headers


def test_server_error_is_503_and_no_picture_was_looked_at(xai: Xai, host: Host) -> None:
    script(xai, {"do": "server_error"})
    with pytest.raises(openai.InternalServerError) as told:
        chosen(xai, host)
    assert (told.value.status_code, host.asked) == (503, [])


def test_lose_answer_drops_the_connection_after_the_pictures_were_looked_at(xai: Xai, host: Host) -> None:
    script(xai, {"do": "lose_answer"})
    with pytest.raises(openai.APIConnectionError):
        chosen(xai, host)
    assert sorted(host.asked) == ["/a.jpg", "/b.jpg"]


def test_refuse_is_a_refusal_in_the_message(xai: Xai, host: Host) -> None:
    script(xai, {"do": "refuse"})
    choice = chosen(xai, host)
    assert choice.message.refusal
    assert (choice.message.content, choice.finish_reason) == (None, "stop")


def test_serve_answers_with_the_text_of_the_file(xai: Xai, host: Host, tmp_path: Path) -> None:
    pair = {"image1AssetId": "a", "image2AssetId": "nobody", "score": 0.5, "reason": "nonsense"}
    (tmp_path / "answer.json").write_text(json.dumps({"pairs": [pair, pair]}))
    script(xai, {"do": "serve", "file": str(tmp_path / "answer.json")})
    assert json.loads(chosen(xai, host).message.content) == {"pairs": [pair, pair]}


def test_truncate_output_is_an_answer_cut_by_its_length(xai: Xai, host: Host) -> None:
    script(xai, {"do": "truncate_output", "times": 2})
    choice = chosen(xai, host)
    assert choice.finish_reason == "length"
    assert choice.message.content.startswith('{"pairs"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice.message.content)
    with pytest.raises(openai.LengthFinishReasonError):
        client_of(xai).chat.completions.parse(model=MODEL, messages=HELLO, response_format=Selection)


def test_corrupt_output_is_an_answer_that_is_no_json(xai: Xai, host: Host) -> None:
    script(xai, {"do": "corrupt_output"})
    choice = chosen(xai, host)
    assert choice.finish_reason == "stop"
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice.message.content)


def test_a_rule_may_match_the_words_and_the_names_of_the_pictures(xai: Xai, host: Host) -> None:
    script(xai, {"match": {"prompt": "picture b"}, "do": "refuse"})
    assert hello(xai).choices[0].message.refusal is None
    assert chosen(xai, host).message.refusal


def test_verbs_about_webhooks_mean_nothing_here_and_the_answer_names_those_that_do(xai: Xai) -> None:
    answer = script(xai, {"do": "lose_webhook"})
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(
        "corrupt_output, fail, lose_answer, refuse, serve, server_error, slow, throttle, truncate_output"
    )
