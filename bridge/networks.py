"""Networks of addresses, as keys and proxies are limited to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def within(address: str | None, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; what is no address is in none.

    Args:
        address: As a socket tells it: an IPv4 address may be written as IPv6, a zone may follow.
        networks: The networks.
    """
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped in network for network in networks)
