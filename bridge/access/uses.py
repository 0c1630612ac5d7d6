"""When and from where each key was last used and refused, for ``itflow-bridge keys list``.

Uses gather in memory, so that no answer waits for the disk, and are stored every few seconds. Keys are made by the
operator only, and there are three rows for each at most; of the addresses, the last ones are remembered.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal, NamedTuple

from bridge.errors import StorageError
from bridge.storage import Database

MAX_ADDRESSES = 256  # remembered of each key

_UPSERT = """
INSERT INTO key_uses (name, what, at, address, times) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET at = excluded.at, address = excluded.address, times = times + excluded.times
"""


# What became of a request with a key: it was used; used by a secret that was replaced, and counted as used too;
# refused, since it is revoked, expired, or not made for this.
What = Literal["used", "replaced", "refused"]


class Use(NamedTuple):
    """The last time that something became of a key.

    Attributes:
        at: Seconds since 1970.
        address: Where the request came from; empty for unknown.
        times: How often it has happened.
    """

    at: float
    address: str
    times: int


class Uses:
    """What became of the keys.

    Args:
        database: Where it is stored.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fresh: dict[tuple[str, What], Use] = {}
        self._addresses: dict[str, dict[str, None]] = {}

    def note(self, name: str, what: What, address: str | None) -> None:
        """Something has become of a key just now."""
        place, address = (name, what), address or ""
        before = self._fresh.get(place)
        self._fresh[place] = Use(time.time(), address, before.times + 1 if before else 1)
        if what == "used" and address not in self._addresses.get(name, ()):
            self._remember(name, address)

    def familiar(self, name: str, address: str | None) -> bool:
        """Whether a key was used from an address lately."""
        return (address or "") in self._addresses.get(name, ())

    def recall(self) -> None:
        """Take the last address of each key for familiar, as after a start.

        Raises:
            StorageError: They cannot be read.
        """
        for (name, what), use in self.all().items():
            if what == "used":
                self._remember(name, use.address)

    def flush(self) -> None:
        """Store what was noted since the last time, and forget keys that are gone.

        Raises:
            StorageError: It cannot be stored; it is tried again with the next flush.
        """
        fresh, self._fresh = self._fresh, {}
        if not fresh:
            return
        rows = [(*place, *use) for place, use in list(fresh.items())]
        try:
            with self._database.write() as connection:
                connection.executemany(_UPSERT, rows)
                connection.execute("DELETE FROM key_uses WHERE name NOT IN (SELECT name FROM keys)")
        except StorageError:
            for place, use in fresh.items():
                later = self._fresh.get(place)
                self._fresh[place] = later._replace(times=later.times + use.times) if later else use
            raise

    def all(self) -> Mapping[tuple[str, What], Use]:
        """What is stored, by the key's name and what became of it.

        Raises:
            StorageError: It cannot be read.
        """
        with self._database.read() as connection:
            rows = connection.execute("SELECT name, what, at, address, times FROM key_uses").fetchall()
        return {(name, what): Use(*rest) for name, what, *rest in rows}

    def _remember(self, name: str, address: str) -> None:
        known = self._addresses.setdefault(name, {})
        if len(known) >= MAX_ADDRESSES:
            del known[next(iter(known))]
        known[address] = None
