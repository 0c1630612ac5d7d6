"""What a call leaves in ITFlow, as a table."""

import pytest

from bridge.calls import Call, Cause, Direction, What, call_of
from bridge.calls.party import Party
from bridge.directory.entries import Ticket
from bridge.followup import rules
from bridge.followup.rules import Colleague
from bridge.outbox.note import NewNote
from bridge.outbox.ticket import NewTicket
from bridge.settings import TicketsSection
from tests.calls.told import ANN, event, incoming, missed

PARTY = Party(ANN, "Ann <Lee> & co", "hit", 1, "Apex", 11)
TINA = Colleague("Tina Tech", 90)
ALL = TicketsSection(note="on", missed="ticket")


def ticket(ticket_id: int, contact_id: int = 0, assigned_to: int = 0) -> Ticket:
    return Ticket(ticket_id, 1, f"T{ticket_id}", "x", contact_id, assigned_to, "1", "")


# Newest first, as the mirror gives them.
TICKETS = [ticket(9), ticket(8, 12, 91), ticket(7, 11), ticket(6, 12, 90), ticket(5, 11, 90), ticket(4, 11, 91)]
ANSWERED, MISSED = call_of(incoming()), call_of(missed())
LOST = call_of([*incoming()[:3], event(What.ENDED, 900, cause=Cause.LOST)])
QUEUED = call_of([*incoming(), event(What.QUEUED, 0.5, queue="support")])
OUT = call_of(
    [
        event(What.BEGAN, 0, direction=Direction.OUT, from_number="101", to_number=ANN),
        event(What.ANSWERED, 5, extension="101"),
        event(What.ENDED, 65),
    ]
)


@pytest.mark.parametrize(
    ("contact_id", "colleague", "tickets", "found"),
    [
        (11, TINA, TICKETS, 5),  # has it, and of this contact
        (13, TINA, TICKETS, 6),  # has it
        (11, TINA, [ticket(7, 11), ticket(6, 12, 90)], 6),  # rather hers than this contact's
        (11, None, TICKETS, 7),
        (11, Colleague("New"), TICKETS, 7),
        (11, Colleague("Else", 99), TICKETS, 7),
        (13, None, TICKETS, 9),
        (None, None, TICKETS, 9),
        (None, Colleague("Nobody", 0), TICKETS, 9),  # 0 in ITFlow is: assigned to nobody
        (11, TINA, [], None),
    ],
)
def test_the_ticket_that_a_call_is_most_likely_about(contact_id, colleague, tickets, found):
    best = rules.best(tickets, contact_id, colleague)
    assert (best.id if best else None) == found


# call, party, settings, notes to be had, ticket chosen; the kind that is written and its ticket
CASES: dict[str, tuple[Call, Party, TicketsSection, bool, int | None, tuple[str, int] | None]] = {
    "answered": (ANSWERED, PARTY, ALL, True, None, ("note", 5)),
    "answered, off": (ANSWERED, PARTY, TicketsSection(missed="ticket"), True, None, None),
    "answered, off, but chosen": (ANSWERED, PARTY, TicketsSection(), True, 8, ("note", 8)),
    "answered, another chosen": (ANSWERED, PARTY, ALL, True, 8, ("note", 8)),
    "answered, before 26.08": (ANSWERED, PARTY, ALL, False, None, None),
    "answered, nobody known": (ANSWERED, Party(ANN), ALL, True, None, None),
    "missed": (MISSED, PARTY, ALL, True, None, ("ticket", 0)),
    "missed, before 26.08": (MISSED, PARTY, ALL, False, None, ("ticket", 0)),
    "missed, off": (MISSED, PARTY, TicketsSection(note="on"), True, None, None),
    "missed, nobody known": (MISSED, Party(ANN), ALL, True, None, None),
    "its end is supposed": (LOST, PARTY, ALL, True, None, None),
    "not over": (call_of(incoming()[:3]), PARTY, ALL, True, None, None),
    "outgoing": (OUT, PARTY, ALL, True, None, None),
    "outgoing, chosen": (OUT, PARTY, ALL, True, 8, ("note", 8)),
    "off for the client": (ANSWERED, PARTY, ALL.model_copy(update={"clients": {"1": frozenset()}}), True, None, None),
    "on for the client": (
        MISSED, PARTY, TicketsSection.model_validate({"clients": "1=missed"}), True, None, ("ticket", 0),
    ),
    "on for the queue": (
        QUEUED, PARTY, TicketsSection.model_validate({"queues": "support=note"}), True, None, ("note", 5),
    ),
    "client before queue": (
        QUEUED, PARTY, TicketsSection.model_validate({"queues": "support=note", "clients": "1=off"}), True, None, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_written(case):
    call, party, section, notes, chosen, wanted = CASES[case]
    item = rules.written(1, call, party, TINA, TICKETS, section, notes=notes, chosen=chosen)
    assert (item and (item.kind, getattr(item, "ticket_id", 0))) == wanted


def test_a_note_has_the_time_to_the_second_and_names_escaped():
    item = rules.written(7, ANSWERED, PARTY, TINA, TICKETS, ALL, notes=True)
    assert isinstance(item, NewNote)
    assert item.fields() == {
        "ticket_id": 5,
        "ticket_reply": "Call from Ann &lt;Lee&gt; &amp; co (+12125550101), answered by Tina Tech (101)<br>"
        "2026-11-27 12:00:00 UTC, talked 00:01:00, waited 00:00:09",
        "ticket_reply_type": "Internal",
        "ticket_reply_time_worked": "00:01:00",
    }


def test_a_missed_call_is_a_ticket_of_the_contact():
    item = rules.written(7, MISSED, PARTY, None, TICKETS, ALL, notes=True)
    assert isinstance(item, NewTicket)
    fields = item.fields()
    assert fields["ticket_contact_id"] == 11
    assert "Missed call from Ann" in str(fields["ticket_subject"])
    assert "waited 00:00:20" in str(fields["ticket_details"])
    assert "<Lee>" not in str(fields["ticket_details"])


@pytest.mark.parametrize("text", ["7", "7=notes", "7=note+", "7=note,8"])
def test_a_wrong_switch_is_a_fault(text):
    with pytest.raises(ValueError, match="NAME=note"):
        TicketsSection.model_validate({"clients": text})
