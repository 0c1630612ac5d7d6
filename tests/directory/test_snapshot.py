"""The snapshot: what goes in comes out, and never changes."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone
from bridge.directory.snapshot import FEW_CLIENTS, Snapshot, fill
from bridge.storage import Database

CLIENTS = [
    Client(1, "Zoë's Café", lead=True, currency="EUR", region="FR"),
    Client(7, "山田", favorite=True),
    Client(256, ""),
    Client(1 << 40, "Far"),
]
ENTRIES = [
    Entry(Kind.CONTACT, 3, 1, "Ann", (Phone("+12125550100", Label.WORK, "12"), Phone("101", Label.MOBILE))),
    Entry(Kind.CONTACT, 300, 7, "Bob", (Phone("+12125550100", Label.WORK),), has_pin=True, technical=True),
    Entry(
        Kind.CONTACT,
        70000,
        0,
        'Quote " \\ ; \n ${x}',
        (Phone("0101", Label.WORK), Phone("*98", Label.WORK, ",,5")),
        email="a@b.example",
        title="CEO",
        department="IT",
        primary=True,
        important=True,
        billing=True,
    ),
    Entry(Kind.LOCATION, 3, 1, "HQ", (Phone("+12125550100", Label.WORK),), primary=True),
    Entry(Kind.VENDOR, 1, 0, "Telco", (Phone("+999999999999999", Label.WORK),), email="v@b.example"),
]
INVOICES = [
    Invoice(9, 1, "INV-9", "Sent", dt.date(2026, 1, 2), None, "EUR", Decimal("123456789012.35"), Decimal(0)),
    Invoice(2, 1, "2", "Partial", None, dt.date(2026, 1, 2), "", Decimal("-0.10"), Decimal("0.00")),
]


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot.build(clients=reversed(CLIENTS), entries=reversed(ENTRIES), invoices=INVOICES)


def test_what_goes_in_comes_out_in_order(snapshot: Snapshot) -> None:
    assert list(snapshot.clients()) == CLIENTS
    assert list(snapshot.entries()) == ENTRIES
    assert list(snapshot.invoices(1)) == sorted(INVOICES, key=lambda invoice: invoice.id)
    assert [snapshot.client(client.id) for client in CLIENTS] == CLIENTS


@pytest.mark.parametrize("client_id", [0, 2, 255, 257, 1 << 50, -1, 10**30])
def test_a_client_that_is_not_there(snapshot: Snapshot, client_id: int) -> None:
    assert snapshot.client(client_id) is None
    assert snapshot.invoices(client_id) == []


@pytest.mark.parametrize(
    ("number", "places"),
    [
        ("+12125550100", [0, 1, 3]),
        ("101", [0]),
        ("0101", [2]),
        ("*98", [2]),
        ("+999999999999999", [4]),
        ("+101", []),
        ("98", []),
        ("", []),
        ("+", []),
        ("+0", []),
        ("+١٢", []),
        ("+" + "9" * 40, []),
    ],
)
def test_match(snapshot: Snapshot, number: str, places: list[int]) -> None:
    assert list(snapshot.match(number)) == [_by(number, ENTRIES[place]) for place in places]


def _by(number: str, entry: Entry) -> Entry:
    """An entry as it is found by one of its numbers."""
    return entry._replace(phones=tuple(phone for phone in entry.phones if phone.number == number))


def test_scope(snapshot: Snapshot) -> None:
    scope = frozenset({7})
    assert list(snapshot.match("+12125550100", scope)) == [ENTRIES[1]]
    assert list(snapshot.entries(scope)) == [ENTRIES[1]]
    assert list(snapshot.clients(scope)) == [CLIENTS[1]]
    assert list(snapshot.match("0101", scope)) == []


def test_an_empty_snapshot() -> None:
    snapshot = Snapshot.build()
    assert list(snapshot.entries()) == []
    assert snapshot.match("+12125550100") == []


def test_every_snapshot_has_a_version_of_its_own(snapshot: Snapshot) -> None:
    same = Snapshot.build(clients=CLIENTS, entries=ENTRIES, invoices=INVOICES)
    assert same.version != snapshot.version


def test_nothing_changes_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    copied = Snapshot(database.copy())
    with database.write() as connection:
        fill(connection, entries=ENTRIES)
    assert list(copied.entries()) == []
    assert list(Snapshot(database.copy()).entries()) == ENTRIES
    database.close()


def test_one_number_twice_is_one_entry() -> None:
    twice = Entry(Kind.CONTACT, 1, 0, "Ann", (Phone("101", Label.WORK), Phone("101", Label.MOBILE, "5")))
    assert list(Snapshot.build(entries=[twice]).match("101")) == [twice]


@pytest.mark.parametrize(("kind", "entry_id", "place"), [("contact", 300, 1), ("location", 3, 3), ("vendor", 3, None)])
def test_an_entry_by_its_id(snapshot: Snapshot, kind: str, entry_id: int, place: int | None) -> None:
    assert snapshot.entry(Kind(kind), entry_id) == (None if place is None else ENTRIES[place])


def _contact(number: int) -> Entry:
    phones = (Phone(f"+1212{5550000 + number}", Label.WORK, "12"), Phone(f"+4917{100000000 + number}", Label.MOBILE))
    return Entry(
        Kind.CONTACT, number, number % 300 + 1, f"Maximilian Mustermann {number}", phones, f"max.{number}@example.com"
    )


def test_contacts_are_found_among_many() -> None:
    count = 20_000
    snapshot = Snapshot.build(entries=map(_contact, range(1, count + 1)))
    for number in range(1, count + 1, 997):
        for phone in _contact(number).phones:
            assert list(snapshot.match(phone.number)) == [_by(phone.number, _contact(number))]


def test_a_snapshot_stays_as_it_is_while_many_read() -> None:
    count = 3000
    snapshot = Snapshot.build(entries=map(_contact, range(1, count + 1)))

    def read(start: int) -> bool:
        wanted = [(contact.phones[0].number, contact) for contact in map(_contact, range(start, count, 7))]
        found = [snapshot.match(number) for number, _ in wanted]
        return found == [[_by(*one)] for one in wanted] and len(list(snapshot.entries())) == count

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(1, 9)))


@pytest.mark.parametrize("clients", [1, FEW_CLIENTS, FEW_CLIENTS + 1, 299])
def test_the_entries_of_few_clients_and_of_many_come_alike(clients: int) -> None:
    snapshot = Snapshot.build(entries=map(_contact, range(1, 3001)))
    scope = frozenset(range(1, clients + 1))
    assert list(snapshot.entries(scope)) == [entry for entry in snapshot.entries() if entry.client_id in scope]
