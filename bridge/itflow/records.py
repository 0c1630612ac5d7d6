"""Typed rows: ITFlow's strings become ints, Decimals, dates and bools, here and nowhere else.

ITFlow's forms, its API, imports and SQL leave values that it shrugs off itself: a flag of 2, a reference of -1 or to
nothing, an invoice without a status. These are read as ITFlow takes them. What cannot be read is one row's matter: see
``read``.

Only the columns that the bridge uses are read. ``contact_notes`` is never read; of ``contact_pin`` only
whether there is one, because a record may be stored and shown, and the PIN is not ours to keep (see
``read_pin``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from bridge.errors import RowGarbled
from bridge.itflow.protocol import LARGEST_ID, Row, number, row_id

# MariaDB's longest VARCHAR; ITFlow's own columns that are read here hold at most 255 characters.
LONGEST_TEXT = 65_535
# ITFlow's amounts are DECIMAL(15,2), of old FLOAT: room for both, and none for 1E+99999999.
MOST_DIGITS, MOST_DECIMALS = 40, 20

_NUMBER_NOT_0 = re.compile(r"\s*[+-]?0*[1-9]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _day(value: str) -> date | None:
    """A day; none where MariaDB keeps one that no calendar has, such as 2026-02-00."""
    day = value.removesuffix(" 00:00:00")
    if not _DAY.fullmatch(day):
        raise ValueError("not a date like 2026-01-31")
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT)]
Flag = bool
Filled = Annotated[bool, BeforeValidator(lambda _: True)]  # whether a column holds anything
Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]
Day = Annotated[date | None, BeforeValidator(_day)]
Money = Annotated[Decimal, Field(max_digits=MOST_DIGITS, decimal_places=MOST_DECIMALS)]

# What ITFlow, MariaDB and old imports write for "nothing"; such a column takes the record's default.
_NOTHING = frozenset({None, "", "0000-00-00", "0000-00-00 00:00:00"})


@dataclass(frozen=True, slots=True)
class Client:
    """A customer of the MSP, or a lead."""

    id: Id
    name: Text = ""
    lead: Flag = False
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
    primary: Flag = False
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Vendor:
    """A supplier; ``client_id`` 0 is the MSP's own."""

    id: Id
    client_id: Id = 0
    name: Text = ""
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
    date: Day = None
    due: Day = None
    currency: Text = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment on an invoice, which leads to the client."""

    id: Id
    invoice_id: Id
    amount: Money


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket; ITFlow numbers its statuses, which can be renamed and added to."""

    id: Id
    client_id: Id = 0
    prefix: Text = ""
    number: Text = ""
    subject: Text = ""
    status: Text = ""
    contact_id: Id = 0
    assigned_to: Id = 0
    updated: Text = ""
    created: Text = ""
    resolved: Filled = False
    closed: Filled = False
    archived: Filled = False


@dataclass(frozen=True, slots=True)
class Asset:
    """A device or a service; ``contact_id`` says whom it is assigned to. The mirror holds none."""

    id: Id
    client_id: Id = 0
    contact_id: Id = 0
    name: Text = ""
    type: Text = ""
    archived: Filled = False


# Columns are named <module in the singular>_<field>, but for these.
_COLUMNS = {
    "archived": "{}_archived_at",
    "created": "{}_created_at",
    "updated": "{}_updated_at",
    "currency": "{}_currency_code",
    "has_pin": "{}_pin",
    "resolved": "{}_resolved_at",
    "closed": "{}_closed_at",
    "Location.extension": "location_phone_extension",
}

R = TypeVar("R", Client, Contact, Location, Vendor, Invoice, Payment, Ticket, Asset)


def columns(record_type: type[Any]) -> dict[str, str]:
    """Names the column of ITFlow that each field of a record is read from."""
    kind = record_type.__name__
    patterns = {
        one.name: _COLUMNS.get(f"{kind}.{one.name}") or _COLUMNS.get(one.name) or f"{{}}_{one.name}"
        for one in fields(record_type)
    }
    return {name: pattern.format(kind.lower()) for name, pattern in patterns.items()}


def module(record_type: type[Any]) -> str:
    """Names the module of ITFlow that a record's rows come from."""
    return f"{record_type.__name__.lower()}s"


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Mapping[str, str]
    required: frozenset[str]
    adapter: TypeAdapter[Any]


def _reader(record_type: type[Any]) -> _Reader:
    required = (one.name for one in fields(record_type) if one.default is MISSING)
    return _Reader(columns(record_type), frozenset(required), TypeAdapter(record_type))


_READERS: Final[Mapping[type[Any], _Reader]] = {
    record_type: _reader(record_type)
    for record_type in (Client, Contact, Location, Vendor, Invoice, Payment, Ticket, Asset)
}


def _truth(value: str) -> bool:
    """A flag that is neither 0 nor 1, as PHP and MariaDB take it: by the number that it begins with."""
    return bool(_NUMBER_NOT_0.match(value))


def _nobody(_: str) -> int:
    """A reference below zero, or none at all, leads nowhere."""
    return 0


# What is made of a value that pydantic refuses, by its name for the fault.
_MENDS: Final[Mapping[str, Callable[[str], object]]] = {
    "bool_parsing": _truth,
    "greater_than_equal": _nobody,
    "less_than_equal": _nobody,
    "int_parsing": _nobody,
    "int_parsing_size": _nobody,
}
# Which row it is and whose must be right, or it is somebody else's.
_NEVER_MENDED: Final = frozenset({"id", "client_id", "invoice_id"})


def _mended(name: str, fault: str, value: object) -> object:
    if name in _NEVER_MENDED or fault not in _MENDS:
        raise ValueError(fault)
    return _MENDS[fault](str(value))


def read(record_type: type[R], row: Row) -> R:
    """Reads one row of ITFlow.

    Args:
        record_type: One of this module's records.
        row: As ITFlow sends it. Further columns (25.12 sends each by number too) are ignored. Null, empty and
            ``0000-00-00`` take the field's default; a field without one takes an empty text as it is.

    Raises:
        RowGarbled: A column cannot be read, so that this row cannot be used. It says nothing about other rows.
    """
    reader = _READERS[record_type]
    given: dict[str, object] = {
        name: row[column]
        for name, column in reader.columns.items()
        if row.get(column) not in _NOTHING or (name in reader.required and column in row)
    }
    try:
        record: R = reader.adapter.validate_python(given)
    except ValidationError as error:
        return _read_mended(record_type, row, given, error)
    return record


def _read_mended(record_type: type[R], row: Row, given: dict[str, object], error: ValidationError) -> R:
    reader = _READERS[record_type]
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0])
        try:
            given[name] = _mended(name, fault["type"], given.get(name))
        except ValueError:
            # pydantic's own text repeats the value
            raise _garbled(record_type, row, reader.columns[name], fault["msg"].lower()) from None
    record: R = reader.adapter.validate_python(given)
    return record


def _garbled(record_type: type[Any], row: Row, column: str, reason: str) -> RowGarbled:
    columns_of = _READERS[record_type].columns
    client_id, invoice_id = (
        number(row.get(columns_of[name])) if name in columns_of else None for name in ("client_id", "invoice_id")
    )
    kind = module(record_type)
    return RowGarbled(kind, row_id(kind, row), column, reason, client_id=client_id, invoice_id=invoice_id)


def read_pin(row: Row) -> str:
    """Reads the PIN of a contact's row, to be used at once and not kept."""
    return (row.get("contact_pin") or "").strip()
