"""Whose an entry is, asked of ITFlow before each sending: it would write to any client, and to any client's rows."""

from __future__ import annotations

from bridge.errors import RowMissing, WriteRefused
from bridge.itflow.client import ItflowClient
from bridge.itflow.modules import MODULES
from bridge.itflow.protocol import number
from bridge.outbox.journal import JournalEntry
from bridge.outbox.kinds import KINDS


async def check_owner(client: ItflowClient, entry: JournalEntry) -> None:
    """See that an entry's client is there, and that the rows it names are this client's.

    Raises:
        WriteRefused: The client is archived, or such a row is another one's; the text says which.
        RowMissing: The key does not reach the client, or it or such a row is gone.
        ItflowError: ITFlow cannot be asked.
    """
    await _reach(client, entry)
    await _reach_parents(client, entry)


async def _reach(client: ItflowClient, entry: JournalEntry) -> None:
    """Whether the client can be reached.

    A key of another client would write to that one, and a client that is gone would get an orphan.
    """
    try:
        row = await client.row("clients", entry.client_id)
    except RowMissing as error:
        raise RowMissing(
            f"ITFlow's API key does not reach client {entry.client_id}, or the client is gone, so the "
            f"{entry.kind} was not sent. Give the bridge a key that reaches all its clients."
        ) from error
    if row.get("client_archived_at"):
        raise WriteRefused(f"Client {entry.client_id} was archived in ITFlow before the {entry.kind} could be added.")


async def _reach_parents(client: ItflowClient, entry: JournalEntry) -> None:
    """Whether the rows that an entry names are its client's: ITFlow takes any."""
    for field, module in KINDS[entry.kind].parents.items():
        parent_id = number(entry.fields.get(field)) or 0
        if not parent_id:
            continue
        row = await client.row(module, parent_id)
        if number(row.get(MODULES[module].client_column or "")) != entry.client_id:
            raise WriteRefused(f"{field}: row {parent_id} of {module} is not of client {entry.client_id} (any more).")
