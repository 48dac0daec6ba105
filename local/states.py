"""Step Functions and EventBridge: moto's interpreter, mended. `python -m local.states --port N --invoke URL`."""

import argparse
from collections.abc import Iterable

from moto.core.config import default_user_config
from moto.server import DomainDispatcherApplication, create_backend_app

from local.lambda_client import Functions
from local.mends import STATES, StatesMend
from local.process import serve


def run(port: int, invoke: str, mends: Iterable[StatesMend] = STATES) -> None:
    """Serves on loopback until the process ends; `invoke` is the root URL of the Lambda API."""
    functions = Functions(invoke)
    for mend in mends:
        mend(functions)
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    serve(DomainDispatcherApplication(create_backend_app), port)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--invoke", required=True, metavar="URL")
    arguments = parser.parse_args()
    run(arguments.port, arguments.invoke)
