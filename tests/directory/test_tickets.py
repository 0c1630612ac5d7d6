"""Tickets in the mirror: the open ones, followed without reading 100,000 each time, and never at the cost of names."""

import pytest

from bridge.directory.sync import Sync
from bridge.directory.tickets import CHECKED, TicketSync
from bridge.embedded.schema import Level
from tests.directory.conftest import KEY, House

MANY = 3000


def ticket(house: House, ticket_id: int, **columns: object) -> None:
    row = {
        "ticket_id": ticket_id,
        "ticket_prefix": "TCK-",
        "ticket_number": 100 + ticket_id,
        "ticket_subject": f"Subject {ticket_id}",
        "ticket_status": 1,
        "ticket_client_id": 1,
        "ticket_contact_id": 1,
        "ticket_assigned_to": 0,
    }
    house.itflow.load({"tickets": [row | {f"ticket_{name}": value for name, value in columns.items()}]})


def reads(house: House) -> list[dict[str, str]]:
    return [dict(seen.query) for seen in house.itflow.requests if (seen.module, seen.function) == ("tickets", "read")]


def subjects(house: House, contact_id: int = 0, client_id: int = 1) -> list[str]:
    return [one.subject for one in house.snapshot().tickets_of(contact_id, client_id)]


@pytest.fixture
async def following(house: House, sync: Sync) -> TicketSync:
    """People are known; tickets have been pulled once."""
    tickets: dict[int, dict[str, object]] = {
        1: {"status": 5, "closed_at": "2026-01-01 00:00:00"},
        2: {"assigned_to": 90},
        3: {"contact_id": 2, "status": 6},
        4: {"status": 4, "resolved_at": "2026-01-01 00:00:00"},
        5: {"client_id": 2, "contact_id": 3},
        6: {"archived_at": "2026-01-01 00:00:00"},
        7: {"client_id": 3},
    }
    for ticket_id, columns in tickets.items():
        ticket(house, ticket_id, **columns)
    await sync.people()
    following = sync.following_tickets(3600)
    await following.pull()
    house.itflow.requests.clear()
    return following


@pytest.mark.usefixtures("following")
def test_open_ones_are_known_by_contact_and_client_the_newest_first(house: House):
    assert subjects(house) == ["Subject 3", "Subject 2"]
    assert subjects(house, contact_id=1) == ["Subject 2"]
    assert subjects(house, client_id=2) == ["Subject 5"]
    assert subjects(house, client_id=3) == []  # the client is archived
    (found,) = house.snapshot().tickets_of(2, 1)
    assert (found.number, found.status, found.assigned_to, found.contact_id) == ("TCK-103", "6", 0, 2)
    assert house.snapshot().ticket_client(4) == 1
    assert house.snapshot().ticket_client(99) is None


async def test_new_changed_and_reopened_ones_come_with_the_next_pull(house: House, following: TicketSync):
    ticket(house, 8)
    house.sql("UPDATE tickets SET ticket_status = '4', ticket_resolved_at = '2026-02-02' WHERE ticket_id = 2")
    house.sql("UPDATE tickets SET ticket_status = '1', ticket_resolved_at = NULL WHERE ticket_id = 4")
    await following.pull()
    assert subjects(house) == ["Subject 8", "Subject 4", "Subject 3"]


async def test_a_whole_pull_does_not_take_an_unchanged_page_for_what_was_known_since(
    house: House, sync: Sync, following: TicketSync
):
    house.sql("UPDATE tickets SET ticket_subject = 'Other' WHERE ticket_id = 2")
    await following.pull()
    house.sql("UPDATE tickets SET ticket_subject = 'Subject 2' WHERE ticket_id = 2")
    await sync.tickets()
    assert subjects(house) == ["Subject 3", "Subject 2"]


async def test_a_pull_between_reads_few_rows_of_many(house: House, sync: Sync, following: TicketSync):
    for first in range(10, MANY, 500):
        rows = [
            {"ticket_id": number, "ticket_subject": "x", "ticket_status": 5, "ticket_client_id": 1}
            for number in range(first, first + 500)
        ]
        house.itflow.load({"tickets": rows})
    ticket(house, MANY + 1000)
    await sync.tickets()
    house.itflow.requests.clear()
    await following.pull()
    asked = reads(house)
    assert len([one for one in asked if "ticket_id" not in one]) == 1
    assert len([one for one in asked if "ticket_id" in one]) <= CHECKED
    assert min(int(one["offset"]) for one in asked if "offset" in one) > MANY - 100


async def test_more_open_ones_than_a_pull_reads_are_read_in_turn(house: House, following: TicketSync):
    for ticket_id in range(10, 10 + 2 * CHECKED):
        ticket(house, ticket_id)
    await following.pull()
    house.sql("UPDATE tickets SET ticket_status = '5'")
    for _ in range(4):
        await following.pull()
    assert subjects(house) == []


async def test_tickets_that_vanish_are_doubted(house: House, sync: Sync):
    for ticket_id in range(10, 40):
        ticket(house, ticket_id)
    await sync.people()
    await sync.tickets()
    house.sql("DELETE FROM tickets WHERE ticket_id > 12")
    await sync.tickets()
    assert "known tickets are gone" in house.freshness().doubts["tickets"]
    assert len(subjects(house)) == 30
    await sync.tickets(accept=True)
    assert len(subjects(house)) == 3


@pytest.mark.parametrize("generation", ["26.08"])
async def test_a_key_without_the_right_is_told_and_takes_nothing_else(house: House, sync: Sync):
    house.itflow.keys.clear()
    house.itflow.add_key(KEY, rights={"client": Level.FULL, "support": Level.NONE, "financial": Level.FULL})
    ticket(house, 1)
    await sync.people()
    following = sync.following_tickets(3600)
    await following.pull()
    await following.pull()
    assert "403" in house.freshness().unreadable["tickets"]
    assert house.freshness().people_at is not None
    assert house.names("+12125550100") == ["Ann Lee", "Bob Ray"]
    assert subjects(house) == []


@pytest.mark.parametrize("generation", ["26.08"])
async def test_names_of_users_are_known_where_itflow_tells_them(house: House, sync: Sync):
    ticket(house, 1)
    house.itflow.load({"users": [{"user_id": 90, "user_name": "Tina Tech"}]})
    house.sql(
        "INSERT INTO ticket_replies (ticket_reply_ticket_id, ticket_reply_by, ticket_reply_time_worked, "
        "ticket_reply_created_at) VALUES ('1', '90', '00:07:00', datetime('now'))"
    )
    await sync.people()
    await sync.following_tickets(3600).pull()
    assert house.snapshot().agent(90) == "Tina Tech"
    assert house.snapshot().agent(91) == ""
