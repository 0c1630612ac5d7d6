"""Delivery: from the journal into ITFlow, each entry once.

ITFlow knows no idempotency key, and it may still do what it was asked minutes after everybody has stopped waiting: a
table is locked while it is dumped, a request waits for a free PHP process. So no time decides whether a write has
happened. Three things do:

1. The answer is waited for as long as the connection stands, up to ``assets.answer_s``.
2. Each sending carries a mark of its own (``kinds``). Without a clear answer, the rows of the client are searched for
   it, and only ``assets.settle_s`` later the write is repeated, with another mark.
3. As long as a sending is unaccounted for, its mark goes on being looked for, at growing intervals, over a week of
   running time. What it has made beside the row that counts is removed again.

Guaranteed, whatever the clocks do, and with any number of processes on one journal:

* What was promised comes to ITFlow, or stays in the journal with the reason.
* When every write that ITFlow still held has happened, and the next look is over, one row is left of each entry.
* The row whose id a caller was told is never removed, nor is one that carries no mark of an unaccounted sending, or
  that anybody has changed since: such a double stays, and is named in the log.

Not guaranteed, because ITFlow offers no means for it:

* For a while there may be two rows, from when a late write happens until the next look.
* A write that happens later than a week after it was repeated stays.
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
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from prometheus_client import Counter, Gauge

from bridge.directory.entries import Scope, covers
from bridge.directory.mirror import Mirror
from bridge.errors import (
    ItflowError,
    ItflowUnreachable,
    KeyRefused,
    NotFound,
    RightMissing,
    RowMissing,
    StorageError,
    WriteRefused,
)
from bridge.itflow.client import ItflowClient
from bridge.itflow.protocol import Row
from bridge.itflow.transport import Unfinished
from bridge.outbox.found import fields_to_delete, judge
from bridge.outbox.journal import LOOKS, Journal, JournalEntry, State
from bridge.outbox.kinds import KINDS, Item
from bridge.settings import AssetsSection

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
GIVE_UP_AFTER = 20  # failures of ITFlow on one asset, while it answers reads
POLL_S = 1.0  # for what other processes do with the journal
AT_ONCE = 4  # of ITFlow's PHP workers
STOP_S = 5.0  # for attempts under way when the service ends

ENTRIES = Gauge("itflow_bridge_journal_entries", "Writes in the journal, by state.", ["state"])
ATTEMPTS = Counter("itflow_bridge_asset_attempts_total", "Attempts to add assets, by outcome.", ["outcome"])


class Step(StrEnum):
    """Where an attempt stands; see the table on top."""

    LOOK = "look"
    CLAIM = "claim"
    SEND = "send"
    CONFIRM = "confirm"
    DONE = "done"


class Deliverer:
    """Takes writes in and brings them to ITFlow.

    Args:
        journal: Where they are kept.
        client: ITFlow.
        mirror: Which clients there are.
        section: Deadlines.
        on_step: Told each step before it is taken.
    """

    def __init__(
        self,
        journal: Journal,
        client: ItflowClient,
        mirror: Mirror,
        section: AssetsSection,
        on_step: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        self._journal = journal
        self._client = client
        self._mirror = mirror
        self._section = section
        self._on_step = on_step
        self._wake = asyncio.Event()
        self._stopping = False
        self._busy: set[tuple[str, int]] = set()
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
            NotReady: There is no mirror yet to check the client with.
            NotFound: There is no such client, it is archived, or out of scope; or a limited key refers to a row of
                somebody else.
            BadParameter: A limited key refers to a row that cannot be checked.
            StorageError: The journal cannot be written; nothing is promised.
            WriteRefused: ITFlow does not take it.
        """
        if not covers(scope, client_id) or self._mirror.snapshot.client(client_id) is None:
            raise NotFound(f"There is no client {client_id}, or it is archived, or this key does not cover it.")
        item.check(self._mirror.snapshot, client_id, scope)
        database = self._journal.database
        entry = await database.run(lambda: self._journal.accept(client_id, item, key, self._section.repeat_window_s))
        if entry.state is State.PENDING:
            entry = await self._wait(entry)
        if entry.state is State.REFUSED:
            raise WriteRefused(entry.reason)
        return entry

    async def entry(self, entry_id: int) -> JournalEntry:
        """What became of an entry.

        Raises:
            NotFound: There is no entry of this id.
            StorageError: The journal cannot be read.
        """
        return await self._journal.database.run(lambda: self._journal.get(entry_id))

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
            await self._journal.database.run(self._journal.hurry)
            self._wake.set()
        except StorageError as error:
            log.error("Writes cannot be delivered: %s", error)  # noqa: TRY400 - the text says it all

    async def _start(self, attempts: asyncio.TaskGroup) -> float:
        """Take up what is due; the time until more may be."""
        journal = self._journal
        heads, watched, counts = await journal.database.run(
            lambda: (journal.heads(), journal.watched(), journal.counts())
        )
        for state, count in counts.items():
            ENTRIES.labels(state).set(count)
        waits_s = [POLL_S]
        for entry, place, work in (
            *((entry, ("client", entry.client_id), self._deliver) for entry in heads),
            *((entry, ("entry", entry.id), self._watch) for entry in watched),
        ):
            if entry.due_in_s:
                waits_s.append(entry.due_in_s)
            elif place not in self._busy:
                self._busy.add(place)
                attempts.create_task(self._attempt(entry, place, work), name=f"{entry.kind} {entry.id}")
        return min(waits_s)

    async def _attempt(
        self, entry: JournalEntry, place: tuple[str, int], work: Callable[[JournalEntry], Awaitable[str]]
    ) -> None:
        try:
            async with self._slots:
                outcome = await work(entry)
        except StorageError as error:
            outcome = "storage"
            log.error("%s cannot be delivered: %s", _named(entry), error)  # noqa: TRY400 - the text says it all
            await asyncio.sleep(FIRST_WAIT_S)
        finally:
            self._busy.discard(place)
            self._wake.set()
        ATTEMPTS.labels(outcome).inc()
        if outcome in {State.ADDED, State.REFUSED} and (event := self._settled.get(entry.id)):
            event.set()

    async def _deliver(self, entry: JournalEntry) -> str:
        """One attempt; what came of it."""
        self._on_step(Step.LOOK)
        try:
            if entry.lost and (found_id := judge(entry, await self._rows(entry)).kept):
                return await self._added(entry, found_id)
            await self._reach(entry)
        except WriteRefused as error:
            return await self._refused(entry, str(error))
        except RowMissing as error:
            return await self._failed(entry, str(error))
        except ItflowError as error:
            return await self._defer(entry, str(error))
        if entry.lost and entry.repeat_in_s:
            return await self._defer(entry, entry.reason or "ITFlow's answer was lost.")
        return await self._send(entry)

    async def _rows(self, entry: JournalEntry) -> list[Row]:
        return await self._client.rows(KINDS[entry.kind].module, client_id=entry.client_id)

    async def _reach(self, entry: JournalEntry) -> None:
        """Whether the client can be reached.

        A key of another client would write to that one, and a client that is gone would get an orphan.
        """
        try:
            client = await self._client.row("clients", entry.client_id)
        except RowMissing as error:
            raise RowMissing(
                f"ITFlow's API key does not reach client {entry.client_id}, or the client is gone, so the "
                f"{entry.kind} was not sent. Give the bridge a key that reaches all its clients."
            ) from error
        if client.get("client_archived_at"):
            raise WriteRefused(
                f"Client {entry.client_id} was archived in ITFlow before the {entry.kind} could be added."
            )

    async def _send(self, entry: JournalEntry) -> str:
        self._on_step(Step.CLAIM)
        kind, journal = KINDS[entry.kind], self._journal
        hold_s = self._section.answer_s + self._section.settle_s
        number = await journal.database.run(lambda: journal.claim(entry, hold_s))
        if number is None:
            return "taken"
        fields = {"client_id": entry.client_id, **kind.with_mark(entry.fields, entry.tag, number)}
        self._on_step(Step.SEND)
        try:
            answer = await self._client.call(kind.module, "create", fields, timeout_s=self._section.answer_s)
        except (WriteRefused, RightMissing) as error:
            await journal.database.run(lambda: journal.account(entry.id, {number}))
            return await self._refused(entry, str(error))
        except Unfinished as error:
            return await self._lost(entry, number, str(error))
        except (ItflowUnreachable, KeyRefused) as error:
            await journal.database.run(lambda: journal.account(entry.id, {number}))
            return await self._defer(entry, str(error))
        except ItflowError as error:
            return await self._lost(entry, number, str(error), failed=True)
        self._on_step(Step.CONFIRM)
        # Never 0: decipher raises where a create names no id.
        return await self._added(entry, answer.insert_id or 0, number)

    async def _watch(self, entry: JournalEntry) -> str:
        """Look for what lost sendings of a settled entry have made meanwhile."""
        try:
            found = judge(entry, await self._rows(entry))
            if entry.itflow_id is None and found.kept:
                return await self._added(entry, found.kept)
            accounted = set(found.arrived)
            for number, found_id in found.extra.items():
                await self._client.delete(KINDS[entry.kind].module, fields_to_delete(entry, found_id))
                log.warning("%s: a sending that came late was removed again, ITFlow's row %d", _named(entry), found_id)
                accounted.add(number)
            for number, ids in found.doubtful.items():
                log.error(
                    "%s stands in ITFlow as %s and also as %s, which somebody has worked on or copied: look, and "
                    "remove what is too much by hand",
                    *(_named(entry), entry.itflow_id, ", ".join(map(str, ids))),
                )
                accounted.add(number)
        except ItflowError as error:
            log.warning("%s cannot be looked for: %s", _named(entry), error)
            accounted = set()
        journal = self._journal
        await journal.database.run(lambda: journal.account(entry.id, accounted))
        if not await journal.database.run(lambda: journal.looked(entry)) and entry.lost - accounted:
            log.info("%s: what was sent without an answer did not come in %d looks", _named(entry), LOOKS)
        return "watched"

    async def _added(self, entry: JournalEntry, itflow_id: int, number: int | None = None) -> str:
        journal = self._journal
        await journal.database.run(lambda: journal.added(entry, itflow_id, number))
        self._on_step(Step.DONE)
        log.info("%s is in ITFlow as %d", _named(entry), itflow_id)
        return State.ADDED

    async def _refused(self, entry: JournalEntry, reason: str) -> str:
        await self._journal.database.run(lambda: self._journal.refused(entry, reason))
        log.error("%s is refused: %s", _named(entry), reason)
        return State.REFUSED

    async def _failed(self, entry: JournalEntry, reason: str, repeat_wait_s: float | None = None) -> str:
        if entry.failures + 1 >= GIVE_UP_AFTER:
            return await self._refused(entry, f"Given up after {GIVE_UP_AFTER} failures. {reason}")
        return await self._defer(entry, reason, repeat_wait_s, failed=True)

    async def _lost(self, entry: JournalEntry, number: int, reason: str, *, failed: bool = False) -> str:
        """A sending without a clear answer."""
        settle_s = self._section.settle_s
        repeat_wait_s = min(settle_s * 2 ** min(number - 1, 20), max(settle_s, self._section.max_wait_s))
        if failed:
            return await self._failed(entry, reason, repeat_wait_s)
        return await self._defer(entry, reason, repeat_wait_s)

    async def _defer(
        self, entry: JournalEntry, reason: str, repeat_wait_s: float | None = None, *, failed: bool = False
    ) -> str:
        longest_s = min(FIRST_WAIT_S * 2 ** min(entry.tries, 20), self._section.max_wait_s)
        wait_s = random.uniform(longest_s / 2, longest_s)  # noqa: S311 - jitter is no secret
        journal = self._journal
        await journal.database.run(lambda: journal.defer(entry, reason, wait_s, repeat_wait_s, failed=failed))
        log.warning("%s waits %.1f s: %s", _named(entry), wait_s, reason)
        return "deferred"


def _named(entry: JournalEntry) -> str:
    return f"{entry.kind.capitalize()} {entry.id} of client {entry.client_id}"


@asynccontextmanager
async def delivering(deliverer: Deliverer) -> AsyncIterator[Deliverer]:
    """Keep a deliverer at work; at the end, attempts under way may finish within a few seconds."""
    task = asyncio.create_task(deliverer.run(), name="asset delivery")
    try:
        yield deliverer
    finally:
        deliverer.stop()
        try:
            async with asyncio.timeout(STOP_S):
                await task
        except TimeoutError:
            log.warning("Assets are left in the journal; the next start goes on with them")
