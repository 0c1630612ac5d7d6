"""Addresses of callers."""

import pytest

from bridge.http.connections import Connections
from bridge.networks import source
from bridge.settings import HttpSection


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
        (None, "an unknown address"),
    ],
)
def test_what_counts_as_one_address(address: str | None, one: str) -> None:
    assert source(address) == one


class Waiting:
    """A connection that waits for its client, the first one the longest."""

    def __init__(self, number: int) -> None:
        self.address = f"2001:db8:1:2::{number:x}"
        self.deadline = float(number)
        self.body_bytes = 0
        self.open = True

    def abort(self) -> None:
        self.open = False


def test_a_subscriber_of_ipv6_has_the_connections_of_one_address() -> None:
    counted = Connections(HttpSection(max_connections_per_address=4))
    connections = [Waiting(number) for number in range(1, 8)]
    for connection in connections:
        counted.opened(connection)
    assert [connection.open for connection in connections] == [False] * 3 + [True] * 4
