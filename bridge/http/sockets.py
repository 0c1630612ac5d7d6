"""The sockets of the door: every address of the settings, IPv4 and IPv6 apart."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Iterable

from bridge.errors import AddressTaken

log = logging.getLogger(__name__)

# A machine without IPv6 (or without IPv4) has no such addresses at all.
_NO_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})


def written(address: tuple[str, int]) -> str:
    """An address as people and URLs write it."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def opened_sockets(hosts: Iterable[str], port: int) -> list[socket.socket]:
    """Sockets bound to every address of some hosts, all on one port.

    An address family that this machine does not have is passed over, as long as there is another.

    Args:
        hosts: Addresses or names.
        port: 0 for a free one.

    Raises:
        AddressTaken: One of them cannot be listened on.
    """
    opened: list[socket.socket] = []
    lacking: OSError | None = None
    host = ""
    try:
        for host in hosts:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, address in dict.fromkeys((family, address[:2]) for family, *_, address in found):
                try:
                    bound = _bound(family, (str(address[0]), opened[0].getsockname()[1] if opened else port))
                except OSError as error:
                    if error.errno not in _NO_FAMILY:
                        raise
                    lacking = error
                    log.info("Nothing is listened on at %s: %s", host, error.strerror)
                else:
                    opened.append(bound)
        if not opened:
            raise lacking or OSError(errno.EADDRNOTAVAIL, "no address is named")
    except OSError as error:
        for one in opened:
            one.close()
        where = written((host, port))
        fault = f"http.host and http.port: cannot listen on {where}: {error.strerror}. "
        raise AddressTaken([fault + "Choose another (--port, BRIDGE_HTTP_PORT), or end what uses it."]) from error
    return opened


def _bound(family: int, address: tuple[str, int]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # IPv4 has a socket of its own, so that its addresses are written as IPv4 for keys' networks.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
