"""The one place where errors become answers, and where every answer gets the headers that protect it."""

from __future__ import annotations

import logging
from math import ceil

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from bridge.callerid import safe
from bridge.errors import BadParameter, BridgeError, RequestError, TooMany, place
from bridge.http import query
from bridge.http.front import RESULT

log = logging.getLogger(__name__)

REASON = "X-Bridge-Reason"
MAX_REASON = 255  # characters of a header
# RFC 9110, 15.5.2: a 401 says how to authenticate; phones with user and password fields speak Basic.
CHALLENGE = 'Basic realm="itflow-bridge", charset="UTF-8"'
# A browser takes an answer for what it is called only; what has a key in its address is kept nowhere.
NOSNIFF = ("X-Content-Type-Options", "nosniff")
NO_STORE = (hdrs.CACHE_CONTROL, "no-store")

# A phone shows any body as the caller's name, also where the address in the PBX is a little wrong: with a proxy's
# prefix, the folder of an old ITFlow, another spelling.
_CALLER_ID_ENDS = ("api.php", "callerid")
_CALLER_ID_PARAMETERS = frozenset({"cid", "number", "name"})


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
    except (web.RequestPayloadError, HttpProcessingError):
        return render(request, BadParameter("The body cannot be read: its parts do not end where they should."))
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        if _ends_as_caller_id(request) or _has_number(request):
            error.text = ""
            error.headers.update({RESULT: "fault", REASON: f"{error.reason}: check the address"})
        raise
    except ConnectionError:
        log.debug("%s went away before its request was whole", request.remote)
        raise
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - aiohttp would log the error's own text, which may hold a key
        log.error("A request failed with %s:\n%s", type(error).__name__, place(error))  # noqa: TRY400 - see above
        return render(request, BridgeError("The bridge failed; its log says where."))


def render(request: web.Request, error: BridgeError) -> web.Response:
    """The answer that an error becomes."""
    if _ends_as_caller_id(request) and _has_number(request):
        headers = {RESULT: "fault", REASON: safe(str(error), MAX_REASON, ascii_language="")}
        response = web.Response(status=error.status, headers=headers)
    elif request.path.lstrip("/").startswith(("api.php", "phonebook")):
        response = web.Response(text=str(error), status=error.status)
    else:
        response = web.json_response({"error": str(error)}, status=error.status)
    if error.status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = CHALLENGE
    if isinstance(error, TooMany):
        response.headers[hdrs.RETRY_AFTER] = str(ceil(error.retry_after_s))
    return response


async def protected(request: web.Request, response: web.StreamResponse) -> None:
    """Give an answer its protecting headers, and take the server's versions out of it (``on_response_prepare``)."""
    response.headers.popall(hdrs.SERVER, None)
    response.headers.update([NOSNIFF])
    if "key" in request.match_info or "api_key" in request.query_string.lower():
        response.headers.update([NO_STORE])


def _ends_as_caller_id(request: web.Request) -> bool:
    return request.path.lower().rstrip("/").endswith(_CALLER_ID_ENDS)


def _has_number(request: web.Request) -> bool:
    parameters = query.read(request.rel_url.raw_query_string)
    return not _CALLER_ID_PARAMETERS.isdisjoint(map(str.lower, parameters))
