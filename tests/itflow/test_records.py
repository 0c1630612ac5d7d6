import json
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import RowGarbled
from bridge.itflow.records import (
    Client,
    Contact,
    Invoice,
    Location,
    Payment,
    Ticket,
    Vendor,
    columns,
    module,
    read,
    read_pin,
)

WIRE = Path(__file__).parents[1] / "data" / "wire"
TYPES: dict[str, type[Any]] = {
    "clients": Client,
    "contacts": Contact,
    "locations": Location,
    "vendors": Vendor,
    "invoices": Invoice,
    "payments": Payment,
    "tickets": Ticket,
}


def before(generation: str) -> dict[str, list[dict[str, str | None]]]:
    data: dict[str, list[dict[str, str | None]]] = json.loads(
        (WIRE / f"{generation}-before.json").read_text(encoding="utf-8")
    )
    for line in (WIRE / f"{generation}.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["path"] == "tickets/read.php?api_key=KEYALL":
            data["tickets"] = entry["json"]["data"]
    return data


GENERATIONS = ("v25.12", "v26.02", "v26.05", "v26.08")
NOT_YET = {"v25.12": {"client_favorite"}}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_recorded_row_can_be_read_and_every_column_exists(generation: str) -> None:
    data = before(generation)
    for name, record_type in TYPES.items():
        if name == "payments" and generation in {"v26.05", "v26.08"}:
            continue
        names = columns(record_type)
        assert module(record_type) == name
        assert data[name]
        for row in data[name]:
            assert set(names.values()) - set(row) <= NOT_YET.get(generation, set())
            assert str(read(record_type, row).id) == row[names["id"]]


def test_strings_become_what_they_mean() -> None:
    data = before("v26.02")
    assert read(Contact, data["contacts"][4]) == Contact(
        id=5,
        client_id=2,
        name="Jürgen Müller",
        email="juergen@mueller.example",
        phone_country_code="49",
        phone="2219876543",
        mobile_country_code="49",
        mobile="1701234567",
        primary=True,
        billing=True,
        has_pin=True,
    )
    assert read(Contact, data["contacts"][8]).archived
    assert read(Invoice, data["invoices"][9]) == Invoice(
        id=10,
        client_id=8,
        status="Sent",
        amount=Decimal("123456789012.34"),
        prefix="INV-",
        number="10",
        date=date(2026, 1, 1),
        due=date(2026, 2, 1),
        currency="USD",
    )
    assert read(Payment, data["payments"][0]).amount == Decimal("50.05")
    assert read(Vendor, data["vendors"][1]).extension == "4"
    assert read(Location, data["locations"][0]).phone == "2125550100"
    assert [read(Client, row).id for row in data["clients"] if read(Client, row).lead]
    assert read(Ticket, data["tickets"][0]).resolved
    assert not read(Ticket, data["tickets"][0]).closed


MONEY = {"invoice_id": "1", "invoice_client_id": "1", "invoice_status": "Sent", "invoice_amount": "1.10"}

AWKWARD: tuple[tuple[type[Any], dict[str, str | None], str, object], ...] = (
    (Contact, {"contact_id": "1", "contact_name": " \tA\n B "}, "name", "A\n B"),
    (Contact, {"contact_id": "1", "contact_name": None}, "name", ""),
    (Contact, {"contact_id": "1", "contact_client_id": None}, "client_id", 0),
    (Contact, {"contact_id": "1", "contact_primary": None}, "primary", False),
    (Contact, {"contact_id": "1", "contact_primary": ""}, "primary", False),
    (Contact, {"contact_id": "1", "contact_archived_at": ""}, "archived", False),
    (Contact, {"contact_id": "1", "contact_archived_at": "0000-00-00 00:00:00"}, "archived", False),
    (Contact, {"contact_id": "1", "contact_archived_at": "2024-01-01 00:00:00"}, "archived", True),
    (Contact, {"contact_id": "1", "contact_pin": ""}, "has_pin", False),
    (Contact, {"contact_id": "1", "contact_pin": "0"}, "has_pin", True),
    (Invoice, {**MONEY, "invoice_date": "0000-00-00"}, "date", None),
    (Invoice, {**MONEY, "invoice_date": None}, "date", None),
    (Invoice, {**MONEY, "invoice_amount": "-9999999999999.99"}, "amount", Decimal("-9999999999999.99")),
    (Invoice, {**MONEY, "invoice_amount": "0.00"}, "amount", Decimal(0)),
    (Invoice, {**MONEY, "invoice_date": "2026-02-31"}, "date", None),
    (Invoice, {**MONEY, "invoice_date": "2026-02-28 00:00:00"}, "date", date(2026, 2, 28)),
    (Invoice, {**MONEY, "invoice_status": ""}, "status", ""),
    (Contact, {"contact_id": "1", "contact_important": "2"}, "important", True),
    (Contact, {"contact_id": "1", "contact_important": "-1"}, "important", True),
    (Contact, {"contact_id": "1", "contact_important": "00"}, "important", False),
    (Contact, {"contact_id": "1", "contact_important": "maybe"}, "important", False),
    (Contact, {"contact_id": "1", "contact_important": "9" * 1_000_000}, "important", True),
    (Ticket, {"ticket_id": "1", "ticket_contact_id": "-1"}, "contact_id", 0),
    (Ticket, {"ticket_id": "1", "ticket_contact_id": "x"}, "contact_id", 0),
    (Ticket, {"ticket_id": "1", "ticket_contact_id": str(2**64)}, "contact_id", 0),
    (Ticket, {"ticket_id": "1", "ticket_contact_id": "9" * 1_000_000}, "contact_id", 0),
    (Location, {"location_id": "1", "location_phone_extension": "12"}, "extension", "12"),
)


@pytest.mark.parametrize(("record_type", "row", "name", "value"), AWKWARD, ids=lambda value: str(value)[:60])
def test_an_awkward_column_is_read(
    record_type: type[Any], row: dict[str, str | None], name: str, value: object
) -> None:
    assert getattr(read(record_type, row), name) == value


LONG = "9" * 1_000_000

GARBLED: tuple[tuple[type[Any], dict[str, str | None], int | None, str], ...] = (
    (Client, {"client_name": "x"}, None, "client_id"),
    (Client, {"client_id": "x1"}, None, "client_id"),
    (Client, {"client_id": "-1"}, None, "client_id"),
    (Client, {"client_id": str(2**64)}, None, "client_id"),
    (Client, {"client_id": LONG}, None, "client_id"),
    (Contact, {"contact_id": "3", "contact_client_id": "-1"}, 3, "contact_client_id"),
    (Contact, {"contact_id": "3", "contact_client_id": str(2**63)}, 3, "contact_client_id"),
    (Contact, {"contact_id": "3", "contact_phone": LONG}, 3, "contact_phone"),
    (Invoice, {**MONEY, "invoice_client_id": None}, 1, "invoice_client_id"),
    (Invoice, {**MONEY, "invoice_amount": "1,5"}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_amount": "NaN"}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_amount": "1E+99999999"}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_amount": "1E-99999999"}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_amount": LONG}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_amount": None}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_amount": ""}, 1, "invoice_amount"),
    (Invoice, {**MONEY, "invoice_status": None}, 1, "invoice_status"),
    (Invoice, {**MONEY, "invoice_date": "31.12.2025"}, 1, "invoice_date"),
    (Payment, {"payment_id": "2", "payment_amount": "1.00"}, 2, "payment_invoice_id"),
    (Payment, {"payment_id": "2", "payment_amount": "1.00", "payment_invoice_id": "-1"}, 2, "payment_invoice_id"),
)


@pytest.mark.parametrize(("record_type", "row", "row_id", "column"), GARBLED, ids=lambda value: str(value)[:60])
def test_an_unreadable_column_is_named_without_its_value(
    record_type: type[Any], row: dict[str, str | None], row_id: int | None, column: str
) -> None:
    with pytest.raises(RowGarbled, match=column) as raised:
        read(record_type, row)
    assert (raised.value.module, raised.value.row_id, raised.value.column) == (module(record_type), row_id, column)
    assert raised.value.reason in str(raised.value)
    assert (row.get(column) or "null") not in str(raised.value)
    assert len(str(raised.value)) < 300
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("record_type", "row", "client_id", "invoice_id"),
    [
        (Invoice, {**MONEY, "invoice_amount": "x", "invoice_client_id": "7"}, 7, None),
        (Invoice, {**MONEY, "invoice_client_id": "x"}, None, None),
        (Payment, {"payment_id": "2", "payment_amount": "x", "payment_invoice_id": "5"}, None, 5),
        (Payment, {"payment_id": "2", "payment_amount": "1.00", "payment_invoice_id": LONG}, None, None),
        (Contact, {"contact_id": "3", "contact_phone": LONG, "contact_client_id": "7"}, 7, None),
        (Contact, {"contact_id": "3", "contact_phone": LONG}, None, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_unreadable_row_tells_whose_it_is(
    record_type: type[Any], row: dict[str, str | None], client_id: int | None, invoice_id: int | None
) -> None:
    with pytest.raises(RowGarbled) as raised:
        read(record_type, row)
    assert (raised.value.client_id, raised.value.invoice_id) == (client_id, invoice_id)


ODD: tuple[str | None, ...] = (
    *(None, "", " ", "0", "-1", "2", "1.5", "NaN", "1E+99999999", "0000-00-00", "2026-02-31", "31.12.2025"),
    *("maybe", "Ünïcödé \u202e\0", "<b>", str(2**31), str(2**64), LONG),
)


def fault(record_type: type[Any], row: dict[str, str | None]) -> RowGarbled | None:
    try:
        read(record_type, row)
    except RowGarbled as error:
        return error
    return None


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_odd_value_in_any_column_is_read_or_named(generation: str) -> None:
    data = before(generation)
    faults = {
        (column, odd): found
        for name, record_type in TYPES.items()
        for row in data.get(name, [])[:1]
        for column in columns(record_type).values()
        for odd in ODD
        if (found := fault(record_type, row | {column: odd}))
    }
    assert all(error.column == column for (column, _), error in faults.items())
    assert all(
        TYPES[error.module] and column in columns(TYPES[error.module]).values()
        for (column, _), error in faults.items()
    )
    # Nothing at all costs a row only where the row is good for nothing without it.
    assert {column for column, odd in faults if not odd} <= {
        *(columns(record_type)["id"] for record_type in TYPES.values()),
        *("invoice_client_id", "payment_invoice_id", "invoice_amount", "payment_amount", "invoice_status"),
    }
    # A name, a number, a mark or a reference is read however it is written.
    assert not {column for column, odd in faults if column.endswith(("_name", "_phone")) and odd != LONG}


def test_no_record_holds_a_pin_or_notes() -> None:
    row: dict[str, str | None] = {"contact_id": "1", "contact_pin": " 47-11 ", "contact_notes": "secret notes"}
    contact = read(Contact, row)
    assert not {"pin", "notes"} & {one.name for one in fields(contact)}
    assert "47-11" not in repr(contact)
    assert "secret" not in repr(contact)
    assert read_pin(row) == "47-11"
    assert read_pin({"contact_pin": None}) == ""
