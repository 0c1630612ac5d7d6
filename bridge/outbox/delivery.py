"""Delivery: from the journal into ITFlow, each entry once.

ITFlow knows no idempotency key, and it may still do what it was asked minutes after everybody has stopped waiting: a
table is locked while it is dumped, a request waits for a free PHP process. So no time decides whether a write has
happened. Three things do:

1. The answer is waited for as long as the connection stands, up to ``assets.answer_s``.
2. Each sending carries a mark of its own (``kinds``). Without a clear answer, ITFlow's rows are searched for it, and
   only ``assets.settle_s`` later the write is repeated, with another mark; a note, which cannot be taken back, after
   60 times as long. A machine that is started anew waits that long from its start.
3. As long as a sending is unaccounted for, its mark goes on being looked for, at growing intervals, over a week of
   running time. What it has made beside the row that counts is taken back: assets and contacts are deleted, tickets
   resolved.

Guaranteed, whatever the clocks do, and with any number of processes on one journal:

* What was promised comes to ITFlow, or stays in the journal with the reason.
* When every write that ITFlow still held has happened, and the next look is over, one asset or contact is left of each
  entry, and one ticket that is not resolved. Of a note, one is left unless a write happens that late: then both stay,
  and the log names them.
* Before each sending ITFlow is asked whether the client is there and not archived, and whether the contact, location
  or ticket that the entry names is this client's: nothing is written to another one.
* The row whose id a caller was told is never removed, nor is one that carries no mark of an unaccounted sending, or
  that anybody has changed since: such a double stays, and is named in the log.

Not guaranteed, because ITFlow offers no means for it:

* For a while there may be two rows, from when a late write happens until the next look.
* A write that happens later than a week after it was repeated stays.
* What a double has set off in ITFlow (a number that is used up, a notification to technicians) is not undone.
* ITFlow cannot delete on a condition: who changes a double in the milliseconds between the look and the removal loses
  it. Who copies a double, removes the original by hand and changes nothing in the copy, may lose the copy.
* Who takes the mark out of a row before the bridge has found it there makes the bridge write another one.
* Two bridges with files of their own know nothing of each other.

The steps of an attempt, and what is found after a kill -9 in each:

========  ==========================================  =============================================
step      done                                        next start
========  ==========================================  =============================================
look      nothing                                     looks again
claim     ITFlow was looked at                        looks again
send      the journal says that it is being sent      looks; later sends again, and goes on looking
confirm   ITFlow has it                               looks, and finds it
done      the journal says so                         nothing to do
========  ==========================================  =============================================

Several processes may deliver from one journal: the claim is a transaction that only one of them wins.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import Counter, Gauge

from bridge.directory.entries import Scope, covers
from bridge.directory.mirror import Mirror
from bridge.errors import (
    BadParameter,
    NotFound,
    StorageError,
    WriteRefused,
)
from bridge.itflow.client import ItflowClient
from bridge.outbox.attempts import FIRST_WAIT_S, Attempts, ClientOf, Step, named
from bridge.outbox.journal import Journal, JournalEntry, State
from bridge.outbox.kinds import KINDS, Item
from bridge.settings import AssetsSection

log = logging.getLogger(__name__)

POLL_S = 1.0  # for what other processes do with the journal
AT_ONCE = 4  # of ITFlow's PHP workers
STOP_S = 5.0  # for attempts under way when the service ends

ENTRIES = Gauge("itflow_bridge_journal_entries", "Writes in the journal, by state.", ["state"])
OLDEST = Gauge("itflow_bridge_journal_oldest_seconds", "Age of the oldest write that is not in ITFlow yet.")
ATTEMPTS = Counter("itflow_bridge_asset_attempts_total", "Attempts to add assets, by outcome.", ["outcome"])
WRITES = Counter("itflow_bridge_write_attempts_total", "Attempts to write to ITFlow, by outcome.", ["kind", "outcome"])


class Deliverer:
    """Takes writes in and brings them to ITFlow.

    Args:
        journal: Where they are kept.
        client: ITFlow.
        mirror: Which clients there are.
        section: Deadlines.
        on_step: Told each step before it is taken.
        client_of: Asks ITFlow with a person's own key.

    Attributes:
        journal: Where they are kept.
    """

    def __init__(
        self,
        journal: Journal,
        client: ItflowClient,
        mirror: Mirror,
        section: AssetsSection,
        on_step: Callable[[Step], None] = lambda _step: None,
        client_of: ClientOf = lambda _person: None,
    ) -> None:
        self.journal = journal
        self._mirror = mirror
        self._section = section
        self._attempts = Attempts(journal, client, section, mirror.written, on_step, client_of)
        self._wake = asyncio.Event()
        self._stopping = False
        self._busy: set[tuple[str, str, int]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._settled: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def add(self, client_id: int, item: Item, scope: Scope, key: str) -> JournalEntry:
        """Promise a write, and wait for ITFlow up to ``assets.deadline_s``.

        Args:
            client_id: Whose it is.
            item: What to write.
            scope: The clients that the caller's key covers.
            key: Its name.

        Returns:
            The journal's entry: added, or still pending.

        Raises:
            NotReady, NotFound, BadParameter, StorageError: See ``promise``.
            WriteRefused: ITFlow does not take it.
        """
        entry = await self.promise(client_id, item, scope, key)
        if entry.state is State.PENDING:
            entry = await self._wait(entry)
        if entry.state is State.REFUSED:
            raise WriteRefused(entry.reason)
        return entry

    async def promise(
        self,
        client_id: int,
        item: Item,
        scope: Scope,
        key: str,
        *,
        person: str = "",
        wait_s: float = 0,
        repeat_window_s: float | None = None,
    ) -> JournalEntry:
        """Take a write in, without waiting for ITFlow.

        Args:
            client_id: Whose it is.
            item: What to write.
            scope: The clients that the caller's key covers.
            key: Its name.
            person: Whose key of ITFlow it is to be written with, if there is one; empty for the bridge's.
            wait_s: How long it is not sent yet.
            repeat_window_s: How long the same client and identity mean the same item; ``assets.repeat_window_s`` where
                it is not given.

        Raises:
            NotReady: There is no mirror yet to check the client with.
            NotFound: There is no such client, it is archived, or out of scope; or it refers to a row of somebody else.
            BadParameter: A limited key refers to a row that cannot be checked.
            StorageError: The journal cannot be written; nothing is promised.
        """
        if not covers(scope, client_id) or self._mirror.snapshot.client(client_id) is None:
            raise NotFound(f"There is no client {client_id}, or it is archived, or this key does not cover it.")
        item.check(self._mirror.snapshot, client_id, scope)
        only, there = KINDS[item.kind].only, self._mirror.freshness.generation
        if only and there and there != only:
            raise BadParameter(f"ITFlow takes a {item.kind} {only} only; this one is {there}.")
        window_s = self._section.repeat_window_s if repeat_window_s is None else repeat_window_s
        entry = await self.journal.database.run(
            lambda: self.journal.accept(client_id, item, key, window_s, person=person, wait_s=wait_s)
        )
        self._wake.set()
        return entry

    async def entry(self, entry_id: int) -> JournalEntry:
        """What became of an entry.

        Raises:
            NotFound: There is no entry of this id.
            StorageError: The journal cannot be read.
        """
        return await self.journal.database.run(lambda: self.journal.get(entry_id))

    async def withdraw(self, entry_id: int) -> bool:
        """Take an entry back that was never sent; whether it was still there to be taken back.

        Raises:
            StorageError: The journal cannot be written.
        """
        return await self.journal.database.run(lambda: self.journal.withdraw(entry_id))

    async def run(self) -> None:
        """Deliver until ``stop`` is called; then end with the attempts that are under way."""
        await self.hurry()
        async with asyncio.TaskGroup() as attempts:
            while not self._stopping:
                self._wake.clear()
                try:
                    wait_s = await self._start(attempts)
                except StorageError as error:
                    log.error("Writes cannot be delivered: %s", error)  # noqa: TRY400 - the text says it all
                    wait_s = POLL_S
                try:
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def stop(self) -> None:
        """Let ``run`` end."""
        self._stopping = True
        self._wake.set()

    async def _wait(self, entry: JournalEntry) -> JournalEntry:
        settled = self._settled[entry.id]
        loop = asyncio.get_running_loop()
        self._wake.set()
        until = loop.time() + self._section.deadline_s
        try:
            while entry.state is State.PENDING and (left_s := until - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left_s, POLL_S)):
                        await settled.wait()
                entry = await self.entry(entry.id)
        finally:
            self._settled.pop(entry.id, None)
        return entry

    async def hurry(self) -> None:
        """Try at once whatever waits: a new start, or new settings, may come with a new key or address."""
        try:
            await self.journal.database.run(self.journal.hurry)
            self._wake.set()
        except StorageError as error:
            log.error("Writes cannot be delivered: %s", error)  # noqa: TRY400 - the text says it all

    async def _start(self, attempts: asyncio.TaskGroup) -> float:
        """Take up what is due; the time until more may be."""
        journal = self.journal
        heads, watched, counts = await journal.database.run(
            lambda: (journal.heads(), journal.watched(), journal.counts())
        )
        for state, count in counts.items():
            ENTRIES.labels(state).set(count)
        OLDEST.set(max((entry.accepted.age_s for entry in heads), default=0))
        waits_s = [POLL_S]
        for entry, place, work in (
            *((entry, _place(entry), self._attempts.deliver) for entry in heads),
            *((entry, ("entry", entry.kind, entry.id), self._attempts.watch) for entry in watched),
        ):
            if entry.due_in_s:
                waits_s.append(entry.due_in_s)
            elif place not in self._busy:
                self._busy.add(place)
                attempts.create_task(self._attempt(entry, place, work), name=f"{entry.kind} {entry.id}")
        return min(waits_s)

    async def _attempt(
        self, entry: JournalEntry, place: tuple[str, str, int], work: Callable[[JournalEntry], Awaitable[str]]
    ) -> None:
        try:
            async with self._slots:
                outcome = await work(entry)
        except StorageError as error:
            outcome = "storage"
            log.error("%s cannot be delivered: %s", named(entry), error)  # noqa: TRY400 - the text says it all
            await asyncio.sleep(FIRST_WAIT_S)
        finally:
            self._busy.discard(place)
            self._wake.set()
        WRITES.labels(entry.kind, outcome).inc()
        if entry.kind == "asset":
            ATTEMPTS.labels(outcome).inc()
        if outcome in {State.ADDED, State.REFUSED} and (event := self._settled.get(entry.id)):
            event.set()


def _place(entry: JournalEntry) -> tuple[str, str, int]:
    """Of entries with the same place, one is sent at a time."""
    if KINDS[entry.kind].one_at_a_time:
        return "kind", entry.kind, 0
    return "client", entry.kind, entry.client_id


@asynccontextmanager
async def delivering(deliverer: Deliverer) -> AsyncIterator[Deliverer]:
    """Keep a deliverer at work; at the end, attempts under way may finish within a few seconds."""
    task = asyncio.create_task(deliverer.run(), name="outbox")
    try:
        yield deliverer
    finally:
        deliverer.stop()
        try:
            async with asyncio.timeout(STOP_S):
                await task
        except TimeoutError:
            log.warning("Writes are left in the journal; the next start goes on with them")
