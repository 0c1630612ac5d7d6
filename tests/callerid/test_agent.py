"""Whom a dialplan may ring first: the person of the caller's newest open ticket that somebody has."""

import pytest

from bridge import callerid
from bridge.clock import Moment
from bridge.directory.entries import Client, Entry, Kind, Label, Phone, Ticket
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.settings import CalleridSection, NumbersSection

ANN, DESK = "+12125550101", "+12125550199"


class Asker:
    name = "pbx"
    clients = None
    numbers = NumbersSection()
    callerid = CalleridSection()


def ticket(ticket_id: int, contact_id: int, assigned_to: int, client_id: int = 1) -> Ticket:
    return Ticket(ticket_id, client_id, f"T-{ticket_id}", "x", contact_id, assigned_to, "1", "")


def facts(number: str, tickets: list[Ticket]) -> dict[str, object]:
    snapshot = Snapshot.build(
        clients=[Client(1, "Apex"), Client(2, "Other")],
        entries=[
            Entry(Kind.CONTACT, 11, 1, "Ann", (Phone(ANN, Label.WORK),)),
            Entry(Kind.LOCATION, 1, 1, "Desk", (Phone(DESK, Label.WORK),)),
        ],
        tickets=tickets,
        agents={90: "Tina & co"},
    )
    answer = callerid.answer(
        Mirror(snapshot, Freshness(people_at=Moment.now())), Asker(), number, with_facts=True,
        extension_of={90: "201", 91: "202"}.get,  # type: ignore[arg-type]  # None where there is none
    )  # fmt: skip
    return {name: answer.facts[name] for name in ("ticket", "ticket_id", "agent", "agent_id", "agent_extension")}


NOTHING = (None, None, None, None, None)


@pytest.mark.parametrize(
    ("number", "tickets", "found"),
    [
        (ANN, [ticket(1, 11, 90), ticket(2, 12, 91), ticket(3, 11, 0)], ("T-1", 1, "Tina & co", 90, "201")),
        (ANN, [ticket(1, 11, 91), ticket(2, 11, 90)], ("T-2", 2, "Tina & co", 90, "201")),
        (ANN, [ticket(1, 12, 91)], ("T-1", 1, None, 91, "202")),  # the client's, and v1 has not told the name
        (DESK, [ticket(1, 12, 90)], ("T-1", 1, "Tina & co", 90, "201")),
        (ANN, [ticket(1, 11, 95)], ("T-1", 1, None, 95, None)),
        (ANN, [ticket(1, 11, 0)], NOTHING),
        (ANN, [ticket(1, 11, 90, client_id=2)], NOTHING),
        (ANN, [], NOTHING),
        ("+12125550777", [ticket(1, 0, 90, client_id=0)], NOTHING),
    ],
)
def test_who_has_the_newest_ticket(number, tickets, found):
    assert tuple(facts(number, tickets).values()) == found
