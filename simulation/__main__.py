"""`make simulate`: plays seeded histories and says what did not hold; with SEED= one of them, line by line."""

from __future__ import annotations

import argparse
import os
import sys
import time

from simulation.runs import Sum, play, play_all, seeds_from

MOST_SHOWN = 5


def main() -> int:
    asked = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    asked.add_argument("--schedules", type=int, default=20_000)
    asked.add_argument("--first", type=int, default=0, help="which of the seeds to begin with")
    asked.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--most-broken", type=int, default=MOST_SHOWN, help="stop when so many did not hold")
    asked.add_argument("--seed", type=int, help="play this one, and show it")
    given = asked.parse_args()
    if given.seed is not None:
        return show(given.seed)
    began = time.monotonic()
    done = play_all(seeds_from(given.first, given.schedules), given.processes, given.most_broken)
    return tell(done, time.monotonic() - began)


def show(seed: int) -> int:
    told = play([seed], tracing=True).last
    assert told
    print("\n".join(told.trace))
    print(f"\nseed {seed}: {told.weather or 'nothing goes wrong'}")
    for fault in told.faults:
        print(f"  did not hold: {fault}")
    print(f"1 schedule, {'broken' if told.faults else 'everything held'}")
    return 1 if told.faults else 0


def tell(done: Sum, seconds: float) -> int:
    for told in done.broken[:MOST_SHOWN]:
        print(f"seed {told.seed} ({told.weather})")
        for fault in told.faults[:3]:
            print(f"  {fault}")
        print(f"  again, line by line: make simulate SEED={told.seed}")
    for kind in ("ASKED", "JOB", "RUN", "CLIP", "ATT", "LEDGER", "PAUSE"):
        words = [
            f"{many} {name.split()[1]}" for name, many in sorted(done.counts.items()) if name.startswith(f"{kind} ")
        ]
        print(f"{kind}: {', '.join(words)}")
    print(
        f"{done.histories} schedules, {len(done.broken)} broken: {done.invocations} invocations, {done.events} events"
        f" in {seconds:.0f} s ({1000 * seconds / max(1, done.histories):.1f} ms each)"
    )
    return 1 if done.broken else 0


if __name__ == "__main__":
    sys.exit(main())
