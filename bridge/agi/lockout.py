"""PINs: how a typed one is compared, and who is locked out after wrong ones.

Locks are kept in ``bridge.db``, so a restart forgets none. How long one has lasted is told by the machine's own
time since its start, so setting the wall clock ends none early and prolongs none; only after a restart of the
machine the wall clock counts (see ``clock.Moment``).
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections.abc import Collection
from functools import partial

from bridge.clock import Moment
from bridge.storage import Database

LEAST_DIGITS = 4  # shorter PINs open nothing
LONGER = (1, 4, 96)  # a lock, the one after it, all later ones: 15 minutes, an hour, a day
FORGOTTEN_S = 30 * 86400  # after the last wrong PIN
MAX_SUBJECTS = 10_000

# A phone's keys (ITU-T E.161), for PINs that hold letters; other characters of a PIN need not be typed.
_LETTERS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
_KEYS = {letter: key for key, letters in _LETTERS.items() for letter in letters}


class Lockout:
    """Counts wrong PINs by subject: a caller or a client.

    Args:
        database: Where they are kept.
        tries: Wrong PINs before a subject is locked.
        lock_s: How long the first lock lasts; see ``LONGER`` for the next ones.
    """

    def __init__(self, database: Database, tries: int, lock_s: float) -> None:
        self._database = database
        self._tries = tries
        self._lock_s = lock_s

    async def locked(self, subjects: Collection[str]) -> bool:
        """Whether one of the subjects is locked.

        Raises:
            StorageError: It is not known.
        """

        def read() -> bool:
            with self._database.read() as connection:
                return any(self._locked(connection, subject) for subject in subjects)

        return await self._database.run(read)

    async def spend(self, subjects: Collection[str]) -> bool:
        """Count a PIN as wrong, before it is looked at; ``clear`` takes that back.

        So calls at the same time have no more tries together than one call has.

        Returns:
            Whether the PIN may be looked at: no subject was locked.

        Raises:
            StorageError: It cannot be counted, so nothing may be looked at.
        """

        def write() -> bool:
            with self._database.write() as connection:
                if any(self._locked(connection, subject) for subject in subjects):
                    return False
                for subject in subjects:
                    self._count(connection, subject)
                _make_room(connection)
            return True

        return await self._database.run(write)

    async def clear(self, subjects: Collection[str]) -> None:
        """Forget the wrong PINs and locks of each subject.

        Raises:
            StorageError: They stay.
        """
        await self._database.run(partial(self._clear, subjects))

    def _clear(self, subjects: Collection[str]) -> None:
        with self._database.write() as connection:
            connection.executemany("DELETE FROM pin_locks WHERE subject = ?", [(subject,) for subject in subjects])

    def _locked(self, connection: sqlite3.Connection, subject: str) -> bool:
        row = connection.execute(
            "SELECT locks, at FROM pin_locks WHERE subject = ? AND wrong = 0", (subject,)
        ).fetchone()
        return row is not None and Moment.read(row[1]).age_s < self._lock_s * LONGER[min(row[0], len(LONGER)) - 1]

    def _count(self, connection: sqlite3.Connection, subject: str) -> None:
        row = connection.execute("SELECT wrong, locks, at FROM pin_locks WHERE subject = ?", (subject,)).fetchone()
        wrong, locks = row[:2] if row is not None and Moment.read(row[2]).age_s < FORGOTTEN_S else (0, 0)
        wrong += 1
        if wrong >= self._tries:
            wrong, locks = 0, locks + 1
        connection.execute(
            "INSERT OR REPLACE INTO pin_locks (subject, wrong, locks, at) VALUES (?, ?, ?, ?)",
            (subject, wrong, locks, str(Moment.now())),
        )


def _make_room(connection: sqlite3.Connection) -> None:
    """Keep the table bounded: who has been locked least often, and longest ago, is forgotten first."""
    connection.execute(
        "DELETE FROM pin_locks WHERE subject IN (SELECT subject FROM pin_locks ORDER BY locks DESC, at DESC "
        "LIMIT -1 OFFSET ?)",
        (MAX_SUBJECTS,),
    )


def keyed(pin: str) -> str:
    """A PIN as it is typed on a phone: digits, and letters by their key."""
    return "".join(_KEYS.get(c, c) for c in pin.lower() if c in _KEYS or (c.isascii() and c.isdigit()))


def usable(pin: str) -> bool:
    """Whether a PIN can be typed and is long enough to open anything."""
    return len(keyed(pin)) >= LEAST_DIGITS


def matches(typed: str, pins: Collection[str]) -> bool:
    """Whether one of the usable PINs was typed; takes the same time for every outcome."""
    found = 0
    for pin in pins:
        found |= hmac.compare_digest(_digest(typed), _digest(keyed(pin))) & usable(pin)
    return bool(found)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
