"""One App with one stack, of the stage that the context names (`-c stage=…`)."""

import json
import os
from pathlib import Path
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.stack import Reelay

ROOT = Path(__file__).parents[1]


def reelay(*, outdir: Path | None = None, context: dict[str, Any] | None = None) -> App:
    """The app, not yet synthesized. The assembly goes to `outdir`, else to $CDK_OUTDIR, else to cdk.out. cdk-nag
    judges the template while it is synthesized: an objection to which no construct answers with a reason is an error."""
    # Without the CDK command line nobody else reads cdk.json.
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        outdir=str(outdir or os.environ.get("CDK_OUTDIR") or ROOT / "cdk.out"),
        context=settings | (context or {}),
        analytics_reporting=False,
    )
    Reelay(app, stage=app.node.get_context("stage"))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app
