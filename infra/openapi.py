"""Writes the API's description of itself to docs/openapi.json: `make openapi`."""

import json
from pathlib import Path

from functions.api.handler import app
from functions.api.openapi import document

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"


def main() -> None:
    FILE.write_text(json.dumps(document(app), indent=1, ensure_ascii=False) + "\n")
    print(FILE.relative_to(Path.cwd()) if FILE.is_relative_to(Path.cwd()) else FILE)


if __name__ == "__main__":
    main()
