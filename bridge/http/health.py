"""Is the bridge alive, can it answer, and what has it done: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

from aiohttp import hdrs, web
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bridge.access.keys import Feature
from bridge.http.keys import require
from bridge.http.state import MIRROR, WATCH

routes = web.RouteTableDef()

# With one of these a proxy on the same machine asks for somebody else.
_PROXIES = (hdrs.FORWARDED, hdrs.X_FORWARDED_FOR, hdrs.VIA, "X-Real-IP")


@routes.get("/healthz")
async def healthz(_request: web.Request) -> web.Response:
    """200 while the process serves."""
    return web.json_response({"status": "ok"})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """200 once there is a mirror to answer from, 503 before; how old it is, and what is doubtful or broken."""
    status = {**request.app[MIRROR].status(), "storage": request.app[WATCH].fault or None}
    return web.json_response(status, status=200 if status["ready"] else 503)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus' text format; from the same machine without a key, else with one for ``admin``."""
    if request.remote not in ("127.0.0.1", "::1") or any(name in request.headers for name in _PROXIES):
        require(request, Feature.ADMIN)
    return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})
