"""The local cloud: the template, deployed to processes of this machine, from the first to the last of them."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import boto3
from botocore.config import Config

from functions.api.keys import issue_key
from functions.studio.balances import Balances, granted
from functions.studio.table import Table
from local.checkout import OUT
from local.child import Child, ChildEnded
from local.credentials import ACCESS_KEY, AWS_OF_NOBODY, REGION, SECRET_KEY
from local.deployment.deploy import DeployFault, deploy
from local.deployment.records import Deployment
from local.edge import Edge
from local.ffmpeg import path_with_ffmpeg
from local.front import Gateway
from local.lambda_api import RETRY_DELAYS, Invoker
from local.layers import with_folders_of_here
from local.logs import Log
from local.loopback import PortTaken, bind, served, url_of
from local.pollers import Clock, QueuePoller
from local.services import SERVICES, description_of, parameters_of, real_ones, secrets_of
from local.settings import SettingRefused, Settings
from local.synth import SynthesisFailed, synthesized
from local.template import Assembly, TemplateFault
from local.workers import FunctionsDoNotStart, Pool, Workers, Zygote, ZygoteEnded

FAULTS: Final = (
    ChildEnded,
    DeployFault,
    FunctionsDoNotStart,
    PortTaken,
    SettingRefused,
    SynthesisFailed,
    TemplateFault,
    ZygoteEnded,
)
"""Why a local cloud cannot be: each says to its user what is the matter."""

HOLDERS: Final[Mapping[str, Mapping[str, str]]] = {
    "data": {
        "dynamodb": "DYNAMODB",
        "s3": "S3",
        "secretsmanager": "SECRETS_MANAGER",
        "sqs": "SQS",
        "ssm": "SSM",
    },
    "states": {"events": "EVENTBRIDGE", "stepfunctions": "SFN"},
    "polly": {"polly": "POLLY"},
}
"""Which process holds which service of AWS: boto3's name for it, and the SDK's for its endpoint's variable."""

CREDITS: Final = 1000
"""Granted to each tenant."""

PROGRAMS: Final = "/usr/local/bin:/usr/bin:/bin"


class LocalCloud:
    """Up between `__enter__` and `__exit__`.

    url: the API. keys: by tenant. services: the stand-ins' roots. outputs: the stack's. deployment: what was deployed.
    log: the file that all processes write to."""

    url: str
    deployment: Deployment
    keys: dict[str, str]
    services: dict[str, str]

    def __init__(
        self,
        port: int = 0,
        *,
        parameters: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        stand_ins: Iterable[str] = tuple(SERVICES),
        tenants: Iterable[str] = ("demo", "other"),
        assembly: Assembly | None = None,
        out: Path = OUT,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        ffmpeg: bool = True,
    ) -> None:
        """`port` 0 is any free one. `parameters` of the template go before the local cloud's own. `settings` may name
        keys, whose services are then real and cost money; nobody but `python -m local` takes them from this machine.
        `assembly` is the CDK app's unless another is given. `out` gets `local.log`, and `local.json` by
        `python -m local`. `retry_delays` are the seconds before failed asynchronous invocations are tried again.
        Without `ffmpeg` the functions find none."""
        self._port = port
        self._parameters = dict(parameters or {})
        self._settings = Settings() if settings is None else settings
        self._stand_ins = tuple(stand_ins)
        self._tenants = tuple(tenants)
        self._assembly = assembly
        self._retry_delays = retry_delays
        self._ffmpeg = ffmpeg
        self.out = out
        self.log = out / "local.log"
        self.told = out / "local.json"
        self.endpoints: dict[str, str] = {}
        self.keys = {}
        self.services = {}
        self._clients = threading.Lock()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Raises one of FAULTS."""
        with ExitStack() as stack:
            self._start(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def outputs(self) -> Mapping[str, str]:
        return self.deployment.outputs

    @property
    def description(self) -> Iterable[str]:
        """Which services are real, in sentences for whoever looks on."""
        return description_of(self._settings, self.services)

    @property
    def table(self) -> str:
        return self.outputs["TableName"]

    @property
    def bucket(self) -> str:
        return self.outputs["MediaBucketName"]

    @property
    def state_machine(self) -> str:
        """Its ARN."""
        return self.outputs["StateMachineArn"]

    @property
    def environment(self) -> dict[str, str]:
        """What makes any SDK of AWS talk to this cloud."""
        endpoints = {
            f"AWS_ENDPOINT_URL_{variable}": self.endpoints[service]
            for services in HOLDERS.values()
            for service, variable in services.items()
        }
        return {**AWS_OF_NOBODY, **endpoints}

    def client(self, service: str) -> Any:
        """A boto3 client of a service that the local cloud has, Lambda among them."""
        with self._clients:  # a session is not made for several threads
            make: Callable[..., Any] = self._session.client  # its overloads know no service by a variable
            return make(
                service,
                endpoint_url=self.endpoints[service],
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
            )

    def pool(self, folder: str) -> Pool:
        """The workers of the function whose code is in `functions/{folder}`."""
        [found] = [one for one in self.deployment.functions.values() if one.handler.split(".")[-3] == folder]
        return self._workers[found.name]

    def _start(self, stack: ExitStack) -> None:
        real = real_ones(self._settings)
        front = bind(self._port)
        stack.callback(front.close)
        self.url = url_of(front)
        edge = bind()
        stack.callback(edge.close)
        scratch = Path(tempfile.mkdtemp(prefix="reelay-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        log = Log(self.log)
        stack.callback(log.close)
        zygote = Zygote(log)
        stack.callback(zygote.close)
        invoke = bind()
        stack.callback(invoke.close)

        def child(name: str, module: str, *arguments: str) -> Child:
            return stack.enter_context(Child(name, module, log, *arguments))

        holders = {"data": child("data", "local.data")}
        holders["states"] = child("states", "local.states", "--invoke", url_of(invoke))
        holders["polly"] = child("polly", "local.standins.polly")  # moto's does not speak
        stand_ins = {
            name: child(name, SERVICES[name].module, *SERVICES[name].arguments)
            for name in self._stand_ins
            if name not in real
        }
        self.services = {name: one.url for name, one in stand_ins.items()}
        self.endpoints = {service: holders[one].url for one, services in HOLDERS.items() for service in services}
        self.endpoints["lambda"] = url_of(invoke)
        self._session = boto3.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
        )
        assembly = self._assembly or synthesized()
        for one in (*holders.values(), *stand_ins.values()):
            one.wait_until_ready()

        self.deployment = Deployment(assembly, self.client, self.url, url_of(edge))
        deploy(self.deployment, self._all_parameters())
        if self.deployment.shown:
            stack.enter_context(served(Edge(self.deployment.shown, self.client("s3")), edge, "edge"))
        for output, key in secrets_of(self._settings, self.services).items():
            self.client("secretsmanager").put_secret_value(SecretId=self.outputs[output], SecretString=key)

        self._workers = self._employ(zygote, log, scratch)
        invoker = Invoker(self._workers, log, self._retry_delays)
        stack.callback(invoker.close)
        stack.enter_context(served(invoker, invoke, "invoke"))
        gateway = Gateway(self.deployment.routes, self.deployment.cors, self._workers)
        stack.callback(gateway.close)
        stack.enter_context(served(gateway, front, "gateway"))
        table = Table(self.table, self.client("dynamodb"))
        for tenant in self._tenants:
            self.keys[tenant] = issue_key(table, tenant, "pro")
            Balances(table).grant(tenant, granted(CREDITS, "to try it with"))
        for mapping in self.deployment.mappings:
            stack.callback(QueuePoller(mapping, self.client("sqs"), self._workers, log).close)
        stack.callback(Clock(self.deployment.schedules, invoker).close)

    def _all_parameters(self) -> dict[str, str]:
        declared = self.deployment.assembly.template.get("Parameters", {})
        ours = {"SharedUrl": self.deployment.edge_url} | parameters_of(self._settings, self.services)
        return {name: value for name, value in ours.items() if name in declared} | self._parameters

    def _employ(self, zygote: Zygote, log: Log, scratch: Path) -> Workers:
        """The workers of all functions, each proved to start."""
        path = path_with_ffmpeg(scratch / "bin", PROGRAMS) if self._ffmpeg else ""
        environment = {**self.environment, "PATH": path}
        functions = [with_folders_of_here(function) for function in self.deployment.functions.values()]
        workers = Workers(functions, environment, zygote, log, scratch / "tmp")
        workers.warm()
        return workers
