"""What a call leaves in ITFlow. Pure: a call, who was on the other side, the open tickets and the settings go in.

========================  ==============  ===========================================================================
call                      rule            what is written
========================  ==============  ===========================================================================
answered, from outside    ``note``        a note on the ticket that was chosen; else on the newest open one that the
                                          person who answered has, else the newest of the contact, else of the client
answered, to outside                      a note on the ticket that was chosen, and without a choice nothing
missed                    ``missed``      a ticket, one however often the client tries in ``tickets.missed_within_s``
its end is only supposed                  nothing: nobody knows how long it was, or whether it was answered
of no certain client                      nothing
========================  ==============  ===========================================================================

Notes need ITFlow 26.08; where they are not to be had, an answered call leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.calls import Call, Cause, Direction, State
from bridge.calls.party import Party
from bridge.directory.entries import Ticket
from bridge.followup import texts
from bridge.outbox.note import LONGEST_S, NewNote
from bridge.outbox.ticket import NewTicket
from bridge.settings import AfterCall, TicketsSection


@dataclass(frozen=True, slots=True)
class Colleague:
    """Whoever answered.

    Attributes:
        name: The person's name.
        user_id: The person's user in ITFlow; None where that is not known.
    """

    name: str
    user_id: int | None = None


def written(
    call_row: int,
    call: Call,
    party: Party,
    colleague: Colleague | None,
    tickets: Sequence[Ticket],
    section: TicketsSection,
    *,
    notes: bool,
    chosen: int | None = None,
) -> NewNote | NewTicket | None:
    """What a call leaves in ITFlow, at the client of its party.

    Args:
        call_row: Its row in the log: the same call means the same note.
        call: It is over, or nothing is written.
        party: Who is on the other side.
        colleague: Who answered, where that is somebody known.
        tickets: The client's open ones, the newest first.
        section: The settings.
        notes: Whether this ITFlow takes notes.
        chosen: The ticket that a person has chosen; it must be this client's.
    """
    if call.state is not State.ENDED or call.cause is Cause.LOST or not party.client_id:
        return None
    if call.missed:
        wanted = AfterCall.MISSED in section.rules(party.client_id, call.queue)
        return _ticket(call, party) if wanted else None
    if not notes or not call.talk_s:
        return None
    if chosen is not None:
        return note(call, party, colleague, chosen, f"call {call_row} on ticket {chosen}")
    noted_on = ticket_of(call, party, colleague, tickets, section)
    # Not with its ticket: should the promise be repeated after a kill, another one may be the newest.
    return note(call, party, colleague, noted_on, f"call {call_row}") if noted_on else None


def ticket_of(
    call: Call, party: Party, colleague: Colleague | None, tickets: Sequence[Ticket], section: TicketsSection
) -> int | None:
    """The ticket that a call is noted on if it is answered and nobody chooses another; None for none.

    Args: as ``written`` takes them.
    """
    rules = section.rules(party.client_id or 0, call.queue)
    if AfterCall.NOTE not in rules or call.direction is not Direction.IN:
        return None
    found = best(tickets, party.contact_id, colleague)
    return found.id if found else None


def best(tickets: Sequence[Ticket], contact_id: int | None, colleague: Colleague | None) -> Ticket | None:
    """The ticket that a call is most likely about.

    Args:
        tickets: The client's open ones, the newest first.
        contact_id: Who called; None where that is not certain.
        colleague: Who answered, where that is somebody known.
    """
    user_id = colleague.user_id if colleague else None

    def place(ticket: Ticket) -> tuple[bool, bool]:
        has_it = bool(user_id) and ticket.assigned_to == user_id
        of_contact = bool(contact_id) and ticket.contact_id == contact_id
        return has_it, of_contact

    return max(tickets, key=place, default=None)  # of several alike the first: the newest


def note(call: Call, party: Party, colleague: Colleague | None, ticket_id: int, once: str) -> NewNote:
    """A note of a call on a ticket, with the time from the first answer to the end; ``once``: see ``NewNote``."""
    return NewNote(
        ticket_id=ticket_id,
        text=texts.note(call, party, colleague.name if colleague else ""),
        worked_s=min(call.talk_s, LONGEST_S),
        once=once,
    )


def _ticket(call: Call, party: Party) -> NewTicket:
    return NewTicket(
        subject=texts.missed_subject(party),
        details=texts.missed(call, party),
        contact_id=party.contact_id or 0,
        once="missed call",
    )
