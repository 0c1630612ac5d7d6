"""How many LDAP connections there may be, and whose: strangers never take the places of phones."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Final, Protocol

from bridge.descriptors import RESERVE, descriptors
from bridge.networks import source
from bridge.settings import LdapSection

SWEEP_S: Final = 1.0
LEAST: Final = RESERVE // 2


class Connection(Protocol):
    """A connection as it is counted here.

    Attributes:
        address: Whose it is.
        bound: Whether it has shown a key.
        deadline: When it is closed unless something happens (the event loop's clock).
    """

    address: str
    bound: bool
    deadline: float

    def abort(self) -> None:
        """Close it at once."""


class Places:
    """Every open connection.

    Args:
        section: The limits.
        taken: Connections that another door may have at most; the system's limit of open files is for both.
    """

    def __init__(self, section: LdapSection, taken: int = 0) -> None:
        self._most = min(section.max_connections, max(LEAST, descriptors() - RESERVE - taken))
        self._most_waiting = section.max_waiting
        self._of: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def opened(self, connection: Connection) -> None:
        """Count a new connection; where there are too many, one that shows no key or is silent is closed for it."""
        of_address = self._of[source(connection.address)]
        of_address[connection] = None
        self._count += 1
        waiting = [one for one in of_address if not one.bound]
        if len(waiting) > self._most_waiting:
            self._close(waiting[0])
        elif self._count > self._most:
            self._close(self._least(connection))

    def lost(self, connection: Connection) -> None:
        """A connection is closed."""
        name = source(connection.address)
        if connection in self._of.get(name, {}):
            del self._of[name][connection]
            self._count -= 1
            if not self._of[name]:
                del self._of[name]

    async def sweep(self) -> None:
        """Close, again and again, what is silent for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            for connection in [one for rows in self._of.values() for one in rows if one.deadline < now]:
                self._close(connection)

    def _least(self, fresh: Connection) -> Connection:
        """Who makes place for a fresh one: who has shown no key, or else the longest silent of the largest crowds."""
        others = [one for rows in self._of.values() for one in rows if one is not fresh]
        strangers = [one for one in others if not one.bound]
        most = max(map(len, self._of.values()))
        crowds = [one for one in others if len(self._of[source(one.address)]) == most]
        return min(strangers or crowds or others, key=lambda one: one.deadline)

    def _close(self, connection: Connection) -> None:
        self.lost(connection)
        connection.abort()
