"""What the mirror holds: clients, who can be called there, their invoices and open tickets.

These are the bridge's own words for ITFlow's rows, made once while the mirror is built: archived rows and
rows of archived clients are gone, numbers have their one identity, and nothing here is ever changed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

# The clients a key may see: these ids, or None for all.
Scope = frozenset[int] | None


def covers(scope: Scope, client_id: int) -> bool:
    """Whether a scope takes in a client; rows of no client (id 0) belong to unlimited scopes only."""
    return scope is None or client_id in scope


class Kind(StrEnum):
    """What an entry is in ITFlow."""

    CONTACT = "contact"
    LOCATION = "location"
    VENDOR = "vendor"


class Label(StrEnum):
    """Which of an entry's numbers one is."""

    WORK = "work"
    MOBILE = "mobile"


class Phone(NamedTuple):
    """One number of an entry.

    Attributes:
        number: Its identity: E.164 with the plus sign (``+12125550101``), or a short number (``101``, ``*98``).
        label: Which of the entry's numbers it is.
        extension: What is dialled after the call is up, digits; often empty.
    """

    number: str
    label: Label
    extension: str = ""


class Client(NamedTuple):
    """An MSP's customer.

    Attributes:
        currency: ISO 4217.
        region: Country of its primary location, ISO 3166; empty where unknown.
    """

    id: int
    name: str
    lead: bool = False
    favorite: bool = False
    currency: str = ""
    region: str = ""


class Entry(NamedTuple):
    """Somebody or some place that can call and be called.

    Attributes:
        id: Row id in the module that ``kind`` names.
        client_id: 0 for a vendor or contact of no client.
        phones: Its numbers; of an entry that ``Snapshot.match`` gives, those that were asked for.
        has_pin: The contact has a PIN in ITFlow; the PIN itself stays there.
    """

    kind: Kind
    id: int
    client_id: int
    name: str
    phones: tuple[Phone, ...] = ()
    email: str = ""
    title: str = ""
    department: str = ""
    primary: bool = False
    important: bool = False
    billing: bool = False
    technical: bool = False
    has_pin: bool = False


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice and what is known to be paid on it.

    Attributes:
        number: As printed, prefix and number.
        status: ITFlow's word: Draft, Sent, Viewed, Partial, Paid, Overdue, Cancelled, Non-Billable.
        currency: ISO 4217.
        paid: Sum of its payments; None where this ITFlow does not show payments.
    """

    id: int
    client_id: int
    number: str
    status: str
    date: dt.date | None
    due: dt.date | None
    currency: str
    amount: Decimal
    paid: Decimal | None


class Ticket(NamedTuple):
    """A ticket that is neither resolved nor closed nor archived.

    Attributes:
        number: As shown, prefix and number.
        contact_id: 0: of nobody.
        assigned_to: A user of ITFlow; 0: nobody.
        status: ITFlow's number: 1 new, 2 open, 3 on hold, from 6 on the firm's own.
        updated: When it was changed last, as ITFlow has it, in its own time zone.
    """

    id: int
    client_id: int
    number: str
    subject: str
    contact_id: int
    assigned_to: int
    status: str
    updated: str
