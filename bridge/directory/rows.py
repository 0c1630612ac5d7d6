"""Rows of the mirror: what of ITFlow's records is kept, in which table and columns, and the numbers in it.

A row is a tuple of its table's columns, so that the known and the pulled one are compared by ``==``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Final

from bridge import numbers
from bridge.directory.entries import Kind, Label
from bridge.itflow import records
from bridge.itflow.protocol import Row

StoredRow = tuple[Any, ...]
# ITFlow's own statuses: 4 is Resolved, 5 is Closed.
CLOSED: Final = frozenset({"4", "5"})
# Kind, id, place, number, label, extension: the columns of the table ``number``.
NumberRow = tuple[str, int, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a module are kept.

    Attributes:
        module: ITFlow's word.
        name: The table in ``bridge.db``.
        columns: Those that come from ITFlow.
        record: What a row is read as.
        make: The tuple of a record.
        kind: Of the entries; None for other tables.
    """

    module: str
    name: str
    columns: tuple[str, ...]
    record: type[Any]
    make: Callable[[Any], StoredRow]
    kind: Kind | None = None

    @property
    def id_place(self) -> int:
        """Where in a tuple the id is."""
        return self.columns.index("id")

    def read(self, row: Row) -> StoredRow:
        """Reduce a row of ITFlow to what is kept.

        Raises:
            RowGarbled: A column cannot be read.
        """
        return self.make(records.read(self.record, row))


def _client(row: records.Client) -> StoredRow:
    return row.id, row.name, row.lead, row.favorite, row.currency, row.archived


def _contact(row: records.Contact) -> StoredRow:
    return (
        *(Kind.CONTACT.value, row.id, row.client_id, row.name, row.email, row.title, row.department),
        *(row.primary, row.important, row.billing, row.technical, row.has_pin, row.archived, ""),
        *(row.phone_country_code, row.phone, row.extension, row.mobile_country_code, row.mobile),
    )


def _location(row: records.Location) -> StoredRow:
    return (
        *(Kind.LOCATION.value, row.id, row.client_id, row.name, "", "", ""),
        *(row.primary, False, False, False, False, row.archived, row.country),
        *(row.phone_country_code, row.phone, row.extension, "", ""),
    )


def _vendor(row: records.Vendor) -> StoredRow:
    return (
        *(Kind.VENDOR.value, row.id, row.client_id, row.name, row.email, "", ""),
        *(False, False, False, False, False, row.archived, ""),
        *(row.phone_country_code, row.phone, row.extension, "", ""),
    )


def _invoice(row: records.Invoice) -> StoredRow:
    date, due = row.date and row.date.isoformat(), row.due and row.due.isoformat()
    return row.id, row.client_id, f"{row.prefix}{row.number}", row.status, date, due, row.currency, str(row.amount)


def _payment(row: records.Payment) -> StoredRow:
    return row.id, row.invoice_id, str(row.amount)


def _ticket(row: records.Ticket) -> StoredRow:
    if row.resolved or row.closed or row.archived or row.status in CLOSED:
        return row.id, row.client_id, False, "", "", 0, 0, row.status, ""
    number = f"{row.prefix}{row.number}"
    updated = row.updated or row.created
    return row.id, row.client_id, True, number, row.subject, row.contact_id, row.assigned_to, row.status, updated


_CLIENT_COLUMNS = ("id", "name", "lead", "favorite", "currency", "archived")
_ENTRY_COLUMNS = (
    *("kind", "id", "client_id", "name", "email", "title", "department"),
    *("is_primary", "important", "billing", "technical", "has_pin", "archived", "country"),
    *("phone_country_code", "phone", "extension", "mobile_country_code", "mobile"),
)
_INVOICE_COLUMNS = ("id", "client_id", "number", "status", "date", "due", "currency", "amount")
_PAYMENT_COLUMNS = ("id", "invoice_id", "amount")
_TICKET_COLUMNS = ("id", "client_id", "open", "number", "subject", "contact_id", "assigned_to", "status", "updated")
_NUMBER_COLUMNS = slice(_ENTRY_COLUMNS.index("phone_country_code"), None)

TABLES: Final[Mapping[str, Table]] = {
    table.module: table
    for table in (
        Table("clients", "client", _CLIENT_COLUMNS, records.Client, _client),
        Table("locations", "entry", _ENTRY_COLUMNS, records.Location, _location, Kind.LOCATION),
        Table("contacts", "entry", _ENTRY_COLUMNS, records.Contact, _contact, Kind.CONTACT),
        Table("vendors", "entry", _ENTRY_COLUMNS, records.Vendor, _vendor, Kind.VENDOR),
        Table("invoices", "invoice", _INVOICE_COLUMNS, records.Invoice, _invoice),
        Table("payments", "payment", _PAYMENT_COLUMNS, records.Payment, _payment),
        Table("tickets", "ticket", _TICKET_COLUMNS, records.Ticket, _ticket),
    )
}


def numbers_of(row: StoredRow, region: str) -> Iterator[NumberRow]:
    """The numbers of an entry.

    Args:
        row: A row of the table ``entry``.
        region: Country of a number without country code, ISO 3166.
    """
    code, phone, extension, mobile_code, mobile = row[_NUMBER_COLUMNS]
    place = 0
    for label, text, country_code, extra in (
        (Label.WORK, phone, code, extension),
        (Label.MOBILE, mobile, mobile_code, ""),
    ):
        if text:
            for reading in numbers.stored(text, country_code=country_code, extension=extra, region=region):
                yield row[0], row[1], place, reading.number, label.value, reading.extension
                place += 1


@cache
def releases() -> str:
    """Names who reads the numbers: another release reads them anew, while the known ones stay in use."""
    return f"{metadata.version('itflow-bridge')} {metadata.version('phonenumbers')} {numbers.RULES}"
