"""`python -m infra.check`: what can be known about the template and the workflow without an account."""

import subprocess
import sys
import tempfile
from pathlib import Path

from aws_cdk import App
from cdk_nag import AwsSolutionsChecks

from infra.app import ROOT, reelay
from infra.waivers import waived
from infra.workflow import DEFINITION

TOLERATED = ROOT / ".cfnlintrc"


class Objection(Exception):
    """What a tool has against a file, in its own words."""


def main() -> None:
    with tempfile.TemporaryDirectory() as outdir:
        app = reelay(outdir=Path(outdir))
        if idle := idle_waivers(app):
            sys.exit("these waivers waive nothing any more:\n" + "\n".join(f"  {rule} at {at}" for rule, at in idle))
        # The app brings cdk-nag along: synthesizing is being judged.
        [stack] = app.synth().stacks
        print("cdk-nag: every objection has its answer, every answer its objection")
        try:
            cfn_lint(Path(stack.template_full_path))
            print("cfn-lint: nothing to say")
            asl_validator(DEFINITION)
            print("asl-validator: nothing to say")
        except Objection as objection:
            sys.exit(str(objection))


def idle_waivers(app: App) -> list[tuple[str, str]]:
    """Rule and construct of each waiver without which cdk-nag would be as content."""
    checks = AwsSolutionsChecks()
    # Waivers name their pack; to a pack of another name cdk-nag shows what it finds whether it is waived or not.
    checks._pack_name = "Unwaived"
    found = {
        (violation.rule_name.removeprefix("Unwaived-"), resource.construct_path)
        for violation in checks.validate_scope(app).violations
        for resource in violation.violating_resources
    }
    return sorted(
        (rule, path)
        for rule, path in waived(app)
        if not any(rule == other and f"{at}/".startswith(f"{path}/") for other, at in found)
    )


def cfn_lint(template: Path, tolerated: Path = TOLERATED) -> None:
    """Raises Objection."""
    _run(Path(sys.executable).with_name("cfn-lint"), "--config-file", str(tolerated), "--", str(template))


def asl_validator(definition: Path) -> None:
    """Raises Objection."""
    _run(ROOT / "node_modules" / ".bin" / "asl-validator", "--json-path", str(definition))


def _run(tool: Path, *arguments: str) -> None:
    if not tool.exists():
        raise Objection(f"{tool} is not installed: `make check` does it")
    done = subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Objection(f"{tool.name} objects:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
