"""Takes each call that is over from the book to the outbox, once.

The outbox knows a call's note by the call (``NewNote.once``), and the place in the book is stored after the note was
promised. So a kill in between repeats the promise and gets the same entry.

A note waits for ``tickets.choose_s``: until then its ticket can be changed without a trace, and what is told late of
the call is taken into it. ITFlow takes no note back; where another ticket is chosen later, both tickets say so.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from bridge.calls import Cause
from bridge.calls.book import CallBook
from bridge.calls.rows import Logged
from bridge.directory.mirror import Mirror
from bridge.errors import BadParameter, NotFound, NotReady, RequestError, StorageError
from bridge.followup import rules, texts
from bridge.followup.kept import Kept, Taken
from bridge.followup.rules import Colleague
from bridge.itflow.capabilities import Generation
from bridge.outbox.delivery import Deliverer
from bridge.outbox.kinds import Item
from bridge.outbox.note import NewNote
from bridge.settings import TicketsSection
from bridge.storage import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_S = 2.0
SAME_S = 7 * 86400.0  # in which the same call is the same note
TOO_OLD = dt.timedelta(days=1)  # such a call was told late, or the bridge was away: nobody expects its note any more
KEY = "calls"  # what the journal names where no key told the call


class Followup:
    """Applies the rules to every call.

    Args:
        book: The calls.
        database: Where the place in the book is kept.
        deliverer: The outbox.
        mirror: Open tickets.
        colleague: Who has an extension or login.
        section: The settings.
    """

    def __init__(
        self,
        book: CallBook,
        database: Database,
        deliverer: Deliverer,
        mirror: Mirror,
        colleague: Callable[[str], Colleague | None],
        section: TicketsSection,
    ) -> None:
        self._book = book
        self._kept = Kept(database)
        self._database = database
        self._deliverer = deliverer
        self._mirror = mirror
        self._colleague = colleague
        self._section = section
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Follow the book for ever; calls of before the first start leave nothing."""
        after = await self._patiently(partial(self._kept.place, self._book.last))
        async for logged in self._book.ends(after):
            while True:
                try:
                    async with self._turn:
                        await self._take(logged)
                    break
                except (NotReady, StorageError) as error:
                    log.warning("What call %d leaves in ITFlow waits: %s", logged.id, error)
                    await asyncio.sleep(RETRY_S)
            await self._patiently(partial(self._kept.move, logged.change))

    @property
    def notes(self) -> bool:
        """Whether this ITFlow takes notes: 26.08 and later do."""
        return self._mirror.freshness.generation == Generation.FROM_26_08

    async def noted_on(self, logged: Logged, by: str) -> int | None:
        """The ticket that a call is noted on, or will be once it was answered; None for none.

        Args:
            logged: The call; nobody may have answered it yet.
            by: Who looks, by an extension: counts as who answers.

        Raises:
            StorageError: What was chosen cannot be read.
        """
        client_id = logged.party.client_id
        current = self._mirror.current
        if not client_id or not self.notes or current is None:
            return None
        kept = await self._database.run(partial(self._kept.of, logged.id))
        if kept.ticket_id is None and kept.entry is not None:
            with suppress(NotFound):
                written = (await self._deliverer.entry(kept.entry)).fields.get("ticket_id")
                return written if isinstance(written, int) else None
        colleague = self._colleague(texts.ours_of(logged.call) or by)
        tickets = current.tickets_of(0, client_id)
        return kept.ticket_id or rules.ticket_of(logged.call, logged.party, colleague, tickets, self._section)

    async def choose(self, row: int, ticket_id: int) -> str:
        """Have a call noted on a ticket, while it is up or later.

        Args:
            row: The call, by its row in the log.
            ticket_id: A ticket of the caller's client.

        Returns:
            What becomes of it, in words.

        Raises:
            NotFound: There is no such call, or the client has no such ticket.
            BadParameter: Nothing can be noted of the call, or in this ITFlow.
            BridgeError: See ``Deliverer.promise``.
        """
        logged = await self._book.one(row)
        client_id = logged.party.client_id
        if not client_id or self._mirror.snapshot.ticket_client(ticket_id) != client_id:
            raise NotFound(f"The client of call {row} has no ticket {ticket_id}.")
        if not self.notes:
            raise BadParameter("ITFlow takes notes of calls from 26.08 on; this one is older, or was not read yet.")
        call = logged.call
        if call.ended is not None and (not call.talk_s or call.cause is Cause.LOST):
            raise BadParameter(f"There is nothing to note of call {row}: nobody talked, or its end was not told.")
        tickets = self._mirror.snapshot.tickets_of(0, client_id)
        number = next((one.number for one in tickets if one.id == ticket_id and one.number), ticket_id)
        async with self._turn:
            before = await self._database.run(partial(self._kept.choose, row, ticket_id))
            if call.ended is None:
                return f"The call will be noted on ticket {number} when it is over."
            if before.entry is not None:
                await self._tell_former(logged, before.entry, ticket_id)
            await self._take(logged)
        return f"The call is noted on ticket {number}."

    async def _tell_former(self, logged: Logged, entry_id: int, ticket_id: int) -> None:
        """Say on the ticket that already has the note where it belongs."""
        with suppress(NotFound):
            entry = await self._deliverer.entry(entry_id)
            former = entry.fields.get("ticket_id")
            if isinstance(former, int) and former != ticket_id and not await self._deliverer.withdraw(entry_id):
                text = texts.moved(ticket_id, logged.call.talk_s)
                once = f"call {logged.id} moved from {former} to {ticket_id}"
                await self._promise(logged, NewNote(ticket_id=former, text=text, once=once), wait_s=0, stands=False)

    async def _take(self, logged: Logged) -> None:
        call, party = logged.call, logged.party
        kept = await self._database.run(partial(self._kept.of, logged.id))
        if call.ended is None or not party.client_id:
            return
        if kept.ticket_id is None and dt.datetime.now(dt.UTC) - call.ended > TOO_OLD:
            return
        item = rules.written(
            logged.id,
            call,
            party,
            self._colleague(texts.ours_of(call)),
            self._mirror.snapshot.tickets_of(0, party.client_id),
            self._section,
            notes=self.notes,
            chosen=kept.ticket_id,
        )
        if kept.entry is not None and not await self._gives_way(kept, item):
            return
        if item is not None:
            await self._promise(logged, item, wait_s=0 if kept.ticket_id else self._section.choose_s)

    async def _gives_way(self, kept: Taken, item: Item | None) -> bool:
        """Whether what was promised of a call makes room for what is known now: another choice, or late events."""
        entry_id = kept.entry or 0
        try:
            entry = await self._deliverer.entry(entry_id)
        except NotFound:
            return True  # withdrawn, and the bridge was killed before the next one was promised
        if item is not None and (item.kind, item.fields()) == (entry.kind, entry.fields):
            return False
        chosen = item is not None and kept.ticket_id is not None and entry.fields.get("ticket_id") != kept.ticket_id
        if await self._database.run(partial(self._kept.shared, entry_id)):
            return chosen
        return await self._deliverer.withdraw(entry_id) or chosen

    async def _promise(self, logged: Logged, item: Item, *, wait_s: float, stands: bool = True) -> None:
        """Promise it; whether it stands for the call, or only speaks of it."""
        ended = logged.call.ended or dt.datetime.now(dt.UTC)
        age_s = max(0.0, (dt.datetime.now(dt.UTC) - ended).total_seconds())
        person = self._colleague(texts.ours_of(logged.call))
        try:
            entry = await self._deliverer.promise(
                logged.party.client_id or 0,
                item,
                None,
                logged.key or KEY,
                person=person.name if person and item.kind == "note" else "",
                wait_s=wait_s,
                # By the call's own time: one that is taken late is held against the tickets of its time.
                repeat_window_s=SAME_S if item.kind == "note" else self._section.missed_within_s + age_s,
            )
        except RequestError as error:  # the client was archived, the contact is gone
            log.warning("Call %d leaves nothing in ITFlow: %s", logged.id, error)
            return
        if stands:
            await self._database.run(partial(self._kept.wrote, logged.id, entry.id))

    async def _patiently(self, work: Callable[[], T]) -> T:
        while True:
            try:
                return await self._database.run(work)
            except StorageError as error:
                log.warning("What calls leave in ITFlow waits: %s", error)
                await asyncio.sleep(RETRY_S)
