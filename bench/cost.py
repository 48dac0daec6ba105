"""What AWS asks for the orchestration of a clip: requests counted in a run, at list prices."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.counted_cloud import CountedCloud
from bench.figures import Figure
from bench.film_job import MODEL, NoBench, Studio
from bench.prices import Line, lambda_counts, lines
from bench.units import Rows, transitions
from functions.studio.catalogue import catalogue
from infra.settings import setting
from local.checkout import ROOT

CLIPS: Final = 50
FASTER: Final = 10
"""A prediction and the looks at it take a tenth of their time, so that there are as many looks as on AWS."""

STAND_IN_SECONDS: Final = 1.0
BOUND: Final = 0.0005
QUEUE_PATIENCE: Final = 60.0


def measure(folder: Path) -> tuple[Figure, list[Line]]:
    """The figure, and where the money of one clip goes."""
    delays = [max(1, int(part) // FASTER) for part in setting("CHECK_DELAYS").default.split(",")]
    typical = catalogue().model(MODEL, "pair").typical_seconds / FASTER
    parameters = {"CheckDelays": ",".join(map(str, delays))}
    with CountedCloud(out=folder, parameters=parameters) as cloud:
        studio = Studio(cloud, folder)
        studio.film(4, slow=0)
        _until_no_look_is_due(cloud)
        cloud.tally.clear()
        logged = cloud.log.stat().st_size
        studio.film(CLIPS, slow=typical - STAND_IN_SECONDS)
        _until_no_look_is_due(cloud)
        counts = cloud.tally.counts(_rows(cloud))
        invocations = dict(cloud.tally.invocations)
        memory = {one.handler.split(".")[-3]: one.memory for one in cloud.deployment.functions.values()}
        counts["GB of logs"] = (cloud.log.stat().st_size - logged) / 1e9
    counts["HTTP API requests"] = invocations["api"] + invocations["callback"]
    again = invocations["request_clip"] + invocations["keep_clip"] - 2 * CLIPS
    counts["state transitions"] = transitions(_machine(), "MakeClips", CLIPS) + again
    of_one = lines(
        {name: quantity / CLIPS for name, quantity in {**counts, **lambda_counts(invocations, memory)}.items()}
    )
    total = sum(line.usd for line in of_one)
    return Figure("AWS cost of orchestrating one clip", total, "USD", BOUND), of_one


def _machine() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((ROOT / "functions" / "workflow.asl.json").read_text())
    return found


def _rows(cloud: CountedCloud) -> Rows:
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=cloud.table)
    return {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}


def _until_no_look_is_due(cloud: CountedCloud) -> None:
    """Looks that are queued find, after the job's end, that there is nothing to see; they are paid for all the same."""
    sqs = cloud.client("sqs")
    [queue] = {
        one.environment["CHECK_QUEUE_URL"]
        for one in cloud.deployment.functions.values()
        if "CHECK_QUEUE_URL" in one.environment
    }
    until = time.monotonic() + QUEUE_PATIENCE
    while time.monotonic() < until:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        if not any(int(count) for name, count in found.items() if name.startswith("ApproximateNumberOfMessages")):
            return
        time.sleep(0.5)
    raise NoBench(f"looks are still queued after {QUEUE_PATIENCE:g} s")
