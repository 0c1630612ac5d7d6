"""The log of calls in ``bridge.db``: one row a call, what it came to and, until it is settled, what it was made of."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from bridge.calls.call import call_of, compacted
from bridge.calls.event import Event, What
from bridge.calls.party import Party
from bridge.calls.rows import COLUMNS, Filters, Logged, conditions, logged, text, values
from bridge.errors import NotFound
from bridge.storage import Database

MAX_EVENTS = 200  # of one call that are kept; of more, only answers and the end
MAX_ROWS = 10_000  # of one answer
KEPT = 100_000  # rows; the oldest beyond are removed before their time
SETTLED_AFTER = dt.timedelta(days=2)
ANNOUNCED: Final = "incoming_call"  # the source of calls of which nothing but the beginning is told

_DECISIVE = frozenset({What.ANSWERED, What.ENDED})
_EVENTS = TypeAdapter(list[Event])


@dataclass(frozen=True, slots=True)
class Told:
    """Events of one telling, with who is on the other side of each."""

    events: Sequence[tuple[Event, Party | None]]
    key: str = ""


class CallLog:
    """Reads and writes the rows; every method waits for the disk.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, told: Iterable[Told]) -> list[Logged]:
        """Take events into their calls, in one transaction.

        Returns:
            The calls that are changed by it, in the order of their changes.

        Raises:
            StorageError: They cannot be stored.
        """
        tellings: dict[tuple[str, str], list[tuple[Event, Party | None, str]]] = {}
        for telling in told:
            for event, party in telling.events:
                tellings.setdefault((event.source, event.call_id), []).append((event, party, telling.key))
        with self._database.write() as connection:
            stored = [_stored(connection, news) for news in tellings.values()]
        return [one for one in stored if one is not None]

    def last_change(self) -> int:
        """The number of the last change.

        Raises:
            StorageError: It cannot be read.
        """
        with self._database.read() as connection:
            (last,) = connection.execute("SELECT last FROM call_changes").fetchone()
        return int(last)

    def forgotten(self) -> int:
        """A number that grows when calls are forgotten.

        Raises:
            StorageError: It cannot be read.
        """
        with self._database.read() as connection:
            (count,) = connection.execute("SELECT forgotten FROM call_changes").fetchone()
        return int(count)

    def up(self) -> list[Logged]:
        """The calls that are not over, the oldest first.

        Raises:
            StorageError: They cannot be read.
        """
        return self._rows("WHERE up ORDER BY id", ())

    def changed(self, after: int, limit: int) -> list[Logged]:
        """Calls with a change after a number, in the order of their last changes.

        Raises:
            StorageError: They cannot be read.
        """
        return self._rows("WHERE change > ? ORDER BY change LIMIT ?", (after, limit))

    def read(self, filters: Filters) -> list[Logged]:
        """Calls, the newest first.

        Raises:
            StorageError: They cannot be read.
        """
        wanted = list(conditions(filters))
        where = f"WHERE {' AND '.join(condition for condition, _ in wanted)}" if wanted else ""
        limit = min(filters.limit, MAX_ROWS)
        return self._rows(f"{where} ORDER BY id DESC LIMIT ?", (*(value for _, value in wanted), limit))

    def one(self, row: int) -> Logged:
        """One call.

        Raises:
            NotFound: There is none of this id.
            StorageError: It cannot be read.
        """
        found = self._rows("WHERE id = ?", (row,))
        if not found:
            raise NotFound(f"There is no call {row} in the log.")
        return found[0]

    def mark_done(self, row: int, person: str) -> Logged:
        """Mark a call as done, or as not done.

        Args:
            row: Its id.
            person: Who says so; empty takes the mark away.

        Raises:
            NotFound: There is none of this id.
            StorageError: It cannot be stored.
        """
        at = text(dt.datetime.now(dt.UTC)) if person else None
        with self._database.write() as connection:
            connection.execute(
                "UPDATE calls SET done_by = ?, done_at = ?, change = ? WHERE id = ?",
                (person, at, _next_change(connection), row),
            )
        return self.one(row)

    def forget(self, is_theirs: Callable[[str], bool], names: Collection[str] = ()) -> int:
        """Remove a person's calls, as if there had been none.

        Args:
            is_theirs: Whether a number, as the log has it, is the person's.
            names: Names that the person is logged under.

        Returns:
            How many.

        Raises:
            StorageError: They cannot be removed.
        """
        with self._database.write() as connection:
            # Who could not be looked up has a number in the call alone.
            stored = connection.execute(
                "SELECT id, name, number, iif(json_valid(call), call ->> 'from_number', ''),"
                " iif(json_valid(call), call ->> 'to_number', '') FROM calls"
            ).fetchall()
            theirs = [
                (row,)
                for row, name, *numbers in stored
                if (name and name in names) or any(map(is_theirs, filter(None, numbers)))
            ]
            connection.executemany("DELETE FROM calls WHERE id = ?", theirs)
            count = len(theirs)
            connection.execute("UPDATE call_changes SET forgotten = forgotten + ?", (count,))
        return count

    def expire(self, keep_days: int) -> None:
        """Remove what is older than is kept, and settle what nothing will change any more.

        Raises:
            StorageError: It cannot be done.
        """
        now = dt.datetime.now(dt.UTC)
        with self._database.write() as connection:
            connection.execute("DELETE FROM calls WHERE at < ?", (text(now - dt.timedelta(days=keep_days)),))
            connection.execute(
                "DELETE FROM calls WHERE id <= (SELECT id FROM calls ORDER BY id DESC LIMIT 1 OFFSET ?)", (KEPT,)
            )
            connection.execute(
                "UPDATE calls SET events = NULL WHERE events IS NOT NULL AND NOT up AND at < ?",
                (text(now - SETTLED_AFTER),),
            )

    def _rows(self, rest: str, given: Sequence[object]) -> list[Logged]:
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT {COLUMNS} FROM calls {rest}", given)  # noqa: S608 - our own words
            return [logged(row) for row in rows]


def _stored(connection: sqlite3.Connection, news: Sequence[tuple[Event, Party | None, str]]) -> Logged | None:
    """Take events into their call; None where they change nothing."""
    first, _, key = news[0]
    known = connection.execute(
        f"SELECT events, {COLUMNS} FROM calls WHERE source = ? AND call_id = ?",  # noqa: S608 - our own columns
        (first.source, first.call_id),
    ).fetchone()
    if known is not None and known[0] is None:
        return None  # settled, or announced to an older release
    before = logged(known[1:]) if known is not None else None
    events = _EVENTS.validate_json(known[0]) if known is not None else []
    events = list(dict.fromkeys([*events, *(event for event, _, _ in news)]))
    if len(events) > MAX_EVENTS:
        events = compacted(events)
        events = events[:MAX_EVENTS] + [one for one in events[MAX_EVENTS:] if one.what in _DECISIVE][:MAX_EVENTS]
    call = call_of(events)
    party = _better(before.party if before is not None else Party(), [one for _, one, _ in news if one is not None])
    dumped = _EVENTS.dump_json(events, exclude_defaults=True).decode()
    if before is not None and call == before.call and party == before.party:
        connection.execute("UPDATE calls SET events = ? WHERE id = ?", (dumped, before.id))
        return None
    change, key = _next_change(connection), before.key if before is not None else key
    columns = {**values(call, party), "key": key, "change": change, "events": dumped}
    names, places = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    (row,) = connection.execute(
        f"INSERT INTO calls ({names}) VALUES ({places}) ON CONFLICT DO UPDATE SET "  # noqa: S608 - our own columns
        f"{', '.join(f'{name} = excluded.{name}' for name in columns)} RETURNING id",
        columns,
    ).fetchone()
    stored = Logged(row, change, call, party, key)
    return replace(stored, done_by=before.done_by, done_at=before.done_at) if before is not None else stored


def _better(known: Party, found: Sequence[Party]) -> Party:
    """What was said first, unless somebody was found later: a caller is typed in while the phone rings."""
    hits = [party for party in (known, *found) if party.result == "hit"]
    return (hits or [party for party in (known, *found) if party.result] or [known])[0]


def _next_change(connection: sqlite3.Connection) -> int:
    (change,) = connection.execute("UPDATE call_changes SET last = last + 1 RETURNING last").fetchone()
    return int(change)
