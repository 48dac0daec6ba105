import argparse
from pathlib import Path

from local.standins.piapi import Piapi

parser = argparse.ArgumentParser(prog="python -m local.standins.piapi", description="PiAPI, stood in for.")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--token", help="the only API key that is taken (else any)")
parser.add_argument("--cache", type=Path, metavar="DIR", help="where drawn clips are kept from run to run")
parser.add_argument("--output-ttl", type=float, default=3600.0, metavar="SECONDS", help="how long outputs are kept")
parser.add_argument(
    "--refuse-loopback",
    action="store_true",
    help="refuse what the real service cannot reach: private addresses",
)
options = parser.parse_args()
Piapi(
    options.port,
    token=options.token,
    cache=options.cache,
    output_ttl=options.output_ttl,
    refuse_loopback=options.refuse_loopback,
).run()
