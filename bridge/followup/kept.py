"""What is kept of calls that were dealt with, in ``bridge.db``."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.storage import Database


@dataclass(frozen=True, slots=True)
class Taken:
    """What is known of a call.

    Attributes:
        ticket_id: The ticket that was chosen; None for none.
        entry: The entry of the journal; None where nothing was written.
    """

    ticket_id: int | None = None
    entry: int | None = None


class Kept:
    """Reads and writes it; every method raises StorageError where the file cannot be used.

    Args:
        database: ``bridge.db``.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, first: int) -> int:
        """The last change of the book that was dealt with.

        Args:
            first: Where to begin if none was yet.
        """
        with self._database.write() as connection:
            found = connection.execute("SELECT change FROM followup_place").fetchone()
            if found is None:
                connection.execute("INSERT INTO followup_place VALUES (?)", (first,))
        return int(found[0]) if found else first

    def move(self, change: int) -> None:
        """All changes up to this one were dealt with."""
        with self._database.write() as connection:
            connection.execute("UPDATE followup_place SET change = max(change, ?)", (change,))

    def of(self, call: int) -> Taken:
        """What is known of a call."""
        with self._database.read() as connection:
            found = connection.execute("SELECT ticket_id, entry FROM followup WHERE call = ?", (call,)).fetchone()
        return Taken(*found) if found else Taken()

    def choose(self, call: int, ticket_id: int) -> Taken:
        """Keep the ticket that was chosen.

        Returns:
            What was known before.
        """
        before = self.of(call)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO followup (call, ticket_id) VALUES (?, ?) "
                "ON CONFLICT (call) DO UPDATE SET ticket_id = excluded.ticket_id",
                (call, ticket_id),
            )
        return before

    def wrote(self, call: int, entry: int) -> None:
        """An entry of the journal stands for a call."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO followup (call, entry) VALUES (?, ?) "
                "ON CONFLICT (call) DO UPDATE SET entry = excluded.entry",
                (call, entry),
            )

    def shared(self, entry: int) -> bool:
        """Whether an entry stands for several calls."""
        with self._database.read() as connection:
            (count,) = connection.execute("SELECT count(*) FROM followup WHERE entry = ?", (entry,)).fetchone()
        return int(count) > 1
