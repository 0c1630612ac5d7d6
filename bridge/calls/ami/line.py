"""The line to Asterisk: kept up for as long as the bridge runs, followed, and asked to dial."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence

from prometheus_client import Gauge
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from bridge.calls.ami.client import Connection, connected
from bridge.calls.ami.follow import Follower
from bridge.calls.ami.messages import Message
from bridge.calls.call import Call
from bridge.calls.event import Event
from bridge.errors import AmiError, AmiRefused, AmiUnreachable, StorageError
from bridge.settings import AmiSection
from bridge.tasks import running

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 30.0
UNTOLD_KEPT = 10_000  # events while bridge.db cannot be written

UP = Gauge("itflow_bridge_ami_connected", "Whether calls are followed by Asterisk's manager (1) or not (0).")

Take = Callable[[Sequence[Event]], Awaitable[object]]


class Line:
    """The line to one Asterisk.

    What is up is asked for after each login and every ``ami.list_every_s`` seconds. That keeps the connection alive,
    shows one that is dead, and mends what a lost message would leave wrong.

    What Asterisk tells is taken in at once and told to ``take`` beside that: a slow disk moves no call's times.

    Args:
        section: Where Asterisk is.
        take: Given the events of calls, one batch after the other.
        known: The calls of Asterisk that were up when the bridge was last running.
    """

    def __init__(self, section: AmiSection, take: Take, known: Iterable[Call] = ()) -> None:
        self._section = section
        self._take = take
        self._follower = Follower(extensions(section), known)
        self._connection: Connection | None = None
        self._heard_at: dt.datetime | None = None
        self._failures = 0
        self._untold: list[Event] = []
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Follow calls until cancelled.

        Raises:
            SettingsError: The secret cannot be read.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(AmiError),
            wait=self._wait,
            before_sleep=self._failed,
            sleep=asyncio.sleep,
        )
        try:
            async with running(self._telling(), "ami events"):
                await retrying(self._follow)
        finally:
            await self._tell()

    @property
    def connection(self) -> Connection:
        """The connection that is up.

        Raises:
            AmiUnreachable: There is none now.
        """
        if self._connection is None:
            raise AmiUnreachable("There is no connection to Asterisk's manager now; the bridge's log says why.")
        return self._connection

    async def _follow(self) -> None:
        self._follower.connected()
        gone_at = self._heard_at
        try:
            async with connected(self._section, self._heard) as connection:
                while True:
                    await self._list(connection, gone_at)
                    if self._connection is None:
                        self._connection, self._failures = connection, 0
                        UP.set(1)
                        log.info("Calls are followed at %s:%d", self._section.host, self._section.port)
                    await connection.ended(self._section.list_every_s)
                    gone_at = None
        finally:
            self._connection = None
            UP.set(0)

    async def _list(self, connection: Connection, gone_at: dt.datetime | None) -> None:
        """Ask what is up.

        Asterisk sends an answer past what it has still to tell; only what is told before the answer to a later
        question is complete. So a ping follows the lists.
        """
        self._follower.list_begins()
        await connection.ask("BridgeList", event="BridgeListComplete")
        await connection.ask("Status", {"Variables": "CDR(answer,u)"}, event="StatusComplete")
        await connection.ask("Ping")
        now = dt.datetime.now(dt.UTC)
        await self._tell(self._follower.list_ends(now, gone_at or now))

    async def _heard(self, message: Message) -> None:
        self._heard_at = now = dt.datetime.now(dt.UTC)
        if events := self._follower.take(message, now):
            self._untold += events
            self._news.set()
        if len(self._untold) > UNTOLD_KEPT:
            await self._tell()

    async def _telling(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._tell()

    async def _tell(self, events: Sequence[Event] = ()) -> None:
        """Pass events on; those that could not be stored go first with the next ones, which doubles none."""
        self._untold += events
        async with self._turn:
            batch = tuple(self._untold)
            if not batch:
                return
            try:
                await self._take(batch)
            except StorageError as error:
                log.warning("Events of calls wait until they can be stored: %s", error)
                del self._untold[:-UNTOLD_KEPT]
            else:
                del self._untold[: len(batch)]

    def _wait(self, state: RetryCallState) -> float:
        """None after the end of a connection that worked, longer and longer ones after failures in a row."""
        if isinstance(_failure(state), AmiRefused):
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures, 10)) if self._failures else 0.0

    def _failed(self, state: RetryCallState) -> None:
        """The first failure of an outage is told aloud, the others are not."""
        level = logging.WARNING if self._failures == 0 else logging.DEBUG
        log.log(level, "Calls are not followed: %s", _failure(state))
        self._failures += 1


def extensions(section: AmiSection) -> Callable[[str], str]:
    """The extension of a device, by ``ami.extensions``; empty for one outside."""
    pattern = re.compile(section.extensions)

    def extension_of(device: str) -> str:
        found = pattern.fullmatch(device)
        return found[1] or "" if found else ""

    return extension_of


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
