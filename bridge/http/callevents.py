"""What phone systems tell of calls by themselves: ``POST /calls/events``, in the form that each of them has."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from yarl import URL

from bridge.access.caller import looked_up
from bridge.access.keys import Feature
from bridge.calls.event import Event
from bridge.calls.people import People
from bridge.calls.push.cti import sipgate_answer
from bridge.calls.push.fields import Body, text
from bridge.calls.push.forms import told
from bridge.errors import BadParameter
from bridge.http import query
from bridge.http.keys import require, secret
from bridge.http.operations import JSON, KEY
from bridge.http.proxies import PREFIX
from bridge.http.state import BOOK, IN_USE, MIRROR, PEOPLE

routes = web.RouteTableDef()

MAX_BODY_BYTES = 512 * 1024  # a record of FreeSWITCH holds every variable of the call
MAX_FIELDS = 1000
_NEEDS = 'Send a form, or a JSON object such as {"event": "newCall", …}; see docs/calls.md'


@routes.post("/calls/events")
@routes.post("/calls/events/{form}")
async def take(request: web.Request) -> web.Response:
    """Take what a phone system tells: 200 once it is stored; told again, it changes nothing.

    The key stands in the address or a header: what is sent is the phone system's own.
    """
    asked = query.read(request.rel_url.raw_query_string)
    key = require(request, Feature.CALLS, asked)
    body = await _body(request)
    form, events = told(body, key.name, dt.datetime.now(dt.UTC), request.match_info.get("form", ""))
    known = _by_extension(events, request.app[PEOPLE])
    await request.app[BOOK].take(known, key=key.name, who=looked_up(request.app[MIRROR], key))
    if form == "sipgate" and text(body, "event") == "newCall":
        return web.Response(body=sipgate_answer(_address(request, asked)), content_type="application/xml")
    return web.json_response({})


def _by_extension(events: list[Event], people: People) -> Iterator[Event]:
    """Events in which people are called by their extension, where the phone system has another name for them."""
    for event in events:
        person = people.of(event.extension) if event.extension else None
        if person is not None and person.extensions and event.extension not in person.extensions:
            event = replace(event, extension=person.extensions[0])  # noqa: PLW2901 - the same event in our words
        yield event


def _address(request: web.Request, asked: Mapping[str, str]) -> str:
    """The address that a request came to, with the key as it came."""
    public = request.app[IN_USE].settings.http.public_url
    base = URL(str(public)) if public else URL(f"{request.scheme}://{request.host}{request.get(PREFIX, '')}")
    found = base.with_path(base.path.rstrip("/") + request.path, keep_query=False)
    shown = secret(request, asked)
    return str(found.with_query({KEY: shown}) if isinstance(shown, str) else found)


async def _body(request: web.Request) -> Body:
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise BadParameter("The body is compressed; send it without Content-Encoding.")
    whole = request.clone(client_max_size=MAX_BODY_BYTES)
    if whole.content_type == "multipart/form-data":
        return _gathered(await query.parts(whole))
    raw = (await whole.read()).decode("utf-8", "replace")
    # Some send JSON and call it a form.
    if whole.content_type == JSON or raw.lstrip().startswith("{"):
        return _object(raw)
    try:
        body = _gathered(parse_qsl(raw, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise BadParameter(f"The body has too many fields. {_NEEDS}") from error
    # mod_json_cdr with "encode" sends its JSON as one field of a form.
    return _object(text(body, "cdr")) if "cdr" in body else body


def _gathered(fields: list[tuple[str, str]]) -> Body:
    found: dict[str, object] = {}
    for name, value in fields:
        before = found.get(name)
        found[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return found


def _object(raw: str) -> Body:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadParameter(f"The body is not JSON. {_NEEDS}") from error
    if not isinstance(body, dict):
        raise BadParameter(f"The body is no JSON object. {_NEEDS}")
    return body
