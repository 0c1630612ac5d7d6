"""How many connections there may be, from whom, and how long one may take: a flood never reaches a caller.

A connection that waits for nothing but its own client can be closed at any time; one that is being answered is not.
So a place for a new one is made by closing the one that has been idle the longest, of the address that has the most.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from prometheus_client import Counter, Gauge

from bridge.descriptors import RESERVE, descriptors
from bridge.networks import source, within
from bridge.settings import HttpSection
from bridge.tasks import running

log = logging.getLogger(__name__)

SWEEP_S = 1.0
# Of what an address did, one line a minute; so many addresses are remembered for that.
TOLD_S = 60.0
MOST_TOLD = 1024

_OPEN = Gauge("itflow_bridge_http_connections", "Open HTTP connections")
_CLOSED = Counter("itflow_bridge_http_closed", "HTTP connections that were closed, by reason", ["reason"])


class Connection(Protocol):
    """A connection as it is counted here.

    Attributes:
        address: Whose it is.
        deadline: When it is closed unless it goes on (the event loop's clock); infinity while it is answered.
        body_bytes: Bytes of an unfinished body that came so far.
    """

    address: str
    deadline: float
    body_bytes: int

    def abort(self) -> None:
        """Close it at once."""


class Connections:
    """Every open connection.

    Args:
        section: The limits.
    """

    def __init__(self, section: HttpSection) -> None:
        self.most = min(section.max_connections, descriptors() - RESERVE)
        self._most_of_one = min(section.max_connections_per_address, self.most)
        self._trusted = section.trusted_proxies
        self._most_body_bytes = section.max_body_bytes
        self._of: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        self._count = 0
        self._body_bytes = 0
        self._told: dict[tuple[str, str], float] = {}

    def opened(self, connection: Connection) -> None:
        """Count a new connection; another one is closed for it where there are too many."""
        of_address = self._of[source(connection.address)]
        of_address[connection] = None
        self._count += 1
        _OPEN.set(self._count)
        # A proxy's connections are those of many; how many of them one caller may have is the proxy's to say.
        if len(of_address) > self._most_of_one and not within(connection.address, self._trusted):
            self._make_place(source(connection.address), "address")
        elif self._count > self.most:
            self._make_place(max(self._of, key=lambda address: len(self._of[address])), "total")

    def lost(self, connection: Connection) -> None:
        """A connection is closed."""
        of_address = self._of.get(source(connection.address), {})
        if connection in of_address:
            del of_address[connection]
            self._count -= 1
            _OPEN.set(self._count)
            self.body(connection, -connection.body_bytes)
        if not of_address:
            self._of.pop(source(connection.address), None)

    def body(self, connection: Connection, more: int) -> None:
        """Count bytes of an unfinished body; the one that fills the room for all of them is closed."""
        connection.body_bytes += more
        self._body_bytes += more
        if more > 0 and self._body_bytes > self._most_body_bytes:
            self.close(connection, "bodies")

    def close(self, connection: Connection, reason: str) -> None:
        """Close a connection, and tell the operator of it, once a minute for each address and reason."""
        _CLOSED.labels(reason).inc()
        now = time.monotonic()
        key = (source(connection.address), reason)
        if now - self._told.get(key, -TOLD_S) >= TOLD_S:
            if len(self._told) >= MOST_TOLD:
                self._told.clear()
            self._told[key] = now
            log.warning("HTTP connections from %s are closed: %s.", key[0], REASONS[reason])
        self.lost(connection)
        connection.abort()

    async def sweep(self) -> None:
        """Close, again and again, what takes too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            late = [one for of_address in self._of.values() for one in of_address if one.deadline < now]
            for connection in late:
                _CLOSED.labels("time").inc()
                connection.abort()

    def close_all(self) -> None:
        """Close every connection that is left."""
        for connection in [one for of_address in self._of.values() for one in of_address]:
            connection.abort()

    @asynccontextmanager
    async def swept(self) -> AsyncIterator[None]:
        """Sweep as long as the context lasts."""
        async with running(self.sweep(), "connections"):
            yield

    def _make_place(self, address: str, reason: str) -> None:
        """Close the connection of an address that has been idle the longest; without one, the newest."""
        of_address = self._of[address]
        idle = min(of_address, key=lambda one: one.deadline)
        newest = next(reversed(of_address))
        self.close(newest if idle.deadline == float("inf") else idle, reason)


REASONS = {
    "address": "it has more than http.max_connections_per_address",
    "total": "there are more than http.max_connections, or than the system's limit of open files allows",
    "bodies": "unfinished bodies together are larger than http.max_body_bytes",
}
