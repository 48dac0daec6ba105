"""Tables, buckets, queues, secrets and parameters: moto, mended and guarded. `python -m local.data --port N`."""

import argparse
from collections.abc import Iterable

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from local.guard import Guard
from local.mends import DATA, DataMend
from local.process import QuietHandler, serve


class Handler(QuietHandler, MotoRequestHandler):  # type: ignore[misc]  # moto is untyped
    """moto's handler keeps the spelling of metadata keys."""


def run(port: int, mends: Iterable[DataMend] = DATA) -> None:
    """Serves on loopback until the process ends."""
    for mend in mends:
        mend()
    serve(Guard(DomainDispatcherApplication(create_backend_app)), port, Handler)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    run(parser.parse_args().port)
