"""Which phone last fetched which phonebook, for ``itflow-bridge phones``.

Sightings gather in memory, so that an answer never waits for the disk, and are stored every few seconds. Who has a key
for phonebooks can name itself as it likes, so both are bounded, and what it says of itself is cleaned.
"""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from prometheus_client import Gauge

from bridge import controls
from bridge.access.background import repeated
from bridge.errors import StorageError
from bridge.storage import Database

FLUSH_INTERVAL_S = 5.0
KEEP_DAYS = 90
KEPT = 10_000  # phones in the list; the longest silent are forgotten first
MAX_FRESH = 5_000  # phones between two flushes; those beyond are seen with their next fetch
MAX_CHARS = 200  # of each thing that a phone says of itself

_FETCHED_AT = Gauge(
    "itflow_bridge_phonebook_fetch_timestamp_seconds", "When a phone last fetched a book of a format", ["format"]
)

_UPSERT = """
INSERT INTO phones (address, mac, user_agent, format, key, fetched_at, entries, fetches)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    fetched_at = excluded.fetched_at, entries = excluded.entries, fetches = fetches + excluded.fetches
"""


class Phone(NamedTuple):
    """A phone and the book it asks for.

    Attributes:
        address: Its IP address.
        mac: Twelve lower-case hex digits, empty where the request does not tell.
        format: The phone format it got.
        key: Name of the key it used.
    """

    address: str
    mac: str
    user_agent: str
    format: str
    key: str


class Sighting(NamedTuple):
    """When a phone last fetched its book.

    Attributes:
        entries: How many entries that book had.
        fetches: How often it was fetched since it is kept in mind.
    """

    phone: Phone
    fetched_at: dt.datetime
    entries: int
    fetches: int


class Phones:
    """What phones fetched.

    Args:
        database: Where it is stored.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fresh: dict[Phone, Sighting] = {}

    def recall(self) -> None:
        """Set the metric of each format to what is stored, as after a start.

        Raises:
            StorageError: It cannot be read.
        """
        for seen in reversed(self.all()):
            _FETCHED_AT.labels(seen.phone.format).set(seen.fetched_at.timestamp())

    def note(self, phone: Phone, entries: int) -> None:
        """A phone has fetched its book."""
        phone = Phone(*(controls.one_line(part)[:MAX_CHARS] for part in phone))
        before = self._fresh.get(phone)
        if before is None and len(self._fresh) >= MAX_FRESH:
            return
        self._fresh[phone] = Sighting(phone, dt.datetime.now(dt.UTC), entries, before.fetches + 1 if before else 1)

    def flush(self) -> None:
        """Store what was noted since the last time.

        Raises:
            StorageError: It cannot be stored; it is tried again with the next flush.
        """
        fresh, self._fresh = self._fresh, {}
        if not fresh:
            return
        oldest = dt.datetime.now(dt.UTC) - dt.timedelta(days=KEEP_DAYS)
        for phone, seen in list(fresh.items()):
            _FETCHED_AT.labels(phone.format).set(seen.fetched_at.timestamp())
        rows = [
            (*phone, seen.fetched_at.isoformat(), seen.entries, seen.fetches) for phone, seen in list(fresh.items())
        ]
        try:
            with self._database.write() as connection:
                connection.executemany(_UPSERT, rows)
                connection.execute("DELETE FROM phones WHERE fetched_at < ?", (oldest.isoformat(),))
                connection.execute(
                    "DELETE FROM phones WHERE rowid IN "
                    "(SELECT rowid FROM phones ORDER BY fetched_at DESC LIMIT -1 OFFSET ?)",
                    (KEPT,),
                )
        except StorageError:
            for phone, seen in fresh.items():
                later = self._fresh.get(phone)
                self._fresh[phone] = later._replace(fetches=later.fetches + seen.fetches) if later else seen
            raise

    def forget(self, which: str) -> int:
        """Remove phones by their address or MAC, however that is written.

        Returns:
            How many rows there were.

        Raises:
            StorageError: They cannot be removed.
        """
        mac = "".join(character for character in which.lower() if character.isalnum())
        with self._database.write() as connection:
            return connection.execute(
                "DELETE FROM phones WHERE address = ? OR (mac <> '' AND mac = ?)", (which, mac)
            ).rowcount

    def all(self) -> list[Sighting]:
        """Every phone stored, the latest first.

        Raises:
            StorageError: They cannot be read.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT address, mac, user_agent, format, key, fetched_at, entries, fetches "
                "FROM phones ORDER BY fetched_at DESC"
            ).fetchall()
        return [
            Sighting(Phone(*phone), dt.datetime.fromisoformat(at), entries, fetches)
            for *phone, at, entries, fetches in rows
        ]

    def flushing(self, interval_s: float = FLUSH_INTERVAL_S) -> AbstractAsyncContextManager[None]:
        """Store what is noted every ``interval_s`` while the context lasts, and once more at its end."""

        async def flush() -> None:
            await self._database.run(self.flush)

        return repeated("Storing which phones were seen", flush, interval_s)
