"""The snapshot in use, how old it is, and what is doubtful about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.directory.snapshot import Snapshot
from bridge.errors import NotReady


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current the mirror is.

    Attributes:
        people_at: When clients, contacts, locations and vendors were last found as ITFlow has them (UTC).
        money_at: The same for invoices and payments.
        doubts: What keeps the mirror from following ITFlow, by module, in words for the operator.
    """

    people_at: dt.datetime | None = None
    money_at: dt.datetime | None = None
    doubts: dict[str, str] = field(default_factory=dict)

    def people_age_s(self, now: dt.datetime) -> int | None:
        """Seconds since ``people_at``."""
        return None if self.people_at is None else max(0, int((now - self.people_at).total_seconds()))

    def money_age_s(self, now: dt.datetime) -> int | None:
        """Seconds since ``money_at``."""
        return None if self.money_at is None else max(0, int((now - self.money_at).total_seconds()))


class Mirror:
    """Holds the one reference that a sync swaps and every feature reads."""

    def __init__(self, snapshot: Snapshot | None = None, freshness: Freshness | None = None) -> None:
        self.current = snapshot
        self.freshness = freshness or Freshness()
        self.on_nudge: Callable[[], None] | None = None

    def nudge(self) -> None:
        """Say that a number was not found, so that new rows of ITFlow are pulled early. Cheap, and bounded."""
        if self.on_nudge is not None:
            self.on_nudge()

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot to answer from.

        Raises:
            NotReady: ITFlow has never answered and nothing is stored.
        """
        if self.current is None:
            raise NotReady(
                "The bridge has not yet read ITFlow and has nothing stored. "
                "Run `itflow-bridge check` to see what is missing."
            )
        return self.current
