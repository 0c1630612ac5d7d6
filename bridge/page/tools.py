"""*Look up*: every step of why; *Books*: what a phone would get; *Data*: what to mend in ITFlow."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bridge import callerid
from bridge.access.key import Feature
from bridge.callerid.answer import MAX_NUMBER
from bridge.directory import links
from bridge.directory.quality import Fault, ToMend, quality
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter
from bridge.http.phonebook import BOOKS
from bridge.http.state import MIRROR, PHONE, SETTINGS
from bridge.page.door import Visitor, shown, view
from bridge.phonebook.formats import Format, Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Book, Books
from bridge.phonebook.search import Index
from bridge.phonebook.view import Line, View, select
from bridge.settings import PhonebookSection

routes = web.RouteTableDef()

MOST_FOUND = 50
MOST_NOTES = 500
MOST_CHARS = 100_000  # of a document that is shown
# Reading all entries takes a core for a moment: one at a time, so that calls have the other.
READING = web.AppKey("READING", asyncio.Lock)

FAULTS = {
    Fault.UNREADABLE: ("Numbers that cannot be read", "Callers with these numbers have no name. Correct the number."),
    Fault.SHARED: (
        "Numbers of several clients",
        "A caller with such a number gets two names, or none. Keep the number where it belongs.",
    ),
    Fault.NO_COUNTRY: (
        "Numbers without country code",
        "They are read as numbers of the client's country, or else of numbers.region. Add the country code.",
    ),
    Fault.NO_NUMBER: ("Contacts without number", "They never get a name, and stand in no phonebook."),
    Fault.NO_PRIMARY: (
        "Clients without primary contact",
        "Lists of primary contacts and the old phonebook leave them out.",
    ),
}


@routes.get("/page/lookup")
@view(Feature.CALLERID)
async def lookup(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """Who has a number, with every step of why; or which numbers a name has."""
    asked = request.query.get("q", "").strip()[:MAX_NUMBER]
    is_number = sum(map(str.isdigit, asked)) >= 3 or asked.startswith("*")
    snapshot = request.app[MIRROR].snapshot
    itflow = str(request.app[SETTINGS].itflow.url or "")
    found: list[Line] = []
    if asked and not (is_number and not any(map(str.isalpha, asked))):
        async with request.app[READING]:
            found = await asyncio.to_thread(_found, snapshot, seen, asked)
    explanation = callerid.explain(snapshot, seen.rights, asked, itflow_url=itflow) if is_number else None
    return shown(
        request,
        seen,
        "lookup.html",
        title="Look up",
        asked=asked,
        explanation=explanation,
        found=found[:MOST_FOUND],
        more=max(0, len(found) - MOST_FOUND),
        links=links,
        itflow=itflow,
        back=request.path_qs,
        dials=PHONE in request.app,
    )


@routes.get("/page/books")
@view(Feature.PHONEBOOK)
async def books(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """A phone's book as it would be fetched, with what was left out and why."""
    formats = request.app[BOOKS].formats
    asked = {name: value for name, value in request.query.items() if value}
    book, row = None, None
    if "format" in asked:
        row = formats.get(asked["format"])
        snapshot = request.app[MIRROR].snapshot
        async with request.app[READING]:
            book = await asyncio.to_thread(_book, formats, snapshot, seen, row, asked)
    field = PhonebookSection.model_fields["contacts"].annotation
    return shown(
        request,
        seen,
        "books.html",
        title="Books",
        asked=asked,
        formats=sorted(formats, key=lambda one: one.title.casefold()),
        choices=getattr(field, "__args__", ()),
        row=row,
        book=book,
        notes=book.notes[:MOST_NOTES] if book else (),
        body=book.body.decode("utf-8", "replace")[:MOST_CHARS] if book else "",
    )


@routes.get("/page/data")
@view(Feature.PHONEBOOK)
async def data(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """What in ITFlow keeps callers from having names, each with the place to mend it."""
    snapshot = request.app[MIRROR].snapshot
    async with request.app[READING]:
        found = await asyncio.to_thread(quality, snapshot, seen.rights.clients)
    itflow = str(request.app[SETTINGS].itflow.url or "")

    def place(one: ToMend) -> str:
        if one.kind is None:
            return links.contacts_page(itflow, one.client_id)
        return links.entry_page(itflow, one.kind, one.id, one.name, one.client_id)

    return shown(request, seen, "data.html", title="Data", found=found, words=FAULTS, place=place)


def _found(snapshot: Snapshot, seen: Visitor, text: str) -> list[Line]:
    """The entries that a phone's search would find."""
    everything = View(PhonebookSection(), seen.rights.numbers.region, seen.rights.clients)
    return list(Index(select(snapshot, everything).lines, seen.rights.numbers.region).find(text))


def _book(formats: Formats, snapshot: Snapshot, seen: Visitor, row: Format, asked: dict[str, str]) -> Book:
    """The whole book, not the page that a phone would show."""
    allowed = {name: value for name, value in asked.items() if name in {"contacts", "search"}}
    view_of = View.of(row, seen.rights.phonebook, seen.rights.numbers.region, seen.rights.clients, allowed)
    if "list" not in row.screens:
        raise BadParameter(f"{row.title} has no list to show.")
    term = {row.search_params[0]: asked["search"]} if row.search_params and "search" in asked else {}
    ask = Ask.of(row, term, screen="list", base=f"/phonebook/{row.name}")
    whole = row.model_copy(update={"page_size": 0, "max_bytes": 0})
    # Books of its own: what is kept for phones has its pages.
    return Books(formats).make(snapshot, Wish(whole, view_of, ask))
