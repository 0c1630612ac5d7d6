"""What people write into ITFlow from the page: an unknown caller as a contact, a call on another ticket."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from bridge.access.key import Feature
from bridge.directory.entries import covers
from bridge.errors import BadParameter, NotFound, WriteRefused
from bridge.http.state import BOOK, DELIVERER, FOLLOWUP, MIRROR, SETTINGS
from bridge.outbox import contact
from bridge.outbox.journal import State
from bridge.page.door import Visitor, back, form, shown, view
from bridge.page.log import client_id, clients

routes = web.RouteTableDef()

FIELDS = ("name", "email", "title", "department", "phone", "extension", "mobile", "notes")


@routes.get("/page/contact")
@view(Feature.CONTACTS)
async def ask(request: web.Request, seen: Visitor) -> web.StreamResponse:
    """The form, with the caller's number filled in."""
    return _form(request, seen, {"phone": request.query.get("number", "")[:128]})


@routes.post("/page/contact")
@form(Feature.CONTACTS)
async def add(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:
    """Promise the contact to ITFlow; the next call of the number has the name."""
    try:
        chosen = _chosen(fields)
        client = request.app[MIRROR].snapshot.client(chosen)
        section = seen.rights.numbers
        item = contact.read(
            {name: text for name in FIELDS if (text := fields.get(name, "").strip())},
            asked_in=section.region,
            trunk=section.trunk,
            # As the mirror will read it.
            stored_in=(client.region if client else "") or request.app[SETTINGS].numbers.region,
        )
        entry = await request.app[DELIVERER].add(chosen, item, seen.rights.clients, seen.rights.name)
    except WriteRefused as error:
        said = f"ITFlow refuses the contact. Does the client have one with this e-mail address already? {error}"
        return _form(request, seen, fields, said, error.status)
    except (BadParameter, NotFound) as error:
        return _form(request, seen, fields, str(error), error.status)
    request.app[MIRROR].nudge()
    added = entry.state is State.ADDED
    return shown(request, seen, "contact-added.html", title="Contact", entry=entry, added=added)


@routes.post("/page/ticket")
@form(Feature.TICKETS)
async def choose(request: web.Request, seen: Visitor, fields: Mapping[str, str]) -> web.StreamResponse:
    """Have a call noted on a ticket of the caller's client."""
    row, ticket = (_number(fields, name) for name in ("row", "ticket"))
    logged = await request.app[BOOK].one(row)
    if not covers(seen.rights.clients, logged.party.client_id or 0):
        raise NotFound(f"There is no call {row} in the log.")
    said = await request.app[FOLLOWUP].choose(row, ticket)
    return shown(request, seen, "said.html", title="Noted", said=said, back=back(fields, "/"))


def _chosen(fields: Mapping[str, str]) -> int:
    chosen = client_id(fields.get("client", ""))
    if chosen is None:
        raise BadParameter("Choose a client: begin to type its name, and take it from the list.")
    return chosen


def _number(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadParameter(f"{name} must be a number")
    return int(text)


def _form(
    request: web.Request, seen: Visitor, given: Mapping[str, str], error: str = "", status: int = 200
) -> web.Response:
    return shown(
        request,
        seen,
        "contact.html",
        status=status,
        title="New contact",
        given={name: given.get(name, "") for name in (*FIELDS, "client")},
        clients=clients(request, seen),
        error=error,
    )
