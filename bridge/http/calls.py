"""The log of calls for scripts, ``GET /calls``, and dialling, ``POST /calls/dial``."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from bridge import numbers
from bridge.access.caller import looked_up
from bridge.access.keys import Feature, Key
from bridge.calls.event import Direction
from bridge.calls.people import People
from bridge.calls.rows import Filters, Logged
from bridge.errors import BadParameter, CannotDial
from bridge.http import query
from bridge.http.keys import require, require_with_body
from bridge.http.operations import CLIENT_ID, CSV, JSON, Described, Operation, Parameter, asked, one_of
from bridge.http.state import BOOK, MIRROR, PEOPLE, PHONE
from bridge.mailing import FORMULA

routes = web.RouteTableDef()

W = TypeVar("W", bound=StrEnum)

MOST = 1000  # calls in one answer
_DEFAULT = 100
_NO_PHONE = (
    "There is no phone system that the bridge can make dial: connect it to Asterisk or FreePBX with the settings "
    "ami.host, ami.user and ami.secret."
)


class CallFormat(StrEnum):
    """How calls are written."""

    JSON = "json"
    CSV = "csv"


class CallJson(TypedDict):
    """A call as JSON; times are ISO 8601, seconds whole."""

    id: int
    state: str
    direction: Direction
    started: str
    answered: str | None
    ended: str | None
    wait_s: int
    talk_s: int
    missed: bool
    cause: str | None
    number: str
    name: str
    result: str
    client_id: int | None
    client: str
    contact_id: int | None
    from_number: str
    to_number: str
    extensions: list[str]
    answered_by: str
    people: list[str]
    queue: str
    recording: str
    verified: str
    source: str
    source_id: str
    linked: list[str]
    done_by: str
    done_at: str | None


class CallsJson(TypedDict):
    """``/calls`` as JSON; ``next`` is the ``before`` of the next page, null on the last."""

    calls: list[CallJson]
    next: int | None


class DialBody(BaseModel):
    """What ``POST /calls/dial`` takes: a number, and whose phone rings first."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(min_length=1, max_length=64)
    extension: str = ""
    person: str = ""


class DialJson(TypedDict):
    """Whose phone rings."""

    extension: str
    number: str
    name: str


_MOMENT = Parameter("A date or a time in ISO 8601; without a zone, UTC.", {"type": "string", "minLength": 1})
_SWITCH = {"type": "boolean"}
LOG = Operation(
    "Calls, the newest first.",
    Feature.CALLS,
    {
        "format": one_of("How they are written.", CallFormat, CallFormat.JSON),
        "since": Parameter(f"Begun then or later. {_MOMENT.about}"),
        "until": Parameter(f"Begun before. {_MOMENT.about}"),
        "person": Parameter("This person was rung or talked: a name, an extension, a login or an e-mail address."),
        "client_id": CLIENT_ID,
        "number": Parameter("The other side has this number, in any spelling."),
        "missed": Parameter("Missed calls only, or all others.", _SWITCH),
        "done": Parameter("Calls marked as done only, or all others.", _SWITCH),
        "direction": Parameter("In, out or internal.", {"type": "string", "enum": [str(one) for one in Direction]}),
        "limit": Parameter(
            "At most so many.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": _DEFAULT}
        ),
        "before": Parameter("After a page: its ``next``.", {"type": "integer", "minimum": 0}),
    },
    gives={JSON: CallsJson, CSV: str},
)
DIAL = Operation(
    "Let a phone ring and, once it is taken up, call a number. 202: the phone system has taken it on.",
    Feature.CALLS,
    body=DialBody,
    gives={JSON: DialJson},
    statuses=(202,),
)
DESCRIBED: Described = {("GET", "/calls"): LOG, ("POST", "/calls/dial"): DIAL}


@routes.get("/calls")
async def log(request: web.Request) -> web.Response:
    """The log; a key that is limited to clients gets theirs only."""
    key = require(request, Feature.CALLS)
    parameters = asked(request, LOG)
    form = _word(CallFormat, parameters, "format") or CallFormat.JSON
    filters = _filters(parameters, key, request.app[PEOPLE])
    calls = await request.app[BOOK].read(filters)
    rows = [as_json(call, request.app[PEOPLE]) for call in calls]
    if form is CallFormat.CSV:
        headers = {hdrs.CONTENT_DISPOSITION: 'attachment; filename="calls.csv"'}
        return web.Response(text=to_csv(rows), content_type="text/csv", charset="utf-8", headers=headers)
    answer: CallsJson = {"calls": rows, "next": calls[-1].id if len(calls) == filters.limit else None}
    return web.json_response(answer)


@routes.post("/calls/dial")
async def dial(request: web.Request) -> web.Response:
    """Let a person's or an extension's phone ring, and then call a number."""
    key, asked_for, body = await require_with_body(request, Feature.CALLS)
    fields = {**asked_for, **body}
    fields.pop("api_key", None)
    if unknown := fields.keys() - DialBody.model_fields.keys():
        raise BadParameter(f"There is no parameter {min(unknown)!r} here, only {', '.join(DialBody.model_fields)}")
    number = fields.get("number", "").strip()
    if not 0 < len(number) <= 64:
        raise BadParameter("number is missing: whom to call, such as number=+12125550101")
    extension = _extension(fields, request.app[PEOPLE])
    phone = request.app.get(PHONE)
    if phone is None:
        raise CannotDial(_NO_PHONE)
    name = looked_up(request.app[MIRROR], key)(number).name
    await phone.dial(extension, number, name)
    answer: DialJson = {"extension": extension, "number": number, "name": name}
    return web.json_response(answer, status=202)


def as_json(logged: Logged, people: People) -> CallJson:
    """A call in JSON's types, with the names of the people who took part."""
    call, party = logged.call, logged.party
    known = (people.of(extension) for extension in call.extensions)
    return {
        "id": logged.id,
        "state": call.state.value,
        "direction": call.direction,
        "started": _iso(call.started) or "",
        "answered": _iso(call.answered),
        "ended": _iso(call.ended),
        "wait_s": call.wait_s,
        "talk_s": call.talk_s,
        "missed": call.missed,
        "cause": call.cause.value if call.cause else None,
        "number": party.number,
        "name": party.name,
        "result": party.result,
        "client_id": party.client_id,
        "client": party.client,
        "contact_id": party.contact_id,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "extensions": list(call.extensions),
        "answered_by": call.answered_by,
        "people": list(dict.fromkeys(person.name for person in known if person)),
        "queue": call.queue,
        "recording": call.recording,
        "verified": call.verified,
        "source": call.source,
        "source_id": call.id,
        "linked": list(call.linked),
        "done_by": logged.done_by,
        "done_at": _iso(logged.done_at),
    }


def to_csv(rows: Iterable[CallJson]) -> str:
    """A table (RFC 4180); what a spreadsheet would take for a formula, ``+`` too, gets an apostrophe before it."""
    document = io.StringIO()
    table = csv.DictWriter(document, list(CallJson.__annotations__))
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return document.getvalue()


def _filters(parameters: Mapping[str, str], key: Key, people: People) -> Filters:
    limit = query.whole_number(parameters, "limit")
    if limit is not None and not 1 <= limit <= MOST:
        raise BadParameter(f"limit must be from 1 to {MOST}")
    return Filters(
        since=_moment(parameters, "since"),
        until=_moment(parameters, "until"),
        extensions=_called(parameters.get("person", ""), people),
        clients=key.clients,
        client_id=query.whole_number(parameters, "client_id"),
        numbers=_numbers(parameters.get("number", ""), key),
        missed=_switch(parameters, "missed"),
        done=_switch(parameters, "done"),
        direction=_word(Direction, parameters, "direction"),
        before=query.whole_number(parameters, "before"),
        limit=limit or _DEFAULT,
    )


def _called(text: str, people: People) -> Collection[str] | None:
    """Everything that a person is called in the log; an extension of nobody stands for itself."""
    if not text.strip():
        return None
    person = people.of(text)
    return person.called if person else (text.strip(),)


def _numbers(text: str, key: Key) -> Collection[str] | None:
    if not text.strip():
        return None
    sent = numbers.sent(text, region=key.numbers.region, trunk=key.numbers.trunk)
    read = [reading.number for reading in sent.readings]
    return {text.strip(), *read, *map(numbers.masked, read)}  # as calls.numbers lets the log keep them


def _extension(fields: Mapping[str, str], people: People) -> str:
    if extension := fields.get("extension", "").strip():
        return extension
    called = fields.get("person", "").strip()
    if not called:
        raise BadParameter("Give extension or person: whose phone rings first, such as extension=101")
    person = people.of(called)
    if person is None or not person.extensions:
        raise BadParameter(f"There is no person {called} with an extension; see itflow-bridge people list")
    return person.extensions[0]


def _moment(parameters: Mapping[str, str], name: str) -> dt.datetime | None:
    text = parameters.get(name, "").strip()
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadParameter(f"{name} must be a date or a time, such as 2026-11-27 or 2026-11-27T12:00Z") from error


def _switch(parameters: Mapping[str, str], name: str) -> bool | None:
    return query.switch(parameters, name, default=False) if parameters.get(name, "").strip() else None


def _word(words: type[W], parameters: Mapping[str, str], name: str) -> W | None:
    value = parameters.get(name, "").strip().lower()
    try:
        return words(value) if value else None
    except ValueError as error:
        raise BadParameter(f"{name} must be one of {', '.join(words)}") from error


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _cell(value: object) -> object:
    text = " ".join(map(str, value)) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text
