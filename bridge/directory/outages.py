"""How loudly an outage is told: at once, then every hour; names before money, and never the other way round."""

from __future__ import annotations

import logging
from collections.abc import Callable

from bridge.clock import uptime_s
from bridge.errors import KeyRefused

log = logging.getLogger(__name__)

REMIND_S = 3600.0
WHAT = {"people": "Clients, contacts, locations and vendors", "money": "Invoices and payments"}


class Outages:
    """Which pulls fail, and when that was last told.

    A failure of people is told whatever money does. One of money is not told where people fail in the same way: the
    line about people has said it.

    Args:
        clock: Seconds that go evenly.

    Attributes:
        failing: The kind of error that the last pull of each kind ended with, where it failed.
        changed: Called after each pull.
    """

    def __init__(self, clock: Callable[[], float] = uptime_s) -> None:
        self._clock = clock
        # By kind of pull, then by kind of failure: the moment it was last told. An ITFlow that changes between two
        # failures is told twice, not at every try.
        self._told: dict[str, dict[type[BaseException], float]] = {}
        self.failing: dict[str, type[BaseException]] = {}
        self.changed: Callable[[], None] = lambda: None

    def __bool__(self) -> bool:
        """Whether a pull fails."""
        return bool(self.failing)

    def failed(self, kind: str, failure: BaseException) -> None:
        """Note that a pull failed.

        Args:
            kind: ``people`` or ``money``.
            failure: Why.
        """
        self.failing[kind] = type(failure)
        told, now = self._told.setdefault(kind, {}), self._clock()
        hidden = kind != "people" and self.failing.get("people") is type(failure)
        if hidden or now - told.get(type(failure), -REMIND_S) < REMIND_S:
            level = logging.DEBUG
        else:
            told[type(failure)] = now
            level = logging.ERROR if isinstance(failure, KeyRefused) else logging.WARNING
        log.log(level, "%s cannot be pulled, what is known stays: %s", WHAT[kind], failure)
        self.changed()

    def worked(self, kind: str) -> None:
        """Note that a pull was taken over; the end of what was told is told."""
        self.failing.pop(kind, None)
        if self._told.pop(kind, None):
            log.info("%s can be pulled again", WHAT[kind])
        self.changed()
