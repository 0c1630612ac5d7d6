"""Opening ``bridge.db``, and transactions on it.

Nobody may assume to be the only process: commands of the operator work on the same file as the service.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from bridge.errors import StorageError
from bridge.storage.damage import damage
from bridge.storage.lock import QUIET_S, Hold, Patience, copied, holding
from bridge.storage.owner import barred, give
from bridge.storage.schema import upgrade
from bridge.tasks import in_thread

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
# The write-ahead log gives back what a large mirror made it grow to.
JOURNAL_BYTES = 16 * 1024 * 1024
RESTART = "Restart the bridge: it sets the damaged file aside and carries over what can still be read of it."


class Database:
    """One connection to ``bridge.db``, for use from any thread, one statement group at a time.

    Args:
        path: The file; it is made where it does not exist.
        durable: Survive power loss with every commit (the journal), not only kill -9.

    Raises:
        StorageError: The file cannot be opened or is no database of the bridge.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self._durable = durable
        self._unwritable = False
        self._lock = threading.Lock()
        with _mapped(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with holding(path, Hold.OPENING):
                if not _log_of(path).exists():
                    _make(path)
                elif not path.exists():
                    raise StorageError(
                        f"{path} (setting storage.path) is not there, but its log {_log_of(path)} is: it was moved or "
                        "removed while the bridge had it open. Put it back. If it is lost for good, stop the bridge, "
                        "and remove the log too."
                    )
                self._file = _identity(path)
                self._open()

    def _open(self) -> None:
        self._connection = self._connected()
        self._log = _identity(_log_of(self.path))

    def _connected(self) -> sqlite3.Connection:
        # Never made here: a new file would take the log of one that was moved away, and both would be lost.
        name = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(name, uri=True, timeout=QUIET_S, isolation_level=None, check_same_thread=False)
        patience = Patience(self.path)
        try:
            while True:
                try:
                    self._set_up(connection)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        raise
                    patience.spend()
                else:
                    return connection
        except BaseException:
            connection.close()
            raise

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
        try:
            upgrade(connection)
        except StorageError as error:
            raise StorageError(f"{self.path} (setting storage.path) cannot be used: {error}.") from error
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Open a read transaction: no writer changes what it sees.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._transaction("DEFERRED") as connection:
            yield connection

    def copy(self) -> sqlite3.Connection:
        """The whole file as it is now, in memory; the caller's to close.

        Raises:
            StorageError: The file cannot be read.
        """
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            with self._lock, _mapped(self.path):
                copied(self._connection, copy, self.path)
                # A copy takes damaged pages over as they are; answers are not read from them.
                found = damage(copy)
        except BaseException:
            copy.close()
            raise
        if found:
            copy.close()
            raise StorageError(f"{self.path} (setting storage.path) is damaged: {found}. {RESTART}")
        return copy

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction, committed at the end, rolled back on any error.

        Raises:
            StorageError: The file cannot be written: locked, full, or not ours to write.
        """
        with self._transaction("IMMEDIATE") as connection:
            # Looked at under the lock, so that nobody replaces the file in between.
            if fault := self.lost():
                raise StorageError(fault)
            yield connection

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses this database off the event loop; a caller that is cancelled waits for its end."""
        return await in_thread(function)

    def version(self) -> int:
        """A number that changes whenever another connection or process has committed."""
        with self._lock, self._told():
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def lost(self) -> str:
        """What became of the file while it was open, in words for the operator; empty where it is still there."""
        # Who opened another file of that name has taken this one's write-ahead log for its own, and removed it.
        if _identity(self.path) == self._file and _identity(_log_of(self.path)) == self._log:
            return ""
        return (
            f"{self.path} (setting storage.path) was removed or replaced while the bridge has it open. What is known "
            "goes on being answered, and nothing is written. Put the file back and restart the bridge."
        )

    def scrub(self) -> None:
        """Leave nothing of deleted rows in the file's free space, nor in the log beside it.

        Raises:
            StorageError: The file cannot be written, or others keep reading it.
        """
        with self._lock, _mapped(self.path):
            self._connection.execute("VACUUM")
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError(f"{self.path} is read by others all the time; run the command again.")

    def close(self) -> None:
        """Close the file; the object is of no use afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._told():
            self._opened_again()
            try:
                self._connection.execute(f"BEGIN {kind}")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._connection.rollback()
                self._unwritable = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A file that was removed or replaced is told as that, whatever SQLite calls it, such as a disk I/O error."""
        try:
            with _mapped(self.path):
                yield
        except StorageError as error:
            if fault := self.lost():
                raise StorageError(fault) from error
            raise

    def _opened_again(self) -> None:
        """Open anew what could not be written: SQLite goes on with reading only, also when it may write again.

        What is open must be closed first: the connections of a process share one look at the log's index
        (sqlite.org/walformat.html), and that was opened for reading only.
        """
        if self._unwritable and not self.lost():
            self._connection.close()
            self._open()
            self._unwritable = False


def memory() -> sqlite3.Connection:
    """An empty ``bridge.db`` in memory; the caller's to close."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    upgrade(connection)
    return connection


def _make(path: Path) -> None:
    """An empty file, unless there is one.

    It holds people's numbers: others on the machine do not read it, unless the operator lets them. A file that is
    there must not be touched: closing it here would drop SQLite's locks of this process (POSIX).
    """
    with suppress(FileExistsError):
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            give(made, path.parent)
        finally:
            os.close(made)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _log_of(path: Path) -> Path:
    """The write-ahead log, which is there as long as the file is open (sqlite.org/walformat.html)."""
    return path.with_name(f"{path.name}-wal")


@contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        remedy = _what_to_do(path, error)
        raise StorageError(f"{path} (setting storage.path) cannot be used: {error}. {remedy}") from error


def _what_to_do(path: Path, error: Exception) -> str:
    if reason := barred(path):
        return reason
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT:
            return RESTART
        case sqlite3.SQLITE_NOTADB:
            return "Look whether the setting names the right file."
        case sqlite3.SQLITE_BUSY:
            return "Another program works on it: try again, or end that one; `fuser -v` with the file names it."
    return "Check that the folder exists, has room, and belongs to the user that runs the bridge."
