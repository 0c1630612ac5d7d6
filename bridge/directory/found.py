"""What a pull of a module found, before it is judged and taken over."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bridge.directory.rows import TABLES, StoredRow
from bridge.itflow.client import PageMark

# Rows written in one transaction: some 100 ms in which another writer waits.
SLICE = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a module.

    Attributes:
        pull: Counts the pulls that were taken over.
        rows: Rows, archived ones too.
        ever: It has been pulled before.
        doubt: What is doubtful about it.
        gap: Why it cannot be read.
        odd: What is said of its rows that cannot be read.
    """

    pull: int
    rows: int
    ever: bool
    doubt: str
    gap: str
    odd: frozenset[str]


@dataclass(frozen=True, slots=True)
class Odd:
    """A row that cannot be read.

    Attributes:
        id: 0 where that is what cannot be read.
        reason: Names module, column and row, never the value.
        client_id: Whose it is; None where that is not known, or for a payment.
        invoice_id: What a payment pays; None where that is not known.
    """

    id: int
    reason: str
    client_id: int | None = None
    invoice_id: int | None = None


@dataclass(slots=True)
class Found:
    """What a pull of a module found, not yet taken over.

    Attributes:
        known: The module before.
        marks: Its pages.
        lost: Ids of known rows that are gone.
        odd: Rows that cannot be read; known ones stay as they are.
        seen: Rows that ITFlow has.
        new: Rows that were not known.
        changed: Rows that are new or other than before.
        pages: Pages that were read.
        same_pages: Those that came unchanged, so that nobody looked into them.
    """

    module: str
    known: Known
    marks: dict[int, PageMark] = field(default_factory=dict)
    lost: array[int] = field(default_factory=lambda: array("Q"))
    odd: list[Odd] = field(default_factory=list)
    seen: int = 0
    new: int = 0
    changed: int = 0
    pages: int = 0
    same_pages: int = 0
    # On disk, where a first pull of a million rows has room.
    _spool: sqlite3.Connection = field(
        default_factory=lambda: sqlite3.connect("", check_same_thread=False, isolation_level=None), repr=False
    )

    def __post_init__(self) -> None:
        columns = TABLES[self.module].columns
        self._spool.execute(f"CREATE TABLE rows ({', '.join(columns)}, PRIMARY KEY (id))")
        self._spool.execute("BEGIN")

    def add(self, rows: Sequence[StoredRow]) -> None:
        """Note rows that are new or changed."""
        marks = ", ".join("?" * len(TABLES[self.module].columns))
        self._spool.executemany(f"INSERT OR REPLACE INTO rows VALUES ({marks})", rows)
        self.changed += len(rows)

    def slices(self) -> Iterator[list[StoredRow]]:
        """The noted rows."""
        cursor = self._spool.execute("SELECT * FROM rows ORDER BY id")
        while rows := cursor.fetchmany(SLICE):
            yield rows

    def close(self) -> None:
        """Forget the noted rows."""
        self._spool.close()
