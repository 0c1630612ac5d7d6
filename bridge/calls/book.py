"""The book of calls: takes what phone systems tell, keeps it, and tells everybody who follows.

An event is stored before anybody is told of it, so a reader that knows the number of the last change it has seen
misses nothing, whatever happens in between: to it, to the network, to the bridge.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from bridge import controls, numbers
from bridge.calls.call import State
from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.log import CallLog, Told
from bridge.calls.party import Party, Who
from bridge.calls.rows import Filters, Logged
from bridge.errors import StorageError
from bridge.settings import CallsSection
from bridge.storage import Database
from bridge.tasks import running

log = logging.getLogger(__name__)

REMEMBERED = 1000  # changes in memory, for readers that are nearly up to date
PAGE = 500  # rows that a reader gets from the file at once
MAX_WAITING = 10_000  # tellings that wait for the file; beyond, no more are taken
MAX_UP = 5_000  # calls; beyond, the oldest counts as lost
RETRY_S = 1.0
EXPIRE_S = 3600.0
MAX_CHARS = 250  # of each text of an event
MAX_URL = 2000


@dataclass(slots=True)
class _Up:
    """A call that is not over, and when something was heard of it last (seconds of a steady clock)."""

    logged: Logged
    heard_s: float


class CallBook:
    """Every call that is told.

    Args:
        database: Where it is kept.
        section: How long, and with which numbers.
        who: Looks the other side up, where the teller has no rule of its own.
    """

    def __init__(self, database: Database, section: CallsSection, who: Who) -> None:
        self.log = CallLog(database)
        self._database = database
        self._section = section
        self._who = who
        self._waiting: deque[tuple[Told, asyncio.Future[None]]] = deque()
        self._more = asyncio.Event()
        self._turn = asyncio.Lock()  # who changes the file tells it before the next does, so changes come in order
        self._recent: deque[Logged] = deque(maxlen=REMEMBERED)
        self._changed = asyncio.Event()
        self._up: dict[int, _Up] = {}
        self._last = 0
        self._forgotten = 0
        self._expired_s = float("-inf")

    @classmethod
    @asynccontextmanager
    async def on(cls, database: Database, section: CallsSection, who: Who) -> AsyncIterator[Self]:
        """A book that takes events as long as the context lasts; at its end, what was taken is stored.

        Raises:
            StorageError: The file cannot be read.
        """
        book = cls(database, section, who)
        await database.run(book._load)
        async with running(book._writing(), "calls"):
            yield book
        while book._waiting:
            await book._write()

    async def take(self, events: Iterable[Event], *, key: str = "", who: Who | None = None) -> None:
        """Take what a phone system tells; returns when it is stored.

        Args:
            events: Of any calls, in any order, told before or not. An event with numbers tells the direction too.
            key: Name of the key that it came with.
            who: Looks the other side up, as that key sees it.

        Raises:
            StorageError: It could not be stored yet. It is kept in memory and tried again; told again, it is not
                doubled.
        """
        told = Told([self._kept(event, who or self._who) for event in events], key)
        if not told.events:
            return
        if len(self._waiting) >= MAX_WAITING:
            raise StorageError("Too many calls wait for bridge.db (setting storage.path): no more are taken.")
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((told, stored))
        self._more.set()
        await stored

    @property
    def last(self) -> int:
        """The number of the last change."""
        return self._last

    def now(self) -> list[Logged]:
        """The calls that are up, the oldest first."""
        return [up.logged for up in self._up.values()]

    async def changes(self, after: int | None = None) -> AsyncGenerator[Logged, None]:
        """Each call whenever something about it has changed, for ever.

        A reader that was away gets every call that has changed meanwhile, as it is now; a call that changed several
        times comes at least once, in its last state.

        Args:
            after: The last change that the reader has seen; None for what comes from now on. A number that is not
                given yet, of a file that is no longer in use, gets the calls that are up, then what comes.
        """
        seen = self._last if after is None else after
        if seen > self._last:
            seen, missed = self._last, self.now()
            for logged in missed:
                yield logged
        while True:
            changed = self._changed
            for logged in await self._since(seen):
                seen = logged.change
                yield logged
            if seen >= self._last:
                await changed.wait()

    async def ends(self, after: int) -> AsyncGenerator[Logged, None]:
        """Each call that is over, for rules that write something down.

        A call comes again when something about it is told later: its number stays, so the rule sees that it has it.

        Args:
            after: The last change that the rule has dealt with; it keeps that with what it wrote.
        """
        async with aclosing(self.changes(after)) as changes:
            async for logged in changes:
                if logged.call.state is State.ENDED:
                    yield logged

    async def read(self, filters: Filters) -> list[Logged]:
        """The log, the newest first.

        Raises:
            StorageError: It cannot be read.
        """
        return await self._database.run(partial(self.log.read, filters))

    async def one(self, row: int) -> Logged:
        """One call by its ``Logged.id``.

        Raises:
            NotFound: There is none.
            StorageError: It cannot be read.
        """
        return await self._database.run(partial(self.log.one, row))

    async def mark_done(self, row: int, person: str) -> Logged:
        """Mark a call as done, or, with an empty person, as not done.

        Raises:
            NotFound: There is none.
            StorageError: It cannot be stored.
        """
        async with self._turn:
            marked = await self._database.run(partial(self.log.mark_done, row, person))
            self._tell([marked])
        return marked

    async def sweep(self) -> None:
        """Close the calls of which nothing more is heard, and let go what is older than is kept; to be repeated.

        Raises:
            StorageError: It cannot be done now.
        """
        now_s, now = time.monotonic(), dt.datetime.now(dt.UTC)
        lost = [one.logged.call for one in self._up.values() if now_s - one.heard_s > self._patience_s(one.logged)]
        lost += [one.logged.call for one in list(self._up.values())[: max(0, len(self._up) - MAX_UP)]]
        await self.take(
            Event(source=call.source, call_id=call.id, what=What.ENDED, at=max(now, call.latest), cause=Cause.LOST)
            for call in lost
        )
        if now_s - self._expired_s > EXPIRE_S:
            await self._database.run(partial(self.log.expire, self._section.keep_days))
            self._expired_s = now_s

    async def take_over(self) -> None:
        """What another process has forgotten is forgotten here too; to be told when ``bridge.db`` has changed.

        Raises:
            StorageError: It cannot be read.
        """
        if await self._database.run(self.log.forgotten) != self._forgotten:
            self._recent.clear()
            await self._database.run(self._load)

    def _patience_s(self, logged: Logged) -> float:
        ringing = logged.call.state is State.RINGING
        return self._section.lost_ringing_s if ringing else self._section.lost_talking_s

    def _load(self) -> None:
        heard = {row: up.heard_s for row, up in self._up.items()}
        self._forgotten = self.log.forgotten()
        self._last = max(self._last, self.log.last_change())
        self._up = {one.id: _Up(one, heard.get(one.id, time.monotonic())) for one in self.log.up()}

    async def _writing(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            if not await self._write():
                await asyncio.sleep(RETRY_S)
                self._more.set()

    async def _write(self) -> bool:
        """Store all that waits, at once; whether that went well."""
        async with self._turn:
            batch = list(self._waiting)
            try:
                changed = await self._database.run(partial(self.log.store, [told for told, _ in batch]))
            except StorageError as error:
                for _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
                log.warning("Calls could not be stored; they are tried again: %s", error)
                return False
            for _ in batch:
                self._waiting.popleft()
            self._tell(changed)
        for _, stored in batch:
            if not stored.done():
                stored.set_result(None)
        return True

    def _tell(self, changed: Sequence[Logged]) -> None:
        for logged in changed:
            self._last = max(self._last, logged.change)
            self._recent.append(logged)
            if logged.call.ended is None:
                self._up[logged.id] = _Up(logged, time.monotonic())
            else:
                self._up.pop(logged.id, None)
        if changed:
            happened, self._changed = self._changed, asyncio.Event()
            happened.set()

    async def _since(self, seen: int) -> Sequence[Logged]:
        if seen >= self._last:
            return ()
        recent = list(self._recent)
        if recent and recent[0].change <= seen + 1:
            return [logged for logged in recent if logged.change > seen]
        return await self._database.run(partial(self.log.changed, seen, PAGE))

    def _kept(self, event: Event, who: Who) -> tuple[Event, Party | None]:
        """An event as it may be kept, and who is on the other side."""
        event = _cleaned(event)
        number = event.to_number if event.direction is Direction.OUT else event.from_number
        outside = event.direction in {Direction.IN, Direction.OUT} and (number or event.what is What.BEGAN)
        party = who(number) if outside else None
        if party is not None and party.result == "withheld" and event.direction is Direction.IN:
            party, event = replace(party, number=""), replace(event, from_number="")
        if party is not None:
            party = replace(party, number=self._shown(party.number))
        event = replace(event, from_number=self._shown(event.from_number), to_number=self._shown(event.to_number))
        return event, party

    def _shown(self, number: str) -> str:
        """A number as the settings let it be kept; extensions stay."""
        if self._section.numbers == "full" or sum(map(str.isdigit, number)) < 7:
            return number
        return numbers.masked(number) if self._section.numbers == "masked" else ""


def _cleaned(event: Event) -> Event:
    """An event of what another system sent, its texts cut and without what a terminal would obey."""

    def cut(text: str, most: int = MAX_CHARS) -> str:
        return controls.one_line(text).strip()[:most]

    return replace(
        event,
        call_id=cut(event.call_id),
        from_number=cut(event.from_number),
        to_number=cut(event.to_number),
        extension=cut(event.extension),
        device=cut(event.device),
        queue=cut(event.queue),
        linked=tuple(cut(one) for one in event.linked[:20]),
        recording=cut(event.recording, MAX_URL),
        verified=cut(event.verified),
    )
