"""Which phone last fetched which phonebook, for ``itflow-bridge phones``.

Sightings gather in memory, so that an answer never waits for the disk, and are stored every few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from bridge.errors import StorageError
from bridge.storage import Database

LOG = logging.getLogger(__name__)

FLUSH_INTERVAL_S = 5.0
KEEP_DAYS = 90
USER_AGENT_CHARS = 200

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
        self._failing = False

    def note(self, phone: Phone, entries: int) -> None:
        """A phone has fetched its book."""
        before = self._fresh.get(phone)
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
        rows = [(*phone, seen.fetched_at.isoformat(), seen.entries, seen.fetches) for phone, seen in fresh.items()]
        try:
            with self._database.write() as connection:
                connection.executemany(_UPSERT, rows)
                connection.execute("DELETE FROM phones WHERE fetched_at < ?", (oldest.isoformat(),))
        except StorageError:
            for phone, seen in fresh.items():
                later = self._fresh.get(phone)
                self._fresh[phone] = later._replace(fetches=later.fetches + seen.fetches) if later else seen
            raise

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

    @asynccontextmanager
    async def flushing(self, interval_s: float = FLUSH_INTERVAL_S) -> AsyncIterator[None]:
        """Store what is noted every ``interval_s`` while the context lasts, and once more at its end."""
        task = asyncio.create_task(self._flush_for_ever(interval_s), name="phones-flush")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self._flush_off_loop()

    async def _flush_for_ever(self, interval_s: float) -> None:
        while True:
            await asyncio.sleep(interval_s)
            await self._flush_off_loop()

    async def _flush_off_loop(self) -> None:
        try:
            await self._database.run(self.flush)
        except StorageError as error:
            # Once for each outage, not every few seconds.
            LOG.log(logging.DEBUG if self._failing else logging.WARNING, "Phones seen are not stored: %s", error)
            self._failing = True
        else:
            self._failing = False
