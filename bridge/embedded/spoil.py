"""What a fault puts on the wire, in place of an answer or around it."""

import asyncio

from aiohttp import web

from bridge.embedded.faults import Fault, FaultKind

_LOGIN = "<!doctype html><html><head><title>ITFlow</title></head><body><h1>Please log in</h1></body></html>"
_LEGACY = "Incorrect or expired API Key."
_BEGIN = b'{"success":"True","count":1,"data":[{"client_id":"1","client_name":"'
_END = b'"}]}'
_PADDING = b"x" * 2**16


async def instead(request: web.Request, fault: Fault | None, ending: asyncio.Event) -> web.StreamResponse | None:
    """Let a fault strike that comes before the work.

    Args:
        request: What is asked.
        fault: The fault that meets it.
        ending: Is set when the server ends, which lets go what hangs.

    Returns:
        What is answered in place of the work, or ``None``: the work is to be done.
    """
    match fault:
        case Fault(kind=FaultKind.SLOW):
            await asyncio.sleep(fault.delay_s)
            return None
        case Fault(kind=FaultKind.HANG):
            await ending.wait()
            return cut_off(request)
        case Fault(kind=FaultKind.DROPPED):
            return cut_off(request)
        case Fault(kind=FaultKind.ENDLESS):
            return await _stream(request, ending, None)
        case Fault(kind=FaultKind.HUGE):
            return await _stream(request, ending, fault.size_bytes)
    return None if fault is None else _page(fault)


async def deliver(request: web.Request, response: web.Response, fault: Fault | None) -> web.StreamResponse:
    """Answer, as far as a fault lets it through."""
    whole = response.body if isinstance(response.body, bytes) else b""
    match fault:
        case Fault(kind=FaultKind.UNANSWERED):
            return cut_off(request)
        case Fault(kind=FaultKind.CUT):
            half = await _begun(request, response.status, {"Content-Length": str(len(whole))})
            await half.write(whole[: len(whole) // 2])
            cut_off(request)
            return half
        case Fault(kind=FaultKind.TRICKLE):
            drops = await _begun(request, response.status)
            for place in range(len(whole)):
                await asyncio.sleep(fault.delay_s)
                await drops.write(whole[place : place + 1])
            return drops
    return response


def cut_off(request: web.Request) -> web.Response:
    """Close the connection; the response is for aiohttp's sake, and finds nobody."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _page(fault: Fault) -> web.Response | None:
    match fault.kind:
        case FaultKind.EMPTY_500:
            return web.Response(body=b"", status=500, content_type="application/json")
        case FaultKind.HTML:
            return web.Response(text=_LOGIN, status=fault.status, content_type="text/html", charset="UTF-8")
        case FaultKind.REDIRECT:
            return web.Response(status=302, headers={"Location": "/login.php"})
        case FaultKind.LEGACY:
            return web.Response(text=_LEGACY, status=401, content_type="text/html", charset="UTF-8")
    return None


async def _begun(request: web.Request, status: int = 200, headers: dict[str, str] | None = None) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Type": "application/json", **(headers or {})})
    await response.prepare(request)
    return response


async def _stream(request: web.Request, ending: asyncio.Event, size_bytes: int | None) -> web.StreamResponse:
    """JSON of a size, or without end; the caller may leave before."""
    response = await _begun(request)
    left = None if size_bytes is None else size_bytes - len(_BEGIN) - len(_END)
    try:
        await response.write(_BEGIN)
        while left is None or left > 0:
            if ending.is_set():
                return cut_off(request)
            await response.write(_PADDING[:left])
            left = None if left is None else left - len(_PADDING)
        await response.write(_END)
    except ConnectionError:
        return cut_off(request)
    return response
