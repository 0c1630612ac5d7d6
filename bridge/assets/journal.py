"""The journal: what was promised to callers, and what became of it.

Every change is one transaction, so that kill -9 and power loss leave either all or nothing of it. A promise
is given only after ``accept`` has returned.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bridge.assets.request import NewAsset
from bridge.errors import NotFound
from bridge.storage import Database

KEPT_S = 30 * 86400


class State(StrEnum):
    """What became of an asset."""

    PENDING = "pending"
    ADDED = "added"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An asset that was accepted.

    Attributes:
        fields: As it goes to ITFlow, by ITFlow's names.
        key: Name of the bridge's key that it came with.
        accepted_at, next_try_at: Seconds since 1970, like all moments here.
        tries: Changes with every claim and every delay.
        failures: How often ITFlow itself failed on it.
        sent_at: When it was last sent without a clear answer; None while it cannot be in ITFlow.
        known_ids: Assets that looked like it before it was first sent.
        reason: Why it is not in ITFlow yet; empty for none.
        asset_id: Its id in ITFlow, once added.
    """

    id: int
    client_id: int
    name: str
    serial: str
    fields: dict[str, object]
    key: str
    state: State
    accepted_at: float
    next_try_at: float
    tries: int
    failures: int
    sent_at: float | None
    known_ids: frozenset[int]
    reason: str
    asset_id: int | None


_COLUMNS = (
    "id, client_id, name, serial, fields, key, state, accepted_at, next_try_at, tries, failures, sent_at, known_ids, "
    "reason, asset_id"
)


class Journal:
    """Assets on their way to ITFlow.

    Args:
        database: Where they are kept; opened ``durable``.

    Every method raises StorageError where the file cannot be used; then nothing has changed.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def accept(self, client_id: int, asset: NewAsset, key: str, repeat_window_s: float) -> JournalEntry:
        """Take an asset in, or find it where the same one was taken in a short time ago.

        Args:
            client_id: Whose it is.
            asset: What to add.
            key: Name of the bridge's key that it came with.
            repeat_window_s: How long the same client, name and serial mean the same asset.
        """
        now = time.time()
        with self.database.write() as connection:
            connection.execute("DELETE FROM journal WHERE state = 'added' AND done_at < ?", (now - KEPT_S,))
            known = connection.execute(
                "SELECT id FROM journal WHERE client_id = ? AND name = ? AND serial = ? AND state <> 'refused' "
                "AND abs(accepted_at - ?) < ? ORDER BY id DESC LIMIT 1",
                (client_id, asset.name, asset.serial, now, repeat_window_s),
            )
            (entry_id,) = (
                known.fetchone()
                or connection.execute(
                    "INSERT INTO journal (client_id, name, serial, fields, key, accepted_at, next_try_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (client_id, asset.name, asset.serial, json.dumps(asset.fields()), key, now, now),
                ).fetchone()
            )
        return self.get(entry_id)

    def get(self, entry_id: int) -> JournalEntry:
        """One entry.

        Raises:
            NotFound: There is none of this id.
        """
        found = self._select("WHERE id = ?", entry_id)
        if not found:
            raise NotFound(f"There is no journal entry {entry_id}; see: itflow-bridge journal list")
        return found[0]

    def entries(self, state: State | None = None, count: int = 1000) -> list[JournalEntry]:
        """The newest entries, the newest first."""
        if state is None:
            return self._select("ORDER BY id DESC LIMIT ?", count)
        return self._select("WHERE state = ? ORDER BY id DESC LIMIT ?", state, count)

    def heads(self) -> list[JournalEntry]:
        """The oldest pending entry of each client: only that one may go, so that their order stays."""
        return self._select("WHERE id IN (SELECT min(id) FROM journal WHERE state = 'pending' GROUP BY client_id)")

    def counts(self) -> dict[State, int]:
        """How many entries are in each state."""
        with self.database.read() as connection:
            found = dict(connection.execute("SELECT state, count(*) FROM journal GROUP BY state").fetchall())
        return {state: found.get(state.value, 0) for state in State}

    def claim(self, entry: JournalEntry, alike: Collection[int]) -> bool:
        """Note that an entry is being sent from now on, before it is.

        Args:
            entry: As it was read before ITFlow was looked at.
            alike: Ids of the assets that look like it; kept when it is sent for the first time.

        Returns:
            Whether to send it: not, if somebody else has taken it up meanwhile.
        """
        return self._update(
            "sent_at = ?, tries = tries + 1, known_ids = coalesce(known_ids, ?)",
            (time.time(), json.dumps(sorted(alike))),
            entry,
        )

    def not_sent(self, entry: JournalEntry) -> None:
        """Take back a claim whose request has never left.

        Args:
            entry: As it was before the claim.
        """
        kept = "known_ids" if entry.sent_at is not None else "NULL"
        self._change(f"sent_at = ?, known_ids = {kept}", (entry.sent_at,), [entry.id])

    def defer(self, entry: JournalEntry, reason: str, wait_s: float, *, failed: bool = False) -> None:
        """Try again later.

        Args:
            entry: The entry.
            reason: Why it is not in ITFlow yet.
            wait_s: When to try again.
            failed: ITFlow itself failed on it.
        """
        self._change(
            "reason = ?, next_try_at = ?, tries = tries + 1, failures = failures + ?",
            (reason, time.time() + wait_s, failed),
            [entry.id],
        )

    def added(self, entry: JournalEntry, asset_id: int) -> None:
        """It is in ITFlow."""
        self._change("state = 'added', asset_id = ?, reason = '', done_at = ?", (asset_id, time.time()), [entry.id])

    def refused(self, entry: JournalEntry, reason: str) -> None:
        """ITFlow does not take it."""
        self._change("state = 'refused', reason = ?, done_at = ?", (reason, time.time()), [entry.id])

    def set_back(self, longest_wait_s: float) -> None:
        """After the clock was set back: no pending entry lies further ahead than it can."""
        now = time.time()
        with self.database.write() as connection:
            connection.execute(
                "UPDATE journal SET accepted_at = min(accepted_at, ?), sent_at = min(sent_at, ?), "
                "next_try_at = min(next_try_at, ?) WHERE state = 'pending'",
                (now, now, now + longest_wait_s),
            )

    def hurry(self) -> None:
        """Let everything pending be tried now."""
        with self.database.write() as connection:
            connection.execute("UPDATE journal SET next_try_at = ? WHERE state = 'pending'", (time.time(),))

    def retry(self, entry_ids: Iterable[int]) -> int:
        """Try entries again now, refused ones too; the number of those that are not yet added."""
        return self._change("state = 'pending', failures = 0, next_try_at = ?", (time.time(),), entry_ids)

    def drop(self, entry_ids: Iterable[int]) -> int:
        """Forget entries that are not yet added; their number."""
        with self.database.write() as connection:
            return sum(
                connection.execute("DELETE FROM journal WHERE id = ? AND state <> 'added'", (entry_id,)).rowcount
                for entry_id in entry_ids
            )

    def _update(self, change: str, values: tuple[object, ...], entry: JournalEntry) -> bool:
        with self.database.write() as connection:
            changed = connection.execute(
                f"UPDATE journal SET {change} WHERE id = ? AND state = 'pending' AND tries = ?",  # noqa: S608 - ours
                (*values, entry.id, entry.tries),
            ).rowcount
        return bool(changed)

    def _change(self, change: str, values: tuple[object, ...], entry_ids: Iterable[int]) -> int:
        with self.database.write() as connection:
            return sum(
                connection.execute(
                    f"UPDATE journal SET {change} WHERE id = ? AND state <> 'added'",  # noqa: S608 - ours
                    (*values, entry_id),
                ).rowcount
                for entry_id in entry_ids
            )

    def _select(self, tail: str, *values: object) -> list[JournalEntry]:
        with self.database.read() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM journal {tail}", values).fetchall()  # noqa: S608 - ours
        return [_entry(*row) for row in rows]


def _entry(*row: object) -> JournalEntry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["fields"] = json.loads(str(values["fields"]))
    values["known_ids"] = frozenset(json.loads(str(values["known_ids"] or "[]")))
    values["state"] = State(str(values["state"]))
    return JournalEntry(**values)  # type: ignore[arg-type]  # the columns are the attributes, typed by STRICT
