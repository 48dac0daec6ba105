import argparse
from pathlib import Path

from local.standins.replicate import Replicate

parser = argparse.ArgumentParser(prog="python -m local.standins.replicate", description="Replicate, stood in for.")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--webhook-secret", metavar="whsec_…", help="what webhooks are signed with (else a random one)")
parser.add_argument("--token", help="the only API token that is taken (else any)")
parser.add_argument("--cache", type=Path, metavar="DIR", help="where drawn clips are kept from run to run")
parser.add_argument("--output-ttl", type=float, default=3600.0, metavar="SECONDS", help="how long outputs are kept")
parser.add_argument(
    "--refuse-loopback",
    action="store_true",
    help="refuse what the real service cannot reach: private addresses",
)
options = parser.parse_args()
Replicate(
    options.port,
    webhook_secret=options.webhook_secret,
    token=options.token,
    cache=options.cache,
    output_ttl=options.output_ttl,
    refuse_loopback=options.refuse_loopback,
).run()
