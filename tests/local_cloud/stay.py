"""The little cloud as a program: `python -m tests.local_cloud.stay OUT [PORT]` is to it what `python -m local` is to ours."""

import sys
from pathlib import Path

from local.__main__ import stay
from tests.local_cloud.little import little_cloud

if __name__ == "__main__":
    sys.exit(stay(little_cloud(Path(sys.argv[1]), port=int(sys.argv[2]))))
