"""Placetel's Notify API: https://github.com/Placetel/call-control-notify-api."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.push.fields import Body, required, seconds, text

_CAUSES = {
    "accepted": Cause.NORMAL,
    "voicemail": Cause.NO_ANSWER,
    "missed": Cause.NO_ANSWER,
    "busy": Cause.BUSY,
    "canceled": Cause.CANCELLED,
    "unavailable": Cause.NOT_FOUND,
    "congestion": Cause.CONGESTION,
    "blocked": Cause.NORMAL,  # the phone system itself took the call: nobody was to answer it
}


def is_placetel(body: Body) -> bool:
    """Whether it is this form."""
    return text(body, "event") in {"IncomingCall", "OutgoingCall", "CallAccepted", "HungUp"}


def events(body: Body, source: str, now: dt.datetime) -> Iterator[Event]:
    """What it tells.

    Raises:
        BadParameter: ``call_id`` is missing.
    """
    event, call_id, peer = text(body, "event"), required(body, "call_id"), text(body, "peer")
    outgoing = event == "OutgoingCall" or text(body, "direction") == "out"

    def told(what: What, at: dt.datetime = now, extension: str = "", cause: Cause | None = None) -> Event:
        return Event(
            source=source,
            call_id=call_id,
            what=what,
            at=at,
            timed=False,
            direction=Direction.OUT if outgoing else Direction.IN,
            from_number=text(body, "from"),
            to_number=text(body, "to"),
            extension=extension,
            cause=cause,
        )

    if event in {"IncomingCall", "OutgoingCall"}:
        yield told(What.BEGAN, extension=peer if outgoing else "")
    elif event == "CallAccepted":
        yield told(What.ANSWERED, extension=peer)
    else:
        cause = _CAUSES.get(text(body, "type"))
        talked_s = seconds(text(body, "duration"))
        if outgoing and cause is Cause.NORMAL and talked_s:  # of outgoing calls the answer is not told
            yield told(What.ANSWERED, now - dt.timedelta(seconds=talked_s))
        yield told(What.ENDED, cause=cause)
