"""The one place where errors become answers, and where every answer gets the headers that protect it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from bridge.callerid import safe
from bridge.errors import BadParameter, BridgeError, NotFound, RequestError, TooMany, WrongMethod, place
from bridge.http import query
from bridge.http.operations import PROBLEM, Problem
from bridge.http.unreadable import RESULT

log = logging.getLogger(__name__)

REASON = "X-Bridge-Reason"
MAX_REASON = 255  # characters of a header
# RFC 9110, 15.5.2: a 401 says how to authenticate; phones with user and password fields speak Basic.
CHALLENGE = 'Basic realm="itflow-bridge", charset="UTF-8"'
# A browser takes an answer for what it is called only; what has a key in its address is kept nowhere.
NOSNIFF = ("X-Content-Type-Options", "nosniff")
NO_STORE = (hdrs.CACHE_CONTROL, "no-store")

_NOWHERE: Mapping[int, BridgeError] = {
    error.status: error
    for error in (
        NotFound("There is nothing at this address; /openapi.json says what there is."),
        WrongMethod("Nothing here is asked with this method; the header Allow says with which."),
    )
}
# A phone shows any body as the caller's name, also where the address in the PBX is a little wrong: with a proxy's
# prefix, the folder of an old ITFlow, another spelling.
_CALLER_ID_ENDS = ("api.php", "callerid")
_CALLER_ID_PARAMETERS = frozenset({"cid", "number", "name"})


@web.middleware
async def rendered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with the status and the text of a bridge error: plain text where phones read, RFC 9457 elsewhere."""
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
        if _ends_as_caller_id(request) or asks_for_a_name(request):
            error.text = ""
            error.headers.update({RESULT: "fault", REASON: f"{error.reason}: check the address"})
        elif not _is_for_phones(request):
            error.text = json.dumps(_problem(_NOWHERE[error.status]))
            error.content_type = PROBLEM
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
    if _ends_as_caller_id(request) and asks_for_a_name(request):
        headers = {RESULT: "fault", REASON: safe(str(error), MAX_REASON, ascii_language="")}
        response = web.Response(status=error.status, headers=headers)
    elif _is_for_phones(request):
        response = web.Response(text=str(error), status=error.status)
    else:
        response = web.json_response(_problem(error), status=error.status, content_type=PROBLEM)
    if error.status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = CHALLENGE
    if isinstance(error, TooMany):
        response.headers[hdrs.RETRY_AFTER] = str(ceil(error.retry_after_s))
    return response


def _problem(error: BridgeError) -> Problem:
    """RFC 9457, 3.1: without a page of its own for a kind, ``type`` is about:blank and ``title`` the status' words."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
    }


async def protected(request: web.Request, response: web.StreamResponse) -> None:
    """Give an answer its protecting headers, and take the server's versions out of it (``on_response_prepare``)."""
    response.headers.popall(hdrs.SERVER, None)
    response.headers.update([NOSNIFF])
    if "key" in request.match_info or "api_key" in request.query_string.lower():
        response.headers.update([NO_STORE])


def _is_for_phones(request: web.Request) -> bool:
    return request.path.lower().lstrip("/").startswith(("api.php", "phonebook"))


def _ends_as_caller_id(request: web.Request) -> bool:
    return request.path.lower().rstrip("/").endswith(_CALLER_ID_ENDS)


def asks_for_a_name(request: web.Request) -> bool:
    """Whether a request is a phone system's, by its parameters: any body would be shown as the caller's name."""
    parameters = query.read(request.rel_url.raw_query_string)
    return not _CALLER_ID_PARAMETERS.isdisjoint(map(str.lower, parameters))
