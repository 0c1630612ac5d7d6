"""The call log: calls that a phone system announced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bridge import controls
from bridge.storage import Database

KEPT = 10_000
MAX_CHARS = 255  # of a number and a name


@dataclass(frozen=True, slots=True)
class Call:
    """One announced call.

    Attributes:
        number: The caller's number as it was sent.
        name: The name it had when it was announced; empty for none.
        attestation: Whether the network vouched for the number: ``verified``, ``failed`` or empty.
    """

    at: dt.datetime
    key: str
    number: str
    name: str
    attestation: str


class CallLog:
    """The last calls, newest first.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, key: str, number: str, name: str, attestation: str = "") -> None:
        """Keep a call; the oldest beyond the last 10,000 are forgotten.

        Raises:
            StorageError: It cannot be kept.
        """
        number, name = (controls.one_line(text)[:MAX_CHARS] for text in (number, name))
        with self._database.write() as connection:
            row = connection.execute(
                "INSERT INTO calls (at, key, number, name, attestation) VALUES (?, ?, ?, ?, ?)",
                (dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), key, number, name, attestation),
            ).lastrowid
            connection.execute("DELETE FROM calls WHERE id <= ?", ((row or 0) - KEPT,))

    def forget(self, is_theirs: Callable[[str], bool], names: Collection[str] = ()) -> int:
        """Remove a person's calls.

        Args:
            is_theirs: Whether a number, as it was sent, is that person's.
            names: Names that were shown for nobody else.

        Returns:
            How many there were.

        Raises:
            StorageError: They cannot be removed.
        """
        with self._database.write() as connection:
            stored = connection.execute("SELECT DISTINCT number, name FROM calls").fetchall()
            theirs = [(number, name) for number, name in stored if name in names or is_theirs(number)]
            return sum(
                connection.execute("DELETE FROM calls WHERE number = ? AND name = ?", call).rowcount for call in theirs
            )

    def last(self, count: int) -> list[Call]:
        """The newest calls.

        Raises:
            StorageError: They cannot be read.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT at, key, number, name, attestation FROM calls ORDER BY id DESC LIMIT ?", (count,)
            )
            return [Call(dt.datetime.fromisoformat(at), *rest) for at, *rest in rows]
