"""A Lambda's collaborators, from what its construct has put into the environment; each made once, when first wanted."""

from __future__ import annotations

import os
from functools import cache

from functions.studio.at_once import at_once
from functions.studio.balances import Balances
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue
from functions.studio.check_queue import CheckQueue, read_delays
from functions.studio.closing import Closing
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.overrides import Overrides
from functions.studio.providers import open_provider
from functions.studio.pulse import Pulse
from functions.studio.sending import Outbox
from functions.studio.stopping import Brake
from functions.studio.storyboard import Storyboard
from functions.studio.table import Table
from functions.studio.workflow import Workflow


@cache
def table() -> Table:
    return Table(os.environ["TABLE_NAME"])


def jobs() -> JobStore:
    return JobStore(table())


def ledger() -> Ledger:
    return Ledger(table())


def balances() -> Balances:
    return Balances(table())


def budgets() -> Budgets:
    return Budgets(table())


def library() -> Library:
    return Library(table())


def storyboard() -> Storyboard:
    return Storyboard(table())


def pulse() -> Pulse:
    return Pulse(table())


@cache
def media() -> MediaStore:
    return MediaStore(os.environ["MEDIA_BUCKET"]).found()


@cache
def shared() -> SharedStore:
    return SharedStore(os.environ["SHARED_BUCKET"], os.environ["SHARED_URL"]).found()


@cache
def overrides() -> Overrides:
    return Overrides(media())


def catalogue() -> Catalogue:
    """The one in force."""
    return overrides().catalogue()


@cache
def workflow() -> Workflow:
    """Those that only answer tokens are not told which machine it is."""
    return Workflow(os.environ.get("STATE_MACHINE_ARN", ""))


@cache
def checks() -> CheckQueue:
    return CheckQueue(os.environ["CHECK_QUEUE_URL"], read_delays(os.environ["CHECK_DELAYS"]))


@cache
def events() -> JobEvents:
    return JobEvents(os.environ["EVENT_BUS_NAME"])


def brake() -> Brake:
    return Brake(jobs(), open_provider, at_once)


def closing() -> Closing:
    return Closing(jobs(), ledger(), events(), workflow(), brake())


@cache
def outbox() -> Outbox:
    return Outbox(
        jobs=jobs(),
        media=media(),
        shared=shared,
        workflow=workflow(),
        checks=checks(),
        brake=brake(),
        provider=open_provider,
        catalogue=catalogue,
        public_url=os.environ["PUBLIC_URL"],
        handover=os.environ["MEDIA_HANDOVER"],
    )


def forget() -> None:
    """For a process whose environment has changed."""
    for made in (table, media, shared, overrides, workflow, checks, events, outbox):
        made.cache_clear()
