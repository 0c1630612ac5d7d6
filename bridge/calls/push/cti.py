"""The CTI push that Zammad takes and sipgate.io sends: ``newCall``, ``answer``, ``hangup``.

https://docs.zammad.org/en/latest/api/generic-cti/index.html, https://developer.sipgate.io/push-api/api-reference/
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from lxml import etree

from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.push.fields import Body, required, text, texts
from bridge.errors import BadParameter

_DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
_VOICEMAIL = "voicemail"  # sipgate's name for who answers where nobody does


def is_cti(body: Body) -> bool:
    """Whether it is this form."""
    return text(body, "event") in {"newCall", "answer", "hangup", "dtmf"}


def is_sipgate(body: Body) -> bool:
    """Whether sipgate sent it, which names its users by ids too."""
    return bool(texts(body, "fullUserId", "userId", "xcid"))


def events(body: Body, source: str, now: dt.datetime) -> Iterator[Event]:
    """What it tells.

    Raises:
        BadParameter: A field is missing or cannot be understood.
    """
    event, call_id = text(body, "event"), required(body, "callId")
    direction = _DIRECTIONS.get(text(body, "direction"))
    if direction is None and event in {"newCall", "answer", "hangup"}:
        raise BadParameter("direction must be in or out.")
    # Zammad's examples say "caller" where its tables say "user".
    users = texts(body, "user", "caller")

    def told(what: What, extension: str = "", cause: Cause | None = None) -> Event:
        # Each event names the call whole, so that one which comes alone tells all it can.
        return Event(
            source=source,
            call_id=call_id,
            what=what,
            at=now,
            timed=False,
            direction=direction,
            from_number=text(body, "from"),
            to_number=text(body, "to"),
            extension=extension,
            queue=text(body, "queue"),
            cause=cause,
            linked=texts(body, "origCallId"),
        )

    match event:
        case "newCall":
            yield told(What.BEGAN, users[0] if users and direction is Direction.OUT else "")
            if direction is Direction.IN:
                for user in users:
                    yield told(What.RUNG, user)
        case "answer":
            who = users[0] if len(users) == 1 else text(body, "answeringNumber")
            if who.casefold() != _VOICEMAIL:
                yield told(What.ANSWERED, who if direction is Direction.IN else "")
        case "hangup":
            yield told(What.ENDED, cause=_cause(text(body, "cause")))


def sipgate_answer(url: str) -> bytes:
    """The XML without which sipgate tells nothing of the answer and of the end of a call.

    Args:
        url: Where it sends them to; it holds the key.
    """
    response = etree.Element("Response", onAnswer=url, onHangup=url)
    return etree.tostring(response, xml_declaration=True, encoding="UTF-8")


def _cause(word: str) -> Cause | None:
    return Cause(word) if word in set(Cause) - {Cause.LOST} else None
