"""A damaged ``bridge.db`` is set aside, and what can still be read of it goes into a new one.

Nothing is deleted: the damaged file stays beside the new one. Rows that the mirror lost come back with the next pull;
keys, assets and calls do not, so their loss is said.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.errors import StorageError
from bridge.storage.damage import damage, is_damage
from bridge.storage.lock import Hold, holding
from bridge.storage.owner import barred
from bridge.storage.schema import steps, taken, upgrade

# A file that begins otherwise was never SQLite's: the setting names a wrong file, which stays where it is. Zeros are
# what a power cut leaves of a first page.
_BEGINNINGS = (b"SQLite format 3\0", bytes(16))
# Where parts of the mirror are missing, no page of ITFlow may count as known and no number as read.
_DISTRUST = (
    "DELETE FROM mirror_marks",
    "UPDATE mirror_modules SET rows = NULL",
    "UPDATE entry SET read_as = NULL",
)
WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Rescue:
    """What became of a damaged file.

    Attributes:
        aside: Where the damaged file is now.
        reason: What SQLite says of it.
        kept: Rows that were carried over, by table.
        damaged: Tables of which rows may be missing, or that could not be read at all.
    """

    aside: Path
    reason: str
    kept: Mapping[str, int]
    damaged: Sequence[str]

    def __str__(self) -> str:
        kept = ", ".join(f"{count} of {table}" for table, count in self.kept.items() if count) or "nothing"
        lost = ", ".join(self.damaged) or "nothing that is known of"
        return (
            f"bridge.db was damaged ({self.reason}). It is kept as {self.aside}. Carried over: {kept}. Rows may be "
            f"missing of: {lost}. The mirror is pulled anew; look at `itflow-bridge keys list` and "
            "`itflow-bridge journal list` for what else is missing, or put a backup back."
        )


def rescue(path: Path, *, wait_s: float = WAIT_S) -> Rescue | None:
    """Set a damaged ``bridge.db`` aside; to be called before anybody in this process opens it.

    Args:
        path: The file; nothing is done where there is none, where it is sound, and where it was never SQLite's.
        wait_s: How long others may keep it open.

    Raises:
        StorageError: It is damaged, and other processes have it open, or the folder cannot be written.
    """
    if not path.exists():
        return None
    try:
        with holding(path, Hold.REPLACING):
            return _rescue(path.resolve(), wait_s)
    except (sqlite3.Error, OSError) as error:
        remedy = barred(path) or (
            "See that file and folder may be written by the user that runs the bridge, and have room; end every other "
            "command of the bridge, and start again."
        )
        raise StorageError(f"{path} (setting storage.path) cannot be checked: {error}. {remedy}") from error


def _rescue(path: Path, wait_s: float) -> Rescue | None:
    new = path.with_name(f"{path.name}.rescued")
    new.unlink(missing_ok=True)  # of a rescue that was broken off
    with closing(sqlite3.connect(path, timeout=wait_s, isolation_level=None)) as old:
        if not (reason := damage(old)) or not _was_sqlite(path):
            return None
        hold_alone(old)
        old.text_factory = lambda text: text.decode("utf-8", "replace")
        done = _steps_taken(old)
        if done > len(steps()):
            return None  # of a newer release, which may make more of it
        try:
            damaged, kept = _carry_over(old, new, max(done, 1))
        except sqlite3.Error:  # what is left of it cannot be upgraded
            damaged, kept = _carry_over(old, new, len(steps()))
    aside = set_aside_as(path, "corrupt")
    new.chmod(path.stat().st_mode & 0o777)
    # What SQLite could not write back of its log belongs to the damaged file.
    with suppress(FileNotFoundError):
        path.with_name(f"{path.name}-wal").rename(f"{aside}-wal")
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    with suppress(OSError):  # so that there is a file all the time, where the file system knows hard links
        os.link(path, aside)
    if not aside.exists():
        path.rename(aside)
    new.replace(path)
    return Rescue(aside, reason, kept, damaged)


def _was_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) in _BEGINNINGS


def hold_alone(connection: sqlite3.Connection) -> None:
    """Take the lock that nobody gets while another has the file open, as far as the damage lets it be taken."""
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        if not is_damage(error):
            raise


def _steps_taken(connection: sqlite3.Connection) -> int:
    try:
        return taken(connection)
    except sqlite3.DatabaseError:
        return len(steps())


def _carry_over(old: sqlite3.Connection, path: Path, until: int) -> tuple[Sequence[str], Mapping[str, int]]:
    """Make a new file of as many steps, fill it with what can be read of the old one, and upgrade it.

    Returns:
        The tables that are not whole, and the rows that each table has now.
    """
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as new:
        upgrade(new, until)
        new.execute("BEGIN")
        damaged = [table for table in _tables(new) if not _copy(old, new, table)]
        _keep_counting(old, new)
        new.execute("COMMIT")
        upgrade(new)
        for statement in _DISTRUST:
            new.execute(statement)
        kept = {table: new.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _tables(new)}
    return damaged, kept


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    )
    return [name for (name,) in found]


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> bool:
    """Copy what can be read of a table; whether that was all of it."""
    columns, key = _columns(new, table)
    values = ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({values})"
    whole = True
    # From both ends, so that one damaged page costs no more than itself.
    for order in (key, [f"{column} DESC" for column in key]):
        try:
            for row in _rows(old, f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED ORDER BY {', '.join(order)}"):
                try:
                    new.execute(insert, row)
                except sqlite3.IntegrityError:  # a value that its column cannot have
                    whole = False
        except sqlite3.DatabaseError:
            whole = False
        else:
            break
    return whole


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    with closing(connection.execute(query)) as cursor:
        yield from cursor


def _columns(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """The columns of a table, and those by which its rows lie in the file."""
    found = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    (without_rowid,) = connection.execute("SELECT wr FROM pragma_table_list(?)", (table,)).fetchone()
    key = [name for name, place in sorted(found, key=lambda column: int(column[1])) if place]
    return [name for name, _ in found], key if without_rowid else ["rowid"]


def _keep_counting(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """No id that was given once is given again, also where its row is lost."""
    with suppress(sqlite3.DatabaseError):
        for name, last in old.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
            new.execute("DELETE FROM sqlite_sequence WHERE name = ? AND seq < ?", (name, last))
            known = new.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (name,)).fetchone()
            if not known:
                new.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))


def set_aside_as(path: Path, why: str) -> Path:
    """A free name beside a file, with the reason and the time."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (path.with_name(f"{path.name}.{why}-{stamp}{more}") for more in ("", *(f"-{n}" for n in range(2, 100))))
    return next(name for name in names if not name.exists())
