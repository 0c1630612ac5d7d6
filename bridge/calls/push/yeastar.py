"""Yeastar's call record at the end of a call: ``NewCdr`` of S-Series, K2 and Cloud PBX, event 30012 of P-Series.

https://help.yeastar.com/en/k2-developer-v2/api-v2/event-NewCdr.html,
https://help.yeastar.com/en/p-series-software-edition/developer-guide/event-new-cdr.html
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.push.fields import Body, required, seconds, text, zoned
from bridge.errors import BadParameter

_P_SERIES = "30012"
_DIRECTIONS = {"inbound": Direction.IN, "outbound": Direction.OUT, "internal": Direction.INTERNAL}
_CAUSES = {"ANSWERED": Cause.NORMAL, "ANSWERD": Cause.NORMAL, "BUSY": Cause.BUSY, "FAILED": Cause.CONGESTION}


def is_yeastar(body: Body) -> bool:
    """Whether it is this form."""
    return "NewCdr" in {text(body, "event"), text(body, "action")} or text(body, "type") == _P_SERIES


def events(body: Body, source: str, now: dt.datetime) -> Iterator[Event]:
    """What it tells: the whole call, or, of a call with several parts, one of them.

    Raises:
        BadParameter: A field is missing or cannot be understood.
    """
    serial = text(body, "sn")  # two systems may count their calls alike
    record = _p_series(body) if text(body, "type") == _P_SERIES else body
    direction = _DIRECTIONS.get(text(record, "type").lower())
    if direction is None:
        raise BadParameter(f"type must be one of {', '.join(_DIRECTIONS)}.")
    lasted = dt.timedelta(seconds=seconds(text(record, "callduraction", "call_duration")))
    talked = dt.timedelta(seconds=seconds(text(record, "talkduraction", "talk_duration")))
    begun = zoned(text(record, "timestart", "time_start"), now - lasted)
    status = text(record, "status").upper()
    other_end = text(record, "callto", "call_to")

    def told(what: What, at: dt.datetime, extension: str = "", cause: Cause | None = None) -> Event:
        return Event(
            source=source,
            call_id=" ".join(filter(None, (serial, required(record, "callid", "call_id")))),
            what=what,
            at=at,
            timed=begun is not None,
            direction=direction,
            from_number=text(record, "callfrom", "call_from"),
            to_number=text(record, "didnumber", "did_number") or other_end,
            extension=extension,
            cause=cause,
            recording=text(record, "recording"),
        )

    start = begun or now - lasted
    yield told(What.BEGAN, start)
    if direction is not Direction.OUT:
        yield told(What.RUNG, start, other_end)
    if _CAUSES.get(status) is Cause.NORMAL:
        yield told(What.ANSWERED, start + lasted - talked, "" if direction is Direction.OUT else other_end)
    yield told(What.ENDED, start + lasted, cause=_CAUSES.get(status, Cause.NO_ANSWER))


def _p_series(body: Body) -> Body:
    """The record in ``msg``, which is an object or the text of one."""
    message = body.get("msg")
    try:
        record = json.loads(message) if isinstance(message, str) else message
    except (ValueError, RecursionError) as error:
        raise BadParameter("msg is not JSON.") from error
    if not isinstance(record, dict):
        raise BadParameter("msg must be the record of a call.")
    return record
