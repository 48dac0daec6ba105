"""Scripts themselves: what is taken, how rules are used up, how they combine; and stand-ins as processes."""

import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.standins.asking import VEO, Start, client_of, ended, script, veo_input
from tests.standins.conftest import Host


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
        ([{"do": ["fail"]}], "unknown verb"),
        ([{"do": "fail", "where": "x"}], "unknown key 'where'"),
        ([{"do": "fail", "file": "no/such/file"}], "'no/such/file' is not the path of a file"),
        ([{"do": "fail", "file": "local"}], "file"),
        ([{"do": "fail", "file": 3}], "file"),
        ([{"do": "fail", "file": "a\0b"}], "file"),
        ([{"do": "serve"}], "'serve' needs 'file'"),
        ([{"do": "slow"}], "seconds"),
        ([{"do": "late_webhook"}], "seconds"),
        ([{"do": "slow", "seconds": None}], "seconds"),
        ([{"do": "throttle", "seconds": -1}], "seconds"),
        ([{"do": "fail", "times": 0}], "times"),
        ([{"do": "fail", "match": []}], "match"),
        ([{"match": {}}], "verb"),
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


@pytest.mark.parametrize("name", ["piapi", "replicate", "runway", "xai"])
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


def test_an_unknown_verb_is_answered_with_those_that_the_service_knows(start_replicate: Start) -> None:
    standin = start_replicate()
    answer = script(standin, {"do": "explode"})
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(", ".join(sorted(standin.verbs)))
