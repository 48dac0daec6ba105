"""The README's tables say what the code does."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from functions.api.handler import app
from functions.keep_clip.judging import ERROR_CLASSES, reason
from functions.studio.attempts import CLIP_TIME, stage_ends
from functions.studio.catalogue import Mode, catalogue
from functions.studio.check_queue import heartbeat_limit, read_delays
from functions.studio.clips import STAGES, Outcome
from functions.studio.errors import BrokenMedia, ModelGone, NotConfigured, OutputExpired, RequestError
from functions.studio.messages import StateError
from functions.studio.recording import SURE_AFTER
from functions.studio.settlement import settle_open_clips
from functions.sweep.sweep import BOUND, GRACE, ORPHANED
from infra.workflow import DEFINITION
from local.standins.openai.api import OpenAi
from local.standins.piapi.api import Piapi
from local.standins.polly.api import Polly
from local.standins.replicate.api import Replicate
from local.standins.runway.api import Runway
from local.standins.scripts import VERBS
from local.standins.xai.api import Xai
from tests.infra.conftest import Reader

README = (Path(__file__).parents[2] / "README.md").read_text()


def table(*heads: str) -> list[list[str]]:
    """The cells of the one table that begins with these heads, row by row, without their backticks."""
    [block] = [block for block in re.findall(r"(?:^\|.*\n)+", README, re.MULTILINE) if starts(block, heads)]
    return [cells(line) for line in block.splitlines()[2:]]


def starts(block: str, heads: tuple[str, ...]) -> bool:
    return cells(block.splitlines()[0])[: len(heads)] == list(heads)


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def descendants(kind: type[RequestError]) -> Iterator[type[RequestError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


def test_every_problem_of_the_api_is_explained_under_its_status_and_code() -> None:
    assert app is not None, "its modules are imported, and with them all that they may raise"
    problems = {(str(kind.status), kind.code) for kind in descendants(RequestError)}
    assert {(status, code) for status, code, *_ in table("status", "code")} == problems


def test_every_model_that_can_be_had_is_listed_with_what_it_makes_and_costs() -> None:
    words: dict[str, Mode] = {"pairs": "pair", "a picture": "image", "text": "text", "a still": "still"}
    listed = {}
    for name, provider, made_from, seconds, price in table("model", "at"):
        listed[name] = (provider, {words[one] for one in made_from.split(", ")}, seconds, set(price.split(", ")))
    assert listed == {
        entry.name: (
            entry.model.provider,
            {*entry.modes},
            ", ".join(map(str, entry.model.durations)) or "–",
            {f"${one.resolutions[0].price.usd} a {one.resolutions[0].price.unit}" for one in entry.modes.values()},
        )
        for entry in catalogue().models
        if catalogue().missing(entry.model) is None and entry.model.retired is None
    }


def test_every_error_class_of_a_clip_is_explained() -> None:
    timed_out = StateError(Error="States.Timeout")
    classes = {
        *(outcome.value for outcome in Outcome if outcome is not Outcome.SUCCEEDED),
        *ERROR_CLASSES.values(),
        *(reason(error, None, False)[1] for error in (None, timed_out)),
        *(fault.error_class for fault in (BrokenMedia, OutputExpired, ModelGone, NotConfigured)),
        inspect.signature(settle_open_clips).parameters["error_class"].default,
    }
    assert {row[0] for row in table("errorClass")} == classes


def test_every_verb_of_misbehaviour_is_explained_for_the_services_that_know_it() -> None:
    rows = {do: tuple(map(bool, known)) for do, _, *known in table("do")}
    assert rows == {
        verb: tuple(verb in one.verbs for one in (Replicate, Piapi, Runway, Xai, OpenAi, Polly)) for verb in VERBS
    }


def test_every_bound_of_a_wait_is_the_codes(template: Reader) -> None:
    defaults = {name: said["Default"] for name, said in template.template["Parameters"].items()}
    clip = int(defaults["ClipTimeoutSeconds"])
    rhythm = 60
    [every] = [rule for rule in template.all("AWS::Events::Rule").values() if "ScheduleExpression" in rule]
    assert every["ScheduleExpression"] == "rate(1 minute)"
    plot = json.loads(DEFINITION.read_text())
    steps = plot["States"] | {
        name: state for each in ("MakeClips", "MakePieces") for name, state in states_of(plot, each).items()
    }
    bounds = {
        "a job that was accepted, for its run": GRACE.total_seconds() + rhythm,
        "an attempt at a clip, a busy provider included": clip,
        "all attempts at a clip": CLIP_TIME,
        "those at a scene's picture, of these": stage_ends(STAGES["scenes"], "image"),
        "a job with pauseAfter, for its caller": int(defaults["ApprovalSeconds"]) + rhythm,
        "an attempt of which there is no sign of life": heartbeat_limit(read_delays(defaults["CheckDelays"]), clip),
        "a create that nobody answered": SURE_AFTER.total_seconds(),
        "a cancelled job, for whoever stops it": GRACE.total_seconds() + rhythm,
        "a run": plot["TimeoutSeconds"],
        "a job whose run is gone": ORPHANED.total_seconds() + rhythm,
        "a job": BOUND.total_seconds(),
    }
    bounds |= {
        f"{name}, each try": state["TimeoutSeconds"] for name, state in steps.items() if "TimeoutSeconds" in state
    }
    assert {wait.replace("`", ""): most for wait, most, *_ in table("wait", "at most")} == {
        wait: f"{seconds:.0f} s" for wait, seconds in bounds.items()
    }


def states_of(plot: dict[str, Any], name: str) -> dict[str, Any]:
    states: dict[str, Any] = plot["States"][name]["ItemProcessor"]["States"]
    return states


def test_whatever_is_to_be_filled_in_is_an_output_of_the_stack(template: Reader) -> None:
    named = set(re.findall(r"<([A-Z]\w+)>", README))
    assert named
    assert named <= template.template["Outputs"].keys()


def test_every_alarm_is_explained_by_its_name(template: Reader) -> None:
    named = {row[0] for row in table("alarm")}
    assert named == {alarm["AlarmName"] for alarm in template.all("AWS::CloudWatch::Alarm").values()}
