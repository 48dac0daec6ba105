"""A team that also has its hands on the provider, and reads the rows through AWS's own API."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, Line, LineState
from functions.studio.table import Table, delete, row
from local.cloud import LocalCloud
from local.standins.service import StandIn
from local.workers import Pool
from tests.survival.gate import Gate
from tests.survival.ways import SCENES, Way
from tests.survival.wires import Letter, Wire
from tests.workflow.conftest import GIVE_UP, Film, Team

FOR_EVER = 86_400
LYING = "1280:720"
"""The resolution of our scenes."""


@dataclass(frozen=True)
class Material:
    """What all crews of a cloud share: a campaign with pictures, and clips by their seconds."""

    pictures: list[Path]
    campaign: str
    picture: str
    clips: Mapping[int, Path]
    still: Path


class Crew(Team):
    """Asks for jobs in one way, before the gate of the provider that makes their clips."""

    def __init__(self, cloud: LocalCloud, way: Way, gate: Gate, has: Material) -> None:
        super().__init__(cloud)
        self.way, self.wire, self.gate = way, way.wire, gate
        self.pictures, self.campaign_id, self.picture_id = has.pictures, has.campaign, has.picture
        self.clip = has.clips[way.seconds]
        self.outputs = {"image": has.still, "video": self.clip}
        """What the provider makes at each stage."""
        self._scenarios: dict[int, str] = {}
        table = Table(cloud.table, cloud.client("dynamodb"))
        self.jobs, self.ledger = JobStore(table), Ledger(table)

    def wishes(self, clips: int) -> dict[str, Any]:
        """The body that asks for a job of so many clips."""
        picture = {"imageAssetId": self.picture_id} if self.way.pictured else {}
        scenes = {"scenarioId": self.scenario(clips)} if self.way.path == SCENES else {}
        return {"campaignId": self.campaign_id, **self.way.wishes(clips), **picture, **scenes}

    def scenario(self, scenes: int) -> str:
        """One of so many scenes, the same each time."""
        if scenes not in self._scenarios:
            self._scenarios[scenes] = in_scenes(self, self.way, self.campaign_id, scenes)[0]
        return self._scenarios[scenes]

    @property
    def output(self) -> Path:
        """What is made at the stage that rows strike."""
        return self.outputs[self.way.stage]

    def attempt_id(self, clip: int, run: int = 1, n: int = 1) -> str:
        return f"{run}.{clip:04d}.{self.way.stage}.{n}"

    def mark(self, job: str, clip: int | None = None, stage: str = "") -> str:
        """A word that all creates at a stage have in their webhooks (see `Wire.reports_to`): of the stage that rows strike,
        unless another is named; in a first run, where they are of one clip."""
        stage = stage or self.way.stage
        if not self.wire.calls_back:
            return self.way.words(stage, clip)
        return f"job={job}&" if clip is None else f"job={job}&attempt=1.{clip:04}.{stage}."

    def order(self, clips: int, **wishes: Any) -> str:
        return str(self.post(self.way.path, self.wishes(clips) | wishes)["jobId"])

    def of(self, clip: int, **more: Any) -> dict[str, Any]:
        """What the creates of that clip match in a first run, and more."""
        if not self.wire.calls_back:
            return {word: self.way.words(self.way.stage, clip) for word in self.way.sign} | more
        return {"webhook": f"attempt=1.{clip:04}.{self.way.stage}.", **self.way.sign, **more}

    def plays(self, *rules: dict[str, Any]) -> None:
        """How the provider behaves from now on to our creates; whatever it makes is the ready-made clip, or picture."""
        serves = {"do": "serve", "file": str(self.output), "times": 1000}
        ours = [{**rule, "match": {**self.way.sign, **rule.get("match", {})}} for rule in (*rules, serves)]
        if self.way.beside:
            other = self.outputs["image" if self.way.stage == "video" else "video"]
            ours.append({**serves, "file": str(other), "match": self.way.beside})
        self.script(*ours, service=self.wire.name)

    def holds_on(self) -> None:
        """From now on no prediction ends by itself."""
        self.plays({"do": "slow", "seconds": FOR_EVER, "times": 1000})

    def cost(self, clips: int, failed: int = 0) -> float:
        """USD of so many that were made, and of so many that came to nothing where rows strike."""
        return float(clips * self.way.price + failed * self.way.before)

    def lost(self, attempts: int) -> float:
        """USD of so many, made and not had."""
        return float(attempts * self.way.struck)

    def paid(self, clips: int) -> str:
        """What `money` says when all is well."""
        return f"{clips * self.way.stages} settled ${self.cost(clips):.2f}"

    def shown(self, clips: int) -> int:
        """How many of so many clips that are there the film shows."""
        return clips if self.way.filled else 1

    def wait(self, job: str) -> Any:
        """The job when it has ended and its end was published: from then on no row of it changes."""
        self.until(
            lambda: (row := self.jobs.job(job)).ended and row.announced_run == row.run, "the end to be published"
        )
        self._balances(job)
        return self.get(f"/jobs/{job}")

    def _balances(self, job: str) -> None:
        """Whatever went wrong: no second picture was paid for where rows strike the video, and of a job that has ended
        nothing is reserved any more, in dollars or credits, and its credits are those of what was kept."""
        row, attempts = self.jobs.job(job), self.jobs.attempts(job)
        kept = [one.stage for one in attempts if one.status is AttemptStatus.KEPT]
        if self.way.stage == "video" and self.way.beside:
            asked = [self.gate.sent(self.mark(job, clip, "image")) for clip in range(1, row.total_clips + 1)]
            assert max(asked) <= 1, asked
        assert self.ledger.totals(job).reserved == 0
        assert (row.reserved_cost, row.reserved_credits) == (0, 0)
        taken = sum(line.taken for line in self.lines(job))
        assert taken == sum(map(row.credits_of, kept))
        told = [one for one in self.get("/credits/history?limit=200")["items"] if one["jobId"] == job]
        assert -sum(one["credits"] for one in told) == taken, told

    def heal(self) -> None:
        """Forgets how models were: one that has failed in other rows would rest, and jobs would say so."""
        now = datetime.now(UTC)
        for hour in {f"{now - before:%Y-%m-%dT%H}" for before in (timedelta(0), timedelta(hours=1))}:
            for minute in list(self.jobs.table.query(f"HEALTH#{hour}")):
                self.jobs.table.commit(delete(minute["pk"], minute["sk"]))

    # what is seen

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """What `holds` gives as soon as it is true: asked less and less often, for asking costs as much as what goes on."""
        end, pause = time.monotonic() + GIVE_UP, 0.02
        while not (found := holds()):
            assert time.monotonic() < end, f"in vain waited for: {what}"
            time.sleep(pause)
            pause = min(0.3, 1.5 * pause)
        return found

    def attempt(self, job: str, clip: int, *, run: int = 1, n: int = 1) -> Attempt:
        found = self.jobs.find_attempt(job, self.attempt_id(clip, run, n))
        assert found
        return found

    def attempt_or_none(self, job: str, clip: int, status: str) -> Attempt | None:
        """The clip's first attempt, if it is there in that status."""
        found = self.jobs.find_attempt(job, self.attempt_id(clip))
        return found if found and found.status.value == status else None

    def accepted(self, job: str, clip: int, *, run: int = 1, n: int = 1) -> Attempt:
        """The attempt as soon as its prediction is known."""
        attempt_id = self.attempt_id(clip, run, n)

        def known() -> Attempt | None:
            found = self.jobs.find_attempt(job, attempt_id)
            return found if found and found.prediction_id else None

        found = self.until(known, f"the prediction of attempt {attempt_id}")
        assert isinstance(found, Attempt)
        return found

    def attempts(self, job: str) -> list[Attempt]:
        """At the stage that rows strike."""
        return [one for one in self.jobs.attempts(job) if one.stage == self.way.stage]

    def came(self, job: str, clip: int) -> Any:
        """What is kept of a clip's first attempt; of a late one too."""
        attempt = self.attempt(job, clip)
        return attempt.picture if self.way.stage == "image" else attempt.kept

    def lines(self, job: str) -> list[Line]:
        return self.ledger.lines(job)

    def money(self, job: str) -> str:
        """The ledger in words: `2 settled $1.20, 1 lost $0.60`."""
        lines = self.lines(job)
        counts = Counter(line.state.value for line in lines)
        sums = dict.fromkeys(counts, Decimal(0))
        for line in lines:
            sums[line.state.value] += line.amount if line.state is LineState.RELEASED else line.counts
        return ", ".join(f"{counts[state]} {state} ${sums[state]:.2f}" for state in sorted(counts))

    def rows(self, job: str) -> tuple[Job, list[dict[str, Any]]]:
        return self.jobs.job(job), list(self.jobs.table.query(f"J#{job}"))

    def all_rows(self) -> list[dict[str, Any]]:
        pages = self.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=self.cloud.table)
        return [row(item) for page in pages for item in page["Items"]]

    def creates(self, job: str) -> list[Any]:
        """What the stand-in was asked to make for a job, at the stage that rows strike."""
        creates = [one for one in self.log(self.wire.name) if self.wire.creates(one["method"], one["path"])]
        return [one for one in creates if self._is_ours(job, self.wire.reports_to(one["body"]))]

    def _is_ours(self, job: str, webhook: str) -> bool:
        return self.mark(job) in webhook and (not self.wire.calls_back or f".{self.way.stage}." in webhook)

    def sent(self, job: str, clip: int) -> int:
        """How many creates have come for a clip in a first run, answered or not."""
        return self.gate.sent(self.mark(job, clip))

    def begin(self, job: str, clips: int) -> None:
        """Waits until so many predictions of a job run: what is cancelled from then on is paid for."""
        self.until(
            lambda: sum(bool(one["startedAt"]) for one in self.predictions(job)) == clips, "predictions to begin"
        )

    def predictions(self, job: str) -> list[Any]:
        """At the stage that rows strike."""
        made = self.look("_predictions", self.wire.name)
        if not self.wire.calls_back:
            asked = self.wishes(1)["imageModel" if self.way.stage == "image" else "model"]
            return [one for one in made if one["model"] == asked]
        return [one for one in made if self._is_ours(job, str(one["webhook"]))]

    def deliveries(self, job: str) -> list[Any]:
        """That the stand-in has made of a job's webhooks."""
        ours = {one["id"] for one in self.predictions(job)}
        return [one for one in self.look("_webhooks", self.wire.name) if one["predictionId"] in ours]

    def looks(self, prediction: str) -> int:
        page = self.wire.page(prediction)
        return sum(one["path"] == page and one["method"] == "GET" for one in self.log(self.wire.name))

    def objects(self, *words: str) -> list[str]:
        """Keys in the bucket that have all these words."""
        return sorted(set(self.writes(*words)))

    def writes(self, *words: str, bucket: str = "") -> list[str]:
        """The same, each as often as it was written."""
        pages = self.cloud.client("s3").get_paginator("list_object_versions")
        found = pages.paginate(Bucket=bucket or self.cloud.bucket)
        keys = [one["Key"] for page in found for one in page.get("Versions", [])]
        return [key for key in keys if all(word in key for word in words)]

    def written(self, job: str, clip: int) -> int:
        """How often what is kept of a clip, at the stage that rows strike, was written."""
        if self.way.stage == "video":
            return len(self.writes(job, f"clip_{clip:03}.mp4"))
        made = [one.picture for one in self.attempts(job) if one.clip == clip and one.picture]
        return sum(len(self.writes(one.key, bucket=self.cloud.outputs["SharedBucketName"])) for one in made)

    @property
    def check_queue(self) -> str:
        """Its URL."""
        sqs, aside = self.cloud.client("sqs"), self.cloud.outputs["DeadChecksUrl"]
        [queue] = sqs.list_dead_letter_source_queues(QueueUrl=aside)["queueUrls"]
        return str(queue)

    def checks(self) -> int:
        """Messages in the check queue: put off, waiting, or at work."""
        wanted = [f"ApproximateNumberOfMessages{what}" for what in ("", "Delayed", "NotVisible")]
        found = self.cloud.client("sqs").get_queue_attributes(QueueUrl=self.check_queue, AttributeNames=wanted)
        return sum(int(found["Attributes"][name]) for name in wanted)

    def shorten_visibility(self) -> None:
        """A look that was killed, or found no room, comes back after moments, not after three minutes."""
        sqs = self.cloud.client("sqs")
        for url in sqs.list_queues()["QueueUrls"]:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3"})

    def executions(self, job: str) -> list[str]:
        pages = self.cloud.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.cloud.state_machine)
        return [one["name"] for page in found for one in page["executions"] if one["name"].startswith(job)]

    def executions_running(self, job: str) -> int:
        states = self.cloud.client("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=self.cloud.state_machine)
        found = [one for page in pages for one in page["executions"] if one["name"].startswith(job)]
        return sum(one["status"] == "RUNNING" for one in found)

    def classes(self, job: str) -> dict[int, str | None]:
        """Why each clip failed, by its number; None of those that did not."""
        return {clip.number: clip.error_class for clip in self.jobs.clips(job)}

    def film_of(self, job: str, folder: Path) -> Film:
        return Film(self.download(f"/videos/{job}/combined", folder / f"{job}.mp4"))

    # what the provider says

    def letter(
        self, job: str, clip: int, *, run: int = 1, n: int = 1, status: str = "succeeded", **changes: Any
    ) -> Letter:
        """The webhook of a clip's prediction, which has made the ready-made clip; in Replicate's words for a status."""
        attempt = self.accepted(job, clip, run=run, n=n)
        [ours] = [
            one["body"] for one in self.creates(job) if f"attempt={attempt.id}" in self.wire.reports_to(one["body"])
        ]
        output = self.gate.holds(self.output.name, self.output.read_bytes())
        assert attempt.prediction_id
        return self.wire.letter(attempt.prediction_id, ours, status, {"output": output, "error": None, **changes})

    def deliver(self, letter: Letter, headers: Mapping[str, str] | None = None, **more: str) -> int:
        """Delivers; the status of the answer. Proved as the provider would, unless `headers` are given."""
        self.gate.shows.update(letter.shows)
        given = self.wire.proof(letter) if headers is None else headers
        named = {"content-type": "application/json", **given, **more}
        return requests.post(letter.url, data=letter.body, headers=named, timeout=60).status_code

    def invoke(self, function: str, event: dict[str, Any]) -> str | None:
        """Invokes a function as another service of AWS does; the name of the error that it ends with."""
        name = self.cloud.pool(function).function.name
        answer = self.cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        said = json.load(answer["Payload"])
        return str(said["errorType"]) if "FunctionError" in answer else None


def in_scenes(team: Team, way: Way, campaign: str, scenes: int) -> tuple[str, list[str]]:
    """A new scenario, and its scenes."""
    made = team.post("/scenarios", {"title": "Lamps", "resolution": LYING, "campaignId": campaign})["id"]
    words = [
        {"imagePrompt": way.words("image", one), "visualPrompt": way.words("video", one)}
        for one in range(1, scenes + 1)
    ]
    asked = [{"scenarioId": made, "duration": way.seconds, "order": order, **said} for order, said in enumerate(words)]
    return str(made), [str(team.post("/scenes", one)["id"]) for one in asked]


def by_each(crews: Sequence[Crew], row: Callable[[Crew], str]) -> str:
    """What all of them have seen, who did it at the same moment."""
    with ThreadPoolExecutor(len(crews)) as pool:
        seen = list(pool.map(row, crews))
    return told_by(dict(zip(crews, seen, strict=True)))


def told_by(seen: Mapping[Crew, str]) -> str:
    return "; ".join(f"{crew.way.name}: {words}" for crew, words in seen.items())


@contextmanager
def without_room(crew: Crew, folder: str) -> Iterator[Pool]:
    """A function of which nothing runs."""
    functions, pool = crew.cloud.client("lambda"), crew.cloud.pool(folder)
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    try:
        yield pool
    finally:
        functions.delete_function_concurrency(FunctionName=pool.function.name)


@dataclass
class Provider:
    """A stand-in in this process, and the gate in front of it."""

    wire: Wire
    stand_in: StandIn
    gate: Gate

    @property
    def parameters(self) -> dict[str, str]:
        """Of a template whose clips come from here."""
        origins = {f"{self.wire.name.title()}OutputOrigins": f"{self.stand_in.url},{self.gate.url}"}
        return dict.fromkeys(self.wire.addresses, self.gate.url) | origins
