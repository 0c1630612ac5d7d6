"""Wrong keys: counted and slowed by address and in total, told once a minute.

Everything here is in memory and bounded. It never refuses a right key; see ``Keys.open`` for the one exception.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache
from prometheus_client import Counter

from bridge.networks import source

log = logging.getLogger(__name__)

MAX_ADDRESSES = 4096  # the least recently seen are forgotten first; they still count in total
TELL_INTERVAL_S = 60.0
MAX_LINES = 20  # of the log, in each such interval

_WRONG = Counter("itflow_bridge_wrong_keys", "Requests with a wrong key, by whether they were slowed", ["slowed"])
_TOLD, _SLOWED = _WRONG.labels("no"), _WRONG.labels("yes")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many wrong keys are answered at once.

    Attributes:
        burst: So many in one go.
        per_s: So many more in every second after it.
        longest_s: The longest time to wait, however many came.
    """

    burst: float
    per_s: float
    longest_s: float = 60.0


PER_ADDRESS = Limit(burst=10, per_s=10 / 60)
IN_TOTAL = Limit(burst=300, per_s=5)


class Bucket:
    """Wrong keys that are not yet forgiven."""

    __slots__ = ("_at", "_level", "_limit")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._level = 0.0
        self._at = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until the next wrong key is answered at once."""
        over = self._left(now) + 1 - self._limit.burst
        return over / self._limit.per_s if over > 0 else 0.0

    def add(self, now: float) -> None:
        """One more."""
        most = self._limit.burst - 1 + self._limit.longest_s * self._limit.per_s
        self._level = min(self._left(now) + 1, most)
        self._at = now

    def _left(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * self._limit.per_s)


class Stranger:
    """An address that wrong keys come from.

    Attributes:
        untold: How many came since the log last told of them.
        slowed: How many of those were slowed.
        told_at: When that was.
        key_name: The revoked or expired key that came last, where it was one.
    """

    __slots__ = ("bucket", "key_name", "slowed", "told_at", "untold")

    def __init__(self, limit: Limit) -> None:
        self.bucket = Bucket(limit)
        self.untold = 0
        self.slowed = 0
        self.told_at = float("-inf")
        self.key_name = ""


class Throttle:
    """Who sent wrong keys lately.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._strangers: LRUCache[str, Stranger] = LRUCache(MAX_ADDRESSES)
        self._total = Bucket(IN_TOTAL)
        self._lines = 0
        self._lines_since = clock()
        self._unlisted = 0

    def wait_s(self, address: str | None) -> float:
        """Seconds until a wrong key from an address is answered at once; 0 where it would be now."""
        stranger = self._strangers.get(source(address)) if self._strangers else None
        return stranger.bucket.wait_s(self._clock()) if stranger else 0.0

    def wrong(self, address: str | None, key_name: str = "") -> float:
        """Count a wrong key.

        Args:
            address: Where it came from.
            key_name: Its name, where it was revoked or has expired.

        Returns:
            Seconds to wait before the next; 0 where this one is answered at once.
        """
        now, origin = self._clock(), source(address)
        stranger = self._strangers.get(origin)
        if stranger is None:
            stranger = self._strangers[origin] = Stranger(PER_ADDRESS)
        wait_s = max(stranger.bucket.wait_s(now), self._total.wait_s(now))
        stranger.bucket.add(now)
        self._total.add(now)
        stranger.untold += 1
        stranger.slowed += wait_s > 0
        stranger.key_name = key_name
        (_SLOWED if wait_s else _TOLD).inc()
        if now - stranger.told_at >= TELL_INTERVAL_S:
            self._tell(origin, stranger, now)
        return wait_s

    def tell(self) -> None:
        """Log what came since the last minute's lines; to be called every few seconds."""
        now = self._clock()
        if now - self._lines_since >= TELL_INTERVAL_S:
            if self._unlisted:
                log.warning("%d wrong keys came from further addresses.", self._unlisted)
            self._lines, self._lines_since, self._unlisted = 0, now, 0
        for origin, stranger in list(self._strangers.items()):
            if stranger.untold and now - stranger.told_at >= TELL_INTERVAL_S:
                self._tell(origin, stranger, now)

    def _tell(self, origin: str, stranger: Stranger, now: float) -> None:
        count, slowed, stranger.told_at = stranger.untold, stranger.slowed, now
        stranger.untold = stranger.slowed = 0
        if self._lines >= MAX_LINES:
            self._unlisted += count
            return
        self._lines += 1
        whose = f", the last one that of {stranger.key_name}, which is revoked or expired" if stranger.key_name else ""
        wrong = "A wrong key" if count == 1 else f"{count} wrong keys"
        log.warning("%s came from %s%s%s.", wrong, origin, whose, f"; {slowed} were slowed" if slowed else "")
