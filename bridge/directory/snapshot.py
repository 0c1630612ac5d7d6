"""The immutable picture of ITFlow that every answer is read from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from bridge.directory.entries import Client, Entry, Invoice, Scope, covers


class Snapshot:
    """Clients, entries and invoices at one moment; never changed, only replaced.

    Attributes:
        version: Changes whenever anything in it does; fit for an ETag.
        payments: Whether ITFlow showed the payments, so that balances can be exact.
    """

    def __init__(self, version: str, *, payments: bool) -> None:
        self.version = version
        self.payments = payments
        self._clients: dict[int, Client] = {}
        self._entries: list[Entry] = []
        self._by_number: dict[str, list[Entry]] = defaultdict(list)
        self._invoices: dict[int, list[Invoice]] = defaultdict(list)

    @classmethod
    def build(
        cls,
        *,
        clients: Iterable[Client] = (),
        entries: Iterable[Entry] = (),
        invoices: Iterable[Invoice] = (),
        payments: bool = True,
        version: str = "1",
    ) -> Self:
        """Put a snapshot together.

        Args:
            clients: All that are not archived.
            entries: All that are not archived, of clients that are not archived or of none.
            invoices: All invoices of those clients, archived ones too: they count in ITFlow's balance.
            payments: Whether the invoices' ``paid`` is known.
            version: See the attribute.
        """
        snapshot = cls(version, payments=payments)
        snapshot._clients = {client.id: client for client in clients}
        for entry in entries:
            snapshot._entries.append(entry)
            for phone in entry.phones:
                snapshot._by_number[phone.number].append(entry)
        for invoice in invoices:
            snapshot._invoices[invoice.client_id].append(invoice)
        return snapshot

    def match(self, number: str, scope: Scope = None) -> Sequence[Entry]:
        """The entries with a number, in the order of kind and id.

        Args:
            number: An identity: E.164 or short.
            scope: The clients that count.
        """
        return [entry for entry in self._by_number.get(number, ()) if covers(scope, entry.client_id)]

    def client(self, client_id: int) -> Client | None:
        """A client that is not archived, or None."""
        return self._clients.get(client_id)

    def clients(self, scope: Scope = None) -> Iterator[Client]:
        """The clients of a scope, in the order of their ids."""
        return (client for client in self._clients.values() if covers(scope, client.id))

    def entries(self, scope: Scope = None) -> Iterator[Entry]:
        """The entries of a scope: contacts, then locations, then vendors, each in the order of their ids."""
        return (entry for entry in self._entries if covers(scope, entry.client_id))

    def invoices(self, client_id: int) -> Sequence[Invoice]:
        """A client's invoices, in the order of their ids."""
        return self._invoices.get(client_id, [])
