"""Is the bridge alive, can it answer, and what has it done: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from aiohttp import hdrs, web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bridge.access.keys import Feature
from bridge.health import worst
from bridge.http.figures import figures
from bridge.http.keys import require, secret
from bridge.http.operations import JSON, TEXT, Described, Operation
from bridge.http.proxies import is_direct
from bridge.http.state import HEALTH, MIRROR, SETTINGS, WATCH
from bridge.metrics import page
from bridge.networks import within

routes = web.RouteTableDef()

DESCRIBED: Described = {
    ("GET", "/healthz"): Operation("200 while the process serves.", gives={JSON: dict[str, Any]}),
    ("GET", "/readyz"): Operation(
        "200 once names can be answered, 503 before; more for the same machine, or a key for admin.",
        gives={JSON: dict[str, Any]},
        statuses=(200, 503),
        others=True,
    ),
    ("GET", "/metrics"): Operation("Prometheus' text format.", Feature.ADMIN, gives={TEXT: str}, others=True),
}
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    """200 while the process serves."""
    return web.json_response({"status": "ok"})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """200 once there is a mirror to answer from, 503 before; how it stands (``bridge.health``), and how old it is.

    From the same machine, or with a key for ``admin``, also why, what to do, and what is in the mirror.

    Raises:
        RequestError: There is a key, but it is not one for ``admin``.
    """
    findings = request.app[HEALTH].findings()
    status = {
        **request.app[MIRROR].status(),
        "status": str(worst(findings)),
        "reasons": [finding.as_json() for finding in findings],
        "storage": request.app[WATCH].fault or None,
        "path": str(request.app[SETTINGS].storage.path.absolute()),
    }
    if not _is_of_this_machine(request):
        if secret(request) is None:
            status = {name: status[name] for name in ("ready", "status", "people_age_s")}
        else:
            require(request, Feature.ADMIN)
    return web.json_response(status, status=200 if status["ready"] else 503)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus' text format; from the same machine without a key, else with one for ``admin``.

    Raises:
        RequestError: There is no such key.
    """
    if not _is_of_this_machine(request):
        require(request, Feature.ADMIN)
    body = page(figures(request.app), request.app[MIRROR].puller.metrics)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


def _is_of_this_machine(request: web.Request) -> bool:
    """With a proxy's header, a proxy on this machine asks for somebody else."""
    return within(request.remote, LOOPBACK) and is_direct(request)
