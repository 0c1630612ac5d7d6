"""A disk without room shows, whatever keeps it from taking more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.storage import free_bytes, lack_of_room
from tests.counterparts import own_mounts

_ASK = """
import sys
from pathlib import Path
from bridge.storage import lack_of_room
print(lack_of_room(Path(sys.argv[1])))
"""


def test_a_disk_with_room(tmp_path: Path) -> None:
    assert lack_of_room(tmp_path / "bridge.db") == ""
    assert (free_bytes(tmp_path / "bridge.db") or 0) > 0
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be written (No such file" in lack_of_room(tmp_path / "gone" / "bridge.db")
    assert free_bytes(tmp_path / "gone" / "bridge.db") is None


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        ("mount -t tmpfs -o size=3m disk {0}", "is full; 4 MiB"),
        ("mount -t tmpfs -o size=8m disk {0}", ""),
        ("mount -t tmpfs -o size=8m disk {0}; head -c 8m /dev/zero > {0}/filler || true", "is full; 4 MiB"),
        ("mount -t tmpfs -o size=8m,ro disk {0}", "is mounted read-only"),
        ("ulimit -f 16", "takes no file of that size for this process"),
    ],
)
def test_a_disk_without(tmp_path: Path, prepare: str, told: str) -> None:
    shell = [*own_mounts(), "sh", "-c", f'{prepare.format(tmp_path)}\nexec "$@"', "sh"]
    ask = [*shell, sys.executable, "-c", _ASK, str(tmp_path / "bridge.db")]
    done = subprocess.run(ask, capture_output=True, text=True, check=True)
    assert told in done.stdout
    assert bool(told) == bool(done.stdout.strip())
