"""From rows to a snapshot: numbers are read, rows become entries, entries become pages.

Only rows that changed are read again, and only pages that changed are stored again.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from bridge import numbers
from bridge.directory import coding, pages
from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone
from bridge.directory.pages import Section
from bridge.directory.pull import ADAPTERS, load
from bridge.directory.rules import rules
from bridge.directory.snapshot import KINDS, Index, number_keys, reference
from bridge.directory.store import SLICE, read_facts
from bridge.directory.stored import compare, store
from bridge.itflow import records
from bridge.storage import Database

_MODULES: Final[Mapping[Kind, str]] = {Kind.CONTACT: "contacts", Kind.LOCATION: "locations", Kind.VENDOR: "vendors"}


@dataclass(frozen=True, slots=True)
class Built:
    """What making a snapshot took.

    Attributes:
        version: Of the snapshot.
        parsed: Rows whose numbers were read.
        pages: Pages that were stored.
    """

    version: str
    parsed: int
    pages: int


@dataclass(frozen=True, slots=True)
class _Clients:
    """The clients that are not archived; None where the key cannot read clients, so that all count."""

    rows: Mapping[int, Client] | None
    region: str

    def live(self, client_id: int) -> bool:
        return not client_id or self.rows is None or client_id in self.rows

    def region_of(self, client_id: int) -> str:
        client = (self.rows or {}).get(client_id)
        return (client and client.region) or self.region


def build(database: Database, region: str) -> Built:
    """Make the snapshot from the mirror's rows and store it.

    Args:
        database: ``bridge.db``.
        region: The setting ``numbers.region``.

    Raises:
        StorageError: The file cannot be used.
    """
    parsed = 0
    while True:
        with database.read() as connection:
            clients = _read_clients(connection, region)
        parsed += sum(_read_numbers(database, kind, clients) for kind in KINDS)
        with database.read() as connection:
            clients = _read_clients(connection, region)
            exact = bool(read_facts(connection).get("payments"))
            made = compare(connection, _pages(connection, clients, payments=exact), exact=exact)
        if store(database, made):
            return Built(made.version, parsed, len(made.changed))


def follow_rules(database: Database) -> None:
    """Have every row reduced and read again, where it was stored under other rules."""
    current = rules()
    with database.write() as connection:
        if read_facts(connection).get("rules") != current:
            connection.execute("UPDATE mirror_rows SET region = NULL")
            connection.execute("DELETE FROM mirror_marks")
            connection.execute("INSERT OR REPLACE INTO mirror_facts VALUES ('rules', ?)", (current,))


def _live(connection: sqlite3.Connection, module: str) -> Iterator[Any]:
    return iter(
        load(
            module,
            (
                row
                for (row,) in connection.execute(
                    "SELECT record FROM mirror_rows WHERE module = ? AND NOT archived ORDER BY id", (module,)
                )
            ),
        )
    )


def _read_clients(connection: sqlite3.Connection, region: str) -> _Clients:
    (unreadable,) = connection.execute(
        "SELECT count(*) FROM mirror_modules WHERE module = 'clients' AND gap <> ''"
    ).fetchone()
    if unreadable:
        return _Clients(None, region)
    regions = {
        location.client_id: numbers.region_named(location.country)
        for location in _live(connection, "locations")
        if location.primary
    }
    rows = {
        client.id: Client(
            id=client.id,
            name=client.name,
            lead=client.lead,
            favorite=client.favorite,
            currency=client.currency,
            region=regions.get(client.id, ""),
        )
        for client in _live(connection, "clients")
    }
    return _Clients(rows, region)


def _read_numbers(database: Database, kind: Kind, clients: _Clients) -> int:
    """Make the entries of rows that changed, or whose region did."""
    module, adapter, read = _MODULES[kind], ADAPTERS[_MODULES[kind]], _READERS[kind]
    after, parsed = 0, 0
    while True:
        with database.read() as connection:
            rows = connection.execute(
                "SELECT id, client_id, region FROM mirror_rows WHERE module = ? AND id > ? ORDER BY id LIMIT ?",
                (module, after, SLICE),
            ).fetchall()
            stale = [
                (row_id, wanted)
                for row_id, client_id, region in rows
                if (wanted := clients.region_of(client_id)) != region
            ]
            data = [
                connection.execute(
                    "SELECT record FROM mirror_rows WHERE module = ? AND id = ?", (module, row_id)
                ).fetchone()[0]
                for row_id, _ in stale
            ]
        if not rows:
            return parsed
        made = []
        for (row_id, region), record in zip(stale, data, strict=True):
            entry = read(adapter.validate_json(record), region)
            keys = number_keys(entry).tobytes()
            # A row that another pull changed meanwhile is not the one that was read here.
            made.append((region, coding.encode_entry(entry), keys, module, row_id, record))
        if made:
            with database.write() as connection:
                connection.executemany(
                    "UPDATE mirror_rows SET region = ?, entry = ?, keys = ?"
                    " WHERE module = ? AND id = ? AND record = ?",
                    made,
                )
        parsed += len(made)
        after = rows[-1][0]


def _phones(region: str, *numbers_of: tuple[Label, str, str, str]) -> tuple[Phone, ...]:
    return tuple(
        Phone(reading.number, label, reading.extension)
        for label, text, country_code, extension in numbers_of
        for reading in numbers.stored(text, country_code=country_code, extension=extension, region=region)
    )


def _contact(row: records.Contact, region: str) -> Entry:
    return Entry(
        kind=Kind.CONTACT,
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        phones=_phones(
            region,
            (Label.WORK, row.phone, row.phone_country_code, row.extension),
            (Label.MOBILE, row.mobile, row.mobile_country_code, ""),
        ),
        email=row.email,
        title=row.title,
        department=row.department,
        primary=row.primary,
        important=row.important,
        billing=row.billing,
        technical=row.technical,
        has_pin=row.has_pin,
    )


def _location(row: records.Location, region: str) -> Entry:
    phones = _phones(region, (Label.WORK, row.phone, row.phone_country_code, row.extension))
    return Entry(Kind.LOCATION, row.id, row.client_id, row.name, phones, primary=row.primary)


def _vendor(row: records.Vendor, region: str) -> Entry:
    phones = _phones(region, (Label.WORK, row.phone, row.phone_country_code, row.extension))
    return Entry(Kind.VENDOR, row.id, row.client_id, row.name, phones, email=row.email)


_READERS: Final[Mapping[Kind, Callable[[Any, str], Entry]]] = {
    Kind.CONTACT: _contact,
    Kind.LOCATION: _location,
    Kind.VENDOR: _vendor,
}


def _pages(
    connection: sqlite3.Connection, clients: _Clients, *, payments: bool
) -> Iterator[tuple[Section, int, bytes]]:
    index = Index()

    def entries(kind: Kind) -> Iterator[tuple[int, bytes]]:
        for row_id, client_id, entry, keys in connection.execute(
            "SELECT id, client_id, entry, keys FROM mirror_rows"
            " WHERE module = ? AND NOT archived AND entry IS NOT NULL ORDER BY id",
            (_MODULES[kind],),
        ):
            if clients.live(client_id):
                index.add(reference(kind, row_id), array("Q", keys))
                yield row_id, entry

    encoded = ((client.id, coding.encode_client(client)) for client in (clients.rows or {}).values())
    sections = {Section.CLIENT: encoded, Section.INVOICES: _invoices(connection, clients, payments=payments)}
    sections |= {Section(kind): entries(kind) for kind in KINDS}
    for section, rows in sections.items():
        for number, page in pages.pack(rows):
            yield section, number, page
    for number, bucket in index.pages():
        yield Section.NUMBERS, number, bucket


def _invoices(connection: sqlite3.Connection, clients: _Clients, *, payments: bool) -> Iterator[tuple[int, bytes]]:
    """The invoices of each client. Archived ones and archived payments count: so they do in ITFlow's own sum."""
    paid: dict[int, Decimal] = defaultdict(Decimal)
    rows = connection.execute("SELECT record FROM mirror_rows WHERE module = 'payments'")
    for payment in load("payments", (row for (row,) in rows)):
        paid[payment.invoice_id] += payment.amount
    rows = connection.execute("SELECT record FROM mirror_rows WHERE module = 'invoices' ORDER BY client_id, id")
    for client_id, group in groupby(load("invoices", (row for (row,) in rows)), key=attrgetter("client_id")):
        if clients.live(client_id):
            yield (
                client_id,
                coding.encode_invoices(
                    Invoice(
                        id=row.id,
                        client_id=client_id,
                        number=f"{row.prefix}{row.number}",
                        status=row.status,
                        date=row.date,
                        due=row.due,
                        currency=row.currency,
                        amount=row.amount,
                        paid=paid[row.id] if payments else None,
                    )
                    for row in group
                ),
            )
