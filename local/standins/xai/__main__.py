import argparse

from local.standins.xai import Xai

parser = argparse.ArgumentParser(prog="python -m local.standins.xai", description="xAI, stood in for.")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--token", help="the only API key that is taken (else any)")
parser.add_argument(
    "--refuse-loopback", action="store_true", help="refuse what the real service cannot reach: private addresses"
)
options = parser.parse_args()
Xai(options.port, token=options.token, refuse_loopback=options.refuse_loopback).run()
