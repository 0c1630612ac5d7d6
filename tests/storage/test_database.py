"""bridge.db: what cannot be read or written is told, and nothing half-done stays."""

import os
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from bridge.calls.log import CallLog, Told
from bridge.calls.push.announced import announced
from bridge.calls.rows import Filters
from bridge.errors import StorageError
from bridge.storage import Database


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "deep" / "bridge.db")
    yield database
    database.close()


def test_a_failed_transaction_leaves_nothing(database):
    def write():
        with database.write() as connection:
            connection.execute("INSERT INTO calls (at, key, number, name) VALUES ('t', 'k', '1', '')")
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StorageError):
        write()
    assert CallLog(database).read(Filters()) == []


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "bridge.db"
    path.write_text("no database at all, but long enough to be taken for one " * 20, encoding="utf-8")
    with pytest.raises(StorageError, match=r"storage\.path"):
        Database(path)
    assert path.read_text(encoding="utf-8").startswith("no database")


def test_a_new_file_is_private_and_an_old_one_stays_as_the_operator_wants(tmp_path):
    path = tmp_path / "bridge.db"
    for mode in (0o600, 0o640):
        database = Database(path)
        CallLog(database).store([Told([(announced("101", "", ""), None)])])
        kept = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        database.close()
        assert set(kept.values()) == {mode}, kept
        path.chmod(0o640)


# Opens the file while it may not be written, and writes once a line says that it may be again.
_WAITING = """
import sys
from pathlib import Path
from bridge.errors import StorageError
from bridge.storage import Database
database = Database(Path(sys.argv[1]))
def write():
    with database.write() as connection:
        insert = "INSERT INTO calls (at, key, number, name) VALUES ('2026-01-01T00:00:00+00:00', 'k', '1', '')"
        connection.execute(insert)
for _ in range(2):
    try:
        write()
    except StorageError as error:
        print(error, flush=True)
sys.stdin.readline()
write()
"""
# Root is bound by the rights of files like anybody once it gives these up.
_AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def test_a_file_that_may_be_written_again_is(tmp_path):
    path = tmp_path / "bridge.db"
    with closing(Database(path)) as database:  # open, so that there is a log beside it
        CallLog(database).read(Filters())
        places = sorted(tmp_path.iterdir())  # its log, and the log's index, which the connections of a process share
        assert len(places) == 3
        for place in places:
            place.chmod(0o400)
        words = (*_AS_ANYBODY, sys.executable, "-c", _WAITING, str(path))
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = process.stdout.readline()
            assert "readonly" in told
            assert f"chmod u+rw {path}" in told
            assert "readonly" in process.stdout.readline()
            for place in places:
                place.chmod(0o600)
            process.communicate("now\n")
        assert process.returncode == 0
        assert len(CallLog(database).read(Filters())) == 1


def test_a_file_that_was_moved_away_keeps_its_log(tmp_path):
    """A process that starts meanwhile makes no file of that name: it would take the log, and what is written there."""
    path, aside = tmp_path / "bridge.db", tmp_path / "aside.db"
    with closing(Database(path)) as database:
        CallLog(database).read(Filters())
        path.rename(aside)
        with pytest.raises(StorageError, match=r"is not there, but its log .*bridge\.db-wal is.*Put it back"):
            Database(path)
        aside.rename(path)
        with closing(Database(path)) as again, database.write() as connection:
            connection.execute("INSERT INTO mirror_facts VALUES ('kept', 'x')")
            assert not again.lost()
