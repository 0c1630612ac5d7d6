"""Addresses of callers: the networks that keys and proxies are limited to, and what counts as one address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

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


@lru_cache(maxsize=1024)
def source(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has (RFC 6177)."""
    if address is None:
        return "an unknown address"
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
