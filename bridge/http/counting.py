"""Counts the answers of every feature but caller ID, which counts its own, and their time."""

from __future__ import annotations

import time

from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.errors import BridgeError
from bridge.metrics import ANSWERS

FEATURE = web.RequestKey("FEATURE", str)  # what the key of a request was asked for
HTTP = "http"

_RESULTS = {401: "denied", 403: "denied", 404: "not_found", 409: "uncertain", 429: "throttled", 503: "unavailable"}


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count what a request with a key came to."""
    began, status = time.perf_counter(), 500
    try:
        response = await handler(request)
        status = response.status
    except (web.HTTPException, BridgeError) as error:
        status = error.status
        raise
    else:
        return response
    finally:
        if feature := request.get(FEATURE):
            ANSWERS.tally(HTTP, feature).add(result(status), time.perf_counter() - began)


def result(status: int) -> str:
    """What an HTTP status says, in a word."""
    if status in _RESULTS:
        return _RESULTS[status]
    return "answered" if status < 400 else "refused" if status < 500 else "failed"
