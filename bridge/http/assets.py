"""Adding assets: ``POST /assets``, and what became of one: ``GET /assets/{id}``."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from bridge.access.keys import Feature, Key
from bridge.http import query
from bridge.http.journalled import JOURNAL_ENTRY, EntryJson, answered, needed_client, shown, wanted
from bridge.http.operations import JSON, Described, Operation
from bridge.http.state import DELIVERER
from bridge.outbox import request as asset_request
from bridge.outbox.journal import State
from bridge.outbox.texts import Id

routes = web.RouteTableDef()

ADDED = "Asset added!"
ACCEPTED = "Asset accepted; it will be added when ITFlow answers."
ASSET_ID = "X-Asset-Id"
JOURNAL_ID = "X-Journal-Id"


class AssetBody(asset_request.NewAsset):
    """What ``POST /assets`` takes."""

    client_id: Id


class AssetJson(EntryJson):
    """What became of an asset, as JSON."""

    serial: str
    asset_id: int | None


ADD = Operation(
    "Add an asset: 201 once ITFlow has it, 202 where it is promised and follows later.",
    Feature.ASSETS,
    body=AssetBody,
    gives={JSON: AssetJson},
    statuses=(201, 202),
)
SHOW = Operation("What became of an asset.", Feature.ASSETS, path={"id": JOURNAL_ENTRY}, gives={JSON: AssetJson})
DESCRIBED: Described = {("POST", "/assets"): ADD, ("GET", "/assets/{id}"): SHOW}


@routes.post("/assets")
async def add(request: web.Request) -> web.Response:
    """Add an asset: 201 once ITFlow has it, 202 where it is promised and follows later.

    ``client_id``, ``name`` and any other field of ``NewAsset``, in a JSON object or a form.
    """
    key, client_id, fields = await wanted(request, Feature.ASSETS, "asset")
    return await answered(request, key, client_id, asset_request.read(fields), "/assets")


@routes.get(r"/assets/{id:\d{1,18}}")
async def show(request: web.Request) -> web.Response:
    """What became of an asset."""
    return await shown(request, SHOW, "asset")


async def legacy_add(request: web.Request, key: Key, parameters: Mapping[str, str]) -> web.Response:
    """``add_asset`` as ``/api.php`` answers it.

    Args:
        request: The request.
        key: Its key, found to open ``assets``.
        parameters: Of its query and, with POST, of its body; ``add_asset`` is the name, ``client_id`` the client.
    """
    asset = asset_request.read_legacy(parameters)
    client_id = needed_client(query.whole_number(parameters, "client_id"), "asset")
    entry = await request.app[DELIVERER].add(client_id, asset, key.clients, key.name)
    headers = {JOURNAL_ID: str(entry.id)}
    if entry.state is not State.ADDED:
        return web.Response(text=ACCEPTED, status=202, headers=headers)
    return web.Response(text=ADDED, headers=headers | {ASSET_ID: str(entry.itflow_id)})
