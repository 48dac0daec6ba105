"""`python -m local [--port 8080]`: the local cloud, until Ctrl-C, with what this machine's settings say."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import Final

from local.cloud import FAULTS, LocalCloud
from local.process import signal_pipe
from local.settings import SettingRefused, Settings
from local.told import tell, told_in, withdraw

PORT: Final = 8080


class Ended(Exception):
    """Somebody does not wait for the start."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="Runs the template on this machine.")
    parser.add_argument("--port", type=int, help=f"of the API: else $PORT, else {PORT}")
    asked = parser.parse_args()
    try:
        settings = Settings.of_this_machine()
    except SettingRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    port = int(settings.get("PORT", PORT)) if asked.port is None else asked.port
    return stay(LocalCloud(port, settings=settings))


def stay(cloud: LocalCloud) -> int:
    """Keeps the cloud up until a signal ends it; an exit status."""
    if other := told_in(cloud.told):
        print(
            f"A local cloud of this checkout is up already, at {other['url']}: end its process {other['pid']} first "
            f"({cloud.told} tells of it).",
            file=sys.stderr,
        )
        return 1
    told, _ = signal_pipe()
    asked: list[int] = []

    def end(number: int, *_: object) -> None:
        """The first signal ends the start or the wait; what is closing already closes undisturbed."""
        asked.append(number)
        if len(asked) == 1:
            raise Ended

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        with cloud:
            describe(cloud)
            try:
                os.read(told, 1)
            finally:
                withdraw(cloud.told)
    except Ended:
        return 0
    except FAULTS as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def describe(cloud: LocalCloud) -> None:
    """Tells who looks on, and leaves `local.json` for whoever uses the cloud from another process."""
    told = {
        "url": cloud.url,
        "keys": cloud.keys,
        "services": cloud.services,
        "aws": {
            "endpoints": cloud.endpoints,
            "environment": cloud.environment,
            "table": cloud.table,
            "bucket": cloud.bucket,
            "stateMachine": cloud.state_machine,
            "deadChecks": cloud.outputs["DeadChecksUrl"],
        },
    }
    tell(cloud.told, told)
    keys = "".join(f"  {tenant:6} {key}\n" for tenant, key in cloud.keys.items())
    services = "".join(f"{line}\n" for line in cloud.description)
    print(f"Reelay is at {cloud.url}\n{keys}{services}Ctrl-C ends it; its log is {cloud.log}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
