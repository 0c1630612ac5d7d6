"""Who really asks where a proxy stands in front: believed from ``http.trusted_proxies`` only.

Everybody can write ``X-Forwarded-For``. So a header counts only where the connection comes from a trusted proxy, and
of its addresses the last one that is no trusted proxy: those before it are the client's own words (RFC 7239, 8.1).
What is found replaces ``remote``, ``scheme`` and ``host`` of the request itself, so networks of keys, the list of
phones, links and limits cannot differ in it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bridge.errors import BadParameter
from bridge.http.state import IN_USE
from bridge.networks import Network, within

# The path that the proxy took away, such as /itflow-bridge; links begin with it.
PREFIX = web.RequestKey("PREFIX", str)
UNKNOWN = "unknown"  # an address in no network, for a client that its proxy does not name

_X_FORWARDED_PREFIX = "X-Forwarded-Prefix"
_HEADERS = (
    *(hdrs.FORWARDED, hdrs.X_FORWARDED_FOR, hdrs.X_FORWARDED_PROTO, hdrs.X_FORWARDED_HOST, _X_FORWARDED_PREFIX),
    *(hdrs.VIA, "X-Real-IP"),
)
_HOST = re.compile(r"[\w.-]+(?::\d{1,5})?|\[[0-9a-fA-F:.]+\](?::\d{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)
# An address as proxies write it: bare, with a port, or in brackets (RFC 7239, 6).
_NODE = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([\d.]+)(?::\d+)?|([0-9a-fA-F:]+)")


def is_direct(request: web.Request) -> bool:
    """Whether nothing tells of a proxy in front, trusted or not."""
    return not any(name in request.headers for name in _HEADERS)


@web.middleware
async def believed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives handlers a request with the address, scheme and host of its client; comes before every other middleware.

    Raises:
        BadParameter: The headers of a trusted proxy contradict each other.
    """
    trusted = request.app[IN_USE].settings.http.trusted_proxies
    if not trusted or is_direct(request) or not within(request.remote, trusted):
        return await handler(request)
    return await handler(_seen_through(request, trusted))


def _seen_through(request: web.Request, trusted: Sequence[Network]) -> web.Request:
    forwarded = [element for element in request.forwarded if element]
    listed = [part.strip() for line in request.headers.getall(hdrs.X_FORWARDED_FOR, ()) for part in line.split(",")]
    clients = {
        _client([_address(part) for part in parts], trusted)
        for parts in (listed, [element["for"] for element in forwarded if "for" in element])
        if parts
    }
    if len(clients) > 1:
        # A proxy that writes one of the headers often passes on the other as the client sent it.
        raise BadParameter(
            "Forwarded and X-Forwarded-For name different clients: let the proxy remove the one it does not write."
        )
    last = forwarded[-1] if forwarded else {}
    scheme = (request.headers.get(hdrs.X_FORWARDED_PROTO) or last.get("proto", "")).lower()
    host = request.headers.get(hdrs.X_FORWARDED_HOST) or last.get("host", "")
    prefix = request.headers.get(_X_FORWARDED_PREFIX, "").rstrip("/")
    seen = request.clone(
        remote=clients.pop() if clients else request.remote or UNKNOWN,
        scheme=scheme if scheme in {"http", "https"} else request.scheme,
        host=host if _HOST.fullmatch(host) else request.host,
    )
    if _PREFIX.fullmatch(prefix):
        seen[PREFIX] = prefix
    return seen


def _client(addresses: Sequence[str], trusted: Sequence[Network]) -> str:
    """The last address that is no trusted proxy, or the first where all are."""
    return next((address for address in reversed(addresses) if not within(address, trusted)), addresses[0])


def _address(node: str) -> str:
    found = _NODE.fullmatch(node)
    try:
        return str(ipaddress.ip_address(next(filter(None, found.groups())))) if found else UNKNOWN
    except ValueError:
        return UNKNOWN
