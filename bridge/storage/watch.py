"""Notices what other connections and processes change in ``bridge.db``, for everybody in this process at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from bridge.errors import StorageError
from bridge.storage.database import Database
from bridge.tasks import running

log = logging.getLogger(__name__)

INTERVAL_S = 1.0

Follower = Callable[[], Awaitable[None]]


class Watch:
    """Looks at ``bridge.db`` every second and tells its followers when something has changed.

    It never ends by itself. What fails is an error in the log, stands in ``fault``, and is tried again every second;
    the other followers are told all the same.

    Args:
        database: A connection of its own: SQLite does not tell a connection of its own changes.

    Attributes:
        fault: What is wrong with the file or with a follower, in words for the operator; empty for nothing.
    """

    def __init__(self, database: Database) -> None:
        self.fault = ""
        self._database = database
        self._followers: dict[str, Follower] = {}
        self._faults: dict[str, str] = {}
        self._seen: dict[str, int] = {}
        self._look = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def on(cls, path: Path) -> AsyncIterator[Self]:
        """Watch a file as long as the context lasts.

        Raises:
            StorageError: It cannot be opened.
        """
        database = await asyncio.to_thread(Database, path)
        try:
            watch = cls(database)
            async with running(watch._run(), "watch"):
                yield watch
        finally:
            database.close()

    def follow(self, name: str, changed: Follower) -> None:
        """Have a follower told of changes, the first time within a second.

        Args:
            name: Whose it is, for the log, such as ``keys``.
            changed: Takes the change over; it may be told where nothing of its own has changed.
        """
        self._followers[name] = changed

    def unfollow(self, name: str) -> None:
        """Tell a follower no longer."""
        self._followers.pop(name, None)
        self._faults.pop(name, None)

    def look(self) -> None:
        """Look now, because somebody has said that there is something new."""
        self._look.set()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._look.wait()
            self._look.clear()
            await self._tell()

    async def _tell(self) -> None:
        try:
            version = await self._database.run(self._database.version)
            self._note("bridge.db", self._database.lost())
        except StorageError as error:
            self._note("bridge.db", str(error))
            return
        for name, changed in list(self._followers.items()):
            if self._seen.get(name) == version:
                continue
            try:
                await changed()
            except Exception as error:  # noqa: BLE001 - whatever it is, what is known stays in use and is tried again
                self._note(name, f"What changed in bridge.db cannot be taken over ({name}): {error}", error)
            else:
                self._seen[name] = version
                self._note(name, "")

    def _note(self, name: str, fault: str, error: Exception | None = None) -> None:
        known = self._faults.get(name, "")
        if fault and fault != known:
            unexpected = error if error is not None and not isinstance(error, StorageError) else None
            log.error("%s", fault, exc_info=unexpected)
        elif known and not fault:
            log.info("bridge.db is followed again (%s).", name)
        self._faults[name] = fault
        self.fault = " ".join(filter(None, self._faults.values()))
