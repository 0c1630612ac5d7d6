"""Tickets are followed in three ways, because v1 can filter them by nothing and a firm may have 100,000.

* The whole, at first and every few hours: what was deleted is found by that alone. Pages that come unchanged are not
  decoded.
* What is new, with every pull: the rows behind the known ones.
* What is open, and what was resolved last (a client's answer opens it again), some with every pull, in turn.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import Awaitable, Callable

from bridge.directory.pull import pull_new
from bridge.directory.rows import TABLES, StoredRow
from bridge.directory.store import MirrorStore
from bridge.errors import ItflowError, KeyRefused, RowGarbled, RowMissing
from bridge.itflow.client import ItflowClient

log = logging.getLogger(__name__)

MODULE = "tickets"
CHECKED = 50  # tickets that are read again with each pull, one request each
RESOLVED = 100  # of those that are resolved and not closed
AGENT_ROWS = 10_000


class TicketSync:
    """Follows the tickets of one ITFlow; names never wait for it.

    Args:
        client: ITFlow.
        store: The mirror.
        whole: Pulls all of them, like any other module.
        whole_interval_s: How often.
    """

    def __init__(
        self,
        client: ItflowClient,
        store: MirrorStore,
        whole: Callable[[], Awaitable[object]],
        whole_interval_s: float,
    ) -> None:
        self._client = client
        self._store = store
        self._whole = whole
        self._whole_interval_s = whole_interval_s
        self._whole_at: float | None = None
        self._lock = asyncio.Lock()
        self._turns: dict[int, int] = {}  # how often each was read again

    async def pull(self) -> None:
        """Pull what is due.

        Raises:
            ItflowError: It could not be read.
            StorageError: ``bridge.db`` cannot be used.
        """
        async with self._lock:
            known = self._store.known(MODULE)
            if self._whole_at is None or time.monotonic() - self._whole_at >= self._whole_interval_s or not known.ever:
                await self._whole()
                self._whole_at = time.monotonic()
                await self._note_agents()
            elif not known.gap:
                await pull_new(self._client, self._store, MODULE)
                await self._check()

    async def _check(self) -> None:
        """Read some tickets again that may have changed."""
        candidates = self._store.tickets_to_check(RESOLVED)
        due = sorted(candidates, key=lambda ticket_id: self._turns.get(ticket_id, 0))[:CHECKED]
        rows: list[StoredRow] = []
        for ticket_id in due:
            try:
                rows.append(TABLES[MODULE].read(await self._client.row(MODULE, ticket_id)))
            except (RowMissing, RowGarbled):
                continue  # whether it is gone, a whole pull must say
        # A new one comes at once, then in turn with the others.
        turn = min((self._turns.get(ticket_id, 0) for ticket_id in candidates), default=0)
        self._turns = {ticket_id: self._turns.get(ticket_id, turn) for ticket_id in candidates}
        for ticket_id in due:
            self._turns[ticket_id] = self._turns.get(ticket_id, turn) + 1
        self._store.change(MODULE, rows)

    async def _note_agents(self) -> None:
        """The names of users, as far as v1 tells: of those who have noted time this year or last."""
        year = dt.datetime.now(dt.UTC).year
        names: dict[str, str] = {}
        for one in (year - 1, year):
            try:
                answer = await self._client.call("technicians", "time", {"year": one, "limit": AGENT_ROWS})
            except KeyRefused:
                raise
            except ItflowError as error:  # up to 26.02 there is no such page
                log.debug("ITFlow tells no names of users: %s", error)
                return
            for row in answer.rows:
                names[row.get("technician_id") or ""] = row.get("technician") or ""
        names.pop("", None)
        self._store.note_facts({"agents": json.dumps(names, ensure_ascii=False, sort_keys=True)})
