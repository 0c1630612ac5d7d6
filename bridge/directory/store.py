"""The mirror's tables in ``bridge.db``: ITFlow's rows, the marks of their pages, the state of each module.

A pull is taken over in small transactions, so that nobody else waits long for the file. The first one takes the
marks away and counts the module's pulls up; every later one checks that count. So a pull that was broken off is
done again in full, and of two that meet (the service's and an operator's) one stands back.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.directory.mirror import Freshness
from bridge.itflow.client import PageMark
from bridge.storage import Database

PEOPLE: Final = ("clients", "locations", "contacts", "vendors")
MONEY: Final = ("invoices", "payments")

# Rows written in one transaction: some 20 ms in which another writer waits.
SLICE = 5000

_UPSERT = """
INSERT INTO mirror_rows (module, id, client_id, archived, record) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET client_id = excluded.client_id, archived = excluded.archived,
    record = excluded.record, region = NULL
"""
_INSERT = "INSERT OR IGNORE INTO mirror_rows (module, id, client_id, archived, record) VALUES (?, ?, ?, ?, ?)"

# Module, id, client id, archived, record.
StoredRow = tuple[str, int, int, bool, bytes]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a module.

    Attributes:
        pull: Counts the pulls that were taken over.
        rows: Rows, archived ones too.
        ever: It has been pulled before.
        doubt: What is doubtful about it.
        gap: Why it cannot be read.
    """

    pull: int
    rows: int
    ever: bool
    doubt: str
    gap: str


@dataclass(slots=True)
class Found:
    """What a pull of a module found, not yet taken over.

    Attributes:
        known: The module before.
        marks: Its pages.
        lost: Ids of known rows that are gone.
        seen: Rows that ITFlow has.
        new: Rows that were not known.
        changed: Rows that are new or other than before.
        same_pages: Pages that came unchanged, so that nobody looked into them.
    """

    module: str
    known: Known
    marks: dict[int, PageMark] = field(default_factory=dict)
    lost: array[int] = field(default_factory=lambda: array("Q"))
    seen: int = 0
    new: int = 0
    changed: int = 0
    same_pages: int = 0
    # On disk, where a first pull of a million rows has room.
    _spool: sqlite3.Connection = field(
        default_factory=lambda: sqlite3.connect("", check_same_thread=False), repr=False
    )

    def __post_init__(self) -> None:
        self._spool.execute("CREATE TABLE rows (module, id PRIMARY KEY, client_id, archived, record)")

    def add(self, rows: list[StoredRow]) -> None:
        """Note rows that are new or changed."""
        self._spool.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", rows)
        self.changed += len(rows)

    def slices(self) -> Iterator[list[StoredRow]]:
        """The noted rows."""
        cursor = self._spool.execute("SELECT module, id, client_id, archived, record FROM rows ORDER BY id")
        while rows := cursor.fetchmany(SLICE):
            yield rows

    def close(self) -> None:
        """Forget the noted rows."""
        self._spool.close()


class MirrorStore:
    """Reads and writes the mirror's tables.

    All methods raise ``StorageError`` where the file cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def known(self, module: str) -> Known:
        """What is known of a module."""
        with self.database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO mirror_modules (module) VALUES (?)", (module,))
            connection.execute(
                "UPDATE mirror_modules SET rows = (SELECT count(*) FROM mirror_rows WHERE module = ?1)"
                " WHERE module = ?1 AND rows IS NULL",
                (module,),
            )
            pull, rows, pulled_at, doubt, gap = connection.execute(
                "SELECT pull, rows, pulled_at, doubt, gap FROM mirror_modules WHERE module = ?", (module,)
            ).fetchone()
        return Known(pull, rows, pulled_at is not None, doubt, gap)

    def marks(self, module: str) -> dict[int, PageMark]:
        """The pages of the last whole pull, by offset."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT page_offset, digest, count, first_id, last_id FROM mirror_marks WHERE module = ?", (module,)
            ).fetchall()
        return {offset: PageMark(*mark) for offset, *mark in rows}

    def records(self, module: str, after: int, until: int) -> dict[int, bytes]:
        """The known rows with ids above ``after`` and up to ``until``."""
        with self.database.read() as connection:
            return dict(
                connection.execute(
                    "SELECT id, record FROM mirror_rows WHERE module = ? AND id > ? AND id <= ?",
                    (module, after, until),
                )
            )

    def ids(self, module: str, after: int) -> array[int]:
        """The ids of known rows above ``after``."""
        with self.database.read() as connection:
            rows = connection.execute("SELECT id FROM mirror_rows WHERE module = ? AND id > ?", (module, after))
            return array("Q", (row_id for (row_id,) in rows))

    def take(self, found: Found, at: dt.datetime) -> bool:
        """Take a pull over; its module is without doubt, gap and fault then.

        Args:
            found: The pull.
            at: When it began (UTC).

        Returns:
            False where another pull of the module was taken over meanwhile; then this one is void.
        """
        module, pull = found.module, found.known.pull
        for statement, rows in self._statements(found):
            with self.database.write() as connection:
                if not _count_up(connection, module, pull):
                    return False
                connection.executemany(statement, rows)
            pull += 1
        with self.database.write() as connection:
            if not _count_up(connection, module, pull):
                return False
            connection.executemany(
                "INSERT OR REPLACE INTO mirror_marks VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (module, offset, mark.digest, mark.count, mark.first_id, mark.last_id)
                    for offset, mark in found.marks.items()
                ],
            )
            connection.execute(
                "UPDATE mirror_modules SET rows = ?, pulled_at = ?, doubt = '', gap = '', fault = '' WHERE module = ?",
                (found.known.rows + found.new - len(found.lost), at.isoformat(), module),
            )
        return True

    def _statements(self, found: Found) -> Iterator[tuple[str, Sequence[tuple[object, ...]]]]:
        module = found.module
        if found.changed or found.lost or found.marks != self.marks(module):
            yield "DELETE FROM mirror_marks WHERE module = ?", [(module,)]
        for rows in found.slices():
            yield _UPSERT, rows
        for start in range(0, len(found.lost), SLICE):
            ids = found.lost[start : start + SLICE]
            yield "DELETE FROM mirror_rows WHERE module = ? AND id = ?", [(module, row_id) for row_id in ids]

    def add(self, module: str, rows: Sequence[StoredRow]) -> int:
        """Add rows that are not known yet, between two whole pulls; a whole pull that is under way is void then.

        Known rows stay as they are, because the marks of their pages stand for them.

        Returns:
            How many were new.
        """
        with self.database.write() as connection:
            new = connection.executemany(_INSERT, rows).rowcount
            if new > 0:
                connection.execute(
                    "UPDATE mirror_modules SET pull = pull + 1, rows = rows + ? WHERE module = ?", (new, module)
                )
        return max(0, new)

    def note(self, module: str, *, doubt: str | None = None, gap: str | None = None, fault: str = "") -> None:
        """Note why a module was not taken over.

        Args:
            module: The module.
            doubt: Why the pull is not believed; None leaves what there is.
            gap: Why the key cannot read the module; None leaves what there is.
            fault: Why the pull failed.
        """
        with self.database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO mirror_modules (module) VALUES (?)", (module,))
            connection.execute(
                "UPDATE mirror_modules SET doubt = ifnull(?, doubt), gap = ifnull(?, gap), fault = ? WHERE module = ?",
                (doubt, gap, fault, module),
            )

    def forget(self, module: str, gap: str) -> None:
        """Give a module up that the key can no longer read, because the operator said so."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM mirror_marks WHERE module = ?", (module,))
            connection.execute("DELETE FROM mirror_rows WHERE module = ?", (module,))
            connection.execute(
                "UPDATE mirror_modules"
                " SET pull = pull + 1, rows = 0, pulled_at = NULL, doubt = '', gap = ?, fault = '' WHERE module = ?",
                (gap, module),
            )
            if module == "payments":  # what is paid is not known from now on, which is not the same as nothing
                connection.execute("UPDATE mirror_facts SET value = '' WHERE name = 'payments'")

    def facts(self) -> dict[str, str]:
        """What is known of the whole."""
        with self.database.read() as connection:
            return read_facts(connection)

    def note_facts(self, **facts: str) -> None:
        """Note facts about the whole."""
        with self.database.write() as connection:
            connection.executemany("INSERT OR REPLACE INTO mirror_facts VALUES (?, ?)", facts.items())

    def has_people(self) -> bool:
        """Whether every module of people that can be read was."""
        with self.database.read() as connection:
            return bool(_oldest(connection, PEOPLE))

    def publish(self) -> None:
        """Let the stored snapshot count as being as current as the pulls; to be called when it is made of them."""
        with self.database.write() as connection:
            no_invoices = connection.execute(
                "SELECT 1 FROM mirror_modules WHERE module = 'invoices' AND gap <> ''"
            ).fetchone()
            connection.executemany(
                "INSERT OR REPLACE INTO mirror_facts VALUES (?, ?)",
                [
                    ("people_at", _oldest(connection, PEOPLE)),
                    ("money_at", "" if no_invoices else _oldest(connection, MONEY)),
                ],
            )

    def freshness(self) -> Freshness:
        """How current the stored snapshot is."""
        with self.database.read() as connection:
            return read_freshness(connection)


def read_freshness(connection: sqlite3.Connection) -> Freshness:
    """How current the stored snapshot is, within a transaction."""
    modules = connection.execute(
        "SELECT module, rows, doubt, gap, fault FROM mirror_modules ORDER BY module"
    ).fetchall()
    facts = read_facts(connection)

    def moment(name: str) -> dt.datetime | None:
        return dt.datetime.fromisoformat(facts[name]) if facts.get(name) else None

    return Freshness(
        people_at=moment("people_at"),
        money_at=moment("money_at"),
        doubts={module: doubt for module, _, doubt, _, _ in modules if doubt},
        unreadable={module: gap for module, _, _, gap, _ in modules if gap},
        faults={module: fault for module, _, _, _, fault in modules if fault},
        rows={module: rows for module, rows, _, _, _ in modules if rows},
        payments=facts.get("payments", ""),
        generation=facts.get("generation", ""),
    )


def _oldest(connection: sqlite3.Connection, modules: tuple[str, ...]) -> str:
    """When the last of some modules was pulled; empty where one that can be read never was."""
    states = dict(connection.execute("SELECT module, iif(gap = '', pulled_at, 'gap') FROM mirror_modules"))
    times = [states.get(module) or "" for module in modules]
    return min((time for time in times if time != "gap"), default="")


def read_facts(connection: sqlite3.Connection) -> dict[str, str]:
    """What is known of the whole, within a transaction."""
    return dict(connection.execute("SELECT name, value FROM mirror_facts"))


def _count_up(connection: sqlite3.Connection, module: str, pull: int) -> bool:
    return bool(
        connection.execute(
            "UPDATE mirror_modules SET pull = pull + 1, rows = NULL WHERE module = ? AND pull = ?", (module, pull)
        ).rowcount
    )
