"""*Calls*: the log with filters, missed ones that are done, as CSV; and *Week*, the log as a picture."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import hdrs, web

from bridge import numbers
from bridge.access.key import Feature
from bridge.calls.event import Direction
from bridge.calls.people import extensions_of
from bridge.calls.rows import Filters
from bridge.calls.week import week
from bridge.directory.entries import covers
from bridge.errors import BadParameter, NotFound
from bridge.http.state import BOOK, MIRROR, PEOPLE, PHONE, SETTINGS
from bridge.page import render
from bridge.page.card import names
from bridge.page.door import Visitor, back, form, shown, view

routes = web.RouteTableDef()

PAGE = 50
EXPORTED = 10_000
# A spreadsheet takes what begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

WHICH: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "missed": {"missed": True, "done": False},
    "done": {"missed": True, "done": True},
    "in": {"direction": Direction.IN},
    "out": {"direction": Direction.OUT},
    "internal": {"direction": Direction.INTERNAL},
}
WORDS = {
    "all": "All calls",
    "missed": "Missed, not done",
    "done": "Missed, done",
    "in": "Incoming",
    "out": "Outgoing",
    "internal": "Internal",
}


@routes.get("/page/calls")
@view(Feature.CALLS)
async def calls(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The log, the newest first."""
    asked = dict(request.query)
    filters = _filters(request, seen, asked)
    found = await request.app[BOOK].read(replace(filters, limit=PAGE + 1))
    rows = found[:PAGE]
    kept = {name: value for name, value in asked.items() if value and name != "before"}
    return shown(
        request,
        seen,
        "calls.html",
        title="Calls",
        rows=rows,
        named=names(request.app),
        asked=asked,
        which=WORDS,
        people=request.app[PEOPLE].all(),
        clients=clients(request, seen),
        csv=f"/page/calls.csv?{urlencode(kept)}",
        more=f"/page/calls?{urlencode({**kept, 'before': rows[-1].id})}" if len(found) > PAGE else "",
        back=request.path_qs,
        dials=PHONE in request.app,
        itflow=str(request.app[SETTINGS].itflow.url or ""),
    )


@routes.get("/page/calls.csv")
@view(Feature.CALLS)
async def calls_csv(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The same calls for a spreadsheet (RFC 4180)."""
    filters = _filters(request, seen, request.query)
    rows = await request.app[BOOK].read(replace(filters, limit=EXPORTED))
    named = names(request.app)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        (
            *("begun", "direction", "number", "name", "client", "from", "to", "people", "queue", "result"),
            *("wait_s", "talk_s", "cause", "done_by"),
        )
    )
    for one in rows:
        call = one.call
        result = "missed" if call.missed else "answered" if call.answered else call.state
        people = ", ".join(dict.fromkeys(named(extension) for extension in call.extensions))
        writer.writerow(
            _plain(value)
            for value in (
                *(call.started.astimezone().isoformat(timespec="seconds"), call.direction, one.party.number),
                *(one.party.name, one.party.client, call.from_number, call.to_number, people, call.queue, result),
                *(call.wait_s, call.talk_s, call.cause or "", one.done_by),
            )
        )
    headers = {**render.HEADERS, hdrs.CONTENT_DISPOSITION: 'attachment; filename="calls.csv"'}
    return web.Response(text=file.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


@routes.post("/page/calls/done")
@form(Feature.CALLS)
async def done(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:
    """Mark calls as done, or as not done."""
    ids = fields.get("ids", "").split(",")
    if len(ids) > PAGE or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in ids):
        raise BadParameter("ids must be numbers of calls, separated by commas")
    book = request.app[BOOK]
    for row in map(int, ids):
        logged = await book.one(row)
        if not covers(seen.rights.clients, logged.party.client_id or 0):
            raise NotFound(f"There is no call {row} in the log.")
        await book.mark_done(row, seen.person.name if fields.get("done") == "1" else "")
    return render.elsewhere(request, back(fields, "/page/calls?which=missed"))


@routes.get("/page/week")
@view(Feature.CALLS)
async def weekly(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """A week's calls by hour, as a picture and as a table."""
    day = _day(request.query.get("day", "")) or dt.datetime.now().astimezone().date()
    monday = day - dt.timedelta(days=day.weekday())
    since = _midnight(monday)
    until = _midnight(monday + dt.timedelta(days=7))
    filters = Filters(since=since, until=until, clients=seen.rights.clients, limit=EXPORTED)
    made = week(await request.app[BOOK].read(filters), monday)
    hours = [hour for hour in range(24) if 7 <= hour < 19 or made.hour(hour).calls]
    return shown(
        request,
        seen,
        "week.html",
        title="Week",
        week=made,
        hours=range(hours[0], hours[-1] + 1),
        most=max(1, *(made.hour(hour).calls for hour in hours)),
        days=[monday + dt.timedelta(days=place) for place in range(7)],
        before=monday - dt.timedelta(days=7),
        after=monday + dt.timedelta(days=7),
    )


def _filters(request: web.Request, seen: Visitor, asked: Mapping[str, str]) -> Filters:
    """What is asked for, within what the person may see.

    Raises:
        BadParameter: A value is wrong.
    """
    which = asked.get("which") or "all"
    if which not in WHICH:
        raise BadParameter(f"which must be one of {', '.join(WHICH)}")
    since, until = _day(asked.get("since", "")), _day(asked.get("until", ""))
    number = asked.get("number", "").strip()
    return Filters(
        **WHICH[which],
        since=_midnight(since),
        until=_midnight(until and until + dt.timedelta(days=1)),
        clients=seen.rights.clients,
        client_id=client_id(asked.get("client", "")),
        numbers=_readings(seen, number) if number else None,
        extensions=_extensions(request, asked.get("person", "")),
        before=_whole(asked.get("before", ""), "before"),
    )


def _readings(seen: Visitor, number: str) -> Collection[str]:
    """The number as it may stand in the log."""
    section = seen.rights.numbers
    readings = numbers.sent(number[:128], region=section.region, trunk=section.trunk).readings
    return {number, *(reading.number for reading in readings)}


def _extensions(request: web.Request, name: str) -> Sequence[str] | None:
    return extensions_of([request.app[PEOPLE].named(name)]) if name else None


def client_id(text: str) -> int | None:
    """The id behind the last number sign of what was chosen, or typed."""
    text = text.strip()
    return _whole(text.rpartition("#")[2].rstrip(")").strip(), "client") if text else None


def _whole(text: str, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadParameter(f"{name} must be a number, such as {name}=1; choose a client from the list.")
    return int(text)


def _day(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise BadParameter("A day must be written YYYY-MM-DD, such as 2026-11-27.") from None
    if found is not None and not 1970 < found.year < 3000:
        raise BadParameter("A day must be one of this age, such as 2026-11-27.")
    return found


def _midnight(day: dt.date | None) -> dt.datetime | None:
    """The beginning of a day where the bridge is."""
    return None if day is None else dt.datetime.combine(day, dt.time()).astimezone()


def clients(request: web.Request, seen: Visitor) -> list[tuple[int, str]]:
    """The clients that a person may see, by name: id and name."""
    snapshot = request.app[MIRROR].current
    found = snapshot.clients(seen.rights.clients) if snapshot else ()
    return sorted(((one.id, one.name) for one in found), key=lambda one: one[1].casefold())


def _plain(value: object) -> object:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not text[1:].replace(" ", "").isdigit() else value
