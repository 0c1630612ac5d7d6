"""Whoever finds bridge.db locked says so, waits, and gives up with words of what to do."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from bridge.errors import StorageError
from bridge.storage import Database
from bridge.storage.lock import Hold, copied, holding

# Another program that has the file for itself until its standard input ends.
_LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""

_OPENING = """
import sys
from pathlib import Path
from bridge.storage import Database
Database(Path(sys.argv[1])).close()
"""


@pytest.fixture
def path(tmp_path):
    Database(tmp_path / "bridge.db").close()
    return tmp_path / "bridge.db"


@pytest.fixture
def locking(path):
    words = [sys.executable, "-c", _LOCKING, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.communicate()


@pytest.mark.parametrize("hold", Hold)
def test_a_file_that_is_being_replaced_is_not_waited_for_for_ever(path, hold):
    locked = pytest.raises(StorageError, match=r"locked by another program.*fuser")
    with holding(path, Hold.REPLACING), locked, holding(path, hold, wait_s=0.1):
        pass
    with holding(path, hold, wait_s=0.1):
        pass


def test_two_open_a_file_at_once(path):
    with holding(path, Hold.OPENING), holding(path, Hold.OPENING, wait_s=0.1):
        pass


@pytest.mark.usefixtures("locking")
def test_a_copy_of_a_locked_file_is_not_waited_for_for_ever(path):
    locked = pytest.raises(StorageError, match="End that one and try again")
    with closing(sqlite3.connect(path, timeout=0)) as source, closing(sqlite3.connect(":memory:")) as target, locked:
        copied(source, target, path, wait_s=0.1)


def test_a_command_that_waits_says_so_and_goes_on_once_it_can(path, locking):
    words = [sys.executable, "-c", _OPENING, str(path)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert "is locked by another program; it is waited for" in waiting.stderr.readline()
        locking.communicate()
        assert waiting.wait() == 0
