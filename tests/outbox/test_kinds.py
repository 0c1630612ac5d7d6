"""What assets are promised holds for contacts, tickets and notes: each once, and never at another client."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bridge.directory.entries import Entry, Ticket
from bridge.directory.entries import Kind as EntryKind
from bridge.directory.snapshot import Snapshot
from bridge.embedded import FaultKind
from bridge.errors import BadParameter, NotFound, WriteRefused
from bridge.itflow.capabilities import Generation
from bridge.itflow.client import ItflowClient
from bridge.itflow.tail import last_id, rows_after
from bridge.itflow.transport import open_session
from bridge.outbox import contact, note, ticket
from bridge.outbox.attempts import Step
from bridge.outbox.journal import State
from tests.outbox.conftest import SLOW_S, Itflow, until


@dataclass(frozen=True)
class Case:
    """A kind, a request for one of it, and where it is to be seen."""

    path: str
    body: Mapping[str, object]
    table: str
    rows: str
    settle_s: float = 0.3
    there: Mapping[str, list[dict[str, object]]] = field(default_factory=dict)

    def item(self) -> Any:
        """The same as an item."""
        given = {name: value for name, value in self.body.items() if name != "client_id"}
        if self.path == "/contacts":
            return contact.read(given, asked_in="US")
        return (ticket if self.path == "/tickets" else note).read(given)


TICKETS = [{"ticket_subject": f"Old {number}", "ticket_client_id": number % 9 + 1} for number in range(150)]
CASES = {
    "contact": Case(
        "/contacts",
        {"client_id": 1, "name": "Ann <Lee>", "email": "ann@new.example", "phone": "(212) 555-0177"},
        "contacts",
        "SELECT contact_client_id, contact_name, contact_phone, contact_primary FROM contacts",
    ),
    "ticket": Case(
        "/tickets",
        {"client_id": 1, "subject": "Printer & <b>co</b>", "details": "It says <error>\n& stops"},
        "tickets",
        "SELECT ticket_client_id, ticket_subject, ticket_priority FROM tickets "
        "WHERE ticket_resolved_at IS NULL AND ticket_subject NOT LIKE 'Old%'",
        there={"tickets": TICKETS},
    ),
    "note": Case(
        "/notes",
        {"client_id": 1, "ticket_id": 1, "text": "Called <back>", "worked_s": 432},
        "ticket_replies",
        "SELECT ticket_reply_ticket_id, ticket_reply_type, ticket_reply_time_worked FROM ticket_replies",
        settle_s=0.02,
        there={"tickets": [{"ticket_subject": "Old", "ticket_client_id": 1}]},
    ),
}
WANTED = {
    "contact": [("1", "Ann", "2125550177", "0")],
    "ticket": [("1", "Printer & co", "Low")],
    "note": [("1", "Internal", "00:07:12")],
}


# Notes are there from 26.08 on.
PAIRS = [
    (generation, kind)
    for generation in ("26.02", "26.08")
    for kind in CASES
    if (generation, kind) != ("26.02", "note")
]
EACH = pytest.mark.parametrize(("generation", "kind"), PAIRS)


@pytest.fixture
def generation():
    return "26.08"


@pytest.fixture
async def itflow(generation):
    itflow = Itflow(generation)
    await itflow.start()
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


def rows(itflow, kind):
    return list(itflow.embedded.connection.execute(CASES[kind].rows))


@pytest.mark.parametrize(("generation", "kind"), [("26.02", "contact"), *PAIRS[2:]])
@pytest.mark.parametrize("step", Step)
async def test_killed_at_a_step_it_comes_once(itflow, spawn, session, kind, step):
    case = CASES[kind]
    itflow.embedded.load(case.there)
    settle = ("--settle", str(case.settle_s))
    first = await spawn("--die", step, *settle)
    url, headers = f"{first.url}{case.path}", {"Authorization": "Bearer KEY"}
    with suppress(aiohttp.ClientError):
        async with session.post(url, json=case.body, headers=headers) as response:
            assert response.status in {201, 202}
    await first.process.wait()
    second = await spawn(*settle)
    ids = set()

    async def ask():
        async with session.post(f"{second.url}{case.path}", json=case.body, headers=headers) as response:
            answer = await response.json()
            assert response.status in {201, 202}, answer
            ids.add(answer["id"])
            return response.status == 201

    async with asyncio.timeout(30):
        while not await ask():
            pass
    assert ids == {1}
    async with session.get(f"{second.url}{case.path}/1", headers=headers) as response:
        assert (await response.json())["status"] == "added"
    assert rows(itflow, kind) == WANTED[kind]


@EACH
@pytest.mark.parametrize("fault", [FaultKind.HANG, FaultKind.UNANSWERED, FaultKind.EMPTY_500, FaultKind.HTML_FIRST])
async def test_one_fault_leaves_one(itflow, deliver, kind, fault):
    case = CASES[kind]
    itflow.embedded.load(case.there)
    itflow.faults.add(fault, case.table, "create", delay_s=SLOW_S, status=504)
    # The note waits until the slow one has come: none can be taken back.
    async with deliver(settle_s=case.settle_s) as deliverer:
        entry = await deliverer.add(1, case.item(), None, "key")
        await itflow.rest()
        await until(lambda: rows(itflow, kind) == WANTED[kind])
    assert entry.state is State.ADDED


async def test_a_late_ticket_is_resolved_and_a_late_note_stays_and_is_told(itflow, deliver, journal, caplog):
    itflow.embedded.load({"tickets": [{"ticket_subject": "Old", "ticket_client_id": 1}]})
    for kind, column, table in (("ticket", "ticket_details", "tickets"), ("note", "ticket_reply", "ticket_replies")):
        entry = journal.accept(1, CASES[kind].item(), "key", 600)
        for number in (1, 2):
            assert journal.claim(journal.get(entry.id), 60, 1) == number
        journal.added(entry, 3 if kind == "ticket" else 2, 2)
        owner = {"ticket_client_id": 1} if kind == "ticket" else {"ticket_reply_ticket_id": 1}
        for number in (1, 2):
            itflow.embedded.load({table: [{column: f"<!-- itflow-bridge {entry.tag}-{number} -->x", **owner}]})
    async with deliver():
        await until(lambda: not journal.watched())
    connection = itflow.embedded.connection
    resolved = connection.execute("SELECT ticket_id FROM tickets WHERE ticket_resolved_at IS NOT NULL")
    assert [int(one) for (one,) in resolved] == [2]
    assert len(list(connection.execute("SELECT 1 FROM ticket_replies"))) == 2
    assert "which the bridge cannot take back" in caplog.text


ELSEWHERE = {
    "contact of another client": (1, ticket.read({"subject": "x", "contact_id": 2}), "no contact 2"),
    "contact that is not there": (1, ticket.read({"subject": "x", "contact_id": 9}), "no contact 9"),
    "ticket of another client": (1, note.read({"ticket_id": 2, "text": "x"}), "no ticket 2"),
    "location of another client": (
        1,
        contact.read({"name": "x", "email": "x@x.example", "location_id": 3}, asked_in="US"),
        "no location 3",
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
async def test_what_is_another_clients_is_refused_at_once(deliver, journal, mirror, case):
    client_id, item, says = ELSEWHERE[case]
    clients = list(mirror.snapshot.clients())
    mirror.current = Snapshot.build(
        clients=clients,
        entries=[Entry(EntryKind.CONTACT, 2, 2, "Bob", ()), Entry(EntryKind.LOCATION, 3, 2, "Site", ())],
        tickets=[Ticket(2, 2, "T2", "Theirs", 2, 0, "1", "")],
    )
    async with deliver() as deliverer:
        with pytest.raises(NotFound, match=says):
            await deliverer.add(client_id, item, None, "key")
    assert not journal.entries()


async def test_a_ticket_that_went_to_another_client_meanwhile_gets_no_note(itflow, deliver):
    itflow.embedded.load({"tickets": [{"ticket_subject": "Theirs", "ticket_client_id": 2}]})
    async with deliver() as deliverer:
        with pytest.raises(WriteRefused, match="row 1 of tickets is not of client 1"):
            await deliverer.add(1, note.read({"ticket_id": 1, "text": "x"}), None, "key")
    assert not rows(itflow, "note")


async def test_an_older_itflow_takes_no_note(deliver, mirror, journal):
    mirror.swap(None, mirror.freshness.__class__(generation=Generation.UNTIL_26_02))
    async with deliver() as deliverer:
        with pytest.raises(BadParameter, match=r"26\.08 or later only"):
            await deliverer.add(1, note.read({"ticket_id": 1, "text": "x"}), None, "key")
    assert not journal.entries()


async def test_tickets_are_sent_one_at_a_time(itflow, deliver):
    """ITFlow counts ticket numbers without a lock: two at once would get the same one."""
    there = []

    def seen(request):
        if (request.module, request.function) == ("tickets", "create"):
            there.append(len(rows(itflow, "ticket")))

    itflow.embedded.on_request = seen
    itflow.faults.add(FaultKind.SLOW, "tickets", "create", times=None, delay_s=0.05)
    async with deliver(timeout_s=1, answer_s=5) as deliverer:
        for client_id in range(1, 6):
            await deliverer.promise(client_id, ticket.read({"subject": "x"}), None, "key")
        await until(lambda: deliverer.journal.counts()[State.ADDED] == 5)
    assert there == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("deleted", [(), (1, 2, 3), tuple(range(60, 100)), (150,)])
async def test_the_end_of_many_tickets_is_found_without_reading_them(itflow, deleted):
    itflow.embedded.load({"tickets": TICKETS})
    for ticket_id in deleted:
        itflow.embedded.connection.execute("DELETE FROM tickets WHERE ticket_id = ?", (ticket_id,))
    async with open_session() as session:
        client = ItflowClient(session, itflow.url, "ITFLOW-KEY", attempts=1)
        last = max(set(range(1, 151)) - set(deleted))
        assert await last_id(client, "tickets") == last
        assert len(itflow.embedded.requests) < 20
        for after in (0, 59, 99, last - 1, last, last + 7):
            found = [int(row["ticket_id"] or 0) for row in await rows_after(client, "tickets", after)]
            assert found == [one for one in range(after + 1, 151) if one not in deleted]


STORED = {  # as asked in, of a client in; what ITFlow gets
    ("(212) 555-0177", "US", "US"): "2125550177",
    ("+49 221 9876541", "US", "US"): "011492219876541",
    ("+49 221 9876541", "DE", "DE"): "02219876541",
    ("0221 9876541", "DE", "DE"): "02219876541",
    ("+1 212 555 0177", "DE", "DE"): "0012125550177",
    ("0221 9876541", "DE", "US"): "011492219876541",
}


@pytest.mark.parametrize("case", STORED)
def test_a_number_is_stored_so_that_it_is_read_again(case):
    text, asked_in, stored_in = case
    item = contact.read({"name": "x", "email": "x@x.example", "phone": text}, asked_in=asked_in, stored_in=stored_in)
    assert item.phone == STORED[case]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00:00"), (432, "00:07:12"), (3599.9, "00:59:59"), (400_000, "99:59:59")]
)
def test_time_worked_is_written_as_itflow_takes_it(seconds, text):
    assert note.clock_text(seconds) == text
