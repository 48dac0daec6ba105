"""Where things are in the checkout that the local cloud runs from."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
CACHE: Final = ROOT / ".cache"
OUT: Final = ROOT / "out"
