"""Backups of older files, of damaged ones, and back again from an upgrade."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.access.keys import Keys, Options
from bridge.errors import StorageError
from bridge.outbox.journal import Journal, State
from bridge.settings import load
from bridge.storage import Database, back_up, restore
from bridge.storage.schema import steps
from tests.storage.test_upgrade import file_of, holds_everything


def dumped(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as opened:
        return list(opened.iterdump())


def schema(path: Path) -> int:
    with closing(sqlite3.connect(path)) as opened:
        (done,) = opened.execute("PRAGMA user_version").fetchone()
    return int(done)


def test_a_backup_before_the_update_is_the_way_back(tmp_path: Path) -> None:
    path, backup = file_of("1.0", tmp_path), tmp_path / "before.db"
    before = dumped(path)
    assert back_up(path, backup).schema == 0
    assert (dumped(backup), dumped(path)) == (before, before)  # nobody was upgraded by that
    Database(path).close()
    assert schema(path) == len(steps())
    restored = restore(backup, path)
    assert schema(path) == 0
    changed = {line for line in dumped(path) if line not in before}
    # What waited may have come to ITFlow meanwhile: release 1.0 looks for it first, and gives its id to no other.
    assert all(line.startswith(('INSERT INTO "journal"', 'INSERT INTO "sqlite_sequence"')) for line in changed)
    assert restored.held.rows["keys"] == 3
    assert restored.aside is not None
    holds_everything(restored.aside)
    database = Database(path)  # and the new release takes it once more
    assert [key.name for key in Keys(database, load()).all()] == ["berlin", "gone", "pbx"]
    [waiting] = [entry for entry in Journal(database).entries() if entry.name == "PC-4"]
    assert waiting.state is State.REFUSED
    assert "Look in ITFlow" in waiting.reason
    database.close()


def test_the_permissions_and_what_is_beside(tmp_path: Path) -> None:
    path, backup = tmp_path / "bridge.db", tmp_path / "backup.db"
    database = Database(path)
    Keys(database, load()).add("pbx", Options())
    assert (tmp_path / "bridge.db-wal").stat().st_size  # where the key stands, so that a copy of the file lacks it
    backup.write_text("the last one")
    back_up(path, backup)
    database.close()
    assert backup.stat().st_mode & 0o777 == 0o600
    assert {file.name for file in tmp_path.iterdir()} == {"bridge.db", "backup.db"}
    path.chmod(0o640)
    aside = restore(backup, path).aside
    assert aside is not None
    assert path.stat().st_mode & 0o777 == 0o640
    assert {file.name for file in tmp_path.iterdir()} == {"bridge.db", "backup.db", aside.name}
    moved = tmp_path / "another" / "machine" / "bridge.db"
    assert restore(backup, moved).aside is None
    assert moved.stat().st_mode & 0o777 == 0o600
    opened = Database(moved)
    assert [key.name for key in Keys(opened, load()).all()] == ["pbx"]
    opened.close()


def _sql(file: Path, statement: str) -> None:
    Database(file).close()
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute(statement)


def _spoiled(file: Path) -> None:
    Database(file).close()
    whole = bytearray(file.read_bytes())
    whole[4096:16384] = bytes(12288)
    file.write_bytes(whole)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda _file: None, "There is no backup"),
        (lambda file: file.write_bytes(b"no database at all, " * 99), "not a database"),
        (_spoiled, "damaged"),
        (lambda file: _sql(file, "PRAGMA user_version = 99"), "newer release"),
        (lambda file: _sql(file, "DROP TABLE keys"), "is no bridge.db"),
    ],
)
def test_what_is_no_good_backup_changes_nothing(tmp_path: Path, made, told: str) -> None:
    path, backup = tmp_path / "bridge.db", tmp_path / "backup.db"
    database = Database(path)
    Keys(database, load()).add("pbx", Options())
    database.close()
    before = dumped(path)
    made(backup)
    with pytest.raises(StorageError, match=told):
        restore(backup, path)
    assert dumped(path) == before
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith("backup.db")] == ["bridge.db"]


def test_a_backup_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    path, backup = tmp_path / "bridge.db", tmp_path / "backup.db"
    _spoiled(path)
    shutil.copy(path, tmp_path / "same")
    backup.write_text("the last one")
    with pytest.raises(StorageError, match="damaged"):
        back_up(path, backup)
    assert backup.read_text() == "the last one"
    assert {file.name for file in tmp_path.iterdir()} == {"bridge.db", "backup.db", "same"}
    with pytest.raises(StorageError, match="cannot be backed up"):
        back_up(path, tmp_path / "no" / "folder.db")


def test_nobody_who_has_it_open_loses_it(tmp_path: Path) -> None:
    path, backup = tmp_path / "bridge.db", tmp_path / "backup.db"
    database = Database(path)
    back_up(path, backup)
    with pytest.raises(StorageError, match="in use: stop the bridge first"):
        restore(backup, path)
    Keys(database, load()).add("pbx", Options())  # it goes on working
    assert not database.lost()
    database.close()
    restore(backup, path)
