"""``incoming_call`` of ITFlow's old ``/api.php``: a dialplan tells that somebody calls, and nothing more."""

from __future__ import annotations

import datetime as dt
import secrets

from bridge.calls.event import Direction, Event, What
from bridge.calls.log import ANNOUNCED


def announced(number: str, linkedid: str, verified: str) -> Event:
    """The beginning of a call.

    Args:
        number: The caller's.
        linkedid: Asterisk's name for the call, where the dialplan sends it: then it is the call that AMI tells of.
        verified: What the network says of the number.
    """
    return Event(
        source="ami" if linkedid else ANNOUNCED,
        call_id=linkedid or secrets.token_hex(8),
        what=What.BEGAN,
        at=dt.datetime.now(dt.UTC),
        timed=False,
        direction=Direction.IN,
        from_number=number,
        verified=verified,
    )
