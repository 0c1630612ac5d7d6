"""Adding assets: ``POST /assets``, and what became of one: ``GET /assets/{id}``."""

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
from bridge.http.operations import JSON, Described, Operation, Parameter, asked
from bridge.http.proxies import PREFIX
from bridge.http.state import DELIVERER
from bridge.outbox import request as asset_request
from bridge.outbox.delivery import Deliverer
from bridge.outbox.journal import JournalEntry, State

routes = web.RouteTableDef()

ADDED = "Asset added!"
ACCEPTED = "Asset accepted; it will be added when ITFlow answers."
ASSET_ID = "X-Asset-Id"
JOURNAL_ID = "X-Journal-Id"


class AssetBody(asset_request.NewAsset):
    """What ``POST /assets`` takes."""

    client_id: asset_request.Id


class AssetJson(TypedDict):
    """What became of an asset, as JSON."""

    id: int
    client_id: int
    name: str
    serial: str
    status: State
    asset_id: int | None
    reason: str


ADD = Operation(
    "Add an asset: 201 once ITFlow has it, 202 where it is promised and follows later.",
    Feature.ASSETS,
    body=AssetBody,
    gives={JSON: AssetJson},
    statuses=(201, 202),
)
SHOW = Operation(
    "What became of an asset.",
    Feature.ASSETS,
    path={"id": Parameter("Of the answer to POST /assets.", {"type": "integer", "minimum": 0})},
    gives={JSON: AssetJson},
)
DESCRIBED: Described = {("POST", "/assets"): ADD, ("GET", "/assets/{id}"): SHOW}


@routes.post("/assets")
async def add(request: web.Request) -> web.Response:
    """Add an asset: 201 once ITFlow has it, 202 where it is promised and follows later.

    ``client_id``, ``name`` and any other field of ``NewAsset``, in a JSON object or a form.
    """
    key, asked_for, body = await require_with_body(request, Feature.ASSETS)
    parameters = {**asked_for, **body}
    client_id = query.whole_number(parameters, "client_id")
    fields = {name: value for name, value in parameters.items() if name not in {"api_key", "client_id"}}
    entry = await _add(request.app[DELIVERER], key, client_id, asset_request.read(fields))
    response = web.json_response(as_json(entry), status=201 if entry.state is State.ADDED else 202)
    response.headers[hdrs.LOCATION] = f"{request.get(PREFIX, '')}/assets/{entry.id}"
    return response


@routes.get(r"/assets/{id:\d{1,18}}")
async def show(request: web.Request) -> web.Response:
    """What became of an asset."""
    key = require(request, Feature.ASSETS)
    asked(request, SHOW)
    entry_id = int(request.match_info["id"])
    with suppress(NotFound):
        entry = await request.app[DELIVERER].entry(entry_id)
        if covers(key.clients, entry.client_id):
            return web.json_response(as_json(entry))
    # Alike for both: nobody learns what other clients have added.
    raise NotFound(f"There is no journal entry {entry_id}, or this key does not cover its client.")


async def legacy_add(request: web.Request, key: Key, parameters: Mapping[str, str]) -> web.Response:
    """``add_asset`` as ``/api.php`` answers it.

    Args:
        request: The request.
        key: Its key, found to open ``assets``.
        parameters: Of its query and, with POST, of its body; ``add_asset`` is the name, ``client_id`` the client.
    """
    client_id = query.whole_number(parameters, "client_id")
    entry = await _add(request.app[DELIVERER], key, client_id, asset_request.read_legacy(parameters))
    headers = {JOURNAL_ID: str(entry.id)}
    if entry.state is not State.ADDED:
        return web.Response(text=ACCEPTED, status=202, headers=headers)
    return web.Response(text=ADDED, headers=headers | {ASSET_ID: str(entry.itflow_id)})


def as_json(entry: JournalEntry) -> AssetJson:
    """An entry in JSON's types."""
    return {
        "id": entry.id,
        "client_id": entry.client_id,
        "name": entry.name,
        "serial": str(entry.fields.get("asset_serial", "")),
        "status": entry.state,
        "asset_id": entry.itflow_id,
        "reason": entry.reason,
    }


async def _add(deliverer: Deliverer, key: Key, client_id: int | None, asset: asset_request.NewAsset) -> JournalEntry:
    if client_id is None:
        raise BadParameter("client_id is missing: the client that the asset belongs to")
    return await deliverer.add(client_id, asset, key.clients, key.name)
