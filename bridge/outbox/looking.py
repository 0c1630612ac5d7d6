"""Where the rows are that a sending may have made, and how one that is too much is taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bridge.itflow import tail
from bridge.itflow.client import ItflowClient
from bridge.itflow.protocol import Row
from bridge.outbox.found import fields_to_undo
from bridge.outbox.journal import JournalEntry
from bridge.outbox.kinds import KINDS


async def _of_client(client: ItflowClient, entry: JournalEntry) -> list[Row]:
    return await client.rows(KINDS[entry.kind].module, client_id=entry.client_id)


async def _of_email(client: ItflowClient, entry: JournalEntry) -> list[Row]:
    # Through the filter: 26.08 would send every contact there is.
    return await client.rows("contacts", contact_email=entry.fields["contact_email"], client_id=entry.client_id)


async def _newer(client: ItflowClient, entry: JournalEntry) -> list[Row]:
    return await tail.rows_after(client, KINDS[entry.kind].module, entry.floor or 0)


async def _of_ticket(client: ItflowClient, entry: JournalEntry) -> list[Row]:
    return await client.rows("ticket_replies", ticket_id=entry.fields["ticket_id"], include_archived=1)


_LOOKS: Mapping[str, Callable[[ItflowClient, JournalEntry], Awaitable[list[Row]]]] = {
    "asset": _of_client,
    "contact": _of_email,
    "ticket": _newer,
    "note": _of_ticket,
}


async def rows(client: ItflowClient, entry: JournalEntry) -> list[Row]:
    """The rows among which those of an entry are, if there are any.

    Raises:
        ItflowError: They cannot be read.
    """
    return await _LOOKS[entry.kind](client, entry)


async def undo(client: ItflowClient, entry: JournalEntry, found_id: int) -> None:
    """Take a row back that is too much.

    Raises:
        RowMissing: It is not there any more, or ITFlow keeps it.
        ItflowError: See ``ItflowClient.call``.
    """
    kind = KINDS[entry.kind]
    fields = fields_to_undo(entry, found_id)
    if kind.undo == "delete":
        await client.delete(kind.module, fields)
    else:
        await client.call(kind.module, kind.undo, fields)
