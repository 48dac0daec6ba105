import argparse

from local.standins.polly import Polly

parser = argparse.ArgumentParser(prog="python -m local.standins.polly", description="Amazon Polly, stood in for.")
parser.add_argument("--port", type=int, default=0)
Polly(parser.parse_args().port).run()
