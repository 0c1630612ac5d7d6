"""A bridge.db of an older release opens with everything in it, whenever the upgrade is broken off."""

import gzip
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.access.keys import Keys
from bridge.access.phones import Phones
from bridge.calls.log import CallLog
from bridge.calls.rows import Filters
from bridge.directory.entries import Kind
from bridge.directory.reader import Reader
from bridge.errors import StorageError
from bridge.outbox.journal import Journal, State
from bridge.settings import load
from bridge.storage import Database
from bridge.storage.schema import steps, taken, upgrade

RELEASES = Path(__file__).parent.parent / "data" / "storage"


def file_of(release: str, folder: Path) -> Path:
    path = folder / "bridge.db"
    path.write_bytes(gzip.decompress((RELEASES / f"bridge-{release}.db.gz").read_bytes()))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """What release 1.0 left: the recorded ITFlow 26.02's mirror, three keys, four assets, a call, a phone."""
    return file_of("1.0", tmp_path)


def holds_everything(path: Path) -> None:
    database = Database(path)
    keys = Keys(database, load())
    assert [key.name for key in keys.all()] == ["berlin", "gone", "pbx"]
    assert keys.open("old-berlin-secret", None, None).clients == frozenset({1})
    assert keys.named("gone").revoked_at is not None
    assert [(entry.name, entry.state) for entry in Journal(database).entries()] == [
        ("PC-4", State.PENDING),
        ("PC-3", State.REFUSED),  # sent without an answer, and without a mark
        ("PC-2", State.REFUSED),
        ("PC-1", State.ADDED),
    ]
    (call,) = CallLog(database).read(Filters())
    assert (call.party.name, call.key, call.call.state, call.call.missed) == ("Ann", "pbx", "ended", False)
    assert [seen.entries for seen in Phones(database).all()] == [12]
    snapshot, freshness = Reader(database).read()
    assert snapshot is not None
    assert [entry.name for entry in snapshot.match("+12125550101")] == ["Alice O'Neil"]
    contact = snapshot.entry(Kind.CONTACT, snapshot.match("+12125550101")[0].id)
    assert contact is not None
    assert [phone.extension for phone in contact.phones] == ["12", ""]
    assert snapshot.payments
    assert sum(invoice.amount for invoice in snapshot.invoices(1)) > 0
    assert any(invoice.paid for invoice in snapshot.invoices(1))
    assert freshness.people_at is not None
    assert freshness.money_at is not None
    database.close()


def test_it_opens_with_everything_in_it(path: Path) -> None:
    holds_everything(path)
    holds_everything(path)
    database = Database(path)
    assert Reader(database).read()[1].rows["contacts"] == 18
    database.close()


# Upgrades the file, and kills itself like kill -9 before the statement of that number.
_KILLED = """
import os, signal, sqlite3, sys
from itertools import count
from bridge.storage.schema import upgrade
number = count(1)
def told(statement):
    if next(number) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.set_trace_callback(told)
connection.execute("PRAGMA journal_mode = WAL")
upgrade(connection)
connection.close()
"""
_OPENED = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from bridge.storage import Database
Database(Path(sys.argv[1])).close()
"""


def test_kill_9_at_every_statement_of_the_upgrade_loses_nothing(tmp_path: Path) -> None:
    killed = 0
    for number in range(1, 1000):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = file_of("1.0", folder)
        done = subprocess.run([sys.executable, "-c", _KILLED, str(path), str(number)], check=False)
        holds_everything(path)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
    assert killed > sum(map(len, steps()))


def test_two_processes_open_it_at_once(path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", _OPENED, str(path)]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    holds_everything(path)


def test_a_step_that_another_takes_meanwhile_is_not_taken_twice(path: Path) -> None:
    """Two that have both seen the old version wait for a third that writes."""
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    waiting = [threading.Event(), threading.Event()]

    def take(begun: threading.Event) -> int:
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        connection.set_trace_callback(lambda statement: begun.set() if statement.startswith("BEGIN") else None)
        upgrade(connection)
        done = taken(connection)
        connection.close()
        return done

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(take, begun) for begun in waiting]
        assert all(begun.wait(30) for begun in waiting)
        writer.execute("ROLLBACK")
        assert [one.result() for one in both] == [len(steps())] * 2
    writer.close()
    holds_everything(path)


def test_a_file_of_a_newer_release_is_refused_and_left_alone(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 4711")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"newer release.*4711.*Install that release again"):
        Database(path)
    assert path.read_bytes() == before


def test_an_old_and_a_new_file_have_the_same_tables(path: Path, tmp_path: Path) -> None:
    def tables(file: Path) -> list[tuple[str, str]]:
        Database(file).close()
        connection = sqlite3.connect(file)
        found = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        connection.close()
        return found

    assert tables(path) == tables(tmp_path / "new.db")


def test_a_file_that_is_removed_is_not_written_any_more(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    keys = Keys(database, load())
    (tmp_path / "bridge.db").rename(tmp_path / "moved.db")
    with pytest.raises(StorageError, match=r"removed or replaced.*restart"):
        keys.revoke("pbx")
    assert keys.all() == []
    database.close()
