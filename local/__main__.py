"""`python -m local [--port 8080]`: the local cloud, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys

from local.cloud import FAULTS, LocalCloud
from local.process import signal_pipe


class Ended(Exception):
    """Somebody does not wait for the start."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="Runs the template on this machine.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8080), help="of the API (8080)")
    return stay(LocalCloud(parser.parse_args().port))


def stay(cloud: LocalCloud) -> int:
    """Keeps the cloud up until a signal ends it; an exit status."""
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
                cloud.told.unlink()
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
        },
    }
    cloud.told.write_text(json.dumps(told, indent=2) + "\n")
    keys = "".join(f"  {tenant:6} {key}\n" for tenant, key in cloud.keys.items())
    print(f"Reelay is at {cloud.url}\n{keys}Ctrl-C ends it; its log is {cloud.log}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
