"""Writes that are promised: what every door for one of them does alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from aiohttp import hdrs, web
from typing_extensions import TypedDict

from bridge.access.keys import Feature, Key
from bridge.directory.entries import covers
from bridge.errors import BadParameter, NotFound
from bridge.http import query
from bridge.http.keys import require, require_with_body
from bridge.http.operations import Operation, Parameter, asked
from bridge.http.proxies import PREFIX
from bridge.http.state import DELIVERER
from bridge.outbox.journal import JournalEntry, State
from bridge.outbox.kinds import Item

JOURNAL_ENTRY = Parameter("Of the answer to the POST.", {"type": "integer", "minimum": 0})


class EntryJson(TypedDict):
    """What became of a write, as JSON."""

    id: int
    client_id: int
    name: str
    status: State
    reason: str


async def wanted(request: web.Request, feature: Feature, kind: str) -> tuple[Key, int, dict[str, object]]:
    """Who wants to write what: the key, the client, and the fields of a JSON object, a form or the query.

    Raises:
        BadParameter: The body cannot be read, or names no client.
        RequestError: See ``require_with_body``.
    """
    key, in_query, body = await require_with_body(request, feature)
    parameters = {**in_query, **body}
    client_id = needed_client(query.whole_number(parameters, "client_id"), kind)
    return key, client_id, {name: one for name, one in parameters.items() if name not in {"api_key", "client_id"}}


def needed_client(client_id: int | None, kind: str) -> int:
    """The client that a write is for.

    Raises:
        BadParameter: There is none.
    """
    if client_id is None:
        raise BadParameter(f"client_id is missing: the client that the {kind} belongs to")
    return client_id


async def answered(request: web.Request, key: Key, client_id: int, item: Item, path: str) -> web.Response:
    """Promise it: 201 once ITFlow has it, 202 where it follows later.

    Raises:
        BridgeError: See ``Deliverer.add``.
    """
    entry = await request.app[DELIVERER].add(client_id, item, key.clients, key.name)
    response = web.json_response(as_json(entry), status=201 if entry.state is State.ADDED else 202)
    response.headers[hdrs.LOCATION] = f"{request.get(PREFIX, '')}{path}/{entry.id}"
    return response


async def shown(request: web.Request, operation: Operation, kind: str) -> web.Response:
    """What became of an entry of a kind.

    Raises:
        NotFound: There is no such entry of that kind, or the key does not cover its client: nobody learns what was
            written for other clients.
        RequestError: See ``require``.
    """
    key = require(request, operation.feature)
    asked(request, operation)
    entry_id = int(request.match_info["id"])
    with suppress(NotFound):
        entry = await request.app[DELIVERER].entry(entry_id)
        if covers(key.clients, entry.client_id) and entry.kind == kind:
            return web.json_response(as_json(entry))
    raise NotFound(f"There is no journal entry {entry_id}, or this key does not cover its client.")


def as_json(entry: JournalEntry) -> Mapping[str, object]:
    """An entry in JSON's types."""
    more = {"serial": entry.fields.get("asset_serial", "")} if entry.kind == "asset" else {}
    return {
        "id": entry.id,
        "client_id": entry.client_id,
        "name": entry.name,
        **more,
        "status": entry.state,
        f"{entry.kind}_id": entry.itflow_id,
        "reason": entry.reason,
    }
