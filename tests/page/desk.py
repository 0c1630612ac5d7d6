"""A bridge with people, callers and calls, and a real Chromium that looks at its page."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

from bridge import service
from bridge.access.key import Feature, Options
from bridge.access.keys import Keys
from bridge.access.rights import Rights
from bridge.calls import Cause, Direction, Event, What
from bridge.calls.people import People, Person
from bridge.calls.rows import Filters
from bridge.clock import Moment
from bridge.directory.entries import Client, Entry, Invoice, Kind, Label, Phone, Ticket
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http.state import BOOK, MIRROR
from bridge.itflow.capabilities import Generation
from bridge.storage import Database
from tests import bridges
from tests.counterparts import lacking

PASSWORD = "a long password of Ada's"
# What somebody may have typed into ITFlow, or sent as a caller's name.
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}${7*7}</title></textarea></script>",
    "\u202egnp.exe\u202c\u200bA\u0000B",
    "W" * 200,
)
ANN, BOB, MAIN, HOST = "+12065550123", "+442079460101", "+4930901820101", "+12125550140"

CLIENTS = (
    Client(1, "Cascade Dental", favorite=True, currency="USD", region="US"),
    Client(2, "Thames & Sons", currency="GBP", region="GB"),
    Client(3, HOSTILE[0], currency="USD", region="US"),
    Client(4, "Nobody's Ltd", lead=True, currency="USD", region="US"),
)


def entry(kind: Kind, entry_id: int, client_id: int, name: str, *numbers: str, **told: object) -> Entry:
    """An entry with some numbers."""
    phones = tuple(Phone(number, Label.WORK) for number in numbers)
    return Entry(kind, entry_id, client_id, name, phones, **told)  # type: ignore[arg-type]


ENTRIES = (
    entry(Kind.CONTACT, 1, 1, "Ann Archer", ANN, title="Office manager", primary=True, important=True),
    entry(Kind.CONTACT, 2, 2, "Bob Baker", BOB, MAIN),
    entry(Kind.CONTACT, 3, 2, "Bella Bright", MAIN),
    entry(Kind.CONTACT, 4, 3, HOSTILE[1], HOST, title=HOSTILE[2], department=HOSTILE[3]),
    entry(Kind.CONTACT, 5, 1, HOSTILE[4], "+12065550144"),
    entry(Kind.CONTACT, 6, 1, "No Number"),
    entry(Kind.LOCATION, 1, 1, "Seattle"),
    entry(Kind.LOCATION, 2, 3, HOSTILE[2]),
    entry(Kind.VENDOR, 1, 0, "Carrier", "+18005550199"),
)
INVOICES = (
    Invoice(1, 1, "INV-1", "Sent", dt.date(2026, 10, 1), dt.date(2026, 10, 15), "USD", Decimal("1220.10"), Decimal(0)),
)
TICKETS = (
    Ticket(12, 1, "TCK-12", "The printer does not print since the update of last week", 1, 0, "1", ""),
    Ticket(15, 1, "TCK-15", HOSTILE[1], 0, 0, "1", ""),
    Ticket(16, 1, "TCK-16", HOSTILE[4], 0, 0, "1", ""),
)
SNAPSHOT = Snapshot.build(clients=CLIENTS, entries=ENTRIES, invoices=INVOICES, tickets=TICKETS)


def sample() -> Mirror:
    """The mirror of an ITFlow with these clients, which is doubted."""
    doubts = {"contacts": f"Lost {HOSTILE[0]}"}
    now = Moment.now()
    freshness = Freshness(people_at=now, money_at=now, doubts=doubts, generation=Generation.FROM_26_08)
    return Mirror(SNAPSHOT, freshness)


def link(path: Path, name: str) -> str:
    """The secret of a new link, as the command makes it."""
    with closing(Database(path)) as database:
        return People(database).link(name)


@dataclass
class Seen:
    """What a browser did that it should not."""

    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@dataclass
class Served:
    """A bridge that runs.

    Attributes:
        url: Its address, without a slash at the end.
        path: Its bridge.db.
    """

    app: web.Application
    url: str
    path: Path

    async def tell(self, *events: Event) -> None:
        """What a phone system tells."""
        await self.app[BOOK].take(events)

    async def app_rows(self) -> list[int]:
        """Calls of the log, of a client that has the first contact."""
        return [one.id for one in await self.app[BOOK].read(Filters(client_id=1))]


@dataclass
class Desk(Served):
    """A bridge that runs, and a browser.

    Attributes:
        seen: What all pages of it did wrong.
    """

    browser: Browser
    seen: Seen = field(default_factory=Seen)

    @asynccontextmanager
    async def signed_in(self, name: str = "Ada", **options: object) -> AsyncIterator[Page]:
        """A page of somebody, at the first view, in a browser profile of its own."""
        async with self.context(**options) as context:
            page = await context.new_page()
            await self.sign_in(page, name)
            yield page

    async def sign_in(self, page: Page, name: str) -> None:
        """Sign in with a link, as the command makes it."""
        secret = await asyncio.to_thread(link, self.path, name)
        await page.goto(f"{self.url}/sign-in?link={secret}")
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(lambda url: "sign-in" not in url)

    @asynccontextmanager
    async def context(self, **options: object) -> AsyncIterator[BrowserContext]:
        """A browser profile; what it does wrong is written down."""
        context = await self.browser.new_context(**options)  # type: ignore[arg-type]
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.console.append(str(error.error)))
        context.on("request", self._request)
        try:
            yield context
        finally:
            await context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.seen.console.append(f"{message.location.get('url')}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.seen.foreign.append(request.url)


def began(call_id: str, number: str, to: str = "101", at: dt.datetime | None = None) -> list[Event]:
    """A call from outside rings an extension."""
    now = at or dt.datetime.now(dt.UTC)
    begin = Event(
        source="test",
        call_id=call_id,
        what=What.BEGAN,
        at=now,
        direction=Direction.IN,
        from_number=number,
        to_number="+12125550199",
    )
    return [begin, Event(source="test", call_id=call_id, what=What.RUNG, at=now, extension=to)]


def answered(call_id: str, to: str = "101", at: dt.datetime | None = None) -> Event:
    """It is answered."""
    now = at or dt.datetime.now(dt.UTC)
    return Event(source="test", call_id=call_id, what=What.ANSWERED, at=now, extension=to)


def ended(call_id: str, at: dt.datetime | None = None, cause: Cause = Cause.NORMAL) -> Event:
    """It is over."""
    return Event(source="test", call_id=call_id, what=What.ENDED, at=at or dt.datetime.now(dt.UTC), cause=cause)


def past() -> Iterable[Event]:
    """Calls of the last days: answered, missed, named, unknown, hostile."""
    now = dt.datetime.now(dt.UTC)
    for place, number in enumerate((ANN, BOB, "+12065559999", HOST, "", "+12065550144", MAIN) * 4):
        at = now - dt.timedelta(minutes=37 * (28 - place) + 5)
        yield from began(f"past {place}", number, "101" if place % 2 else "102", at)
        if place % 3:
            yield answered(f"past {place}", "101" if place % 2 else "102", at + dt.timedelta(seconds=9))
        cause = Cause.NORMAL if place % 3 else Cause.CANCELLED
        yield ended(f"past {place}", at + dt.timedelta(seconds=60), cause)


PEOPLE = {
    "Ada": (Person(name="Ada", extensions=("101",), email="ada@example.com"), frozenset(Feature)),
    "Ben": (Person(name="Ben", extensions=("102", "202")), frozenset(Feature) - {Feature.ADMIN}),
    "Cleo": (Person(name="Cleo", extensions=("103",)), frozenset({Feature.CALLS})),
    "Dora": (Person(name="Dora"), frozenset()),
}


def furnish(path: Path) -> None:
    """A bridge.db with people, their rights, and keys."""
    database = Database(path)
    made = bridges.settings(database)
    people, rights = People(database), Rights(database, made)
    for person, features in PEOPLE.values():
        people.add(person, PASSWORD if person.name == "Ada" else "")
        rights.give(person.name, Options(features=features))
    keys = Keys(database, made)
    keys.add("pbx", Options(), secret="secret of the phone system 0815")
    keys.add(HOSTILE[0][:60], Options(), secret="secret of another system 4711")
    database.close()


@asynccontextmanager
async def served(folder: Path, mirror: Mirror | None, **sections: object) -> AsyncIterator[Served]:
    """A bridge, as ``serve`` runs it, on a port of its own, with people but no browser.

    Args:
        folder: For its bridge.db.
        mirror: None: the one that its ITFlow gives.
        sections: Settings.
    """
    path = folder / "bridge.db"
    furnish(path)
    database = Database(path)
    made = bridges.settings(database, **sections)
    database.close()
    app = service.make_app(made, {MIRROR: mirror} if mirror else {})
    async with service.serving(app) as url:
        yield Served(app, url, path)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium") or lacking("There is no chromium; on Debian: apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def desk(folder: Path, **sections: object) -> AsyncIterator[Desk]:
    """A bridge with calls of the last days, and a browser before it."""
    async with served(folder, sample(), **sections) as made, chromium() as browser:
        made_desk = Desk(made.app, made.url, made.path, browser)
        await made_desk.tell(*past())
        yield made_desk
