"""One attempt: to bring an entry to ITFlow, or to find what was sent for it without an answer; see ``delivery``."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable
from enum import StrEnum

from bridge.directory.rows import TABLES
from bridge.errors import ItflowError, ItflowUnreachable, KeyRefused, RightMissing, RowMissing, WriteRefused
from bridge.itflow import tail
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import Unfinished
from bridge.outbox import looking
from bridge.outbox.found import judge
from bridge.outbox.journal import LOOKS, Journal, JournalEntry, State
from bridge.outbox.kinds import KINDS, Undo
from bridge.outbox.owner import check_owner
from bridge.settings import AssetsSection

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
GIVE_UP_AFTER = 20  # failures of ITFlow on one entry, while it answers reads

# The client that asks with the key of a person of that name; None where there is no such key.
ClientOf = Callable[[str], ItflowClient | None]


class Step(StrEnum):
    """Where an attempt stands; see the table on top."""

    LOOK = "look"
    CLAIM = "claim"
    SEND = "send"
    CONFIRM = "confirm"
    DONE = "done"


class Attempts:
    """Attempts to write to ITFlow, with what came of each in the journal.

    Args:
        journal: Where entries are kept.
        client: ITFlow.
        section: Deadlines.
        on_row: Told when the mirror lacks a row that ITFlow has now.
        on_step: Told each step before it is taken.
        client_of: Asks ITFlow with a person's own key.
    """

    def __init__(
        self,
        journal: Journal,
        client: ItflowClient,
        section: AssetsSection,
        on_row: Callable[[], None],
        on_step: Callable[[Step], None],
        client_of: ClientOf,
    ) -> None:
        self._journal = journal
        self._client = client
        self._section = section
        self._on_row = on_row
        self._on_step = on_step
        self._client_of = client_of

    async def deliver(self, entry: JournalEntry) -> str:
        """Send an entry, unless what was sent before has come, or may still come.

        Args:
            entry: A pending one.

        Returns:
            What came of it: a state, ``deferred``, or ``taken`` where another process has it.

        Raises:
            StorageError: The journal cannot be used.
        """
        self._on_step(Step.LOOK)
        try:
            if entry.lost and (found_id := judge(entry, await looking.rows(self._client, entry)).kept):
                return await self._added(entry, found_id)
            await check_owner(self._client, entry)
        except WriteRefused as error:
            return await self._refused(entry, str(error))
        except RowMissing as error:
            return await self._failed(entry, str(error))
        except ItflowError as error:
            return await self._defer(entry, str(error))
        if entry.lost and entry.repeat_in_s != 0:
            return await self._wait(entry)
        return await self._send(entry)

    async def _wait(self, entry: JournalEntry) -> str:
        """What was sent may still come. ITFlow answers, so the entry is taken up as soon as it may be repeated."""
        reason = entry.reason or "ITFlow's answer was lost."
        if entry.repeat_in_s is None:
            wait_s = self._repeat_wait_s(entry, 1)  # however often it was sent before
            return await self._defer(entry, reason, wait_s, over_in_s=wait_s)
        return await self._defer(entry, reason, over_in_s=entry.repeat_in_s)

    async def _send(self, entry: JournalEntry) -> str:
        self._on_step(Step.CLAIM)
        kind, journal, floor = KINDS[entry.kind], self._journal, None
        if kind.numbered and entry.floor is None:
            try:
                floor = await tail.last_id(self._client, kind.module)
            except ItflowError as error:
                return await self._defer(entry, str(error))
        hold_s = self._section.answer_s + kind.patience * self._section.settle_s
        sending = await journal.database.run(lambda: journal.claim(entry, hold_s, floor))
        if sending is None:
            return "taken"
        fields = {"client_id": entry.client_id, **kind.with_mark(entry.fields, entry.tag, sending)}
        own = self._client_of(entry.person) if entry.person else None
        client = own or self._client
        self._on_step(Step.SEND)
        try:
            answer = await client.call(kind.module, "create", fields, timeout_s=self._section.answer_s)
        except ItflowError as error:
            return await self._unconfirmed(entry, sending, error, own_key=own is not None)
        self._on_step(Step.CONFIRM)
        # Never 0: decipher raises where a create names no id.
        return await self._added(entry, answer.insert_id or 0, sending)

    async def _unconfirmed(self, entry: JournalEntry, sending: int, error: ItflowError, *, own_key: bool) -> str:
        """A sending that ITFlow has not confirmed: it may be lost, refused, or never have left."""
        reason, journal = str(error), self._journal
        if isinstance(error, Unfinished):
            return await self._lost(entry, sending, reason)
        if not isinstance(error, WriteRefused | RightMissing | ItflowUnreachable | KeyRefused):
            return await self._lost(entry, sending, reason, failed=True)
        await journal.database.run(lambda: journal.account(entry.id, {sending}))
        if own_key and isinstance(error, RightMissing | KeyRefused):
            log.warning("ITFlow refuses the key of %s; the bridge's own is used: %s", entry.person, reason)
            await journal.database.run(lambda: journal.without_person(entry))
        elif isinstance(error, WriteRefused | RightMissing):
            return await self._refused(entry, reason)
        return await self._defer(entry, reason)

    async def watch(self, entry: JournalEntry) -> str:
        """Look for what lost sendings of a settled entry have made meanwhile, and take back what is too much.

        Args:
            entry: One that is added or refused.

        Raises:
            StorageError: The journal cannot be used.
        """
        try:
            found = judge(entry, await looking.rows(self._client, entry))
            if entry.itflow_id is None and found.kept:
                return await self._added(entry, found.kept)
            accounted = set(found.arrived)
            for sending, found_id in found.extra.items():
                await looking.undo(self._client, entry, found_id)
                log.warning("%s: a sending that came late was taken back, ITFlow's row %d", named(entry), found_id)
                accounted.add(sending)
            for sending, ids in found.doubtful.items():
                stays = KINDS[entry.kind].undo is Undo.NONE
                log.error(
                    "%s stands in ITFlow as %s and also as %s, which %s: look, and remove what is too much by hand",
                    *(named(entry), entry.itflow_id, ", ".join(map(str, ids))),
                    "the bridge cannot take back" if stays else "somebody has worked on or copied",
                )
                accounted.add(sending)
        except ItflowError as error:
            log.warning("%s cannot be looked for: %s", named(entry), error)
            accounted = set()
        journal = self._journal
        await journal.database.run(lambda: journal.account(entry.id, accounted))
        if not await journal.database.run(lambda: journal.looked(entry)) and entry.lost - accounted:
            log.info("%s: what was sent without an answer did not come in %d looks", named(entry), LOOKS)
        return "watched"

    async def _added(self, entry: JournalEntry, itflow_id: int, sending: int | None = None) -> str:
        journal = self._journal
        await journal.database.run(lambda: journal.added(entry, itflow_id, sending))
        if KINDS[entry.kind].module in TABLES:
            self._on_row()
        self._on_step(Step.DONE)
        log.info("%s is in ITFlow as %d", named(entry), itflow_id)
        return State.ADDED

    async def _refused(self, entry: JournalEntry, reason: str) -> str:
        await self._journal.database.run(lambda: self._journal.refused(entry, reason))
        log.error("%s is refused: %s", named(entry), reason)
        return State.REFUSED

    async def _failed(self, entry: JournalEntry, reason: str, repeat_wait_s: float | None = None) -> str:
        if entry.failures + 1 >= GIVE_UP_AFTER:
            return await self._refused(entry, f"Given up after {GIVE_UP_AFTER} failures. {reason}")
        return await self._defer(entry, reason, repeat_wait_s, failed=True)

    async def _lost(self, entry: JournalEntry, sending: int, reason: str, *, failed: bool = False) -> str:
        """A sending without a clear answer."""
        repeat_wait_s = self._repeat_wait_s(entry, sending)
        if failed:
            return await self._failed(entry, reason, repeat_wait_s)
        return await self._defer(entry, reason, repeat_wait_s)

    def _repeat_wait_s(self, entry: JournalEntry, sending: int) -> float:
        settle_s: float = self._section.settle_s * KINDS[entry.kind].patience
        doubled: float = settle_s * 2 ** min(sending - 1, 20)
        return min(doubled, max(settle_s, self._section.max_wait_s))

    async def _defer(
        self,
        entry: JournalEntry,
        reason: str,
        repeat_wait_s: float | None = None,
        *,
        over_in_s: float = math.inf,
        failed: bool = False,
    ) -> str:
        longest_s = min(FIRST_WAIT_S * 2 ** min(entry.tries, 20), self._section.max_wait_s)
        wait_s = min(random.uniform(longest_s / 2, longest_s), over_in_s)  # noqa: S311 - jitter is no secret
        journal = self._journal
        await journal.database.run(lambda: journal.defer(entry, reason, wait_s, repeat_wait_s, failed=failed))
        log.warning("%s waits %.1f s: %s", named(entry), wait_s, reason)
        return "deferred"


def named(entry: JournalEntry) -> str:
    """What a log calls an entry."""
    return f"{entry.kind.capitalize()} {entry.id} of client {entry.client_id}"
