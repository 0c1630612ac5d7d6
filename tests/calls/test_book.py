"""The book: what is told is stored before it is shown, readers miss nothing, and nothing rings for ever."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from dataclasses import replace

import pytest

from bridge.calls import Cause, Direction, Outcome, What
from bridge.calls.book import CallBook
from bridge.calls.log import MAX_EVENTS, CallLog
from bridge.calls.party import Party
from bridge.calls.rows import Filters, Logged
from bridge.errors import NotFound, StorageError
from bridge.storage import Database
from tests.calls.conftest import Opened, now
from tests.calls.told import ANN, at, event, incoming, missed


async def some(changes: AsyncIterator[Logged], count: int) -> list[Logged]:
    """The next changes."""
    return [await anext(changes) for _ in range(count)]


async def test_a_call_from_its_beginning_to_its_end(book: CallBook) -> None:
    began, rung, answered, ended = incoming()
    await book.take([began, rung])
    (up,) = book.now()
    assert (up.party.name, up.party.client_id, up.call.extensions) == ("Ann", 1, ("101",))
    await book.take([answered])
    await book.take([ended])
    assert book.now() == []
    (logged,) = await book.read(Filters())
    assert (logged.id, logged.call.talk_s, logged.party.contact_id) == (up.id, 60, 11)
    assert await book.one(up.id) == logged
    with pytest.raises(NotFound, match="no call 4711"):
        await book.one(4711)


async def test_any_order_and_any_doubling_leave_the_same_call(book: CallBook) -> None:
    orders = list(itertools.permutations(incoming()))
    for number, order in enumerate(orders):
        for one in (*order, *random.Random(number).choices(order, k=2)):
            await book.take([replace(one, call_id=f"call {number}")])
    stored = await book.read(Filters())
    assert len(stored) == len(orders)
    assert len({replace(one.call, id="") for one in stored}) == 1
    assert {one.party.name for one in stored} == {"Ann"}
    assert book.now() == []


async def test_events_that_are_told_again_change_nothing(book: CallBook) -> None:
    await book.take(incoming())
    before = book.last
    await book.take(incoming())
    assert book.last == before


async def test_a_reader_that_was_away_gets_what_it_missed(book: CallBook) -> None:
    await book.take(incoming("1"))
    seen = book.last
    await book.take(missed("2"))
    await book.take(incoming("3")[:2])
    async with aclosing(book.changes(seen)) as changes:
        assert [one.call.id for one in await some(changes, 2)] == ["2", "3"]
        coming = asyncio.ensure_future(anext(changes))
        await book.take(incoming("4")[:1])
        assert (await coming).call.id == "4"


async def test_a_reader_that_was_away_long_reads_the_file(opened: Opened) -> None:
    async with opened() as book:
        await book.take([one for number in range(1200) for one in incoming(str(number))[:1]])
        async with aclosing(book.changes(0)) as changes:
            assert [one.change for one in await some(changes, 1200)] == list(range(1, 1201))
    async with opened() as book:
        async with aclosing(book.changes(0)) as changes:
            got = await some(changes, 1200)
        assert [one.change for one in got] == list(range(1, 1201))
        assert len(book.now()) == 1200


async def test_a_reader_with_a_number_of_another_file_gets_what_is_up(book: CallBook) -> None:
    await book.take(missed("1"))
    await book.take(incoming("2")[:2])
    async with aclosing(book.changes(4711)) as changes:
        assert (await anext(changes)).call.id == "2"
        coming = asyncio.ensure_future(anext(changes))
        await book.take(missed("3"))
        assert (await coming).call.id == "3"


async def test_many_tell_and_many_read_at_once(book: CallBook) -> None:
    calls, readers = 100, 20

    async def read() -> list[int]:
        open_calls, numbers = set(range(calls)), []
        async with aclosing(book.changes(0)) as changes:
            async for one in changes:
                numbers.append(one.change)
                if one.call.ended is not None:
                    open_calls.discard(int(one.call.id))
                if not open_calls:
                    return numbers
        raise AssertionError

    async def tell(number: int) -> None:
        for one in incoming(str(number)):
            await book.take([one])

    reading = [asyncio.create_task(read()) for _ in range(readers)]
    await asyncio.gather(*map(tell, range(calls)))
    for numbers in await asyncio.gather(*reading):
        assert numbers == sorted(set(numbers))


async def test_rules_get_the_calls_that_are_over(book: CallBook) -> None:
    await book.take(incoming("1")[:3])
    await book.take(missed("2"))
    async with aclosing(book.ends(0)) as ends:
        assert (await anext(ends)).call.missed
        coming = asyncio.ensure_future(anext(ends))
        await book.take(incoming("1")[3:])
        assert (await coming).call.talk_s == 60


async def test_a_missed_call_is_marked_as_done(book: CallBook) -> None:
    await book.take(missed())
    (logged,) = await book.read(Filters(missed=True, done=False))
    before = book.last
    marked = await book.mark_done(logged.id, "Ada")
    assert (marked.done_by, marked.change) == ("Ada", before + 1)
    assert marked.done_at is not None
    async with aclosing(book.changes(before)) as changes:
        assert await anext(changes) == marked
    await book.take([event(What.RUNG, 2, extension="102")])
    assert (await book.one(logged.id)).done_by == "Ada"
    assert await book.read(Filters(done=False)) == []
    assert (await book.mark_done(logged.id, "")).done_at is None
    with pytest.raises(NotFound):
        await book.mark_done(4711, "Ada")


async def test_a_call_of_which_nothing_more_is_heard_is_lost_and_a_late_end_still_counts(opened: Opened) -> None:
    async with opened(lost_ringing_s=1e-9, lost_talking_s=3600) as book:
        await book.take(incoming("rings")[:2])
        await book.take(incoming("talks")[:3])
        await book.sweep()
        assert [one.call.id for one in book.now()] == ["talks"]
        (lost,) = await book.read(Filters(extensions=["101"], until=now(), limit=1, before=2))
        assert (lost.call.cause, lost.call.missed) == (Cause.LOST, False)
        await book.take(incoming("rings")[2:])
        assert (await book.one(lost.id)).call.cause is Cause.NORMAL


async def test_a_lost_call_that_is_heard_of_again_is_up(opened: Opened) -> None:
    async with opened(lost_ringing_s=1e-9) as book:
        await book.take(incoming()[:1])
        await book.sweep()
        assert book.now() == []
        await book.take([event(What.RUNG, 0, extension="102", at=now())])
        assert [one.call.extensions for one in book.now()] == [("102",)]


async def test_a_bridge_that_starts_again_knows_what_is_up_and_numbers_on(opened: Opened) -> None:
    async with opened() as book:
        await book.take(incoming("1")[:2])
        await book.take(missed("2"))
        last, up = book.last, book.now()
    async with opened() as book:
        assert (book.last, book.now()) == (last, up)
        await book.take(incoming("1")[2:])
        assert [one.call.talk_s for one in await book.read(Filters(extensions=["101"]))] == [0, 60]
        assert book.last > last


async def test_no_number_is_given_twice(opened: Opened) -> None:
    async with opened() as book:
        await book.take(missed("1"))
        last = book.last
        assert book.log.forget(lambda number: number == ANN) == 1
    async with opened() as book:
        await book.take(missed("2"))
        assert book.last > last


async def test_what_another_process_forgets_is_forgotten_here(opened: Opened, database: Database) -> None:
    async with opened() as book:
        await book.take([*incoming("1")[:2], *incoming("2", "+12125550102")[:2]])
        elsewhere = Database(database.path)
        assert CallLog(elsewhere).forget(lambda _: False, {"Ann"}) == 1
        elsewhere.close()
        await book.take_over()
        assert [one.call.id for one in book.now()] == ["2"]
        async with aclosing(book.changes(0)) as changes:
            assert (await anext(changes)).call.id == "2"


@pytest.mark.parametrize(("numbers", "kept"), [("full", ANN), ("masked", "+121…01"), ("none", "")])
async def test_numbers_are_kept_as_the_settings_say(
    opened: Opened, database: Database, numbers: str, kept: str
) -> None:
    async with opened(numbers=numbers) as book:
        for one in incoming():
            await book.take([one])
        (logged,) = await book.read(Filters(client_id=1))
        assert (logged.party.number, logged.call.from_number, logged.party.name) == (kept, kept, "Ann")
        assert logged.call.extensions == ("101",)
    with closing(sqlite3.connect(database.path)) as file:
        everything = "\n".join(line for line in file.iterdump() if line.startswith("INSERT"))
    assert (ANN in everything) == (numbers == "full")


async def test_what_others_send_is_cleaned_and_cut(book: CallBook) -> None:
    await book.take([event(What.BEGAN, 0, direction=Direction.IN, from_number="\x1b[31m+49\udcff221\n" + "1" * 999)])
    (logged,) = await book.read(Filters())
    assert logged.party.number.startswith("[31m+49221")
    assert len(logged.party.number) == 250


async def test_a_call_with_endless_events_is_bounded_and_still_ends(book: CallBook) -> None:
    await book.take(incoming()[:1])
    for start in range(0, 500, 50):
        await book.take([event(What.RUNG, 1, extension=str(start + n)) for n in range(50)])
    await book.take([event(What.ANSWERED, 60, extension="3"), event(What.ENDED, 69)])
    (logged,) = await book.read(Filters())
    assert len(logged.call.rung) <= MAX_EVENTS
    assert (logged.call.answered, logged.call.ended) == (at(60), at(69))


async def test_a_queue_that_rings_the_same_people_for_an_hour_is_told_to_its_end(book: CallBook) -> None:
    await book.take(incoming()[:1])
    for second in range(0, 3600, 15):
        for extension in ("101", "102"):
            ringing = event(What.RUNG, second, extension=extension, device="a")
            await book.take([ringing, event(What.LEFT, second + 10, extension=extension, device="a")])
    await book.take([event(What.RUNG, 3600, extension="103"), event(What.ANSWERED, 3605, extension="103")])
    (up,) = book.now()
    assert [(one.extension, one.outcome) for one in up.call.rung] == [
        ("101", Outcome.UNANSWERED),
        ("102", Outcome.UNANSWERED),
        ("103", Outcome.ANSWERED),
    ]
    assert (up.call.rung[0].since, up.call.rung[0].until) == (at(0), at(3595))


async def test_old_calls_are_removed_and_settled(opened: Opened, database: Database) -> None:
    old, late = "2020-01-01T00:00:00+00:00", now() - dt.timedelta(days=3)
    async with opened(keep_days=30) as book:
        with database.write() as file:
            file.execute("INSERT INTO calls (at, key, number, name) VALUES (?, 'pbx', '1', '')", (old,))
        await book.take([replace(one, at=late) for one in missed("settled")])
        await book.sweep()
        (kept,) = await book.read(Filters())
        await book.take([replace(incoming("settled")[2], at=late)])
        assert await book.read(Filters()) == [kept]


async def test_a_file_that_cannot_be_written_is_tried_again(opened: Opened, database: Database) -> None:
    async with opened() as book:
        moved = database.path.with_name("moved.db")
        database.path.rename(moved)
        with pytest.raises(StorageError, match="removed or replaced"):
            await book.take(missed())
        assert book.last == 0
        moved.rename(database.path)
        async with aclosing(book.changes(0)) as changes:
            assert (await anext(changes)).call.missed


async def test_a_caller_who_is_typed_in_meanwhile_has_a_name(book: CallBook) -> None:
    began, *others = incoming(number="+12125550777")
    await book.take([began])
    await book.take([began, *others], who=lambda number: Party(number, "New", "hit", 7, "Newco", 77))
    (logged,) = await book.read(Filters())
    assert logged.party.name == "New"


async def test_a_withheld_number_is_known_as_withheld(book: CallBook) -> None:
    await book.take(missed(number=""))
    (logged,) = await book.read(Filters())
    assert (logged.party.result, logged.party.number) == ("withheld", "")


async def test_filters(book: CallBook) -> None:
    await book.take([*incoming("a"), *missed("b", to="102"), *missed("c", "+12125550102", to="Bob")])
    await book.take(
        [
            event(What.BEGAN, 90, "d", direction=Direction.OUT, to_number=ANN, from_number="101"),
            event(What.ENDED, 91, "d"),
        ]
    )
    for filters, expected in (
        (Filters(), "dcba"),
        (Filters(limit=2), "dc"),
        (Filters(before=3), "ba"),
        (Filters(missed=True), "cb"),
        (Filters(direction=Direction.OUT), "d"),
        (Filters(extensions=["102", "bob"]), "cb"),
        (Filters(extensions=[]), ""),
        (Filters(client_id=1), "dba"),
        (Filters(clients=frozenset({1, 2})), "dba"),
        (Filters(clients=frozenset()), ""),
        (Filters(numbers=[ANN]), "dba"),
        (Filters(since=at(80)), "d"),
        (Filters(until=at(80)), "cba"),
    ):
        assert "".join(one.call.id for one in await book.read(filters)) == expected, filters
