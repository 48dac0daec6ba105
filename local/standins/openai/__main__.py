import argparse
from datetime import date

from local.standins.openai import OpenAi

parser = argparse.ArgumentParser(prog="python -m local.standins.openai", description="OpenAI, stood in for.")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--token", help="the only API key that is taken (else any)")
parser.add_argument("--day", type=date.fromisoformat, help="on which it is asked: models end by date (else today)")
options = parser.parse_args()
OpenAi(options.port, token=options.token, day=options.day).run()
