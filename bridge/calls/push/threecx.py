"""3CX's report at the end of a call (scenario ``ReportCall``), as the template of ``itflow-bridge setup`` sends it.

https://www.3cx.com/docs/server-side-crm-template-xml-description/, "Call journaling". 3CX tells no id of the call, so
the number and the moment of its beginning are one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.push.fields import Body, required, seconds, text, zoned
from bridge.errors import BadParameter


class _Kind(NamedTuple):
    direction: Direction
    answered: bool


_KINDS = {
    "inbound": _Kind(Direction.IN, answered=True),
    "missed": _Kind(Direction.IN, answered=False),
    "outbound": _Kind(Direction.OUT, answered=True),
    "notanswered": _Kind(Direction.OUT, answered=False),
    "unanswered": _Kind(Direction.OUT, answered=False),
}


def is_3cx(body: Body) -> bool:
    """Whether it is this form."""
    return text(body, "event") == "ReportCall"


def events(body: Body, source: str, now: dt.datetime) -> Iterator[Event]:
    """What it tells: the whole call.

    Raises:
        BadParameter: A field is missing or cannot be understood.
    """
    kind = _KINDS.get(text(body, "CallType").lower().replace(" ", ""))
    if kind is None:
        raise BadParameter("CallType must be Inbound, Outbound, Missed or Notanswered.")
    number, agent = text(body, "Number"), text(body, "Agent")
    talked = dt.timedelta(seconds=seconds(text(body, "Duration")))
    ended = zoned(text(body, "CallEndTimeUTC"), now) or now
    start = zoned(required(body, "CallStartTimeUTC", "DateTime"), ended - talked) or ended - talked
    # What was never established has the year 1 there.
    established = zoned(text(body, "CallEstablishedTimeUTC"), ended - talked)
    answered = established if established is not None and established >= start else ended - talked
    incoming = kind.direction is Direction.IN

    def told(what: What, at: dt.datetime, extension: str = "", cause: Cause | None = None) -> Event:
        return Event(
            source=source,
            call_id=f"{number or 'anonymous'} {start.isoformat(timespec='seconds')}",
            what=what,
            at=at,
            direction=kind.direction,
            from_number=number if incoming else agent,
            to_number="" if incoming else number,
            extension=extension,
            queue=text(body, "QueueExtension"),
            cause=cause,
        )

    yield told(What.BEGAN, start, "" if incoming else agent)
    if incoming and agent:
        yield told(What.RUNG, start, agent)
    if kind.answered:
        yield told(What.ANSWERED, max(start, answered), agent if incoming else "")
    yield told(What.ENDED, max(start, ended), cause=Cause.NORMAL if kind.answered else Cause.NO_ANSWER)
