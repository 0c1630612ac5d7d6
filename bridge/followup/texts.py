"""The words that a call leaves in ITFlow: plain text, which the outbox escapes."""

from __future__ import annotations

import datetime as dt

from bridge.calls import Call, Direction
from bridge.calls.party import Party
from bridge.outbox.note import clock_text

LONGEST_SUBJECT = 200


def ours_of(call: Call) -> str:
    """Who of ours had a call: who placed one to outside, or answered one first; empty where nobody did."""
    return call.placed_by if call.direction is Direction.OUT else call.answered_by


def note(call: Call, party: Party, person: str) -> str:
    """A call that was answered."""
    ours = ours_of(call)
    who = f"{person} ({ours})" if person and ours else person or ours
    towards, did = ("to", "placed") if call.direction is Direction.OUT else ("from", "answered")
    lines = [
        f"Call {towards} {_named(party)}{f', {did} by {who}' if who else ''}",
        f"{_moment(call.started)}, talked {clock_text(call.talk_s)}, waited {clock_text(call.wait_s)}",
    ]
    others = list(dict.fromkeys(talk.extension for talk in call.talks[1:] if talk.extension != ours))
    if any(others):
        lines.append(f"Then: {', '.join(filter(None, others))}")
    if call.queue:
        lines.append(f"Queue: {call.queue}")
    if call.recording:
        lines.append(f"Recording: {call.recording}")
    return "\n".join(lines)


def moved(ticket_id: int, worked_s: int) -> str:
    """What is said on the ticket that a call was noted on, where another one was chosen later."""
    return (
        f"The call noted above belongs to ticket {ticket_id}; its time ({clock_text(worked_s)}) is noted there too. "
        "Take it off here."
    )


def missed_subject(party: Party) -> str:
    """A missed call, in one line."""
    return f"Missed call from {_named(party)}"[:LONGEST_SUBJECT]


def missed(call: Call, party: Party) -> str:
    """A missed call."""
    lines = [
        f"{_named(party)} called and was not answered",
        f"{_moment(call.started)}, waited {clock_text(call.wait_s)}",
    ]
    if call.to_number:
        lines.append(f"Called: {call.to_number}")
    if call.queue:
        lines.append(f"Queue: {call.queue}")
    return "\n".join(lines)


def _named(party: Party) -> str:
    if party.name and party.number:
        return f"{party.name} ({party.number})"
    return party.name or party.number or "a withheld number"


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
