"""A small firm's clients, and the FastAGI door in front of them, as the tests on the wire and on Asterisk use it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bridge.access.keys import Feature, Keys, Options
from bridge.agi.features import Features
from bridge.agi.lockout import Lockout
from bridge.agi.server import Server, listening
from bridge.calls.people import People, Person
from bridge.clock import Moment
from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone, Ticket
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import ItflowUnreachable
from bridge.settings import AgiSection, Settings
from bridge.storage import Database

HOSTILE = '"Eve", <sip:x@y> ${EPOCH} %41 \\'
ALICE, BERND, YOKO, EVE, SHARED, UNKNOWN, ZOE, CARLA, DORA, MANY, VENDOR = (f"+121255501{n:02}" for n in range(1, 12))
PINS = {11: "4711", 12: "", 16: "A-234", 20: "815", 21: "0815"} | {100 + n: f"77{n:02}" for n in range(25)}
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Row:
    """A client with one contact and one invoice."""

    client: Client
    contact: Entry
    invoice: Invoice | None


def row(id_, client, name, number, amount, currency, *, paid="0.00", status="Sent", pin=False, vip=False):
    invoice = Invoice(
        id_, id_, f"INV-{id_}", status, None, None, currency, Decimal(amount), None if paid is None else Decimal(paid)
    )
    return Row(
        Client(id_, client, favorite=vip, currency=currency),
        Entry(Kind.CONTACT, 10 + id_, id_, name, (Phone(number, Label.WORK),), primary=True, has_pin=pin),
        invoice,
    )


ROWS = [
    row(1, "Acme", "Alice O'Neil", ALICE, "1234.05", "EUR", pin=True),
    row(2, "Müller GmbH", "Jörg Müller", BERND, "0.00", "USD", paid="12.50"),
    row(3, "日本商事", "山田洋子", YOKO, "1.00", "JPY", vip=True),
    row(4, "Eve's 19\" Racks, Ltd", HOSTILE, EVE, "10.00", "EUR", paid="10.00", status="Paid"),
    row(5, "Partly", "Pat", SHARED, "99.01", "GBP", paid=None, status="Partial"),
    row(6, "Zoe & Co", "Zoe", ZOE, "21.00", "SEK", pin=True),
    row(7, "Many PINs", "Main Office", MANY, "7.00", "EUR"),
]


def contact(id_, client_id, name, *numbers, **facts):
    return Entry(Kind.CONTACT, id_, client_id, name, tuple(Phone(number, Label.WORK) for number in numbers), **facts)


COLLEAGUES = [
    Entry(Kind.VENDOR, 5, 0, "Power Company", (Phone(VENDOR, Label.WORK),)),
    contact(18, 1, "Carla without a PIN", CARLA),
    contact(20, 1, "Dora whose PIN is too short", DORA, has_pin=True),
    # More of them have a PIN than are read; the primary one and the one for billing have the highest ids.
    *(contact(100 + n, 7, f"Nr {n}", has_pin=True, primary=n == 24, billing=n == 23) for n in range(25)),
]


# Jörg Müller's ticket; only a dialplan that asks for its person is told of it.
AGENT = 90
TICKETS = [Ticket(7, 2, "TCK-7", "Printer", 12, AGENT, "2", "2026-11-27 10:00:00")]


def mirror(age: dt.timedelta = dt.timedelta(0)) -> Mirror:
    """A mirror of those clients, read that long ago."""
    at = dt.datetime.now(dt.UTC) - age
    snapshot = Snapshot.build(
        clients=[row.client for row in ROWS],
        entries=[*(row.contact for row in ROWS), *COLLEAGUES],
        invoices=[row.invoice for row in ROWS if row.invoice],
        tickets=TICKETS,
        agents={AGENT: 'Tina "T" & Co'},
    )
    return Mirror(snapshot, Freshness(people_at=Moment(at), money_at=Moment(at)))


@dataclass
class World:
    """The door and what stands behind it.

    Attributes:
        asked: The contacts whose PIN was read.
        broken: ITFlow cannot be asked.
        hanging: ITFlow never answers.
        slow_s: How long ITFlow takes for a PIN.
    """

    server: Server
    port: int
    features: Features
    database: Database
    asked: list[int]
    broken: bool = False
    hanging: bool = False
    slow_s: float = 0


@asynccontextmanager
async def world(folder: Path, mirror: Mirror, **settings) -> AsyncIterator[World]:
    """Open the door, with one key ``pbx`` whose secret is ``SECRET``; the same folder again is a restart."""
    section = AgiSection(**{"port": 0, **settings})
    database = Database(folder / "agi.db")
    keys = Keys(database, Settings(agi=section))
    if not keys.all():
        keys.add("pbx", Options(), secret=SECRET)
        keys.add("names", Options(features=frozenset({Feature.CALLERID})), secret="names-only")
    people = People(database)
    people.add(Person(name="Tina", extensions=("201", "202"), itflow_user_id=AGENT))
    made: list[World] = []

    async def read_pin(contact_id: int) -> str:
        made[0].asked.append(contact_id)
        if made[0].hanging:
            await asyncio.Event().wait()
        await asyncio.sleep(made[0].slow_s)
        if made[0].broken:
            raise ItflowUnreachable("ITFlow does not answer.")
        return PINS.get(contact_id, "")

    features = Features(
        settings=section,
        keys=keys,
        mirror=mirror,
        read_pin=read_pin,
        lockout=Lockout(database, section.pin_tries, section.lockout_s),
        extension_of=people.extension_of,
    )
    try:
        async with listening(features) as (server, port):
            made.append(World(server, port, features, database, []))
            yield made[0]
    finally:
        database.close()
