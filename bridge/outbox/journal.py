"""The journal: what was promised to callers, and what became of it.

Every change is one transaction, so that kill -9 and power loss leave either all or nothing of it. A promise
is given only after ``accept`` has returned.

Waits are kept as seconds since the machine's start together with which start that was, so a wall clock that is set
moves none. After another start of the machine everything is looked at; but nobody knows how long the machine was off,
so before a sending without an answer is repeated, its whole wait begins again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from sqlite3 import Connection

from bridge.clock import Moment
from bridge.errors import NotFound
from bridge.outbox.kinds import Item
from bridge.storage import Database

KEPT = 100_000  # entries that are done; older ones go
LOOKS = 200  # for what a lost sending may have made, once the entry is settled: over a week
FIRST_LOOK_S = 1.0
LONGEST_LOOK_S = 3600.0
# Stands for a wait that has to begin again; keeps what it was where the machine has not been started since.
_AGAIN_S = -1.0
_KEEP_WAIT = f"repeat_s = iif(boot = ?, repeat_s, {_AGAIN_S}), boot = ?"
# A wait that lies further ahead belongs to another start of a machine that does not name its starts.
LONGEST_WAIT_S = 7 * 86400.0


class State(StrEnum):
    """What became of an entry."""

    PENDING = "pending"
    ADDED = "added"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A write that was accepted.

    Attributes:
        kind: A key of ``KINDS``.
        name: What it is called, for people.
        fields: As the caller gave them, by ITFlow's names.
        key: Name of the bridge's key that it came with.
        person: Whose key of ITFlow it is written with; empty for the bridge's.
        accepted: When.
        due_in_s: When it is looked at next; 0 for now.
        repeat_in_s: How long a sending without an answer is not repeated yet; 0 for no longer, None where that wait
            was under another start of the machine and has to begin again.
        tries: Changes with every claim and every delay.
        failures: How often ITFlow itself failed on it.
        tag: Marks its rows in ITFlow, together with the number of the sending.
        sends: How many numbers were given to sendings.
        floor: The last id of its module before the first sending, where it is looked for by ids.
        lost: The sendings of which it is not known what became: under way, or without a clear answer.
        looks: How often those were looked for since the entry was settled.
        reason: Why it is not in ITFlow yet; empty for none.
        itflow_id: Its id in ITFlow, once added.
    """

    id: int
    kind: str
    client_id: int
    name: str
    fields: dict[str, object]
    key: str
    person: str
    state: State
    accepted: Moment
    due_in_s: float
    repeat_in_s: float | None
    tries: int
    failures: int
    tag: str
    sends: int
    floor: int | None
    lost: frozenset[int]
    looks: int
    reason: str
    itflow_id: int | None


_COLUMNS = (
    "id, kind, client_id, name, fields, key, person, state, accepted, tries, failures, tag, sends, floor, lost, "
    "looks, reason, itflow_id, boot, due_s, repeat_s"
)


class Journal:
    """Writes on their way to ITFlow.

    Args:
        database: Where they are kept; opened ``durable``.
        clock: Tells the time.

    Every method raises StorageError where the file cannot be used; then nothing has changed.
    """

    def __init__(self, database: Database, clock: Callable[[], Moment] = Moment.now) -> None:
        self.database = database
        self._clock = clock

    def accept(
        self, client_id: int, item: Item, key: str, repeat_window_s: float, *, person: str = "", wait_s: float = 0
    ) -> JournalEntry:
        """Take a write in, or find it where the same one was taken in a short time ago.

        One that is still pending is the same whenever it was asked for. One that was given up while a sending of it
        may still arrive is taken up again: a new one would double it.

        Args:
            client_id: Whose it is.
            item: What to write.
            key: Name of the bridge's key that it came with.
            repeat_window_s: How long the same client and identity mean the same item. Across a restart of the
                machine that is counted by the wall clock, so there a clock that is set within it can mislead.
            person: Whose key of ITFlow it is written with; empty for the bridge's.
            wait_s: How long it is not sent yet.
        """
        now = self._clock()
        with self.database.write() as connection:
            connection.execute(
                "DELETE FROM journal WHERE state = 'added' AND lost = '[]' "
                "AND id <= (SELECT max(id) FROM journal) - ?",
                (KEPT,),
            )
            known = connection.execute(
                "SELECT id, accepted, state FROM journal WHERE client_id = ? AND kind = ? AND identity = ? "
                "AND (state <> 'refused' OR lost <> '[]') ORDER BY id DESC LIMIT 1",
                (client_id, item.kind, item.identity),
            ).fetchone()
            if known and known[2] == State.REFUSED:
                self._set("state = 'pending', failures = 0", (), known[0], connection)
                return self._get(connection, known[0])
            if known and (known[2] == State.PENDING or Moment.read(known[1]).age_at(now) < repeat_window_s):
                return self._get(connection, known[0])
            (entry_id,) = connection.execute(
                "INSERT INTO journal (kind, client_id, name, identity, fields, key, person, accepted, tag, boot, "
                "due_s, repeat_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    *(item.kind, client_id, item.label, item.identity, json.dumps(item.fields()), key, person),
                    *(str(now), secrets.token_hex(8), *self._ahead(wait_s, 0)),
                ),
            ).fetchone()
            return self._get(connection, entry_id)

    def get(self, entry_id: int) -> JournalEntry:
        """One entry.

        Raises:
            NotFound: There is none of this id.
        """
        with self.database.read() as connection:
            return self._get(connection, entry_id)

    def entries(self, state: State | None = None, count: int = 1000) -> list[JournalEntry]:
        """The newest entries, the newest first."""
        with self.database.read() as connection:
            if state is None:
                return self._select(connection, "ORDER BY id DESC LIMIT ?", count)
            return self._select(connection, "WHERE state = ? ORDER BY id DESC LIMIT ?", state, count)

    def heads(self) -> list[JournalEntry]:
        """The oldest pending entry of each client and kind: only that one may go, so that their order stays."""
        with self.database.read() as connection:
            return self._select(
                connection,
                "WHERE id IN (SELECT min(id) FROM journal WHERE state = 'pending' GROUP BY client_id, kind)",
            )

    def watched(self) -> list[JournalEntry]:
        """Settled entries of which a sending may still arrive."""
        with self.database.read() as connection:
            return self._select(connection, "WHERE lost <> '[]' AND state <> 'pending'")

    def counts(self) -> dict[State, int]:
        """How many entries are in each state."""
        with self.database.read() as connection:
            found = dict(connection.execute("SELECT state, count(*) FROM journal GROUP BY state").fetchall())
        return {state: found.get(state.value, 0) for state in State}

    def claim(self, entry: JournalEntry, wait_s: float, floor: int | None = None) -> int | None:
        """Note that an entry is being sent from now on, before it is.

        Args:
            entry: As it was read before ITFlow was looked at.
            wait_s: How long nobody else repeats it.
            floor: The last id of its module, where it is looked for by ids; the first one given stays.

        Returns:
            The number of the sending; None if somebody else has taken the entry up meanwhile.
        """
        with self.database.write() as connection:
            found = self._select(connection, "WHERE id = ? AND state = 'pending' AND tries = ?", entry.id, entry.tries)
            if not found:
                return None
            number = found[0].sends + 1
            self._set(
                "sends = ?, lost = ?, floor = coalesce(floor, ?), tries = tries + 1, boot = ?, due_s = ?, "
                "repeat_s = ?",
                (number, _numbers(found[0].lost | {number}), floor, *self._ahead(FIRST_LOOK_S, wait_s)),
                entry.id,
                connection,
            )
        return number

    def account(self, entry_id: int, numbers: Collection[int]) -> None:
        """It is known now what became of sendings."""
        with self.database.write() as connection:
            for entry in self._select(connection, "WHERE id = ?", entry_id):
                self._set("lost = ?", (_numbers(entry.lost - set(numbers)),), entry_id, connection)

    def defer(
        self,
        entry: JournalEntry,
        reason: str,
        wait_s: float,
        repeat_wait_s: float | None = None,
        *,
        failed: bool = False,
    ) -> None:
        """Try again later.

        Args:
            entry: The entry.
            reason: Why it is not in ITFlow yet.
            wait_s: When to look at it again.
            repeat_wait_s: Until when a sending without an answer is not repeated; None leaves that as it is.
            failed: ITFlow itself failed on it.
        """
        boot, due_s, repeat_s = self._ahead(wait_s, repeat_wait_s or 0)
        wait, until = (_KEEP_WAIT, boot) if repeat_wait_s is None else ("repeat_s = ?, boot = ?", repeat_s)
        self._change(
            f"{wait}, due_s = ?, reason = ?, tries = tries + 1, failures = failures + ?",
            (until, boot, due_s, reason, failed),
            [entry.id],
        )

    def added(self, entry: JournalEntry, itflow_id: int, number: int | None = None) -> None:
        """It is in ITFlow; what else was sent for it is looked for at once.

        Args:
            entry: The entry.
            itflow_id: Its id there; where it was added under another one before, that one stays.
            number: The sending that has made that row, if that is known by ITFlow's answer.
        """
        with self.database.write() as connection:
            for now in self._select(connection, "WHERE id = ? AND state <> 'added'", entry.id):
                self._set(
                    "state = 'added', itflow_id = ?, lost = ?, reason = '', looks = 0, boot = ?, due_s = ?, "
                    "repeat_s = ?",
                    (itflow_id, _numbers(now.lost - {number}), *self._ahead(0, 0)),
                    entry.id,
                    connection,
                )

    def refused(self, entry: JournalEntry, reason: str) -> None:
        """ITFlow does not take it. Tried again by hand, what was sent without an answer is not repeated sooner."""
        boot, due_s, _ = self._ahead(0, 0)
        self._change(
            f"{_KEEP_WAIT}, state = 'refused', reason = ?, looks = 0, due_s = ?",
            (boot, boot, reason, due_s),
            [entry.id],
        )

    def looked(self, entry: JournalEntry) -> bool:
        """Lost sendings of a settled entry were looked for; whether they will be again."""
        goes_on = entry.looks + 1 < LOOKS
        forget = "" if goes_on else ", lost = '[]'"
        boot, due_s, _ = self._ahead(min(FIRST_LOOK_S * 2 ** min(entry.looks, 20), LONGEST_LOOK_S), 0)
        with self.database.write() as connection:
            self._set(
                f"{_KEEP_WAIT}, looks = looks + 1, due_s = ?{forget}",
                (boot, boot, due_s),
                entry.id,
                connection,
                f"AND looks = {entry.looks}",  # another process may have looked too: that is one look
            )
        return goes_on

    def without_person(self, entry: JournalEntry) -> None:
        """Write it with the bridge's key from now on."""
        self._change("person = ''", (), [entry.id])

    def hurry(self) -> None:
        """Let everything be looked at now; what was sent without an answer is repeated no sooner for that."""
        with self.database.write() as connection:
            connection.execute("UPDATE journal SET due_s = 0 WHERE (state = 'pending' AND tries > 0) OR lost <> '[]'")

    def retry(self, entry_ids: Iterable[int]) -> int:
        """Try entries again now, refused ones too; the number of those that are not yet added."""
        return self._change("state = 'pending', failures = 0, due_s = 0", (), entry_ids)

    def withdraw(self, entry_id: int) -> bool:
        """Forget an entry if it was never sent; whether it was."""
        with self.database.write() as connection:
            never = "DELETE FROM journal WHERE id = ? AND state = 'pending' AND sends = 0"
            return connection.execute(never, (entry_id,)).rowcount > 0

    def drop(self, entry_ids: Iterable[int]) -> int:
        """Forget entries that are not yet added; their number."""
        with self.database.write() as connection:
            return sum(
                connection.execute("DELETE FROM journal WHERE id = ? AND state <> 'added'", (entry_id,)).rowcount
                for entry_id in entry_ids
            )

    def _ahead(self, due_s: float, repeat_s: float) -> tuple[str, float, float]:
        now = self._clock()
        return now.boot, now.uptime_s + due_s, now.uptime_s + repeat_s

    def _change(self, change: str, values: tuple[object, ...], entry_ids: Iterable[int]) -> int:
        with self.database.write() as connection:
            return sum(
                self._set(change, values, entry_id, connection, "AND state <> 'added'") for entry_id in entry_ids
            )

    def _set(
        self, change: str, values: tuple[object, ...], entry_id: int, connection: Connection, where: str = ""
    ) -> int:
        return connection.execute(
            f"UPDATE journal SET {change} WHERE id = ? {where}",  # noqa: S608 - ours
            (*values, entry_id),
        ).rowcount

    def _get(self, connection: Connection, entry_id: int) -> JournalEntry:
        found = self._select(connection, "WHERE id = ?", entry_id)
        if not found:
            raise NotFound(f"There is no journal entry {entry_id}; see: itflow-bridge journal list")
        return found[0]

    def _select(self, connection: Connection, tail: str, *values: object) -> list[JournalEntry]:
        now = self._clock()
        rows = connection.execute(f"SELECT {_COLUMNS} FROM journal {tail}", values).fetchall()  # noqa: S608 - ours
        return [_entry(now, *row) for row in rows]


def _entry(now: Moment, *row: object) -> JournalEntry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    boot, due_s, repeat_s = (values.pop(name) for name in ("boot", "due_s", "repeat_s"))
    values["due_in_s"] = _left_s(now, boot, due_s)
    begins_again = boot != now.boot or repeat_s == _AGAIN_S
    values["repeat_in_s"] = None if begins_again else _left_s(now, boot, repeat_s)
    values["fields"] = json.loads(str(values["fields"]))
    values["lost"] = frozenset(json.loads(str(values["lost"])))
    values["state"] = State(str(values["state"]))
    values["accepted"] = Moment.read(str(values["accepted"]))
    return JournalEntry(**values)  # type: ignore[arg-type]  # the columns are the attributes, typed by STRICT


def _left_s(now: Moment, boot: object, at_s: object) -> float:
    left_s = float(str(at_s)) - now.uptime_s
    return left_s if boot == now.boot and 0 < left_s < LONGEST_WAIT_S else 0.0


def _numbers(numbers: Collection[int]) -> str:
    return json.dumps(sorted(numbers))
