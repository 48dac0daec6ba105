"""Nothing of an invocation stays on the disk of a warm Lambda."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from functions.studio.workplace import PREFIX, workplace

STAYS = """
import sys, time
from functions.studio.workplace import workplace
with workplace() as folder:
    (folder / "piece.mp4").write_bytes(b"half")
    print(folder, flush=True)
    time.sleep(60)
"""


def folders(disk: Path) -> list[Path]:
    return [path for path in disk.iterdir() if path.is_dir()]


def test_the_folder_is_gone_after_a_failure_too(disk: Path) -> None:
    def fails() -> None:
        with workplace() as folder:
            (folder / "piece.mp4").write_bytes(b"half")
            assert folders(disk) == [folder]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert folders(disk) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(disk: Path) -> None:
    def working() -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen([sys.executable, "-c", STAYS], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        return process, Path(process.stdout.readline().strip())

    killed, left = working()
    killed.kill()
    killed.wait()
    living, held = working()
    try:
        assert left.name.startswith(PREFIX)
        with workplace() as folder:
            assert not left.exists()
            assert (held / "piece.mp4").exists()
            assert sorted(folders(disk)) == sorted([held, folder])
    finally:
        living.kill()
        living.wait()
