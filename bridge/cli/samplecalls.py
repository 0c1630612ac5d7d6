"""Calls for ``itflow-bridge demo``: people, a week that was, and a phone system that rings every few seconds."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Iterator

from aiohttp import ClientSession

from bridge.access.caller import Own, looked_up
from bridge.access.key import Feature, Options
from bridge.access.rights import Rights
from bridge.calls.book import CallBook
from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.people import People, Person
from bridge.directory.mirror import Mirror
from bridge.directory.reader import Reader
from bridge.settings import Settings
from bridge.storage import Database

YOU = "Demo"
PEOPLE = {YOU: "101", "Ben Baxter": "102", "Cleo Chen": "103"}
LASTING = dt.timedelta(days=1)
EVERY_S = 5.0
RINGS_S = 4.0
TALKS_S = 12.0
# Of the sample data: one contact, a main line, a shared number, another country; and two whom nobody knows.
CALLERS = (
    "+12065550123",
    "+12125550110",
    "+442079460101",
    "+12125550101",
    "+493023125001",
    "+12125559999",
    "anonymous",
)
DIALLED = "+12065550100"


def people(database: Database, settings: Settings) -> str:
    """Add people; the secret of a link that signs the first of them in.

    Raises:
        StorageError: They cannot be stored.
    """
    known = People(database)
    for name, extension in PEOPLE.items():
        known.add(Person(name=name, extensions=(extension,)))
    Rights(database, settings).give(YOU, Options(features=frozenset(Feature)))
    return known.link(YOU, LASTING)


async def last_week(database: Database, settings: Settings) -> None:
    """Write the calls of a week into the log, each named as it would have been.

    Raises:
        StorageError: They cannot be stored.
    """
    mirror = Mirror(*Reader(database).read())
    who = looked_up(mirror, Own.of(settings))
    async with CallBook.on(database, settings.calls, who) as book:
        await book.take(event for call in range(200) for event in _past(call))


async def ringing(there: asyncio.Future[str], key: str) -> None:
    """Be a phone system that pushes its events, for ever; every second call is for the first person.

    Args:
        there: The address of the bridge, once it answers.
        key: A key that opens ``calls``.
    """
    url, names = f"{await there}/calls/events?api_key={key}", list(PEOPLE)
    async with ClientSession() as session, asyncio.TaskGroup() as calls:
        count = 0
        while True:
            name = YOU if count % 2 == 0 else names[1 + count // 2 % 2]
            calls.create_task(
                _call(session, url, f"demo {count}", CALLERS[count % len(CALLERS)], name, count % 3 != 2)
            )
            count += 1
            await asyncio.sleep(EVERY_S)


async def _call(session: ClientSession, url: str, call_id: str, number: str, name: str, answers: bool) -> None:
    told = {"direction": "in", "from": number, "to": DIALLED, "callId": call_id, "user": name}
    async with session.post(url, json={"event": "newCall", **told}):
        await asyncio.sleep(RINGS_S)
    if answers:
        async with session.post(url, json={"event": "answer", **told, "answeringNumber": PEOPLE[name]}):
            await asyncio.sleep(TALKS_S)
    cause = Cause.NORMAL if answers else Cause.CANCELLED
    async with session.post(url, json={"event": "hangup", **told, "cause": cause}):
        pass


def _past(place: int) -> Iterator[Event]:
    """A call of the last week, in working hours; which one is always the same."""
    chance = random.Random(place)  # noqa: S311 - sample data
    today = dt.datetime.now().astimezone().replace(minute=0, second=0, microsecond=0)
    day = today - dt.timedelta(days=chance.randrange(1, 7))
    begun = day.replace(hour=round(chance.triangular(8, 17, 10))) + dt.timedelta(seconds=chance.randrange(3600))
    call_id, extension = f"past {place}", chance.choice([*PEOPLE.values()])

    def event(what: What, after_s: float, **told: object) -> Event:
        at = begun + dt.timedelta(seconds=after_s)
        return Event(source="demo", call_id=call_id, what=what, at=at, **told)  # type: ignore[arg-type]

    number = chance.choice(CALLERS[:-1])
    yield event(What.BEGAN, 0, direction=Direction.IN, from_number=number, to_number=DIALLED)
    yield event(What.RUNG, 1, extension=extension)
    if chance.random() < 0.8:
        yield event(What.ANSWERED, waits := chance.triangular(2, 25, 6), extension=extension)
        yield event(What.ENDED, waits + chance.triangular(20, 900, 120), cause=Cause.NORMAL)
    else:
        yield event(What.ENDED, chance.triangular(10, 60, 30), cause=Cause.CANCELLED)
