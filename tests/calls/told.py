"""Events as phone systems tell them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bridge.calls import Cause, Direction, Event, What

ANN = "+12125550101"
NOON = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def event(what: What, seconds: float, call_id: str = "1.1", **told: Any) -> Event:
    return Event(**{"source": "ami", "call_id": call_id, "what": what, "at": at(seconds), **told})


def incoming(call_id: str = "1.1", number: str = ANN, to: str = "101") -> list[Event]:
    """An incoming call that rings 101, which answers, and ends."""
    return [
        event(What.BEGAN, 0, call_id, direction=Direction.IN, from_number=number, to_number="+12125550199"),
        event(What.RUNG, 1, call_id, extension=to),
        event(What.ANSWERED, 9, call_id, extension=to),
        event(What.ENDED, 69, call_id, cause=Cause.NORMAL),
    ]


def outgoing(call_id: str = "1.1", number: str = ANN, by: str = "101") -> list[Event]:
    """A call that 101 places, which is taken up outside, and ends."""
    return [
        event(What.BEGAN, 0, call_id, direction=Direction.OUT, from_number=by, to_number=number, extension=by),
        event(What.ANSWERED, 9, call_id),
        event(What.ENDED, 69, call_id, cause=Cause.NORMAL),
    ]


def missed(call_id: str = "1.1", number: str = ANN, to: str = "101") -> list[Event]:
    """One that nobody answers."""
    began, rung, *_ = incoming(call_id, number, to)
    return [began, rung, event(What.ENDED, 20, call_id, cause=Cause.CANCELLED)]
