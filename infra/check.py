"""`python -m infra.check`: what can be known about the template and the workflow without an account."""

import subprocess
import sys
import tempfile
from pathlib import Path

from infra.app import ROOT, reelay
from infra.workflow import DEFINITION


def main() -> None:
    with tempfile.TemporaryDirectory() as outdir:
        assembly = reelay(outdir=Path(outdir)).synth()
        print(f"cdk-nag: no objection to {assembly.stacks[0].stack_name} without an answer")
        template = assembly.stacks[0].template_full_path
        _run(Path(sys.executable).with_name("cfn-lint"), template)
        _run(ROOT / "node_modules" / ".bin" / "asl-validator", "--json-path", str(DEFINITION))


def _run(tool: Path, *arguments: str) -> None:
    if not tool.exists():
        sys.exit(f"{tool} is not installed: `make` says how")
    if subprocess.run([tool, *arguments], cwd=ROOT).returncode:
        sys.exit(f"{tool.name} objects, see above")
    print(f"{tool.name}: nothing to say")


if __name__ == "__main__":
    main()
