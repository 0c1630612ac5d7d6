"""From the book of calls through the outbox into an embedded ITFlow: each once, whatever is told late, or killed."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from bridge.calls import Event
from bridge.calls.book import CallBook
from bridge.calls.rows import Filters
from bridge.clock import Moment
from bridge.directory.entries import Client, Entry, Kind, Ticket
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter, NotFound
from bridge.followup.following import Followup
from bridge.followup.rules import Colleague
from bridge.itflow.capabilities import Generation
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal, State
from bridge.settings import AssetsSection, CallsSection, TicketsSection
from bridge.storage import Database
from bridge.tasks import running
from tests.calls.conftest import who
from tests.calls.told import ANN, NOON, incoming, missed, outgoing
from tests.outbox.conftest import Itflow, until

RULES = TicketsSection(note="on", missed="ticket", choose_s=0)
TINA = Colleague("Tina", 90)


def recent(events: Iterable[Event], ago_s: float = 100) -> list[Event]:
    """The same events, begun so long ago."""
    begun = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(seconds=ago_s)
    return [replace(one, at=one.at - NOON + begun) for one in events]


class World:
    """Everything but phones."""

    def __init__(
        self, itflow: Itflow, database: Database, book: CallBook, deliverer: Deliverer, mirror: Mirror
    ) -> None:
        self.itflow, self.database, self.book, self.deliverer, self.mirror = itflow, database, book, deliverer, mirror

    def followup(self, section: TicketsSection = RULES) -> Followup:
        return Followup(self.book, self.database, self.deliverer, self.mirror, lambda _name: TINA, section)

    @asynccontextmanager
    async def following(self, **settings: object) -> AsyncIterator[Followup]:
        followup = self.followup(RULES.model_copy(update=settings))
        async with running(followup.run(), "followup"):
            await until(lambda: self.rows("SELECT change FROM followup_place"))
            yield followup

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with self.database.read() as connection:
            return connection.execute(statement).fetchall()

    def notes(self) -> list[tuple[str, str, str]]:
        found = self.itflow.embedded.connection.execute(
            "SELECT ticket_reply_ticket_id, ticket_reply_time_worked, ticket_reply FROM ticket_replies"
        )
        return [(ticket, worked, text.partition("-->")[2]) for ticket, worked, text in found]

    def tickets(self) -> list[str]:
        found = "SELECT ticket_subject FROM tickets WHERE ticket_subject LIKE 'Missed%'"
        return [subject for (subject,) in self.itflow.embedded.connection.execute(found)]

    async def settled(self) -> None:
        """Everything that was told is dealt with and delivered."""
        await until(lambda: self.rows("SELECT change FROM followup_place") == [(self.book.last,)])
        await until(lambda: not self.deliverer.journal.counts()[State.PENDING])


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[World]:
    itflow = Itflow("26.08")
    await itflow.start()
    contact = {"contact_id": 11, "contact_name": "Ann", "contact_client_id": 1}
    itflow.embedded.load({"contacts": [contact]})
    there = [(1, 1, 11, 90), (2, 1, 11, 0), (3, 2, 0, 0)]
    for ticket_id, client_id, contact_id, user_id in there:
        row = {"ticket_id": ticket_id, "ticket_subject": "Old", "ticket_client_id": client_id}
        itflow.embedded.load({"tickets": [{**row, "ticket_contact_id": contact_id, "ticket_assigned_to": user_id}]})
    snapshot = Snapshot.build(
        clients=[Client(1, "Apex"), Client(2, "Other")],
        entries=[Entry(Kind.CONTACT, 11, 1, "Ann", ())],
        tickets=[
            Ticket(one, client, f"T{one}", "Old", contact, user, "1", "") for one, client, contact, user in there
        ],
    )
    mirror = Mirror(snapshot, Freshness(people_at=Moment.now(), generation=Generation.FROM_26_08))
    database = Database(tmp_path / "bridge.db", durable=True)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        client = ItflowClient(session, itflow.url, "ITFLOW-KEY", timeout_s=5, attempts=1)
        section = AssetsSection(answer_s=5, settle_s=0.01, max_wait_s=0.1)
        deliverer = Deliverer(Journal(database), client, mirror, section)
        await stack.enter_async_context(delivering(deliverer))
        book = await stack.enter_async_context(CallBook.on(database, CallsSection(), who))
        yield World(itflow, database, book, deliverer, mirror)
    database.close()
    await itflow.stop()
    itflow.embedded.close()


async def test_calls_leave_notes_and_tickets_each_once(world: World):
    async with world.following():
        for number in range(3):
            await world.book.take(recent(incoming(f"answered {number}")))
            await world.book.take(recent(missed(f"missed {number}")))
            await world.book.take(recent(incoming(f"stranger {number}", "+12125550999")))
        await world.settled()
    assert [(ticket, worked) for ticket, worked, _ in world.notes()] == [("1", "00:01:00")] * 3
    assert world.tickets() == [f"Missed call from Ann ({ANN})"]


async def test_what_is_told_again_or_late_leaves_no_second_note(world: World):
    events = recent(incoming())
    async with world.following():
        for _ in range(2):
            await world.book.take(events)
            await world.settled()
        await world.book.take([replace(events[-1], recording="https://pbx.example/1.wav")])
        await world.settled()
    assert len(world.notes()) == 1


async def test_missed_that_turns_out_answered_leaves_a_note_and_no_ticket(world: World):
    *told, answered = recent([*missed(), incoming()[2]])
    async with world.following(choose_s=3600):
        await world.book.take(told)
        await until(lambda: world.deliverer.journal.counts()[State.PENDING] == 1)
        await world.book.take([answered])
        await until(lambda: [one.kind for one in world.deliverer.journal.entries()] == ["note"])
    assert not world.tickets()


async def test_a_client_gets_another_ticket_after_the_time_for_one(world: World):
    async with world.following(missed_within_s=0.001):
        for number in range(2):
            await world.book.take(recent(missed(f"missed {number}"), ago_s=19))  # it ends now
            await world.settled()
    assert len(world.tickets()) == 2


async def test_calls_that_are_told_late_share_the_ticket_that_is_opened_for_the_first(world: World):
    async with world.following(missed_within_s=1000.0):
        for ago_s in (5000, 4500, 100):
            await world.book.take(recent(missed(f"missed {ago_s}"), ago_s))
            await world.settled()
    assert len(world.tickets()) == 1


async def test_nothing_is_left_of_calls_from_before_or_of_yesterday(world: World):
    await world.book.take(recent(missed("before")))
    async with world.following():
        await world.book.take(recent(missed("yesterday"), ago_s=2 * 86400))
        await world.settled()
    assert not world.tickets()


@pytest.mark.parametrize("moment", ["promised", "kept"])
async def test_killed_between_promise_and_place_it_comes_once(world: World, moment: str):
    async with world.following():
        await world.settled()
    place = world.rows("SELECT change FROM followup_place")
    async with world.following():
        await world.book.take([*recent(incoming("one")), *recent(missed("two"))])
        await world.settled()
    with world.database.write() as connection:  # as the file is after a kill at that moment
        connection.execute("UPDATE followup_place SET change = ?", place[0])
        if moment == "promised":
            connection.execute("DELETE FROM followup")
    async with world.following():
        await world.settled()
    assert (len(world.notes()), len(world.tickets())) == (1, 1)


async def test_killed_after_the_promise_it_comes_once_also_where_a_newer_ticket_was_opened_meanwhile(world: World):
    async with world.following():
        await world.settled()
    place = world.rows("SELECT change FROM followup_place")
    async with world.following():
        await world.book.take(recent(incoming("one")))
        await world.settled()
    with world.database.write() as connection:
        connection.execute("UPDATE followup_place SET change = ?", place[0])
        connection.execute("DELETE FROM followup")
    newer = {"ticket_id": 4, "ticket_client_id": 1, "ticket_contact_id": 11, "ticket_assigned_to": 90}
    world.itflow.embedded.load({"tickets": [newer]})
    world.mirror.current = Snapshot.build(
        clients=[Client(1, "Apex")],
        entries=[Entry(Kind.CONTACT, 11, 1, "Ann", ())],
        tickets=[Ticket(one, 1, f"T{one}", "Open", 11, 90, "1", "") for one in (1, 4)],
    )
    async with world.following():
        await world.settled()
    assert [ticket for ticket, _, _ in world.notes()] == ["1"]


async def test_a_ticket_is_chosen_before_the_end(world: World):
    events = recent(incoming())
    async with world.following() as followup:
        await world.book.take(events[:3])
        (up,) = world.book.now()
        assert "when it is over" in await followup.choose(up.id, 2)
        await world.book.take(events[3:])
        await world.settled()
    assert [ticket for ticket, _, _ in world.notes()] == ["2"]


async def test_a_ticket_is_chosen_while_the_note_waits(world: World):
    async with world.following(choose_s=3600) as followup:
        await world.book.take(recent(incoming()))
        await until(lambda: world.deliverer.journal.counts()[State.PENDING] == 1)
        await followup.choose(1, 2)
        await followup.choose(1, 2)
        await world.settled()
    assert [(ticket, worked) for ticket, worked, _ in world.notes()] == [("2", "00:01:00")]


async def test_a_ticket_is_chosen_after_the_note_was_written(world: World):
    async with world.following() as followup:
        await world.book.take(recent(incoming()))
        await world.settled()
        await followup.choose(1, 2)
        await world.settled()
    first, moved, second = world.notes()
    assert (first[:2], moved[:2], second[:2]) == (("1", "00:01:00"), ("1", "00:00:00"), ("2", "00:01:00"))
    assert "belongs to ticket 2" in moved[2]


async def test_a_call_to_outside_is_noted_where_its_ticket_is_chosen_and_not_by_itself(world: World):
    async with world.following() as followup:
        await world.book.take(recent([*outgoing("1.1"), *outgoing("2.2")]))
        await world.settled()
        assert not world.notes()
        for logged in await world.book.read(Filters()):
            assert await followup.noted_on(logged, "101") is None
        await followup.choose(1, 2)
        await world.settled()
        assert await followup.noted_on(await world.book.one(1), "101") == 2
    ((ticket, worked, text),) = world.notes()
    assert (ticket, worked) == ("2", "00:01:00")
    assert text.startswith("Call to ")
    assert "placed by Tina (101)" in text


async def test_it_is_told_where_a_call_will_be_noted(world: World):
    async with world.following(choose_s=3600) as followup:
        events = recent(incoming())
        await world.book.take(events[:2])
        assert await followup.noted_on(await world.book.one(1), "101") == 1  # Tina's, who looks
        await followup.choose(1, 2)
        assert await followup.noted_on(await world.book.one(1), "101") == 2
        await world.book.take(recent(incoming("2.2")))
        await until(lambda: world.rows("SELECT 1 FROM followup WHERE call = 2"))
        assert await followup.noted_on(await world.book.one(2), "") == 1  # promised


async def test_a_choice_that_would_leave_nothing_is_refused(world: World):
    async with world.following() as followup:
        await world.book.take(recent(missed()))
        with pytest.raises(BadParameter, match="nobody talked"):
            await followup.choose(1, 2)
        await world.book.take(recent(incoming("2.2")))
        world.mirror.freshness = replace(world.mirror.freshness, generation=Generation.FROM_26_04)
        with pytest.raises(BadParameter, match=r"from 26\.08 on"):
            await followup.choose(2, 2)
        assert await followup.noted_on(await world.book.one(2), "101") is None


async def test_another_clients_ticket_cannot_be_chosen(world: World):
    async with world.following(choose_s=3600) as followup:
        await world.book.take([*recent(incoming()), *recent(incoming("2.2", "+12125550999"))])
        for call, ticket in ((1, 3), (1, 99), (2, 1), (2, 3), (9, 1)):
            with pytest.raises(NotFound):
                await followup.choose(call, ticket)
    assert not world.notes()


async def test_a_mirror_that_is_not_ready_only_delays(world: World):
    snapshot, world.mirror.current = world.mirror.current, None
    async with world.following():
        await world.book.take(recent(incoming()))
        await asyncio.sleep(0)
        world.mirror.current = snapshot
        await world.settled()
    assert len(world.notes()) == 1


async def test_a_person_writes_with_their_own_key_and_without_it_the_bridge_does(world: World):
    world.itflow.embedded.add_key("TINAS-KEY", user_id=90)
    keys = {"Tina": "TINAS-KEY"}
    async with open_session() as session:

        def client_of(name: str) -> ItflowClient | None:
            return ItflowClient(session, world.itflow.url, keys[name], timeout_s=5, attempts=1)

        deliverer = Deliverer(
            world.deliverer.journal, ItflowClient(session, world.itflow.url, "ITFLOW-KEY", attempts=1), world.mirror,
            AssetsSection(answer_s=5, settle_s=0.01, max_wait_s=0.1), client_of=client_of,
        )  # fmt: skip
        world.deliverer.stop()
        world.deliverer = deliverer
        async with delivering(deliverer), world.following():
            await world.book.take(recent(incoming("own")))
            await world.settled()
            keys["Tina"] = "REVOKED"
            await world.book.take(recent(incoming("bridge's")))
            await world.settled()
    found = world.itflow.embedded.connection.execute("SELECT ticket_reply_by FROM ticket_replies")
    own, bridges = [by for (by,) in found]
    assert own == "90"
    assert bridges != "90"
