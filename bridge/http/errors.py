"""The one place where errors become answers."""

from __future__ import annotations

import logging
from math import ceil

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bridge.errors import BridgeError, RequestError, TooMany

log = logging.getLogger(__name__)

# RFC 9110, 15.5.2: a 401 says how to authenticate; phones with user and password fields speak Basic.
CHALLENGE = 'Basic realm="itflow-bridge", charset="UTF-8"'
# A phone shows any body as the caller's name, also where the address in the PBX is a little wrong.
CALLER_ID_PATHS = frozenset({"api.php", "callerid"})


@web.middleware
async def rendered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with the status and the text of a bridge error: plain text at the old doors, JSON at the new."""
    try:
        return await handler(request)
    except BridgeError as error:
        if not isinstance(error, RequestError):
            # The path itself may hold a key.
            resource = request.match_info.route.resource
            log.warning("%s %s: %s", request.method, resource.canonical if resource else "", error)
        return render(request, error)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        if request.path.strip("/").lower() in CALLER_ID_PATHS:
            error.text = ""
        raise


def render(request: web.Request, error: BridgeError) -> web.Response:
    """The answer that an error becomes."""
    if request.path.lstrip("/").startswith(("api.php", "phonebook")):
        response = web.Response(text=str(error), status=error.status)
    else:
        response = web.json_response({"error": str(error)}, status=error.status)
    if error.status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = CHALLENGE
    if isinstance(error, TooMany):
        response.headers[hdrs.RETRY_AFTER] = str(ceil(error.retry_after_s))
    return response
