"""Reads the stored mirror: as a snapshot to answer from, and how current it is."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from bridge.clock import Moment
from bridge.directory.mirror import Freshness
from bridge.directory.snapshot import Snapshot, version_of
from bridge.storage import Database

PEOPLE: Final = ("clients", "locations", "contacts", "vendors")
MONEY: Final = ("invoices", "payments")

# So many rows that cannot be read are named, the others are counted.
NAMED = 5


class Reader:
    """Reads the mirror as a snapshot, and another one only where something has changed.

    Args:
        database: ``bridge.db``; best a connection of its own, because a large mirror keeps it busy.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = ""
        self._snapshot: Snapshot | None = None

    def read(self) -> tuple[Snapshot | None, Freshness]:
        """The mirror, the same object as last time where nothing changed, and how current it is.

        Returns:
            No snapshot before every module of people that can be read was.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._database.read() as connection:
            fresh = freshness(connection)
            facts = read_facts(connection)
        version = version_of(facts)
        if fresh.people_at is not None and version != self._version:
            self._snapshot = Snapshot(self._database.copy())
            self._version = self._snapshot.version
        return self._snapshot, fresh


def read_facts(connection: sqlite3.Connection) -> dict[str, str]:
    """What is known of the whole, within a transaction."""
    return dict(connection.execute("SELECT name, value FROM mirror_facts"))


def freshness(connection: sqlite3.Connection) -> Freshness:
    """How current the mirror is, within a transaction."""
    modules = connection.execute(
        "SELECT module, rows, pulled_at, doubt, gap, fault FROM mirror_modules ORDER BY module"
    ).fetchall()
    odd: dict[str, list[str]] = {}
    for module, reason in connection.execute("SELECT module, reason FROM odd_row ORDER BY module, id"):
        odd.setdefault(module, []).append(reason)
    facts = read_facts(connection)
    moments = {
        module: _moment(pulled_at) if pulled_at else None for module, _, pulled_at, _, gap, _ in modules if not gap
    }
    gaps = {module: gap for module, _, _, _, gap, _ in modules if gap}
    doubts = {
        module: " ".join(filter(None, (doubt, left_out(odd.get(module, []))))) for module, _, _, doubt, *_ in modules
    }
    return Freshness(
        people_at=_oldest(PEOPLE, moments, gaps),
        money_at=None if "invoices" in gaps else _oldest(MONEY, moments, gaps),
        doubts={module: doubt for module, doubt in doubts.items() if doubt},
        unreadable=gaps,
        faults={module: fault for module, *_, fault in modules if fault},
        rows={module: rows for module, rows, *_ in modules if rows},
        payments=facts.get("payments", ""),
        generation=facts.get("generation", ""),
    )


def _moment(text: str) -> Moment:
    """What was stored; what cannot be read counts as long ago, so that names are still answered and no balance is."""
    try:
        return Moment.read(text)
    except ValueError:
        return Moment(dt.datetime.fromtimestamp(0, dt.UTC))


def left_out(reasons: Sequence[str]) -> str:
    """Some rows that cannot be read, in words for the operator; empty for none."""
    more = f" And {len(reasons) - NAMED} more." if len(reasons) > NAMED else ""
    return f"Left out: {' '.join(reasons[:NAMED])}{more}" if reasons else ""


def _oldest(modules: Sequence[str], moments: Mapping[str, Moment | None], gaps: Mapping[str, str]) -> Moment | None:
    """When the last of some modules was pulled; None where one that can be read never was."""
    times = [moments.get(module) for module in modules if module not in gaps]
    known = [time for time in times if time is not None]
    return max(known, key=lambda time: time.age_s) if known and len(known) == len(times) else None
