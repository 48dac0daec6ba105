"""Scripts of misbehaviour: rules that the next creates fall under."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Verb:
    """`aspect` is what a verb is about. A create obeys every rule that matches it, but only the first one an aspect.

    One that `turns_away` a create stands alone: what was never accepted leaves all other rules to the next create."""

    aspect: str
    needs: frozenset[str] = frozenset()
    turns_away: bool = False


VERBS: Mapping[str, Verb] = {
    "throttle": Verb("acceptance", turns_away=True),
    "server_error": Verb("acceptance", turns_away=True),
    "hide_error": Verb("acceptance", turns_away=True),
    "lose_answer": Verb("answer"),
    "queue": Verb("queue", needs=frozenset({"seconds"})),
    "slow": Verb("pace", needs=frozenset({"seconds"})),
    "fail": Verb("ending"),
    "refuse": Verb("ending"),
    "abort": Verb("ending"),
    "lose_webhook": Verb("webhook"),
    "duplicate_webhook": Verb("webhook"),
    "forge_webhook": Verb("webhook"),
    "late_webhook": Verb("webhook", needs=frozenset({"seconds"})),
    "early_webhook": Verb("webhook"),
    "serve": Verb("content", needs=frozenset({"file"})),
    "expire_output": Verb("output"),
    "truncate_output": Verb("output"),
    "corrupt_output": Verb("output"),
}

KEYS = {"match", "times", "do", "seconds", "file"}


@dataclass
class Rule:
    do: str
    match: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1
    seconds: float | None = None
    file: Path | None = None

    @property
    def wait(self) -> float:
        return self.seconds or 0.0


class ScriptError(ValueError):
    """A script that says nothing sensible; the message names the rule by its number, from 0."""


def contains(whole: Any, part: Any) -> bool:
    """Whether `part` is in `whole`: a dict by its keys, a list by its members, a string as a piece, anything else by equality."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(k in whole and contains(whole[k], v) for k, v in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(contains(w, p) for w in whole) for p in part)
    if isinstance(part, str):
        return isinstance(whole, str) and part in whole
    return bool(whole == part) and isinstance(whole, bool) == isinstance(part, bool)


class Script:
    """The live rules of one service, which knows the verbs it is given."""

    def __init__(self, verbs: Collection[str]) -> None:
        self._verbs = {verb: VERBS[verb] for verb in verbs}
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def append(self, raw: Any) -> int:
        """Takes the JSON of `POST /_script`, all of it or (ScriptError) nothing; how many rules are live now."""
        if not isinstance(raw, list):
            raise ScriptError("a script is a JSON list of rules")
        rules = [self._read(number, rule) for number, rule in enumerate(raw)]
        with self._lock:
            self._rules += rules
            return len(self._rules)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, create: Mapping[str, Any]) -> Mapping[str, Rule]:
        """The rules this create falls under, by their verb; each is used up once more."""
        with self._lock:
            by_aspect: dict[str, Rule] = {}
            for rule in self._rules:
                if contains(create, rule.match):
                    by_aspect.setdefault(self._verbs[rule.do].aspect, rule)
            turning_away = [rule for rule in by_aspect.values() if self._verbs[rule.do].turns_away]
            taken = turning_away[:1] or list(by_aspect.values())
            for rule in taken:
                rule.times -= 1
            self._rules = [rule for rule in self._rules if rule.times > 0]
        return {rule.do: rule for rule in taken}

    def _read(self, number: int, raw: Any) -> Rule:
        def wrong(what: str) -> ScriptError:
            return ScriptError(f"rule {number}: {what}")

        if not isinstance(raw, dict):
            raise wrong("is not a JSON object")
        if unknown := sorted(raw.keys() - KEYS):
            raise wrong(f"unknown key {unknown[0]!r}; there are {_listed(KEYS)}")
        verb = raw.get("do")
        if not isinstance(verb, str) or verb not in self._verbs:
            raise wrong(f'unknown verb {verb!r} in "do"; this service knows {_listed(self._verbs)}')
        if missing := sorted(self._verbs[verb].needs - raw.keys()):
            raise wrong(f"{verb!r} needs {missing[0]!r}")
        match, times, seconds = raw.get("match", {}), raw.get("times", 1), raw.get("seconds")
        if not isinstance(match, dict):
            raise wrong('"match" is not a JSON object')
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            raise wrong('"times" is not a whole number of at least 1')
        if "seconds" in raw and not _is_a_wait(seconds):
            raise wrong('"seconds" is not a number from 0 to 86400')
        file = raw.get("file")
        if "file" in raw and not (isinstance(file, str) and _is_readable(Path(file))):
            raise wrong(f'"file" {file!r} is not the path of a file that can be read')
        return Rule(verb, match, times, seconds, Path(file).resolve() if file else None)


def _is_a_wait(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= 86_400


def _is_readable(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.readable()
    except (OSError, ValueError):  # ValueError: a zero byte in it
        return False


def _listed(words: Collection[str] | Sequence[str]) -> str:
    return ", ".join(sorted(words))
