"""Backups of ``bridge.db``: made while the bridge serves, checked, and put back while it does not.

A backup is a whole SQLite file of its own, of the schema that the original has: making one never upgrades anything, so
the one made before an update is what an older release can be given back.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StorageError
from bridge.storage.damage import damage
from bridge.storage.lock import Hold, copied, holding
from bridge.storage.owner import give
from bridge.storage.rescue import hold_alone, set_aside_as
from bridge.storage.schema import steps, taken

BUSY_S = 3.0
# Writes that wait in a backup may have reached ITFlow since: so many sendings of each are looked for before another.
SENDINGS = 16
# Ids of writes that were promised since the backup are not given again.
SKIPPED_IDS = 10_000


@dataclass(frozen=True, slots=True)
class Held:
    """What a backup holds.

    Attributes:
        schema: How many steps its schema has taken; 0 for release 1.0.
        rows: Rows by table.
    """

    schema: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of putting a backup back.

    Attributes:
        held: What the file holds now.
        aside: Where the file that it replaces is; None where there was none.
        revoked: Keys that were revoked since the backup was made, and stay so.
    """

    held: Held
    aside: Path | None
    revoked: tuple[str, ...]


def back_up(path: Path, target: Path) -> Held:
    """Copy ``bridge.db`` as it is at this moment, while others read and write it; check the copy.

    Args:
        path: The file.
        target: The backup; one that is there is replaced once the new one is whole and checked.

    Raises:
        StorageError: The file cannot be read, the backup cannot be written, or one of them is damaged.
    """
    if not path.is_file():
        raise StorageError(f"There is no {path} (setting storage.path) to back up.")
    with _told(f"{path} cannot be backed up to {target}"), _beside(target) as new:
        with closing(_opened(path)) as source, closing(_opened(new)) as copy:
            copied(source, copy, path)
            _settled(copy)
            held = _checked(copy, path)
        _durable(new)
        new.replace(target)
        _durable(target.parent)
    return held


def restore(backup: Path, path: Path) -> Restored:
    """Put a backup in the place of ``bridge.db``; the file that was there stays beside it.

    Keys that the replaced file says are revoked stay revoked, and writes that wait for ITFlow are looked for there
    before they are sent again: both may have happened after the backup.

    Args:
        backup: A file that ``back_up`` has made, of this release or an older one.
        path: The file; its user and rights stay.

    Raises:
        StorageError: Somebody has the file open, or the backup cannot be used. Then nothing has changed.
    """
    if not backup.is_file():
        raise StorageError(f"There is no backup {backup}.")
    path = path.absolute()
    with _told(f"{backup} cannot be put back as {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with holding(path, Hold.REPLACING), _beside(path) as new:
            with closing(_opened(backup, "ro")) as source, closing(_opened(new)) as copy:
                copied(source, copy, backup)
                _settled(copy)
                held = _checked(copy, backup)
                _doubt_writes(copy, held.schema)
                revoked = _replaced(path, copy)
            _owned(new, path)
            _durable(new)
            aside = None
            if path.exists():
                aside = set_aside_as(path, "before-restore")
                path.rename(aside)
                for end in ("-wal", "-shm"):
                    path.with_name(path.name + end).unlink(missing_ok=True)
            new.replace(path)
            _durable(path.parent)
    return Restored(held, aside, revoked)


def _opened(path: Path, mode: str = "rw") -> sqlite3.Connection:
    # The file as it is: opening it as a Database would upgrade it.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None)


def _settled(copy: sqlite3.Connection) -> None:
    """One file, without a log beside it."""
    copy.execute("PRAGMA journal_mode = DELETE")


def _checked(copy: sqlite3.Connection, origin: Path) -> Held:
    if found := damage(copy):
        raise StorageError(f"{origin} is damaged: {found}.")
    if (done := taken(copy)) > len(steps()):
        raise StorageError(
            f"{origin} is of a newer release of the bridge (schema {done}, this release knows {len(steps())}). "
            "Install that release first."
        )
    tables = [
        name
        for (name,) in copy.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        )
    ]
    if not {"keys", "journal"} <= set(tables):
        raise StorageError(f"{origin} is no bridge.db: it has no keys or no journal.")
    # The names of tables are our own.
    count = {table: copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}  # noqa: S608
    return Held(done, count)


def _replaced(path: Path, copy: sqlite3.Connection) -> tuple[str, ...]:
    """See that nobody has the file open that is to be replaced, and take over what it says is revoked."""
    if not path.exists():
        return ()
    with closing(_opened(path)) as old:
        try:
            hold_alone(old)
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"{path} is in use: stop the bridge first (systemctl stop itflow-bridge), and end every other command "
                f"of it ({error})."
            ) from error
        revoked = []
        with suppress(sqlite3.DatabaseError):  # a damaged one is what backups are for
            for secret_hash, at in old.execute(
                "SELECT secret_hash, revoked_at FROM keys WHERE revoked_at IS NOT NULL"
            ).fetchall():
                revoked += copy.execute(
                    "UPDATE keys SET revoked_at = ? WHERE secret_hash = ? AND revoked_at IS NULL RETURNING name",
                    (at, secret_hash),
                ).fetchall()
            old.execute("COMMIT")
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return tuple(name for (name,) in revoked)


def _doubt_writes(copy: sqlite3.Connection, schema: int) -> None:
    columns = {name for (name,) in copy.execute("SELECT name FROM pragma_table_info('journal')")}
    if {"sends", "lost"} <= columns:
        copy.execute(
            "UPDATE journal SET sends = sends + ?1, due_s = 0, repeat_s = -1, boot = '', lost = ("
            "  SELECT json_group_array(value) FROM ("
            "    SELECT value FROM json_each(journal.lost)"
            "    UNION SELECT sends + number.value FROM (WITH RECURSIVE count(value) AS (SELECT 1 UNION ALL"
            "      SELECT value + 1 FROM count WHERE value < ?1) SELECT value FROM count) AS number)"
            ") WHERE state = 'pending'",
            (SENDINGS,),
        )
    elif schema < 5:
        # Release 1.0 looks for what it sent without an answer.
        copy.execute("UPDATE journal SET sent_at = accepted_at WHERE state = 'pending' AND sent_at IS NULL")
    copy.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'journal'", (SKIPPED_IDS,))


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new file in the folder of another, for its owner alone; gone at the end where it was not renamed."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.absolute().parent)
    os.close(handle)
    new = Path(name)
    try:
        yield new
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            new.with_name(new.name + end).unlink(missing_ok=True)


def _owned(new: Path, path: Path) -> None:
    """Give a file the user and rights of the one it replaces, else the user of the folder."""
    if path.exists():
        new.chmod(path.stat().st_mode & 0o777)
    give(new, path if path.exists() else path.parent)


def _durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{what}: {error}. See that both folders are there, have room, and may be used.") from error
