"""What is to be mended in ITFlow is found, and nothing of clients that may not be seen."""

import datetime as dt

import pytest

from bridge import numbers
from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.quality import Fault, quality
from bridge.directory.snapshot import Snapshot, fill
from bridge.storage import memory

SHARED = "+12125550110"
CLIENTS = (Client(1, "One", region="US"), Client(2, "Two", region="US"), Client(3, "Empty", region="US"))
ENTRIES = (
    Entry(Kind.CONTACT, 1, 1, "Ann", (Phone(SHARED, Label.WORK),), primary=True),
    Entry(Kind.CONTACT, 2, 2, "Bob", (Phone(SHARED, Label.WORK), Phone("+12125550111", Label.MOBILE))),
    Entry(Kind.CONTACT, 3, 1, "Nobody"),
    Entry(Kind.CONTACT, 4, 1, "Typo"),
    Entry(Kind.LOCATION, 1, 1, "Here", (Phone("101", Label.WORK),)),
)
# As ITFlow has them: code and number of the phone, then of the mobile.
STORED = {
    ("contact", 1): ("1", "(212) 555-0110", "", ""),
    ("contact", 2): ("", "212 555 0110", "", "+1 212 555 0111"),
    ("contact", 4): ("", "ask Ann", "", ""),
    ("location", 1): ("", "101", "", ""),
}


def snapshot() -> Snapshot:
    connection = memory()
    connection.execute("BEGIN")
    fill(connection, clients=CLIENTS, entries=ENTRIES)
    for (kind, entry_id), texts in STORED.items():
        connection.execute(
            "UPDATE entry SET phone_country_code = ?, phone = ?, mobile_country_code = ?, mobile = ? "
            "WHERE kind = ? AND id = ?",
            (*texts, kind, entry_id),
        )
    connection.execute("COMMIT")
    return Snapshot(connection)


def found(scope: frozenset[int] | None = None) -> dict[Fault, list[tuple[str, str]]]:
    return {one.fault: [(row.name, row.what) for row in one.first] for one in quality(snapshot(), scope)}


def test_every_fault_is_found_once() -> None:
    assert found() == {
        Fault.UNREADABLE: [("Typo", "ask Ann")],
        Fault.SHARED: [("Ann", SHARED), ("Bob", SHARED)],
        Fault.NO_COUNTRY: [("Bob", "212 555 0110")],
        Fault.NO_NUMBER: [("Nobody", "")],
        Fault.NO_PRIMARY: [("Two", ""), ("Empty", "")],
    }


def test_a_limited_person_sees_only_their_clients_and_no_shared_numbers_of_others() -> None:
    assert found(frozenset({2})) == {
        Fault.UNREADABLE: [],
        Fault.SHARED: [],
        Fault.NO_COUNTRY: [("Bob", "212 555 0110")],
        Fault.NO_NUMBER: [],
        Fault.NO_PRIMARY: [("Two", "")],
    }


@pytest.mark.parametrize(
    ("number", "there"),
    [
        ("+12065550123", "04:00"),  # Seattle
        ("+442079460101", "12:00"),
        ("+4915112345678", "13:00"),  # a mobile number, in a country with one time
        ("+18005550100", None),  # anywhere in North America
        ("101", None),
        ("", None),
        ("+999", None),
    ],
)
def test_the_time_where_a_number_is(number: str, there: str | None) -> None:
    noon = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
    time = numbers.local_time(number, noon)
    assert (time and f"{time:%H:%M}") == there
