"""The card of a caller: everything that the one who is rung wants to know, put together from the features."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bridge import accounts, callerid, numbers
from bridge.access.key import Feature
from bridge.calls.call import Outcome, State
from bridge.calls.event import Direction
from bridge.calls.people import Person
from bridge.calls.rows import Filters, Logged
from bridge.directory import links
from bridge.directory.entries import Client, Entry, Kind, covers
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound, NotReady
from bridge.http.state import BOOK, FOLLOWUP, MIRROR, PEOPLE, SETTINGS
from bridge.itflow.records import Asset
from bridge.page.assets import ASSETS, of_contact
from bridge.page.door import Visitor

LAST_CALLS = 5
MOST_TICKETS = 30
MOST_LOCATIONS = 5
MOST_ASSETS = 10


@dataclass(frozen=True, slots=True)
class TicketLine:
    """An open ticket of the caller, or of the caller's client."""

    id: int
    number: str
    subject: str
    url: str
    own: bool
    agent: str


@dataclass(frozen=True, slots=True)
class AssetLine:
    """An asset of the caller."""

    name: str
    type: str
    url: str


@dataclass(frozen=True, slots=True)
class AssetLines:
    """The first assets of the caller, and how many there are beyond."""

    first: Sequence[AssetLine] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """Who is on the other side of a call, as one person may see it.

    Attributes:
        mine: ``ringing``, ``calling``, ``talking`` or ``over``, for the person whose card it is.
        number: E.164, short, or as sent; empty where withheld.
        name: Empty where it is not known.
        place: The country, or the client's locations.
        local: The time where the caller is.
        balance: In words; empty where it may not be seen or is not known.
        several: Everybody with this number, where there are several.
        known: Somebody has this number.
        assets: None where they are still to be asked of ITFlow.
        notes: This ITFlow takes notes of calls.
        noted_on: The ticket that the call is noted on, or will be; None for none unless one is chosen.
    """

    row: int
    mine: str
    direction: str
    since: dt.datetime
    queue: str
    number: str
    name: str
    detail: str
    client: str
    client_id: int | None
    contact_id: int | None
    vip: bool
    lead: bool
    place: str
    local: dt.datetime | None
    balance: str
    tickets: Sequence[TicketLine]
    more_tickets: int
    last: Sequence[Logged]
    several: Sequence[Mapping[str, Any]]
    contact_url: str
    client_url: str
    known: bool
    assets: AssetLines | None
    notes: bool
    noted_on: int | None


def part(logged: Logged, person: Person) -> str:
    """What a person has to do with a call.

    Returns:
        ``ringing``, ``calling`` (they call somebody outside), ``talking``, ``over`` (it was theirs), or empty.
    """
    call = logged.call
    called = {name.casefold() for name in person.called}
    talks = [talk for talk in call.talks if talk.extension.casefold() in called]
    rung = [one for one in call.rung if one.extension.casefold() in called]
    placed = call.direction is Direction.OUT and call.placed_by.casefold() in called
    if call.state is State.ENDED:
        return "over" if talks or rung or placed else ""
    # Of a call to outside, phone systems tell that the other side talks.
    if any(talk.until is None for talk in talks) or (placed and call.state is State.TALKING):
        return "talking"
    if placed:
        return "calling"
    if any(one.outcome is Outcome.RINGING for one in rung):
        return "ringing"
    return "over" if talks or rung else ""


def names(app: web.Application) -> Callable[[str], str]:
    """Names an extension or login by the person who has it."""
    people = app[PEOPLE]

    def named(extension: str) -> str:
        person = people.of(extension)
        return person.name if person else extension

    return named


async def card(app: web.Application, seen: Visitor, logged: Logged, mine: str) -> Card:
    """The card of a call.

    Args:
        app: Holds the features.
        seen: Whose card it is; their rights decide what stands on it.
        logged: The call.
        mine: What ``part`` says.
    """
    call = logged.call
    snapshot, facts, entry = _who(app, seen, logged)
    client = snapshot.client(facts["client_id"] or 0)
    number = facts["number"] or _number(logged)
    url = str(app[SETTINGS].itflow.url or "")
    tickets = _tickets(snapshot, seen, client, entry, url)
    now = dt.datetime.now(dt.UTC)
    return Card(
        row=logged.id,
        mine=mine,
        direction=call.direction,
        since=call.started,
        queue=call.queue,
        number=number,
        name=facts["name"],
        detail=", ".join(filter(None, (entry.title, entry.department))) if entry else "",
        client=client.name if client else "",
        client_id=client.id if client else None,
        contact_id=facts["contact_id"],
        vip=facts["vip"],
        lead=facts["lead"],
        place=_place(snapshot, client, entry),
        local=numbers.local_time(number, now),
        balance=_balance(app, seen, client),
        tickets=tickets[:MOST_TICKETS],
        more_tickets=max(0, len(tickets) - MOST_TICKETS),
        last=await _last(app, seen, logged, client, number),
        several=facts["candidates"] if len(facts["candidates"]) > 1 else (),
        contact_url=links.entry_page(url, entry.kind, entry.id, entry.name, entry.client_id) if entry else "",
        client_url=links.client_page(url, client.id) if client else "",
        known=facts["result"] not in {"miss", "withheld"},
        assets=_assets_known(app, seen, entry),
        notes=app[FOLLOWUP].notes,
        noted_on=await app[FOLLOWUP].noted_on(logged, seen.person.extensions[0] if seen.person.extensions else ""),
    )


async def assets(app: web.Application, seen: Visitor, logged: Logged) -> AssetLines:
    """The assets of the caller, asked of ITFlow where they are not known; none where it does not tell them."""
    _, _, entry = _who(app, seen, logged)
    if entry is None or entry.kind is not Kind.CONTACT or not seen.may(Feature.ASSETS):
        return AssetLines()
    return _lines(app, entry, await app[ASSETS].ask(entry.client_id))


def _assets_known(app: web.Application, seen: Visitor, entry: Entry | None) -> AssetLines | None:
    if entry is None or entry.kind is not Kind.CONTACT or not entry.client_id or not seen.may(Feature.ASSETS):
        return AssetLines()
    known = app[ASSETS].known(entry.client_id)
    return None if known is None else _lines(app, entry, known)


def _lines(app: web.Application, entry: Entry, known: Sequence[Asset]) -> AssetLines:
    url = str(app[SETTINGS].itflow.url or "")
    lines = [
        AssetLine(one.name, one.type, links.asset_page(url, entry.client_id, one.id))
        for one in of_contact(known, entry.id, entry.name)
    ]
    return AssetLines(lines[:MOST_ASSETS], max(0, len(lines) - MOST_ASSETS))


def _number(logged: Logged) -> str:
    return logged.call.other_number or logged.party.number


def _who(app: web.Application, seen: Visitor, logged: Logged) -> tuple[Snapshot, Mapping[str, Any], Entry | None]:
    """Who is on the other side, as far as somebody may see it."""
    try:
        snapshot = app[MIRROR].snapshot
    except NotReady:
        snapshot = Snapshot.build()
    facts = callerid.facts(snapshot, callerid.lookup(snapshot, seen.rights, _number(logged)))
    return snapshot, facts, _entry(snapshot, facts)


def _entry(snapshot: Snapshot, facts: Mapping[str, Any]) -> Entry | None:
    found = (snapshot.entry(kind, facts[f"{kind}_id"]) for kind in Kind if facts[f"{kind}_id"] is not None)
    return next(found, None)


def _place(snapshot: Snapshot, client: Client | None, entry: Entry | None) -> str:
    if entry is not None and entry.kind is Kind.LOCATION:
        return entry.name
    if client is None:
        return ""
    names = [one.name for one in snapshot.entries(frozenset({client.id})) if one.kind is Kind.LOCATION and one.name]
    more = len(names) - MOST_LOCATIONS
    return ", ".join(names[:MOST_LOCATIONS]) + (f" and {more} more" if more > 0 else "")


def _balance(app: web.Application, seen: Visitor, client: Client | None) -> str:
    if client is None or not seen.may(Feature.BALANCE):
        return ""
    try:
        statement = accounts.current(app[MIRROR], client.id, seen.rights.clients)
    except (NotReady, NotFound):
        return ""
    if statement.certainty is accounts.Certainty.UNCERTAIN:
        return "not certain"
    amounts = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in statement.balances.items())
    return amounts if statement.certainty is accounts.Certainty.EXACT else f"at most {amounts}"


def _tickets(
    snapshot: Snapshot, seen: Visitor, client: Client | None, entry: Entry | None, url: str
) -> list[TicketLine]:
    """The caller's own first, then the client's, each the newest first."""
    if client is None or not seen.may(Feature.TICKETS):
        return []
    own = entry.id if entry and entry.kind is Kind.CONTACT else None
    lines = [
        TicketLine(
            one.id,
            one.number,
            one.subject,
            links.ticket_page(url, client.id, one.id),
            one.contact_id == own,
            snapshot.agent(one.assigned_to) if one.assigned_to else "",
        )
        for one in snapshot.tickets_of(0, client.id)
    ]
    return sorted(lines, key=lambda line: not line.own)


async def _last(
    app: web.Application, seen: Visitor, logged: Logged, client: Client | None, number: str
) -> Sequence[Logged]:
    if client is not None and covers(seen.rights.clients, client.id):
        filters = Filters(client_id=client.id, limit=LAST_CALLS + 1)
    elif number and logged.party.number and logged.call.direction is not Direction.INTERNAL:
        filters = Filters(numbers=[logged.party.number], clients=seen.rights.clients, limit=LAST_CALLS + 1)
    else:
        return ()
    return [one for one in await app[BOOK].read(filters) if one.id != logged.id][:LAST_CALLS]
