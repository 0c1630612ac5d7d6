"""The answers to what cannot be read as HTTP: of the front itself, or of the application in its turn."""

from __future__ import annotations

import time
from email.utils import formatdate

from aiohttp import web

routes = web.RouteTableDef()

# Says how a caller-ID request ended, where its body must not.
RESULT = "X-Bridge-Result"

_TEXT = "This request cannot be read as HTTP: {}."


@routes.get("/unreadable")
async def unreadable_request(_request: web.Request) -> web.Response:
    """What the front asks in place of a request that it cannot read, where answers before it are under way."""
    return web.Response(status=400, text=_TEXT.format("see RFC 9112"))


@routes.get("/unreadable/callerid")
async def unreadable_caller_id(_request: web.Request) -> web.Response:
    """The same for a phone system, which would show any text as the caller's name."""
    return web.Response(status=400, headers={RESULT: "fault"})


def unreadable(why: str, *, caller_id: bool) -> bytes:
    """The whole answer to what cannot be read as HTTP, as it goes out; without a text for a phone system."""
    body = b"" if caller_id else _TEXT.format(why).encode()
    lines = [
        "HTTP/1.1 400 Bad Request",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        f"Date: {http_date()}",
        "Connection: close",
        *([f"{RESULT}: fault"] if caller_id else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


_now: tuple[int, str] = (0, "")


def http_date() -> str:
    """This second as HTTP writes it (RFC 9110, 5.6.7)."""
    global _now  # noqa: PLW0603 - made once a second, not for every answer
    second = int(time.time())
    if _now[0] != second:
        _now = second, formatdate(second, usegmt=True)
    return _now[1]
