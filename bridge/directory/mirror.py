"""The snapshot in use, how old it is, and what is doubtful about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.clock import Moment
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotReady


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current the mirror is.

    Attributes:
        people_at: When clients, contacts, locations and vendors were last found as ITFlow has them.
        money_at: The same for invoices and payments. None: balances are not known at all.
        doubts: What keeps the mirror from following ITFlow, by module, in words for the operator.
        unreadable: Modules that ITFlow's key has never been able to read, and why.
        faults: Modules whose last pull failed, and why.
        rows: Known rows by module, archived ones too.
        payments: Where payments come from: ``module``, ``dropin`` or, where there are none, empty.
        generation: ITFlow's version as far as it shows; empty before the first pull of money.
    """

    people_at: Moment | None = None
    money_at: Moment | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    payments: str = ""
    generation: str = ""

    @property
    def people_age_s(self) -> int | None:
        """Whole seconds since ``people_at``; None where that never was."""
        return None if self.people_at is None else int(self.people_at.age_s)

    @property
    def money_age_s(self) -> int | None:
        """Whole seconds since ``money_at``; None where that never was."""
        return None if self.money_at is None else int(self.money_at.age_s)


@dataclass(slots=True)
class Puller:
    """What the process that pulls has told of itself.

    Attributes:
        failing: The kind of error that the last pull of people or of money ended with, where it failed.
        deaths: How often it ended in a row.
        ended: How often it has ended.
        metrics: What it counts and measures; see ``bridge.metrics.read``.
    """

    failing: Mapping[str, str] = field(default_factory=dict)
    deaths: int = 0
    ended: int = 0
    metrics: Sequence[Any] = ()


class Mirror:
    """Holds the one reference that a sync swaps and every feature reads.

    Attributes:
        current: The snapshot, or None before there is one.
        freshness: What is known about it.
        on_nudge: What ``nudge`` calls; it must not block.
        on_written: The same for ``written``.
        on_accept: The same for ``accept``.
        puller: What is known of the process that pulls.
    """

    def __init__(self, snapshot: Snapshot | None = None, freshness: Freshness | None = None) -> None:
        self.current = snapshot
        self.freshness = freshness or Freshness()
        self.on_nudge: Callable[[], None] | None = None
        self.puller = Puller()
        self.on_written: Callable[[], None] | None = None
        self.on_accept: Callable[[], None] | None = None
        self._changed: asyncio.Event = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether there is a snapshot to answer from."""
        return self.current is not None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot to answer from.

        Raises:
            NotReady: ITFlow has never answered and nothing is stored.
        """
        if self.current is None:
            raise NotReady(
                "The bridge has not yet read ITFlow and has nothing stored. "
                "Run `itflow-bridge sync` to read it now, or `itflow-bridge check` to see what is missing."
            )
        return self.current

    def swap(self, snapshot: Snapshot | None, freshness: Freshness) -> None:
        """Put another snapshot in use; a None leaves the one there is."""
        self.current = snapshot or self.current
        self.freshness = freshness
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_for(self, wanted: Callable[[Mirror], bool]) -> None:
        """Wait until the mirror is as wanted; asked now and after each swap."""
        while not wanted(self):
            await self._changed.wait()

    def nudge(self) -> None:
        """Say that a number was not found, so that new rows of ITFlow are pulled early.

        Cheap and bounded; to be called in the event loop.
        """
        if self.on_nudge is not None:
            self.on_nudge()

    def written(self) -> None:
        """Say that the bridge has written a row, so that it is pulled at once.

        Cheap; to be called in the event loop.
        """
        if self.on_written is not None:
            self.on_written()

    def accept(self) -> None:
        """Have ITFlow pulled now, and what was doubted believed: an operator has looked at it.

        Raises:
            NotReady: Nobody pulls ITFlow.
        """
        if self.on_accept is None:
            raise NotReady("Nothing pulls ITFlow at this moment; run `itflow-bridge sync --accept`.")
        self.on_accept()

    def status(self) -> dict[str, Any]:
        """The state in words that JSON can carry, for ``/readyz`` and ``check``."""
        freshness = self.freshness
        return {
            "ready": self.ready,
            "version": self.current.version if self.current else None,
            "people_at": freshness.people_at and freshness.people_at.at.isoformat(timespec="seconds"),
            "people_age_s": freshness.people_age_s,
            "money_at": freshness.money_at and freshness.money_at.at.isoformat(timespec="seconds"),
            "money_age_s": freshness.money_age_s,
            "doubts": dict(freshness.doubts),
            "unreadable": dict(freshness.unreadable),
            "faults": dict(freshness.faults),
            "rows": dict(freshness.rows),
            "payments": freshness.payments or None,
            "generation": freshness.generation or None,
        }
