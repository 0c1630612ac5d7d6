"""The immutable picture of ITFlow that every answer is read from: the mirror's tables, in memory."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count, groupby
from typing import Any, Final, NamedTuple, Self

from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone, Scope, Ticket, covers
from bridge.itflow.protocol import LARGEST_ID
from bridge.storage import memory

_ENTRY: Final = (
    "kind, id, client_id, name, email, title, department, is_primary, important, billing, technical, has_pin"
)
_WIDTH: Final = len(_ENTRY.split(", "))
_CLIENT: Final = "id, name, lead, favorite, currency, region"
_NUMBER: Final = "number, label, extension"

_MATCH = f"""
SELECT {_ENTRY}, number.number, number.label, number.extension
FROM number JOIN live_entry USING (kind, id) WHERE number.number = ? ORDER BY number.kind, number.id, place
"""
_PHONES = f"SELECT {_NUMBER} FROM number WHERE kind = ? AND id = ? ORDER BY place"
_ALL_PHONES = f"SELECT kind, id, {_NUMBER} FROM number ORDER BY kind, id, place"
_ALL = f"SELECT {_ENTRY} FROM live_entry ORDER BY kind, id"
_OF_CLIENTS = f"""
SELECT {_ENTRY} FROM live_entry WHERE client_id IN (SELECT value FROM json_each(?)) ORDER BY kind, id
"""
_ONE = f"SELECT {_ENTRY} FROM live_entry WHERE kind = ? AND id = ?"
_CLIENTS = f"SELECT {_CLIENT} FROM client WHERE NOT archived ORDER BY id"
_ONE_CLIENT = f"SELECT {_CLIENT} FROM client WHERE id = ? AND NOT archived"
_INVOICES = """
SELECT id, number, status, date, due, currency, amount FROM invoice WHERE client_id = ? ORDER BY id
"""
_PAYMENTS = """
SELECT invoice_id, amount FROM payment WHERE invoice_id IN (SELECT id FROM invoice WHERE client_id = ?)
"""
_TICKET: Final = "id, client_id, number, subject, contact_id, assigned_to, status, updated"
_TICKETS = f"SELECT {_TICKET} FROM ticket WHERE client_id = ? AND open ORDER BY id DESC"
_TICKET_CLIENT = "SELECT client_id FROM ticket WHERE id = ?"
_ODD_INVOICES = "SELECT reason FROM odd_row WHERE module = 'invoices' AND ifnull(client_id, ?1) = ?1 ORDER BY id"
_ODD_PAYMENTS = "SELECT DISTINCT invoice_id FROM odd_row WHERE module = 'payments'"

# Each number as ITFlow has it, beside the first one that it is read as.
_STORED = """
SELECT kind, id, name, client_id, is_primary, phone, phone_country_code, mobile, mobile_country_code,
    (SELECT number FROM number WHERE (kind, id) = (entry.kind, entry.id) AND label = 'work' ORDER BY place),
    (SELECT number FROM number WHERE (kind, id) = (entry.kind, entry.id) AND label = 'mobile' ORDER BY place)
FROM live_entry AS entry ORDER BY kind, id
"""
_SHARED = """
SELECT DISTINCT number.number, kind, id, client_id, name FROM number JOIN live_entry USING (kind, id)
WHERE kind <> 'vendor' AND number.number IN (
    SELECT number.number FROM number JOIN live_entry USING (kind, id)
    WHERE kind <> 'vendor' AND client_id <> 0 GROUP BY number.number HAVING count(DISTINCT client_id) > 1
) ORDER BY number.number, kind, id
"""

# Rows read while other threads wait, well below a millisecond.
CHUNK = 200
# A scope of more clients is read by going through all entries in their order; sorting its own would hold others up.
FEW_CLIENTS = 30

_KINDS = {kind.value: kind for kind in Kind}
_LABELS = {label.value: label for label in Label}
_built = count(1)


class Stored(NamedTuple):
    """An entry and its numbers as ITFlow has them.

    Attributes:
        texts: Of each number that is not empty: as it is stored, its country code, what it is read as or empty.
    """

    kind: Kind
    id: int
    name: str
    client_id: int
    primary: bool
    texts: tuple[tuple[str, str, str], ...]


class Snapshot:
    """Clients, entries and invoices at one moment; never changed, only replaced. Any thread may read it.

    Args:
        connection: The tables of ``bridge.db`` in memory; the snapshot's from now on.

    Attributes:
        version: Names the content; two snapshots of one version are the same. Fit for an ETag.
        payments: Whether ITFlow showed the payments, so that balances can be exact.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = ON")
        facts = dict(connection.execute("SELECT name, value FROM mirror_facts"))
        self.version = version_of(facts)
        self.payments = bool(facts.get("payments"))
        self._agents: Mapping[str, str] = json.loads(facts.get("agents") or "{}")
        self._connection = connection
        # Python keeps a statement for the next one of the same text, and lets two threads have it at once (3.12 and
        # later): one would get what the other has asked for.
        self._lock = threading.Lock()
        weakref.finalize(self, connection.close)

    @classmethod
    def build(
        cls,
        *,
        clients: Iterable[Client] = (),
        entries: Iterable[Entry] = (),
        invoices: Iterable[Invoice] = (),
        tickets: Iterable[Ticket] = (),
        agents: Mapping[int, str] | None = None,
        payments: bool = True,
        version: str = "",
    ) -> Self:
        """Put a snapshot together without a ``bridge.db``.

        Args:
            clients: All that are not archived; where there are none, entries of any client are shown.
            entries: All that are not archived.
            invoices: All invoices of those clients, archived ones too: they count in ITFlow's balance.
            tickets: All that are open.
            agents: Names of users of ITFlow.
            payments: Whether the invoices' ``paid`` is known.
            version: See the attribute; a new one where it is not given.
        """
        connection = memory()
        connection.execute("BEGIN")
        fill(connection, clients=clients, entries=entries, invoices=invoices)
        marks = ", ".join("?" * len(_TICKET.split(", ")))
        connection.executemany(f"INSERT INTO ticket ({_TICKET}, open) VALUES ({marks}, 1)", tickets)
        facts = {"payments": "module" if payments else "", "origin": "built", "version": version or str(next(_built))}
        facts["agents"] = json.dumps(agents or {})
        connection.executemany("INSERT OR REPLACE INTO mirror_facts VALUES (?, ?)", facts.items())
        connection.execute("COMMIT")
        return cls(connection)

    def match(self, number: str, scope: Scope = None) -> Sequence[Entry]:
        """The entries with a number, in the order of kind and id; each with that number alone: a call needs no other.

        Args:
            number: An identity: E.164 or short.
            scope: The clients that count.
        """
        with self._lock:
            rows = self._connection.execute(_MATCH, (number,)).fetchall()
        if scope is not None:
            rows = [row for row in rows if row[2] in scope]
        if len(rows) <= 1:
            return [_entry(row[:_WIDTH], (row[_WIDTH:],)) for row in rows]
        # An entry that has the number twice is there twice.
        return [
            _entry(entry, [row[_WIDTH:] for row in same])
            for entry, same in groupby(rows, key=lambda row: row[:_WIDTH])
        ]

    def entry(self, kind: Kind, entry_id: int) -> Entry | None:
        """An entry that is shown, or None."""
        if entry_id > LARGEST_ID:
            return None
        return next((self._entry(row) for row in self._rows(_ONE, kind.value, entry_id)), None)

    def client(self, client_id: int) -> Client | None:
        """A client that is not archived, or None."""
        if client_id > LARGEST_ID:  # a caller can type any number of digits
            return None
        return next((_client(*row) for row in self._rows(_ONE_CLIENT, client_id)), None)

    def clients(self, scope: Scope = None) -> Iterator[Client]:
        """The clients of a scope, in the order of their ids."""
        for row in self._stream(_CLIENTS):
            if covers(scope, row[0]):
                yield _client(*row)

    def entries(self, scope: Scope = None) -> Iterator[Entry]:
        """The entries of a scope: contacts, then locations, then vendors, each in the order of their ids."""
        if scope is not None and len(scope) <= FEW_CLIENTS:
            for row in self._stream(_OF_CLIENTS, json.dumps(sorted(scope))):
                yield self._entry(row)
            return
        # Both come in the same order, so the numbers of all entries are read along with them.
        phones = self._stream(_ALL_PHONES)
        phone = next(phones, None)
        for row in self._stream(_ALL):
            place = row[:2]
            found = []
            while phone is not None and phone[:2] <= place:
                if phone[:2] == place:
                    found.append(phone[2:])
                phone = next(phones, None)
            if covers(scope, row[2]):
                yield _entry(row, found)

    def stored_numbers(self) -> Iterator[Stored]:
        """Every entry that is shown, with its numbers as ITFlow has them: contacts, then locations, then vendors."""
        for kind, entry_id, name, client_id, primary, phone, code, mobile, mobile_code, work, known in self._stream(
            _STORED
        ):
            texts = ((phone, code, work or ""), (mobile, mobile_code, known or ""))
            shown = tuple(one for one in texts if one[0].strip())
            yield Stored(_KINDS[kind], entry_id, name, client_id, primary == 1, shown)

    def shared_numbers(self) -> Iterator[tuple[str, Sequence[tuple[Kind, int, int, str]]]]:
        """Numbers that contacts or locations of several clients have, each with them: kind, id, client, name."""
        for number, rows in groupby(self._stream(_SHARED), key=lambda row: str(row[0])):
            yield number, [(_KINDS[kind], entry_id, client_id, name) for _, kind, entry_id, client_id, name in rows]

    def invoices(self, client_id: int) -> Sequence[Invoice]:
        """The invoices of a client that is not archived, in the order of their ids."""
        if self.client(client_id) is None:
            return []
        # A payment that cannot be read leaves open what is paid on its invoice; one of no known invoice, on every one.
        odd = {invoice_id for (invoice_id,) in self._rows(_ODD_PAYMENTS)}
        paid: dict[int, Decimal] = defaultdict(Decimal)
        for invoice_id, amount in self._rows(_PAYMENTS, client_id):
            paid[invoice_id] += Decimal(amount)
        return [
            Invoice(
                id=invoice_id,
                client_id=client_id,
                number=number,
                status=status,
                date=date and dt.date.fromisoformat(date),
                due=due and dt.date.fromisoformat(due),
                currency=currency,
                amount=Decimal(amount),
                paid=paid[invoice_id] if self.payments and not odd & {invoice_id, None} else None,
            )
            for invoice_id, number, status, date, due, currency, amount in self._rows(_INVOICES, client_id)
        ]

    def tickets_of(self, contact_id: int, client_id: int) -> Sequence[Ticket]:
        """Open tickets, the newest first.

        Args:
            contact_id: Whose; 0: of the whole client.
            client_id: The client; one that is archived or gone has none.
        """
        if client_id > LARGEST_ID or self.client(client_id) is None:
            return []
        found = [Ticket(*row) for row in self._rows(_TICKETS, client_id)]
        return [one for one in found if one.contact_id == contact_id] if contact_id else found

    def ticket_client(self, ticket_id: int) -> int | None:
        """Whose a ticket is, open or not; None where the mirror does not know it."""
        return next((row[0] for row in self._rows(_TICKET_CLIENT, ticket_id)), None)

    def agent(self, user_id: int) -> str:
        """The name of a user of ITFlow; empty where ITFlow has not told it."""
        return self._agents.get(str(user_id), "")

    def odd_invoices(self, client_id: int) -> Sequence[str]:
        """Why a client's invoices are not all here, or not as they are: those in ITFlow that cannot be read."""
        return [reason for (reason,) in self._rows(_ODD_INVOICES, client_id)]

    def _entry(self, row: Sequence[Any]) -> Entry:
        return _entry(row, self._rows(_PHONES, row[0], row[1]))

    def _rows(self, query: str, *values: object) -> list[Any]:
        """All rows of an answer that is short."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _stream(self, query: str, *values: object) -> Iterator[Any]:
        """The rows of an answer of any length; others read in between."""
        with self._lock:
            cursor = self._connection.execute(query, values)
            rows = cursor.fetchmany(CHUNK)
        while rows:
            yield from rows
            with self._lock:
                rows = cursor.fetchmany(CHUNK)


def version_of(facts: Mapping[str, str]) -> str:
    """Names a mirror's content, by its facts; where they are lost, no two are alike."""
    origin = facts.get("origin") or secrets.token_hex(6)
    return f"{origin}.{facts.get('version', '')}"


def fill(
    connection: sqlite3.Connection,
    *,
    clients: Iterable[Client] = (),
    entries: Iterable[Entry] = (),
    invoices: Iterable[Invoice] = (),
) -> None:
    """Write rows into the mirror's tables, as ``Snapshot.build`` takes them.

    Args:
        connection: A transaction that writes a ``bridge.db``, in memory or not.
        clients: See ``Snapshot.build``, as the others.
        entries: Their numbers are identities already.
        invoices: Each with what is paid on it as one payment, or with one that cannot be read.
    """
    clients = list(clients)
    connection.executemany(f"INSERT INTO client ({_CLIENT}, archived) VALUES (?, ?, ?, ?, ?, ?, 0)", clients)
    if not clients:
        connection.execute("INSERT INTO mirror_modules (module, gap) VALUES ('clients', 'none are given')")
    for entry in entries:
        _insert_entry(connection, entry)
    for invoice in invoices:
        _insert_invoice(connection, invoice)


def _client(client_id: int, name: str, lead: int, favorite: int, currency: str, region: str) -> Client:
    return Client(client_id, name, bool(lead), bool(favorite), currency, region)


def _entry(row: Sequence[Any], phones: Iterable[Sequence[Any]]) -> Entry:
    """An entry of its columns, see ``_ENTRY``, and of those of its numbers, see ``_NUMBER``."""
    kind, entry_id, client_id, name, email, title, department, primary, important, billing, technical, has_pin = row
    return Entry(
        _KINDS[kind],
        entry_id,
        client_id,
        name,
        tuple([Phone(number, _LABELS[label], extension) for number, label, extension in phones]),
        email,
        title,
        department,
        primary == 1,
        important == 1,
        billing == 1,
        technical == 1,
        has_pin == 1,
    )


def _insert_entry(connection: sqlite3.Connection, entry: Entry) -> None:
    kind, place = entry.kind.value, (entry.kind.value, entry.id)
    connection.execute(
        f"INSERT INTO entry ({_ENTRY}, archived, country, phone_country_code, phone, extension, mobile_country_code,"
        " mobile) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', '', '', '', '', '')",
        (
            *(kind, entry.id, entry.client_id, entry.name, entry.email, entry.title, entry.department),
            *(entry.primary, entry.important, entry.billing, entry.technical, entry.has_pin),
        ),
    )
    connection.executemany(
        "INSERT INTO number (kind, id, place, number, label, extension) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (*place, order, phone.number, phone.label.value, phone.extension)
            for order, phone in enumerate(entry.phones)
        ],
    )


def _insert_invoice(connection: sqlite3.Connection, invoice: Invoice) -> None:
    connection.execute(
        "INSERT INTO invoice (id, client_id, number, status, date, due, currency, amount)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(invoice.id, invoice.client_id, invoice.number, invoice.status),
            *(invoice.date and invoice.date.isoformat(), invoice.due and invoice.due.isoformat()),
            *(invoice.currency, str(invoice.amount)),
        ),
    )
    if invoice.paid is None:
        connection.execute(
            "INSERT INTO odd_row (module, id, reason, invoice_id) VALUES ('payments', ?1, 'not known', ?1)",
            (invoice.id,),
        )
    else:
        connection.execute("INSERT INTO payment (invoice_id, amount) VALUES (?, ?)", (invoice.id, str(invoice.paid)))
