"""When the mirror is pulled: people, money and tickets at their own pace each, ever slower while ITFlow fails."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential, wait_random

from bridge.directory.outages import Outages
from bridge.directory.sync import Sync
from bridge.directory.tickets import TicketSync
from bridge.errors import BridgeError, KeyRefused
from bridge.settings import SyncSection

log = logging.getLogger(__name__)

# Part of an interval by which pulls spread, so that bridges and cron jobs do not meet in step.
JITTER = 0.1
FIRST_RETRY_S = 5.0
# New rows are looked for at most this often, however many unknown numbers call, and so many times after each:
# a caller is typed in while the phone rings or soon after.
NUDGE_GAP_S = 10.0
NUDGE_LOOKS = 6


class Follower:
    """Pulls again and again until it is cancelled.

    Args:
        sync: What pulls.
        settings: The section ``sync``.
        told: Called after every pull, whatever came of it.
        tickets: Follows the tickets; None where nobody needs them.

    Attributes:
        outages: Which pulls fail.
    """

    def __init__(
        self, sync: Sync, settings: SyncSection, told: Callable[[], None], tickets: TicketSync | None = None
    ) -> None:
        self._sync = sync
        self._settings = settings
        self._told = told
        self._tickets = tickets
        self._new = asyncio.Event()
        self._written = asyncio.Event()
        self._now = {kind: asyncio.Event() for kind in ("people", "money", "tickets")}
        self._accepting: set[str] = set()
        self.outages = Outages()
        self._ticket_outages = Outages()  # a key without a right for tickets takes nothing from the others

    def accept(self) -> None:
        """Pull everything now, and believe what was doubted."""
        self._accepting |= set(self._now)
        self.pull_now()

    def pull_now(self) -> None:
        """Pull everything without waiting for the interval."""
        for event in self._now.values():
            event.set()

    def look_for_new(self) -> None:
        """Look for rows that are new; bounded, see ``NUDGE_GAP_S``."""
        self._new.set()

    def look_at_once(self) -> None:
        """Look for rows that the bridge itself has written."""
        self._written.set()
        self._now["tickets"].set()

    async def run(self) -> None:
        """Follow ITFlow, beginning with what is stored: it may be of another version or region."""
        await self._sync.refresh()
        self._told()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow("people", self._people, self._settings.interval_s, self.outages))
            tasks.create_task(self._follow("money", self._money, self._settings.money_interval_s, self.outages))
            if self._tickets is not None:
                pull = self._tickets.pull
                tasks.create_task(self._follow("tickets", pull, self._settings.interval_s, self._ticket_outages))
            tasks.create_task(self._follow_nudges())
            tasks.create_task(self._follow_written())

    async def _people(self) -> None:
        accept = "people" in self._accepting
        await self._sync.people(accept=accept)
        if accept:  # else it was told while this pull was under way, and counts for the next one
            self._accepting.discard("people")

    async def _money(self) -> None:
        accept = "money" in self._accepting
        await self._sync.money(accept=accept)
        if accept:  # else it was told while this pull was under way, and counts for the next one
            self._accepting.discard("money")

    async def _follow(
        self, kind: str, pull: Callable[[], Awaitable[object]], interval_s: float, outages: Outages
    ) -> None:
        longest_s = self._settings.max_wait_s
        first_s = min(interval_s, FIRST_RETRY_S, longest_s)
        backoff = wait_exponential(multiplier=first_s, max=longest_s) + wait_random(0, first_s * JITTER)

        def wait(state: RetryCallState) -> float:
            failure = state.outcome.exception() if state.outcome else None
            return longest_s if isinstance(failure, KeyRefused) else backoff(state)

        def failed(state: RetryCallState) -> None:
            if state.outcome and (failure := state.outcome.exception()):
                outages.failed(kind, failure)

        async def sleep(seconds: float) -> None:
            event = self._now[kind]
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
            event.clear()

        while True:
            async for attempt in AsyncRetrying(
                wait=wait,
                retry=retry_if_exception_type(BridgeError),
                sleep=sleep,
                after=failed,
            ):
                with attempt:
                    try:
                        await pull()
                    finally:
                        self._told()
            outages.worked(kind)
            await sleep(interval_s * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret

    async def _follow_nudges(self) -> None:
        while True:
            await self._new.wait()
            self._new.clear()
            for _ in range(NUDGE_LOOKS):
                await self._look()
                await asyncio.sleep(NUDGE_GAP_S)

    async def _follow_written(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            await self._look()

    async def _look(self) -> None:
        if self.outages:
            return
        try:
            if await self._sync.new_people():
                self._told()
        except BridgeError as error:
            log.debug("New rows could not be pulled: %s", error)
