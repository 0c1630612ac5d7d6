"""``POST /contacts``, ``/tickets`` and ``/notes``, and what became of one: ``GET`` of the same with its id."""

from __future__ import annotations

from aiohttp import web

from bridge.access.keys import Feature
from bridge.http.journalled import JOURNAL_ENTRY, EntryJson, answered, shown, wanted
from bridge.http.operations import JSON, Described, Operation
from bridge.http.state import IN_USE, MIRROR
from bridge.outbox import contact, note, ticket
from bridge.outbox.texts import Id

routes = web.RouteTableDef()

_ID = r"{id:\d{1,18}}"


class ContactBody(contact.NewContact):
    """What ``POST /contacts`` takes; numbers in any writing."""

    client_id: Id


class TicketBody(ticket.NewTicket):
    """What ``POST /tickets`` takes."""

    client_id: Id


class NoteBody(note.NewNote):
    """What ``POST /notes`` takes."""

    client_id: Id


class ContactJson(EntryJson):
    """What became of a contact, as JSON."""

    contact_id: int | None


class TicketJson(EntryJson):
    """What became of a ticket, as JSON."""

    ticket_id: int | None


class NoteJson(EntryJson):
    """What became of a note, as JSON."""

    note_id: int | None


_LATER = "201 once ITFlow has it, 202 where it is promised and follows later."
_BOTH = (201, 202)
ADD_CONTACT = Operation(
    f"Add a contact: {_LATER}", Feature.CONTACTS, body=ContactBody, gives={JSON: ContactJson}, statuses=_BOTH
)
OPEN_TICKET = Operation(
    f"Open a ticket: {_LATER}", Feature.TICKETS, body=TicketBody, gives={JSON: TicketJson}, statuses=_BOTH
)
ADD_NOTE = Operation(
    f"Add an internal note to a ticket: {_LATER}",
    Feature.TICKETS,
    body=NoteBody,
    gives={JSON: NoteJson},
    statuses=_BOTH,
)
_PATH = {"id": JOURNAL_ENTRY}
SHOW_CONTACT = Operation("What became of a contact.", Feature.CONTACTS, path=_PATH, gives={JSON: ContactJson})
SHOW_TICKET = Operation("What became of a ticket.", Feature.TICKETS, path=_PATH, gives={JSON: TicketJson})
SHOW_NOTE = Operation("What became of a note.", Feature.TICKETS, path=_PATH, gives={JSON: NoteJson})
DESCRIBED: Described = {
    ("POST", "/contacts"): ADD_CONTACT,
    ("POST", "/tickets"): OPEN_TICKET,
    ("POST", "/notes"): ADD_NOTE,
    ("GET", "/contacts/{id}"): SHOW_CONTACT,
    ("GET", "/tickets/{id}"): SHOW_TICKET,
    ("GET", "/notes/{id}"): SHOW_NOTE,
}


@routes.post("/contacts")
async def add_contact(request: web.Request) -> web.Response:
    """Add a contact: ``client_id``, ``name``, ``email`` and any other field of ``NewContact``."""
    key, client_id, fields = await wanted(request, Feature.CONTACTS, "contact")
    client = request.app[MIRROR].snapshot.client(client_id)
    item = contact.read(
        fields,
        asked_in=key.numbers.region,
        trunk=key.numbers.trunk,
        # As the mirror will read it: see MirrorStore.
        stored_in=(client.region if client else "") or request.app[IN_USE].settings.numbers.region,
    )
    return await answered(request, key, client_id, item, "/contacts")


@routes.post("/tickets")
async def open_ticket(request: web.Request) -> web.Response:
    """Open a ticket: ``client_id``, ``subject`` and any other field of ``NewTicket``."""
    key, client_id, fields = await wanted(request, Feature.TICKETS, "ticket")
    return await answered(request, key, client_id, ticket.read(fields), "/tickets")


@routes.post("/notes")
async def add_note(request: web.Request) -> web.Response:
    """Add a note to a ticket: ``client_id``, ``ticket_id``, ``text`` and any other field of ``NewNote``."""
    key, client_id, fields = await wanted(request, Feature.TICKETS, "note")
    return await answered(request, key, client_id, note.read(fields), "/notes")


@routes.get(f"/contacts/{_ID}")
async def show_contact(request: web.Request) -> web.Response:
    """What became of a contact."""
    return await shown(request, SHOW_CONTACT, "contact")


@routes.get(f"/tickets/{_ID}")
async def show_ticket(request: web.Request) -> web.Response:
    """What became of a ticket."""
    return await shown(request, SHOW_TICKET, "ticket")


@routes.get(f"/notes/{_ID}")
async def show_note(request: web.Request) -> web.Response:
    """What became of a note."""
    return await shown(request, SHOW_NOTE, "note")
