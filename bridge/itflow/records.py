"""Typed rows: ITFlow's strings become ints, Decimals, dates and bools, here and nowhere else.

Only the columns that the bridge uses are read. ``contact_notes`` is never read; of ``contact_pin`` only
whether there is one, because a record may be stored and shown, and the PIN is not ours to keep (see
``read_pin``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from bridge.errors import WireGarbled
from bridge.itflow.protocol import Row


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("not a date like 2026-01-31") from None  # Python's text repeats the value


Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Flag = bool
Filled = Annotated[bool, BeforeValidator(lambda _: True)]  # whether a column holds anything
Id = Annotated[int, Field(ge=0)]
Day = Annotated[date, BeforeValidator(_day)]
Money = Decimal

# What ITFlow, MariaDB and old imports write for "nothing"; such a column takes the record's default.
_NOTHING = frozenset({None, "", "0000-00-00", "0000-00-00 00:00:00"})


@dataclass(frozen=True, slots=True)
class Client:
    """A customer of the MSP, or a lead."""

    id: Id
    name: Text = ""
    lead: Flag = False
    abbreviation: Text = ""
    currency: Text = ""
    favorite: Flag = False
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Contact:
    """A person; ``client_id`` 0 is nobody's."""

    id: Id
    client_id: Id = 0
    name: Text = ""
    title: Text = ""
    department: Text = ""
    email: Text = ""
    phone_country_code: Text = ""
    phone: Text = ""
    extension: Text = ""
    mobile_country_code: Text = ""
    mobile: Text = ""
    primary: Flag = False
    important: Flag = False
    billing: Flag = False
    technical: Flag = False
    has_pin: Filled = False
    location_id: Id = 0
    vendor_id: Id = 0
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Location:
    """A client's site."""

    id: Id
    client_id: Id = 0
    name: Text = ""
    country: Text = ""
    phone_country_code: Text = ""
    phone: Text = ""
    extension: Text = ""
    fax_country_code: Text = ""
    fax: Text = ""
    primary: Flag = False
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Vendor:
    """A supplier; ``client_id`` 0 is the MSP's own."""

    id: Id
    client_id: Id = 0
    name: Text = ""
    contact_name: Text = ""
    phone_country_code: Text = ""
    phone: Text = ""
    extension: Text = ""
    email: Text = ""
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice; without a client, status or amount it cannot be counted, so these have no default."""

    id: Id
    client_id: Id
    status: Text
    amount: Money
    prefix: Text = ""
    number: Text = ""
    date: Day | None = None
    due: Day | None = None
    currency: Text = ""
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment on an invoice, which leads to the client."""

    id: Id
    invoice_id: Id
    amount: Money
    date: Day | None = None
    currency: Text = ""
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Asset:
    """A device or anything else that is looked after."""

    id: Id
    client_id: Id = 0
    name: Text = ""
    type: Text = ""
    make: Text = ""
    model: Text = ""
    serial: Text = ""
    os: Text = ""
    status: Text = ""
    contact_id: Id = 0
    location_id: Id = 0
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket; ITFlow numbers its statuses, which can be renamed and added to."""

    id: Id
    client_id: Id = 0
    prefix: Text = ""
    number: Text = ""
    subject: Text = ""
    priority: Text = ""
    status: Text = ""
    contact_id: Id = 0
    asset_id: Id = 0
    resolved: Filled = False
    closed: Filled = False
    archived: Filled = False


# Columns are named <module in the singular>_<field>, but for these.
_COLUMNS = {
    "archived": "{}_archived_at",
    "currency": "{}_currency_code",
    "has_pin": "{}_pin",
    "resolved": "{}_resolved_at",
    "closed": "{}_closed_at",
    "Location.extension": "location_phone_extension",
}

R = TypeVar("R", Client, Contact, Location, Vendor, Invoice, Payment, Asset, Ticket)


def columns(record_type: type[Any]) -> dict[str, str]:
    """Names the column of ITFlow that each field of a record is read from."""
    kind = record_type.__name__
    patterns = {
        one.name: _COLUMNS.get(f"{kind}.{one.name}") or _COLUMNS.get(one.name) or f"{{}}_{one.name}"
        for one in fields(record_type)
    }
    return {name: pattern.format(kind.lower()) for name, pattern in patterns.items()}


_READERS: Mapping[type[Any], tuple[Mapping[str, str], TypeAdapter[Any]]] = {
    record_type: (columns(record_type), TypeAdapter(record_type))
    for record_type in (Client, Contact, Location, Vendor, Invoice, Payment, Asset, Ticket)
}


def read(record_type: type[R], row: Row) -> R:
    """Reads one row of ITFlow.

    Args:
        record_type: One of this module's records.
        row: As ITFlow sends it. Further columns are ignored; null, empty and ``0000-00-00`` take the default.

    Raises:
        WireGarbled: A column cannot be read. The text names the module, the row's id and the column, not the
            value, which may be somebody's data.
    """
    names, adapter = _READERS[record_type]
    given = {name: value for name, column in names.items() if (value := row.get(column)) not in _NOTHING}
    try:
        record: R = adapter.validate_python(given)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        column = names[str(fault["loc"][0])]
        raise WireGarbled(
            f"{record_type.__name__.lower()} {row.get(names['id'])}: {column} cannot be read "
            f"({fault['msg'].lower()}). Correct the row in ITFlow."
        ) from None  # pydantic's own text repeats the value
    return record


def read_pin(row: Row) -> str:
    """Reads the PIN of a contact's row, to be used at once and not kept."""
    return (row.get("contact_pin") or "").strip()
