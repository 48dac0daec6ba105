import argparse
from pathlib import Path

from local.standins.runway import Runway

parser = argparse.ArgumentParser(prog="python -m local.standins.runway", description="Runway, stood in for.")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--token", help="the only API key that is taken (else any)")
parser.add_argument("--cache", type=Path, metavar="DIR", help="where drawn clips are kept from run to run")
parser.add_argument(
    "--link-ttl", type=float, default=86_400.0, metavar="SECONDS", help="how long an output's address holds"
)
parser.add_argument(
    "--refuse-loopback",
    action="store_true",
    help="refuse what the real service cannot reach: private addresses",
)
options = parser.parse_args()
Runway(
    options.port,
    token=options.token,
    cache=options.cache,
    link_ttl=options.link_ttl,
    refuse_loopback=options.refuse_loopback,
).run()
