"""What a phone system tells of a call: the one form that every adapter makes of what it gets."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """What has happened. Of what happened at one moment, this is the order."""

    BEGAN = "began"  # somebody calls
    QUEUED = "queued"  # the caller waits in a queue
    RUNG = "rung"  # a device of an extension begins to ring
    LEFT = "left"  # it stops ringing, or somebody who talked leaves the call
    ANSWERED = "answered"  # an extension, or outside the called one, talks from now on
    ENDED = "ended"  # the call is over for everybody


class Direction(StrEnum):
    """From where to where."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Cause(StrEnum):
    """Why a call ended, or a device stopped ringing: the words of the CTI push that Zammad and sipgate.io share."""

    NORMAL = "normalClearing"
    BUSY = "busy"
    CANCELLED = "cancel"
    NO_ANSWER = "noAnswer"
    CONGESTION = "congestion"
    NOT_FOUND = "notFound"
    FORWARDED = "forwarded"
    LOST = "lost"  # nothing more was heard of it; any other end is believed before this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a phone system told.

    Attributes:
        source: The adapter, such as ``ami`` or ``sipgate``.
        call_id: The phone system's name for the call; of Asterisk, its Linkedid.
        what: What has happened.
        at: When, aware and UTC.
        timed: Whether the phone system told the time; else ``at`` is when it was heard, and of several events that are
            alike but for that, the first counts.
        direction: None where this event does not tell.
        from_number: The caller's number as sent; empty for withheld or not told.
        to_number: The called number as sent.
        extension: Who is rung, answers or leaves, or, of an outgoing call's ``BEGAN``, who calls; a login where the
            phone system names no extension.
        device: Which of the extension's devices, where they are told apart.
        queue: The queue or ring group.
        cause: Of ``ENDED`` and ``LEFT``.
        linked: Other ids of the same call, as after a transfer.
        recording: Address of the recording.
        verified: What the network says of the number: a value of ``callerid.attestation``.
    """

    source: str
    call_id: str
    what: What
    at: dt.datetime
    timed: bool = True
    direction: Direction | None = None
    from_number: str = ""
    to_number: str = ""
    extension: str = ""
    device: str = ""
    queue: str = ""
    cause: Cause | None = None
    linked: tuple[str, ...] = ()
    recording: str = ""
    verified: str = ""
