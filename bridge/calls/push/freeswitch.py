"""FreeSWITCH's call record at the end of a call, by ``mod_json_cdr``; FusionPBX is the same.

What is in a record: FreeSWITCH, ``src/switch_ivr.c``, ``switch_ivr_generate_json_cdr``; how it is sent:
``src/mod/event_handlers/mod_json_cdr/mod_json_cdr.c``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from urllib.parse import unquote

from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.push.fields import Body, inner, since_1970, text
from bridge.errors import BadParameter

_CAUSES = {
    "USER_BUSY": Cause.BUSY,
    "ORIGINATOR_CANCEL": Cause.CANCELLED,
    "NO_ANSWER": Cause.NO_ANSWER,
    "NO_USER_RESPONSE": Cause.NO_ANSWER,
    "ALLOTTED_TIMEOUT": Cause.NO_ANSWER,
    "CALL_REJECTED": Cause.NO_ANSWER,
    "UNALLOCATED_NUMBER": Cause.NOT_FOUND,
    "NO_ROUTE_DESTINATION": Cause.NOT_FOUND,
    "USER_NOT_REGISTERED": Cause.NOT_FOUND,
    "SUBSCRIBER_ABSENT": Cause.NOT_FOUND,
    "NORMAL_TEMPORARY_FAILURE": Cause.CONGESTION,
    "NORMAL_CIRCUIT_CONGESTION": Cause.CONGESTION,
    "NETWORK_OUT_OF_ORDER": Cause.CONGESTION,
    "RECOVERY_ON_TIMER_EXPIRE": Cause.CONGESTION,
}
# FusionPBX says it; FreeSWITCH itself calls every call that comes to it inbound, also a phone's.
_DIRECTIONS = {"inbound": Direction.IN, "outbound": Direction.OUT, "local": Direction.INTERNAL}
_LONGEST_EXTENSION = 6


def is_freeswitch(body: Body) -> bool:
    """Whether it is this form."""
    return bool(inner(body, "variables")) and ("callflow" in body or "channel_data" in body)


def events(body: Body, source: str, now: dt.datetime) -> Iterator[Event]:
    """What it tells: the whole call; nothing where it is the record of somebody who was dialled for another one.

    Raises:
        BadParameter: It names no call.
    """
    variables, profile = inner(body, "variables"), _profile(body)
    if _value(variables, "originating_leg_uuid"):
        return
    call_id = _value(variables, "uuid", "call_uuid")
    if not call_id:
        raise BadParameter("variables.uuid is missing: without it nobody can tell which call is meant.")
    caller, called = _value(profile, "caller_id_number"), _value(profile, "destination_number")
    direction = _direction(variables, called)
    dialled, partner = _dialled(profile), _value(variables, "last_bridge_to", "bridge_uuid", "signal_bond")
    ended = _moment(variables, "end")
    # Without somebody to talk with, it is FreeSWITCH that has answered: an announcement, a voice mail.
    answered = (_moment(variables, "bridge") or _moment(variables, "answer")) if partner else None
    recording = "/".join(filter(None, (_value(variables, "record_path"), _value(variables, "record_name"))))

    def told(what: What, at: dt.datetime, extension: str = "", cause: Cause | None = None) -> Event:
        return Event(
            source=source,
            call_id=call_id,
            what=what,
            at=at,
            timed=ended is not None,
            direction=direction,
            from_number=caller,
            to_number=called,
            extension=extension,
            cause=cause,
            recording=recording,
        )

    start = _moment(variables, "start") or ended or now
    caller_of_ours = _value(variables, "sip_auth_username", "user_name") or caller
    yield told(What.BEGAN, start, "" if direction is Direction.IN else caller_of_ours)
    if direction is not Direction.OUT:
        for extension in dialled.values():
            yield told(What.RUNG, start, extension)
    if answered is not None:
        who = dialled.get(partner) or (next(iter(dialled.values())) if len(dialled) == 1 else "")
        yield told(What.ANSWERED, answered, "" if direction is Direction.OUT else who)
    unanswered = _CAUSES.get(_value(variables, "hangup_cause"), Cause.CANCELLED)
    yield told(What.ENDED, ended or now, cause=unanswered if answered is None else Cause.NORMAL)


def _value(body: Body, *names: str) -> str:
    """A value; mod_json_cdr percent-encodes them (``encode-values``)."""
    return unquote(text(body, *names))


def _profile(body: Body) -> Body:
    """What the caller dialled first: the last of the call's profiles."""
    flows = body.get("callflow")
    flow = flows[-1] if isinstance(flows, list) and flows else flows
    return inner(flow, "caller_profile") if isinstance(flow, dict) else {}


def _dialled(profile: Body) -> dict[str, str]:
    """The extensions that were dialled for the call, by the ids of their channels."""
    found = inner(profile, "originatee").get("originatee_caller_profiles", [])
    profiles = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    named = {_value(one, "uuid"): _value(one, "callee_id_number", "destination_number") for one in profiles}
    return {uuid: number for uuid, number in named.items() if number}


def _moment(variables: Body, name: str) -> dt.datetime | None:
    return since_1970(text(variables, f"{name}_uepoch"), micro=True) or since_1970(text(variables, f"{name}_epoch"))


def _direction(variables: Body, called: str) -> Direction:
    if told := _DIRECTIONS.get(_value(variables, "call_direction")):
        return told
    if not _value(variables, "sip_auth_username", "user_name"):
        return Direction.IN
    return Direction.INTERNAL if len(called) <= _LONGEST_EXTENSION else Direction.OUT
