"""Delivery: from the journal into ITFlow, each asset once.

ITFlow knows no idempotency key: a write that is repeated after a lost answer makes a second asset. So each
attempt first looks which assets of the client look like the new one (by serial, else by name). Those that were
there before the first sending are remembered; one that appears later is ours. A write without a clear answer
may still be at work in ITFlow, so it is repeated only ``assets.settle_s`` after nobody waits for that answer.

The steps of an attempt, and what is found after a kill -9 in each:

========  ==========================================  =============================================
step      done                                        next start
========  ==========================================  =============================================
look      nothing                                     looks again
claim     ITFlow was looked at                        looks again
send      the journal says that it is being sent      looks, waits for ``settle_s``, sends again
confirm   ITFlow has it                               looks, and finds it
done      the journal says so                         nothing to do
========  ==========================================  =============================================

Several processes may deliver from one journal: the claim is a transaction that only one of them wins.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from prometheus_client import Counter, Gauge

from bridge.assets import references
from bridge.assets.journal import Journal, JournalEntry, State
from bridge.assets.request import NewAsset
from bridge.directory.entries import Scope, covers
from bridge.directory.mirror import Mirror
from bridge.errors import (
    ItflowError,
    ItflowUnreachable,
    NotFound,
    RightMissing,
    RowMissing,
    StorageError,
    WriteRefused,
)
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import Unfinished
from bridge.settings import AssetsSection

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
GIVE_UP_AFTER = 20  # failures of ITFlow on one asset, while it answers reads
POLL_S = 1.0  # for what other processes do with the journal
AT_ONCE = 4  # of ITFlow's PHP workers
STOP_S = 5.0  # for attempts under way when the service ends

ENTRIES = Gauge("itflow_bridge_journal_entries", "Assets in the journal, by state.", ["state"])
ATTEMPTS = Counter("itflow_bridge_asset_attempts_total", "Attempts to add assets, by outcome.", ["outcome"])


class Step(StrEnum):
    """Where an attempt stands; see the table on top."""

    LOOK = "look"
    CLAIM = "claim"
    SEND = "send"
    CONFIRM = "confirm"
    DONE = "done"


class Deliverer:
    """Takes assets in and brings them to ITFlow.

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
        self._busy: set[int] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._settled: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def add(self, client_id: int, asset: NewAsset, scope: Scope, key: str) -> JournalEntry:
        """Promise an asset, and wait for ITFlow up to ``assets.deadline_s``.

        Args:
            client_id: Whose it is.
            asset: What to add.
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
        references.check(self._mirror.snapshot, client_id, asset, scope)
        database = self._journal.database
        entry = await database.run(lambda: self._journal.accept(client_id, asset, key, self._section.repeat_window_s))
        if entry.state is State.PENDING:
            entry = await self._wait(entry)
        if entry.state is State.REFUSED:
            raise WriteRefused(entry.reason)
        return entry

    async def entry(self, entry_id: int) -> JournalEntry:
        """What became of an asset.

        Raises:
            NotFound: There is no entry of this id.
            StorageError: The journal cannot be read.
        """
        return await self._journal.database.run(lambda: self._journal.get(entry_id))

    async def run(self) -> None:
        """Deliver until ``stop`` is called; then end with the attempts that are under way."""
        await self._hurry()
        async with asyncio.TaskGroup() as attempts:
            while not self._stopping:
                self._wake.clear()
                try:
                    wait_s = await self._start(attempts)
                except StorageError as error:
                    log.error("Assets cannot be delivered: %s", error)  # noqa: TRY400 - the text says it all
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
        self._wake.set()
        until = time.monotonic() + self._section.deadline_s
        try:
            while entry.state is State.PENDING and (left_s := until - time.monotonic()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left_s, POLL_S)):
                        await settled.wait()
                entry = await self.entry(entry.id)
        finally:
            self._settled.pop(entry.id, None)
        return entry

    async def _hurry(self) -> None:
        """A new start may come with a new key or address: whatever waits is tried at once."""
        try:
            await self._journal.database.run(self._journal.hurry)
        except StorageError as error:
            log.error("Assets cannot be delivered: %s", error)  # noqa: TRY400 - the text says it all

    async def _start(self, attempts: asyncio.TaskGroup) -> float:
        """Take up what is due; the time until more may be."""
        heads, counts = await self._journal.database.run(lambda: (self._journal.heads(), self._journal.counts()))
        for state, count in counts.items():
            ENTRIES.labels(state).set(count)
        now = time.time()
        longest_wait_s = self._section.max_wait_s + self._client.timeout_s + self._section.settle_s
        if any((entry.sent_at or 0) > now or entry.next_try_at > now + longest_wait_s for entry in heads):
            log.warning("The clock was set back; assets in the journal wait from now on.")
            await self._journal.database.run(lambda: self._journal.set_back(longest_wait_s))
            return 0
        for entry in heads:
            if entry.next_try_at <= now and entry.client_id not in self._busy:
                self._busy.add(entry.client_id)
                attempts.create_task(self._attempt(entry), name=f"asset {entry.id}")
        later = [entry.next_try_at - now for entry in heads if entry.next_try_at > now]
        return min([POLL_S, *later])

    async def _attempt(self, entry: JournalEntry) -> None:
        try:
            async with self._slots:
                outcome = await self._deliver(entry)
        except StorageError as error:
            outcome = "storage"
            log.error("Asset %d cannot be delivered: %s", entry.id, error)  # noqa: TRY400 - the text says it all
            await asyncio.sleep(FIRST_WAIT_S)
        finally:
            self._busy.discard(entry.client_id)
            self._wake.set()
        ATTEMPTS.labels(outcome).inc()
        if outcome in {State.ADDED, State.REFUSED} and (event := self._settled.get(entry.id)):
            event.set()

    async def _deliver(self, entry: JournalEntry) -> str:
        """One attempt; what came of it."""
        looked_at = time.time()
        try:
            alike = await self._look(entry)
        except WriteRefused as error:
            return await self._refused(entry, str(error))
        except RowMissing as error:
            return await self._failed(entry, str(error))
        except ItflowError as error:
            return await self._defer(entry, str(error))
        if entry.sent_at is not None:
            if ours := alike - entry.known_ids:
                return await self._added(entry, min(ours))
            if (wait_s := entry.sent_at + self._client.timeout_s + self._section.settle_s - looked_at) > 0:
                return await self._defer(entry, entry.reason or "ITFlow's answer was lost.", wait_s)
        return await self._send(entry, alike)

    async def _look(self, entry: JournalEntry) -> frozenset[int]:
        """Ids of the client's assets that look like the new one; by the way, whether the client can be reached.

        A key of another client would write to that one, and a client that is gone would get an orphan.
        """
        self._on_step(Step.LOOK)
        try:
            client = await self._client.row("clients", entry.client_id)
        except RowMissing as error:
            raise RowMissing(
                f"ITFlow's API key does not reach client {entry.client_id}, or the client is gone, so the asset was "
                "not sent. Give the bridge a key that reaches all its clients."
            ) from error
        if client.get("client_archived_at"):
            raise WriteRefused(f"Client {entry.client_id} was archived in ITFlow before the asset could be added.")
        column, value = ("asset_serial", entry.serial) if entry.serial else ("asset_name", entry.name)
        rows = await self._client.rows("assets", client_id=entry.client_id, **{column: value})
        return frozenset(
            int(row["asset_id"] or 0) for row in rows if (row.get(column) or "").strip().casefold() == value.casefold()
        )

    async def _send(self, entry: JournalEntry, alike: frozenset[int]) -> str:
        self._on_step(Step.CLAIM)
        if not await self._journal.database.run(lambda: self._journal.claim(entry, alike)):
            return "taken"
        self._on_step(Step.SEND)
        try:
            asset_id = await self._client.create("assets", {"client_id": entry.client_id, **entry.fields})
        except (WriteRefused, RightMissing) as error:
            return await self._refused(entry, str(error))
        except ItflowUnreachable as error:
            if not isinstance(error, Unfinished):
                await self._journal.database.run(lambda: self._journal.not_sent(entry))
            return await self._defer(entry, str(error))
        except ItflowError as error:
            return await self._failed(entry, str(error))
        self._on_step(Step.CONFIRM)
        return await self._added(entry, asset_id)

    async def _added(self, entry: JournalEntry, asset_id: int) -> str:
        await self._journal.database.run(lambda: self._journal.added(entry, asset_id))
        self._on_step(Step.DONE)
        log.info("Asset %d of client %d is in ITFlow as %d", entry.id, entry.client_id, asset_id)
        return State.ADDED

    async def _refused(self, entry: JournalEntry, reason: str) -> str:
        await self._journal.database.run(lambda: self._journal.refused(entry, reason))
        log.error("Asset %d of client %d is refused: %s", entry.id, entry.client_id, reason)
        return State.REFUSED

    async def _failed(self, entry: JournalEntry, reason: str) -> str:
        if entry.failures + 1 >= GIVE_UP_AFTER:
            return await self._refused(entry, f"Given up after {GIVE_UP_AFTER} failures. {reason}")
        return await self._defer(entry, reason, failed=True)

    async def _defer(
        self, entry: JournalEntry, reason: str, wait_s: float | None = None, *, failed: bool = False
    ) -> str:
        if wait_s is None:
            longest_s = min(FIRST_WAIT_S * 2 ** min(entry.tries, 20), self._section.max_wait_s)
            wait_s = random.uniform(longest_s / 2, longest_s)  # noqa: S311 - jitter is no secret
        await self._journal.database.run(lambda: self._journal.defer(entry, reason, wait_s, failed=failed))
        log.warning("Asset %d of client %d waits %.1f s: %s", entry.id, entry.client_id, wait_s, reason)
        return "deferred"


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
