"""The mirror's tables in ``bridge.db``: what is known of each module, and how a pull is taken over.

An ordinary pull is taken over in one transaction, so that nobody sees half of it; one of many thousand rows (the
first, as a rule) in several, so that no other writer waits long for the file, and its version counts up at the end.
Each transaction checks and raises the module's count of pulls: of two pullers that meet (the service's and an
operator's) one stands back. The marks of the pages go first: a pull that was broken off is done again in full.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge import numbers
from bridge.clock import Moment
from bridge.directory.entries import Kind
from bridge.directory.found import SLICE, Found, Known
from bridge.directory.mirror import Freshness
from bridge.directory.reader import freshness, read_facts
from bridge.directory.rows import TABLES, NumberRow, StoredRow, Table, numbers_of, releases
from bridge.itflow.client import PageMark
from bridge.storage import Database


class MirrorStore:
    """Reads and writes the mirror's tables.

    All methods raise ``StorageError`` where the file cannot be used.

    Args:
        database: ``bridge.db``.
        region: The setting ``numbers.region``.
    """

    def __init__(self, database: Database, region: str) -> None:
        self.database = database
        self._region = region

    def known(self, module: str) -> Known:
        """What is known of a module."""
        with self.database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO mirror_modules (module) VALUES (?)", (module,))
            connection.execute(
                f"UPDATE mirror_modules SET rows = ({_count(module)}) WHERE module = ? AND rows IS NULL",
                (module,),
            )
            pull, rows, pulled_at, doubt, gap = connection.execute(
                "SELECT pull, rows, pulled_at, doubt, gap FROM mirror_modules WHERE module = ?", (module,)
            ).fetchone()
            odd = connection.execute("SELECT reason FROM odd_row WHERE module = ?", (module,)).fetchall()
        return Known(pull, rows, pulled_at is not None, doubt, gap, frozenset(reason for (reason,) in odd))

    def marks(self, module: str) -> dict[int, PageMark]:
        """The pages of the last whole pull, by offset."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT page_offset, digest, count, first_id, last_id FROM mirror_marks WHERE module = ?", (module,)
            ).fetchall()
        return {offset: PageMark(*mark) for offset, *mark in rows}

    def rows(self, module: str, after: int, until: int) -> dict[int, StoredRow]:
        """The known rows with ids above ``after`` and up to ``until``."""
        table = TABLES[module]
        with self.database.read() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {_of(table)} AND id > ? AND id <= ?",
                (after, until),
            )
            place = table.id_place
            return {row[place]: row for row in rows}

    def ids(self, module: str, after: int) -> array[int]:
        """The ids of known rows above ``after``."""
        table = TABLES[module]
        with self.database.read() as connection:
            rows = connection.execute(f"SELECT id FROM {table.name} WHERE {_of(table)} AND id > ?", (after,))
            return array("Q", (row_id for (row_id,) in rows))

    def take(self, found: Sequence[Found], at: Moment, facts: Mapping[str, str], doubts: Mapping[str, str]) -> bool:
        """Take pulls over together.

        Args:
            found: The pulls.
            at: When they began.
            facts: Facts about the whole that hold from now on.
            doubts: Modules that lose no rows, and why; the others are without doubt, gap and fault then.

        Returns:
            False where another pull was taken over meanwhile; then these are void.
        """
        pulls = {one.module: one.known.pull for one in found}
        parts = ((one, rows) for one in found for rows in one.slices())
        if sum(one.changed for one in found) <= SLICE:
            together = [self._prepared(one, rows) for one, rows in parts]
        else:
            together = []
            with self.database.write() as connection:
                connection.executemany("DELETE FROM mirror_marks WHERE module = ?", [(module,) for module in pulls])
            for one, rows in parts:
                prepared = self._prepared(one, rows)
                with self.database.write() as connection:
                    if not _count_up(connection, pulls, one.module):
                        return False
                    prepared.write(connection)
        with self.database.write() as connection:
            if not all(_count_up(connection, pulls, one.module) for one in found):
                return False
            for prepared in together:
                prepared.write(connection)
            for one in found:
                _close(connection, one, at, doubts.get(one.module, ""))
            changed = any(one.changed or one.odd or (one.lost and one.module not in doubts) for one in found)
            if any((changed, _note_facts(connection, facts), _note_regions(connection))):
                _raise_version(connection)
        return True

    def add(self, module: str, rows: Sequence[StoredRow]) -> int:
        """Add rows that are not known yet, between two whole pulls; a whole pull that is under way is void then.

        Known rows stay as they are, because the marks of their pages stand for them.

        Returns:
            How many were new.
        """
        table = TABLES[module]
        with self.database.write() as connection:
            ids = [row[table.id_place] for row in rows]
            known = {
                row_id
                for (row_id,) in connection.execute(
                    f"SELECT id FROM {table.name} WHERE {_of(table)} AND id BETWEEN ? AND ?",
                    (min(ids, default=0), max(ids, default=0)),
                )
            }
            new = [row for row in rows if row[table.id_place] not in known]
            if new:
                _Prepared(table, new, self._numbers(table, new, _regions(connection))).write(connection)
                connection.execute(
                    "UPDATE mirror_modules SET pull = pull + 1, rows = rows + ? WHERE module = ?", (len(new), module)
                )
                _note_regions(connection)
                _raise_version(connection)
        return len(new)

    def change(self, module: str, rows: Sequence[StoredRow]) -> int:
        """Take over rows that are known in another state, between two whole pulls; one under way is void then.

        The marks of their pages go: the next whole pull looks into these again.

        Returns:
            How many were other than before.
        """
        table = TABLES[module]
        with self.database.write() as connection:
            same = f"SELECT 1 FROM {table.name} WHERE {' AND '.join(f'{column} IS ?' for column in table.columns)}"
            changed = [row for row in rows if not connection.execute(same, row).fetchone()]
            if changed:
                _Prepared(table, changed, self._numbers(table, changed, _regions(connection))).write(connection)
                connection.executemany(
                    "DELETE FROM mirror_marks WHERE module = ? AND ? BETWEEN first_id AND last_id",
                    [(module, row[table.id_place]) for row in changed],
                )
                connection.execute("UPDATE mirror_modules SET pull = pull + 1 WHERE module = ?", (module,))
                _raise_version(connection)
        return len(changed)

    def tickets_to_check(self, resolved: int) -> list[int]:
        """The ids of tickets that may change, the newest first: all that are open, and some that are resolved."""
        with self.database.read() as connection:
            found = connection.execute(
                "SELECT id FROM ticket WHERE open OR id IN"
                " (SELECT id FROM ticket WHERE NOT open AND status = '4' ORDER BY id DESC LIMIT ?) ORDER BY id DESC",
                (resolved,),
            )
            return [row_id for (row_id,) in found]

    def note_facts(self, facts: Mapping[str, str]) -> None:
        """Note facts about the whole."""
        with self.database.write() as connection:
            if _note_facts(connection, facts):
                _raise_version(connection)

    def read_again(self) -> int:
        """Read the numbers anew that another region or release has read; what is known stays in use till then.

        Returns:
            How many entries had their numbers read.
        """
        with self.database.write() as connection:
            if _note_regions(connection):
                _raise_version(connection)
        entry, count = TABLES["contacts"], 0
        after: tuple[str, int] = ("", 0)
        while True:
            with self.database.read() as connection:
                regions = _regions(connection)
                stale = connection.execute(
                    f"SELECT {', '.join(f'entry.{column}' for column in entry.columns)}"
                    " FROM entry LEFT JOIN client ON client.id = entry.client_id"
                    " WHERE (entry.kind, entry.id) > (?, ?)"
                    " AND entry.read_as IS NOT coalesce(nullif(client.region, ''), ?) || ' ' || ?"
                    " ORDER BY entry.kind, entry.id LIMIT ?",
                    (*after, self._region, releases(), SLICE),
                ).fetchall()
            if not stale:
                return count
            after = stale[-1][:2]
            prepared = _Prepared(entry, stale, self._numbers(entry, stale, regions))
            with self.database.write() as connection:
                # A row that another pull changed meanwhile is not the one that was read here.
                prepared.write(connection, only_same=True)
                _raise_version(connection)
            count += len(stale)

    def note(self, module: str, *, doubt: str | None = None, fault: str = "") -> None:
        """Note why a module was not taken over.

        Args:
            module: The module.
            doubt: Why the pull is not believed; None leaves what there is.
            fault: Why the pull failed.
        """
        with self.database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO mirror_modules (module) VALUES (?)", (module,))
            connection.execute(
                "UPDATE mirror_modules SET doubt = ifnull(?, doubt), fault = ? WHERE module = ?",
                (doubt, fault, module),
            )

    def forget(self, module: str, gap: str) -> None:
        """Give a module up that the key can no longer read; what is given up already leaves the mirror as it is."""
        table = TABLES[module]
        with self.database.write() as connection:
            before = connection.total_changes
            connection.execute("DELETE FROM mirror_marks WHERE module = ?", (module,))
            connection.execute("DELETE FROM odd_row WHERE module = ?", (module,))
            if table.kind:
                connection.execute("DELETE FROM number WHERE kind = ?", (table.kind.value,))
            connection.execute(f"DELETE FROM {table.name} WHERE {_of(table)}")
            if module == "payments":  # what is paid is not known from now on, which is not the same as nothing
                _note_facts(connection, {"payments": ""})
            (former,) = connection.execute("SELECT gap FROM mirror_modules WHERE module = ?", (module,)).fetchone()
            if connection.total_changes > before or bool(former) != bool(gap):
                _raise_version(connection)
            connection.execute(
                "UPDATE mirror_modules"
                " SET pull = pull + 1, rows = 0, pulled_at = NULL, doubt = '', gap = ?, fault = '' WHERE module = ?",
                (gap, module),
            )

    def facts(self) -> dict[str, str]:
        """What is known of the whole."""
        with self.database.read() as connection:
            return read_facts(connection)

    def has_people(self) -> bool:
        """Whether every module of people that can be read was."""
        return self.freshness().people_at is not None

    def freshness(self) -> Freshness:
        """How current the mirror is."""
        with self.database.read() as connection:
            return freshness(connection)

    def _prepared(self, found: Found, rows: Sequence[StoredRow]) -> _Prepared:
        table = TABLES[found.module]
        with self.database.read() as connection:
            regions = _regions(connection) if table.kind else {}
        return _Prepared(table, rows, self._numbers(table, rows, regions))

    def _numbers(
        self, table: Table, rows: Sequence[StoredRow], regions: Mapping[int, str]
    ) -> list[tuple[str, list[NumberRow]]]:
        """For each row how its numbers were read, and the numbers."""
        if table.kind is None:
            return []
        wanted = [regions.get(row[2]) or self._region for row in rows]
        return [
            (f"{region} {releases()}", list(numbers_of(row, region))) for row, region in zip(rows, wanted, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Rows that are ready to be written, their numbers read."""

    table: Table
    rows: Sequence[StoredRow]
    numbers: Sequence[tuple[str, Sequence[NumberRow]]]

    def write(self, connection: sqlite3.Connection, *, only_same: bool = False) -> None:
        columns = self.table.columns
        if self.table.kind is None:
            connection.executemany(_upsert(self.table, columns), self.rows)
            return
        pairs = list(zip(self.rows, self.numbers, strict=True))
        if only_same:
            there = f"SELECT 1 FROM entry WHERE {' AND '.join(f'{column} IS ?' for column in columns)}"
            pairs = [pair for pair in pairs if connection.execute(there, pair[0]).fetchone()]
        connection.executemany(_upsert(self.table, (*columns, "read_as")), [(*row, how) for row, (how, _) in pairs])
        connection.executemany("DELETE FROM number WHERE kind = ? AND id = ?", [row[:2] for row, _ in pairs])
        connection.executemany(
            "INSERT INTO number (kind, id, place, number, label, extension) VALUES (?, ?, ?, ?, ?, ?)",
            (number for _, (_, found) in pairs for number in found),
        )


def _upsert(table: Table, columns: Sequence[str]) -> str:
    key = "kind, id" if table.kind else "id"
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in {"kind", "id"})
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        f" ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )


def _of(table: Table) -> str:
    return f"kind = '{table.kind.value}'" if table.kind else "true"


def _count(module: str) -> str:
    return f"SELECT count(*) FROM {TABLES[module].name} WHERE {_of(TABLES[module])}"


def _close(connection: sqlite3.Connection, found: Found, at: Moment, doubt: str) -> None:
    """Note a pull whose rows are written; with a doubt its lost rows stay, and no mark stands for its pages."""
    module, table = found.module, TABLES[found.module]
    lost = [(row_id,) for row_id in found.lost] if not doubt else []
    if table.kind:
        connection.executemany(f"DELETE FROM number WHERE {_of(table)} AND id = ?", lost)
    connection.executemany(f"DELETE FROM {table.name} WHERE {_of(table)} AND id = ?", lost)
    connection.execute("DELETE FROM odd_row WHERE module = ?", (module,))
    connection.executemany(
        "INSERT OR IGNORE INTO odd_row VALUES (?, ?, ?, ?, ?)",
        [(module, odd.id, odd.reason, odd.client_id, odd.invoice_id) for odd in found.odd],
    )
    connection.execute("DELETE FROM mirror_marks WHERE module = ?", (module,))
    if doubt:
        connection.execute(
            "UPDATE mirror_modules SET rows = ?, doubt = ?, fault = '' WHERE module = ?",
            (found.known.rows + found.new, doubt, module),
        )
        return
    connection.executemany(
        "INSERT INTO mirror_marks VALUES (?, ?, ?, ?, ?, ?)",
        [
            (module, offset, mark.digest, mark.count, mark.first_id, mark.last_id)
            for offset, mark in found.marks.items()
        ],
    )
    connection.execute(
        "UPDATE mirror_modules SET rows = ?, pulled_at = ?, doubt = '', gap = '', fault = '' WHERE module = ?",
        (found.known.rows + found.new - len(lost), str(at), module),
    )


def _regions(connection: sqlite3.Connection) -> dict[int, str]:
    """The clients whose country is known."""
    return dict(connection.execute("SELECT id, region FROM client WHERE region <> ''"))


def _note_regions(connection: sqlite3.Connection) -> bool:
    """Give each client the country of its primary location; whether one has changed."""
    wanted = {
        client_id: numbers.region_named(country)
        for client_id, country in connection.execute(
            "SELECT client_id, country FROM entry WHERE kind = ? AND is_primary AND NOT archived ORDER BY id",
            (Kind.LOCATION.value,),
        )
    }
    changes = [
        (wanted.get(client_id, ""), client_id)
        for client_id, region in connection.execute("SELECT id, region FROM client").fetchall()
        if region != wanted.get(client_id, "")
    ]
    connection.executemany("UPDATE client SET region = ? WHERE id = ?", changes)
    return bool(changes)


def _note_facts(connection: sqlite3.Connection, facts: Mapping[str, str]) -> bool:
    """Note facts about the whole; whether one has changed."""
    if facts.items() <= read_facts(connection).items():
        return False
    connection.executemany("INSERT OR REPLACE INTO mirror_facts VALUES (?, ?)", facts.items())
    return True


def _raise_version(connection: sqlite3.Connection) -> None:
    """Name the content anew; at random too, because a backup that is put back counts from an earlier number on."""
    connection.execute(
        "INSERT INTO mirror_facts VALUES ('version', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1"
    )
    connection.execute("INSERT OR REPLACE INTO mirror_facts VALUES ('origin', lower(hex(randomblob(6))))")


def _count_up(connection: sqlite3.Connection, pulls: dict[str, int], module: str) -> bool:
    done = connection.execute(
        "UPDATE mirror_modules SET pull = pull + 1, rows = NULL WHERE module = ? AND pull = ?", (module, pulls[module])
    ).rowcount
    pulls[module] += 1
    return bool(done)
