"""`python -m admin key TENANT` makes an API key, `revoke KEY` ends one, `budget TENANT USD` sets what a tenant may spend,
`credits TENANT GRANT` grants it credits,
`redrive` has the looks at providers that were set aside taken again, `models FILE` lays a document over the catalogue.

Where: the deployment of $STAGE; without a stage the local cloud that runs (out/local.json).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from admin.redrive import redrive
from functions.api.keys import ROLES, issue_key, revoke, tenant_name
from functions.studio.balances import Balances, granted
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.errors import RequestError
from functions.studio.media_store import MediaStore
from functions.studio.overrides import Overrides
from functions.studio.table import Table
from local.checkout import OUT
from local.told import told_in

LOCAL = OUT / "local.json"
"""What `make local` leaves for other processes while it is up."""

_CREDITS = re.compile(r"-?[0-9]{1,9}")
_USD = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")


class NoTable(Exception):
    """The message says where it was looked for."""


def main(arguments: Sequence[str] | None = None, local: Path = LOCAL) -> int:
    asked = _parser().parse_args(arguments)
    try:
        if asked.verb == "redrive":
            aside = asked.queue or _found(os.environ.get("STAGE"), local, "DeadChecksUrl", "deadChecks")
            print(f"{redrive(aside)} looks are taken again.")
            return 0
        if asked.verb == "models":
            bucket = asked.bucket or _found(os.environ.get("STAGE"), local, "MediaBucketName", "bucket")
            print(_models(Overrides(MediaStore(bucket)), asked.file))
            return 0
        name = asked.table or os.environ.get("TABLE_NAME")
        table = Table(name or _found(os.environ.get("STAGE"), local, "TableName", "table"))
        if asked.verb == "key":
            print(issue_key(table, asked.tenant, asked.tier, asked.role))
            print("Shown once, stored hashed: keep it now.", file=sys.stderr)
        elif asked.verb == "budget":
            print(_budget(Budgets(table), tenant_name(asked.tenant), asked.usd))
        elif asked.verb == "credits":
            print(_credits(Balances(table), tenant_name(asked.tenant), asked.grant))
        else:
            key = revoke(table, asked.key)
            print(f"{key.prefix} of {key.tenant}: revoked at {key.revoked_at}; it may open for a minute more.")
    except (OSError, ValueError, RequestError, NoTable, BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m admin", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    key = verbs.add_parser("key", help="make an API key for a tenant")
    key.add_argument("tenant", help="lower-case letters, digits and hyphens")
    key.add_argument("--tier", default="pro")
    key.add_argument("--role", choices=ROLES, default=ROLES[0], help="`operator` may grant credits as well")
    end = verbs.add_parser("revoke", help="end an API key")
    end.add_argument("key", help="its id, or how it begins (rl_…)")
    budget = verbs.add_parser("budget", help="show, and with USD set, what a tenant may spend in all")
    budget.add_argument("tenant", help="as its keys were made for")
    budget.add_argument(
        "usd", nargs="?", default="", help="at most so many dollars from the first job on; `none`: no limit"
    )
    purse = verbs.add_parser("credits", help="show a tenant's credits, and with GRANT grant it some")
    purse.add_argument("tenant", help="as its keys were made for")
    purse.add_argument(
        "grant", nargs="?", default="", help="so many credits more; -100 takes 100 back, as far as they are left"
    )
    again = verbs.add_parser("redrive", help="have looks that were set aside taken again")
    again.add_argument("--queue", help="URL of the queue where they lie; default: the local cloud's or the stack's")
    models = verbs.add_parser("models", help="show, and with FILE set, what the deployment says otherwise of models")
    models.add_argument("file", nargs="?", type=Path, help='JSON: {"models": [{"name": …, what differs}]}')
    models.add_argument("--bucket", help="of the media; default: the local cloud's or the stack's")
    for verb in (key, end, budget, purse):
        verb.add_argument("--table", help="default: $TABLE_NAME, else the local cloud's or the stack's")
    return parser


def _models(overrides: Overrides, file: Path | None) -> str:
    if file is None:
        document = overrides.document
        return document.decode() if document else "The release's catalogue is in force as it is."
    made = overrides.put(file.read_bytes())
    changed = [one.name for one in made.models if one != catalogue().entry(one.name)]
    return f"In force within a minute. Other than in the release: {', '.join(changed) or 'nothing'}."


def _budget(budgets: Budgets, tenant: str, usd: str) -> str:
    if usd:
        budgets.cap_tenant(tenant, None if usd == "none" else _dollars(usd))
    balance = budgets.tenant(tenant)
    cap = "no limit" if balance.cap is None else f"{balance.cap} USD"
    return f"{tenant}: {cap}; settled {balance.settled}, lost {balance.lost}, reserved {balance.reserved} USD."


def _credits(balances: Balances, tenant: str, grant: str) -> str:
    if grant:
        if not _CREDITS.fullmatch(grant) or int(grant) == 0:
            raise ValueError(f"a grant is a whole number of credits such as 1000, not {grant!r}")
        balances.grant(tenant, granted(int(grant), "by the operator's command"))
    there = balances.balance(tenant)
    return f"{tenant}: {there.left} credits left of {there.cap}; taken {there.settled}, reserved {there.reserved}."


def _dollars(text: str) -> Decimal:
    if not _USD.fullmatch(text):
        raise ValueError(f"a budget is dollars such as 50 or 12.50, or none, not {text!r}")
    return Decimal(text)


def _found(stage: str | None, local: Path, output: str, told: str) -> str:
    """An output of the stack, or what the local cloud tells in its place: nobody goes to AWS who has named no stage."""
    return _deployed(stage, output) if stage else _running(local, told)


def _running(local: Path, name: str) -> str:
    """Of the local cloud that is up; from then on this process talks to that cloud."""
    told = told_in(local)
    if told is None:
        raise NoTable("no local cloud is up: `make local`, or name a STAGE")
    os.environ |= told["aws"]["environment"]
    print(f"In the local cloud at {told['url']}:", file=sys.stderr)
    return str(told["aws"][name])


def _deployed(stage: str, name: str) -> str:
    """Of the stack that `make deploy` has made."""
    stack = f"reelay-{stage}"
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise NoTable(f"{error.response['Error']['Message']}; name it with --table or --queue") from None
    for output in found.get("Outputs", []):
        if output["OutputKey"] == name:
            return str(output["OutputValue"])
    raise NoTable(f"the stack {stack} has no output {name}; name it with --table or --queue")


if __name__ == "__main__":
    sys.exit(main())
