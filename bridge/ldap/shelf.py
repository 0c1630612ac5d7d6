"""The books that LDAP answers from: made in a thread, kept while they are asked for, renewed behind the answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from typing import Final

from cachetools import LRUCache

from bridge.access.key import Key
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import place
from bridge.largework import uncollected
from bridge.ldap.people import People

log = logging.getLogger(__name__)

KEPT_ENTRIES: Final = 200_000  # of all books together
LEAST: Final = 100  # entries that any book counts as


class Shelf:
    """Keeps a book for each choice of entries that keys make.

    Args:
        mirror: Where the entries are.
        base: DN of the books.
        keypad: See ``People``.

    Attributes:
        made: How many books were made.
    """

    def __init__(self, mirror: Mirror, base: str, *, keypad: bool) -> None:
        self.made = 0
        self._mirror = mirror
        self._base = base
        self._keypad = keypad
        self._kept: LRUCache[Hashable, People] = LRUCache(KEPT_ENTRIES, getsizeof=_size)
        self._making: dict[Hashable, asyncio.Task[People]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def people(self, key: Key) -> People:
        """The book of a key.

        Where ITFlow's rows have changed, the book of before is given until the new one is made: nobody waits.

        Raises:
            NotReady: There is no mirror yet.
        """
        snapshot = self._mirror.snapshot
        choice = (key.clients, key.phonebook, key.numbers, key.callerid)
        kept = self._kept.get(choice)
        if kept is not None and kept.snapshot.version == snapshot.version:
            return kept
        making = self._making.get(choice)
        if making is None:
            making = asyncio.create_task(self._make(choice, snapshot, key), name="ldap book")
            self._making[choice] = making
            making.add_done_callback(_heard)
        return await asyncio.shield(making) if kept is None else kept

    async def close(self) -> None:
        """Wait until nothing is made any more."""
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def _make(self, choice: Hashable, snapshot: Snapshot, key: Key) -> People:
        try:
            async with self._one_at_a_time:
                with uncollected():
                    made = await asyncio.to_thread(People, snapshot, key, self._base, keypad=self._keypad)
            self.made += 1
            self._kept[choice] = made
        except Exception as error:
            # Its text may hold somebody's data; those who wait get the error itself.
            log.error("An LDAP book could not be made: %s:\n%s", type(error).__name__, place(error))  # noqa: TRY400
            raise
        else:
            return made
        finally:
            del self._making[choice]


def _heard(making: asyncio.Task[People]) -> None:
    """Take a fault that nobody waits for as told: the log has it."""
    if not making.cancelled():
        making.exception()


def _size(people: People) -> int:
    return min(max(len(people), LEAST), KEPT_ENTRIES)
