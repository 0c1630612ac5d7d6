"""Rows of a snapshot as bytes: JSON lists, empty ends cut off.

JSON is read in 2 µs, which is quick enough, and unlike marshal or pickle it is safe and the same for every Python.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone

_JSON = json.JSONDecoder()
_LABELS = {"w": Label.WORK, "m": Label.MOBILE}
_MARKS = {label: mark for mark, label in _LABELS.items()}
_CLIENT_ID = re.compile(rb"\d+")
_ENTRY_FLAGS = ("primary", "important", "billing", "technical", "has_pin")


def encode_client(client: Client) -> bytes:
    """A client without its id."""
    return _dump([client.name, client.currency, client.region, client.lead | client.favorite << 1])


def decode_client(client_id: int, data: bytes) -> Client:
    """What ``encode_client`` made."""
    name, currency, region, flags = _load(data, 4)
    flags = flags or 0
    return Client(client_id, name or "", bool(flags & 1), bool(flags & 2), currency or "", region or "")


def encode_entry(entry: Entry) -> bytes:
    """An entry without its kind and id."""
    flags = sum(getattr(entry, name) << bit for bit, name in enumerate(_ENTRY_FLAGS))
    phones = [f"{_MARKS[phone.label]}{phone.number};{phone.extension}".rstrip(";") for phone in entry.phones]
    return _dump([entry.client_id, entry.name, phones, flags, entry.email, entry.title, entry.department])


def client_of_entry(data: bytes) -> int:
    """The client's id alone, in a tenth of the time of ``decode_entry``."""
    found = _CLIENT_ID.match(data, 1)
    return int(found[0]) if found else 0


def decode_entry(kind: Kind, entry_id: int, data: bytes) -> Entry:
    """What ``encode_entry`` made."""
    client_id, name, phones, flags, email, title, department = _load(data, 7)
    flags = flags or 0
    return Entry(
        kind,
        entry_id,
        client_id,
        name or "",
        tuple([_phone(text) for text in phones or ()]),
        email or "",
        title or "",
        department or "",
        bool(flags & 1),
        bool(flags & 2),
        bool(flags & 4),
        bool(flags & 8),
        bool(flags & 16),
    )


def encode_invoices(invoices: Iterable[Invoice]) -> bytes:
    """All invoices of a client."""
    return _dump(
        [
            [
                invoice.id,
                invoice.number,
                invoice.status,
                invoice.date and invoice.date.isoformat(),
                invoice.due and invoice.due.isoformat(),
                invoice.currency,
                str(invoice.amount),
                None if invoice.paid is None else str(invoice.paid),
            ]
            for invoice in invoices
        ]
    )


def decode_invoices(client_id: int, data: bytes) -> Sequence[Invoice]:
    """What ``encode_invoices`` made."""
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
            paid=None if paid is None else Decimal(paid),
        )
        for invoice_id, number, status, date, due, currency, amount, paid in json.loads(data)
    ]


def _phone(text: str) -> Phone:
    number, _, extension = text[1:].partition(";")
    return Phone(number, _LABELS[text[0]], extension)


def _dump(values: list[Any]) -> bytes:
    while values and not values[-1]:
        values.pop()
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _load(data: bytes, length: int) -> list[Any]:
    values: list[Any]
    values, _ = _JSON.raw_decode(data.decode())
    return values + [None] * (length - len(values))
