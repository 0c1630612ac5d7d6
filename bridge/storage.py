"""``bridge.db``: the one file of state.

Only ``directory``, ``access`` and ``assets`` come here, so that another engine can take SQLite's place, and
nobody assumes to be the only process: commands of the operator work on the same file as the service.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from bridge.errors import StorageError

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
# The write-ahead log gives back what a large mirror made it grow to.
JOURNAL_BYTES = 16 * 1024 * 1024

# Every table of the file, by the room that owns it.
SCHEMA = """
-- access: the bridge's own keys; a secret is kept as its SHA-256 only
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE,
    options TEXT NOT NULL,            -- JSON: features, clients, networks, settings
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT;

-- access: calls that a phone system announced
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    key TEXT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;

-- directory: what is known of each module of ITFlow; pull counts the pulls, so that two pullers cannot mix
CREATE TABLE IF NOT EXISTS mirror_modules (
    module TEXT PRIMARY KEY,
    pull INTEGER NOT NULL DEFAULT 0,
    rows INTEGER,                     -- of mirror_rows; null: to be counted
    pulled_at TEXT,
    doubt TEXT NOT NULL DEFAULT '',   -- why the last pull was not believed
    gap TEXT NOT NULL DEFAULT '',     -- why the key has never been able to read it
    fault TEXT NOT NULL DEFAULT ''    -- why the last pull failed
) STRICT;

-- directory: ITFlow's rows, reduced to what the bridge uses, and what was made of them
CREATE TABLE IF NOT EXISTS mirror_rows (
    module TEXT NOT NULL,
    id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    record BLOB NOT NULL,             -- JSON of a record of itflow/records.py
    region TEXT,                      -- the region its numbers were read with; null: not read yet
    entry BLOB,                       -- see directory/coding.py
    keys BLOB,                        -- of its numbers, see directory/pages.py
    PRIMARY KEY (module, id)
) STRICT, WITHOUT ROWID;

-- directory: the pages of the last whole pull, to know them again undecoded
CREATE TABLE IF NOT EXISTS mirror_marks (
    module TEXT NOT NULL,
    page_offset INTEGER NOT NULL,
    digest BLOB NOT NULL,
    count INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (module, page_offset)
) STRICT, WITHOUT ROWID;

-- directory: the snapshot; stored counts the snapshots, so that a reader takes only pages that are new to it
CREATE TABLE IF NOT EXISTS mirror_pages (
    section TEXT NOT NULL,
    page INTEGER NOT NULL,
    digest BLOB NOT NULL,
    stored INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (section, page)
) STRICT;

-- directory: facts about the whole
CREATE TABLE IF NOT EXISTS mirror_facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
-- assets: what was promised to callers and what became of it; moments are seconds since 1970
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    serial TEXT NOT NULL,
    fields TEXT NOT NULL,             -- JSON: every field as it goes to ITFlow
    key TEXT NOT NULL,                -- name of the bridge's key that it came with
    state TEXT NOT NULL DEFAULT 'pending',
    accepted_at REAL NOT NULL,
    next_try_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    sent_at REAL,                     -- last time it was sent without a clear answer, or is being sent
    known_ids TEXT,                   -- JSON: ids of assets that looked alike before it was first sent
    reason TEXT NOT NULL DEFAULT '',  -- why it is not in ITFlow yet
    asset_id INTEGER,
    done_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_by_state ON journal (state, client_id, id);
-- access: which phone last fetched which phonebook
CREATE TABLE IF NOT EXISTS phones (
    address TEXT NOT NULL,
    mac TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    format TEXT NOT NULL,
    key TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    entries INTEGER NOT NULL,
    fetches INTEGER NOT NULL,
    PRIMARY KEY (address, mac, user_agent, format, key)
) STRICT;
"""


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
        self._lock = threading.Lock()
        with _mapped(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # It holds people's numbers: others on the machine do not read it, unless the operator lets them. A file
            # that is there must not be touched: closing it here would drop SQLite's locks of this process (POSIX).
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
            self._connection.executescript(SCHEMA)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A view that no writer changes midway.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._transaction("DEFERRED") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction, committed at the end, rolled back on any error.

        Raises:
            StorageError: The file cannot be written: locked, full, or not ours to write.
        """
        with self._transaction("IMMEDIATE") as connection:
            yield connection

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses this database off the event loop."""
        return await asyncio.to_thread(function)

    def version(self) -> int:
        """A number that changes whenever another connection or process has committed."""
        with self._lock, _mapped(self.path):
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def close(self) -> None:
        """Close the file; the object is of no use afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        with self._lock, _mapped(self.path):
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise


@contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"{path} (setting storage.path) cannot be used: {error}. "
            "Check that the folder exists, has room, and belongs to the user that runs the bridge."
        ) from error
