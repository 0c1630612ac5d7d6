"""The firm whose phones ring: its ITFlow with clients, contacts and tickets, and what every call must leave there.

A caller's number holds the place of its scene, and the place says what sort of caller that is; so whatever stands in
ITFlow tells by itself which call it is of.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bridge.calls.call import Call
from bridge.calls.event import Cause, Direction
from bridge.calls.people import People, Person
from bridge.embedded import FaultKind
from bridge.storage import Database
from tests.outbox.conftest import Itflow

WITHIN_S = 20.0  # one ticket for a client's missed calls in this time
KEY, OWN_KEY = "ITFLOW-KEY", "KEY-OF-103"
USER, OWN_USER = 1, 1103  # who writes with these keys
# People by their extensions, with their users in ITFlow; nobody is at 107.
PEOPLE: Mapping[str, int | None] = {
    **{number: 1000 + int(number) for number in ("101", "102", "103", "104", "106", "108", "109")},
    "105": None,
}
WITH_TICKETS = ("102", "103", "106")  # who has tickets at the first client
SETTINGS = {
    "ITFLOW_API_KEY": KEY,
    "NUMBERS_REGION": "US",
    "SYNC_INTERVAL_S": "15",
    "SYNC_MAX_WAIT_S": "5",
    "TICKETS_NOTE": "on",
    "TICKETS_MISSED": "ticket",
    "TICKETS_MISSED_WITHIN_S": str(WITHIN_S),
    "TICKETS_CHOOSE_S": "1",
    "TICKETS_CLIENTS": "3=note, 4=note, 5=missed, 6=off",
    # ITFlow's answers are lost every few seconds here: a note, which cannot be taken back, is repeated 12 s later.
    "ASSETS_ANSWER_S": "4",
    "ASSETS_SETTLE_S": "0.2",
    "ASSETS_MAX_WAIT_S": "3",
}


@dataclass(frozen=True)
class Sort:
    """A sort of caller.

    Attributes:
        clients: Whose contact they are; of two, nobody knows.
        note: The ticket of a note on a call that somebody has answered: the newest one of theirs (``agent``), or else
            the contact's; the contact's; the client's newest; or none.
        missed: Whether a missed call opens a ticket.
        contact_has: Whether the contact has open tickets.
    """

    clients: tuple[int, ...] = ()
    note: str = ""
    missed: bool = False
    contact_has: bool = False


SORTS = (
    Sort((1,), "agent", missed=True, contact_has=True),
    Sort((2,), "contact", missed=True, contact_has=True),
    Sort((3,), "client"),
    Sort((4,)),  # may have notes, and has no open ticket
    Sort((5,), missed=True),
    Sort((6,), contact_has=True),  # is switched off
    Sort((7, 8)),
    Sort(),  # nobody knows them
)
# What stands in ITFlow beside the contacts' tickets: client, whose it is, and whether it is open; the newest last.
TICKETS = (
    *((1, PEOPLE[extension], True) for extension in WITH_TICKETS * 2),
    *((1, None, True), (1, PEOPLE["102"], False), (2, None, True), (3, None, True), (3, None, True), (3, None, False)),
    *((4, None, False), (7, PEOPLE["102"], True), (8, PEOPLE["102"], True)),
)
FAULTS = (
    *(FaultKind.UNANSWERED, FaultKind.CUT, FaultKind.DROPPED, FaultKind.EMPTY_500, FaultKind.HTML, FaultKind.HANG),
    *(FaultKind.SLOW, FaultKind.HTML_FIRST),
)
WRITES = ("tickets", "ticket_replies")


def caller(place: int) -> str:
    """The number of the caller of a scene."""
    return f"312{2_000_000 + place}"


def place_of(text: str) -> int:
    """The scene of whose caller a text of ITFlow speaks; -1 for none."""
    found = re.search(r"\+1312(2\d{6})\b", text)
    return int(found[1]) - 2_000_000 if found else -1


def sort_of(place: int) -> Sort:
    """What sort of caller a scene has."""
    return SORTS[place % len(SORTS)]


@dataclass
class Firm:
    """ITFlow, what was there before the calls, and what went wrong with it meanwhile.

    Attributes:
        outages: How often it was away.
        spoiled: How often requests went wrong otherwise, by what did.
        known: When the bridge knew that a ticket is there, by the ticket's id.
    """

    itflow: Itflow
    contact_tickets: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    agent_tickets: dict[int, int] = field(default_factory=dict)
    client_tickets: dict[int, int] = field(default_factory=dict)
    before: int = 0
    outages: int = 0
    spoiled: Counter[str] = field(default_factory=Counter)
    known: Mapping[int, float] = field(default_factory=dict)

    def fill(self, calls: int) -> None:
        """Put the clients' people and tickets in, for so many scenes."""
        contacts: list[Mapping[str, object]] = []
        tickets: list[tuple[int, int, int | None, bool]] = []
        for place in range(calls):
            sort = sort_of(place)
            for client_id in sort.clients:
                number = caller(place)
                contacts.append(
                    {
                        "contact_id": 10 * place + client_id,
                        "contact_name": f"Caller {place}",
                        "contact_client_id": client_id,
                        "contact_phone": number,
                        "contact_mobile": f"646{number[-7:]}",  # whom the office calls in these scenes
                    }
                )
            if sort.contact_has:
                for _ in range(2):
                    tickets.append((sort.clients[0], 10 * place + sort.clients[0], None, True))
                    self.contact_tickets[place].append(len(tickets))
        for client_id, user_id, is_open in TICKETS:
            tickets.append((client_id, 0, user_id, is_open))
            if is_open and user_id and client_id == 1:
                self.agent_tickets[user_id] = len(tickets)
            if is_open:
                self.client_tickets[client_id] = len(tickets)
        rows = [_ticket(number, *ticket) for number, ticket in enumerate(tickets, 1)]
        self.itflow.embedded.load({"contacts": contacts, "tickets": rows})
        self.before = len(tickets)

    async def trouble(self, choose: random.Random, rest_s: float) -> None:
        """Let it be away, locked, or fail, in turn, until cancelled."""
        faults = self.itflow.faults
        while True:
            await asyncio.sleep(rest_s * choose.uniform(0.5, 1.5))
            what = choose.choice(("away", "locked", "faulty", "faulty"))
            if what == "away":
                self.outages += 1
                try:
                    await self.itflow.stop()
                    await asyncio.sleep(choose.uniform(1, 6))
                finally:
                    await self.itflow.start()
            elif what == "locked":
                self.spoiled["locked"] += 1
                table = choose.choice(WRITES)
                try:
                    faults.lock(table, reads=choose.random() < 0.5)
                    await asyncio.sleep(choose.uniform(1, 6))
                finally:
                    faults.unlock(table)
            else:
                fault = choose.choice(FAULTS)
                self.spoiled[fault.value] += 1
                faults.add(fault, choose.choice(WRITES), "create", times=choose.randint(1, 3), delay_s=1)

    def notes(self) -> list[tuple[int, str, int, str]]:
        """Ticket, time worked, writer and text of each note."""
        found = self.itflow.embedded.connection.execute(
            "SELECT ticket_reply_ticket_id, ticket_reply_time_worked, ticket_reply_by, ticket_reply, "
            "ticket_reply_type FROM ticket_replies ORDER BY ticket_reply_id"
        )
        return [(int(ticket), worked, int(by), f"{kind}: {text}") for ticket, worked, by, text, kind in found]

    def opened(self) -> list[tuple[int, int, str, float, bool]]:
        """Client, contact, subject, until when it was under way, and whether it was taken back, of each new ticket."""
        found = self.itflow.embedded.connection.execute(
            "SELECT ticket_id, ticket_client_id, ticket_contact_id, ticket_subject, ticket_created_at, "
            "ticket_resolved_at IS NOT NULL FROM tickets WHERE ticket_id > ? ORDER BY ticket_id",
            (self.before,),
        )
        return [
            (int(client), int(contact), subject, self.known.get(int(one), _time(at)), bool(back))
            for one, client, contact, subject, at, back in found
        ]

    def doubled(self) -> int:
        """How many tickets more than one sending of the same has left, that are not taken back yet."""
        subjects = Counter(subject for _, _, subject, _, back in self.opened() if not back)
        return sum(count - 1 for count in subjects.values())

    def wanted_ticket(self, place: int, extension: str) -> int | None:
        """The ticket that a call belongs on, by who called and who answered."""
        sort, contacts = sort_of(place), self.contact_tickets[place]
        if sort.note == "agent":
            return self.agent_tickets.get(PEOPLE.get(extension) or 0, contacts[-1])
        if sort.note == "contact":
            return contacts[-1]
        return self.client_tickets[sort.clients[0]] if sort.note == "client" else None

    def faults(self, log: Iterable[Call]) -> Iterator[str]:
        """What stands otherwise in ITFlow than the log of calls wants it.

        Args:
            log: Every call, found right.
        """
        calls = {place_of(f"+1{call.from_number}"): call for call in log if call.direction is Direction.IN}
        yield from self._wrong_notes(calls)
        yield from self._wrong_tickets(calls)

    def _wrong_notes(self, calls: Mapping[int, Call]) -> Iterator[str]:
        notes = defaultdict(list)
        for note in self.notes():
            notes[place_of(note[3])].append(note)
        for place, call in calls.items():
            wanted = []
            ticket = self.wanted_ticket(place, call.answered_by)
            if ticket and call.answered and call.talk_s and call.cause is not Cause.LOST:
                by = OWN_USER if call.answered_by == "103" else USER
                wanted = [(ticket, _clock(call.talk_s), by)]
            found = notes.pop(place, [])
            if [note[:3] for note in found] != wanted or any(not note[3].startswith("Internal: ") for note in found):
                yield f"notes of caller {place}: wanted {wanted}, found {found}; {call}"
        yield from (f"a note of no call: {found}" for found in notes.values())

    def _wrong_tickets(self, calls: Mapping[int, Call]) -> Iterator[str]:
        missed: defaultdict[int, list[float]] = defaultdict(list)
        for place, call in calls.items():
            if call.missed and call.ended and sort_of(place).missed:
                missed[sort_of(place).clients[0]].append(call.ended.timestamp())
        tickets: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
        for client_id, contact_id, subject, opened_at, back in self.opened():
            place = place_of(subject)
            ended = calls[place].ended if place in calls else None
            ended_at = ended.timestamp() if ended else 0.0
            if ended_at not in missed[client_id] or contact_id != 10 * place + client_id:
                yield f"a ticket of no missed call of client {client_id}: {subject}"
            elif not back:
                tickets[client_id].append((ended_at, opened_at))
        for client_id, times in missed.items():
            opened = sorted(tickets[client_id])
            for (first, _), (second, _) in pairwise(opened):
                if second - first < WITHIN_S:
                    yield f"two tickets of client {client_id} within {second - first:.1f} s"
            for at in times:
                # One is opened for the first call, and stands for all as long as it is on its way, and so long after.
                if not any(first - WITHIN_S <= at <= opened_at + 1 + WITHIN_S for first, opened_at in opened):
                    yield f"no ticket of client {client_id} for the call that was missed at {at}: {opened}"


@asynccontextmanager
async def open_firm(calls: int) -> AsyncIterator[Firm]:
    """An embedded ITFlow 26.08 with people for so many scenes."""
    itflow = Itflow("26.08")
    itflow.embedded.add_key(KEY, user_id=USER)
    itflow.embedded.add_key(OWN_KEY, user_id=OWN_USER)
    firm = Firm(itflow)
    firm.fill(calls)
    await itflow.start()
    try:
        yield firm
    finally:
        await itflow.stop()
        itflow.embedded.close()


def employ(folder: Path, path: Path) -> None:
    """Tell the bridge who has which extensions."""
    own = folder / "key-of-103"
    own.write_text(OWN_KEY, encoding="utf-8")
    database = Database(path)
    people = People(database)
    for extension, user_id in PEOPLE.items():
        key_file = own if extension == "103" else None
        people.add(
            Person(name=f"Person {extension}", extensions=(extension,), itflow_user_id=user_id, key_file=key_file)
        )
    database.close()


def _ticket(
    ticket_id: int, client_id: int, contact_id: int, user_id: int | None, is_open: bool
) -> Mapping[str, object]:
    long_ago = "2026-01-02 03:04:05"
    closed = {"ticket_status": 5, "ticket_closed_at": long_ago, "ticket_resolved_at": long_ago}
    return {
        "ticket_id": ticket_id,
        "ticket_subject": f"Old {ticket_id}",
        "ticket_client_id": client_id,
        "ticket_contact_id": contact_id,
        "ticket_assigned_to": user_id or 0,
        **({"ticket_status": 1} if is_open else closed),
    }


def _time(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
