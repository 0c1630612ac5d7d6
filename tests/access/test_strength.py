"""What can be guessed is told; what the bridge makes cannot."""

import secrets

import pytest

from bridge.access.strength import weakness


@pytest.mark.parametrize(
    "secret",
    [
        *("", "demo", "secret", "Tr0ub4dor&3", "7e752f105ea1636", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        *(
            "0123456789abcdef0123456789abcdef",
            "passwordpassword",
            "changeme-changeme-changeme",
            "password123password123",
        ),
        *("qwertyuiopasdfghjkl", "itflowitflowitflow", "asterisk12345678", "1234567890123456", "freepbx-freepbx1"),
        *("2024-01-01-2024-01-01", "\udcff" * 40, "a" * 100_000),
    ],
)
def test_weak(secret):
    assert weakness(secret)


@pytest.mark.parametrize("make", [lambda: secrets.token_hex(16), lambda: secrets.token_urlsafe(18)])
def test_strong(make):
    assert not any(weakness(make()) for _ in range(50))


def test_what_a_long_secret_begins_with_counts():
    assert not weakness(secrets.token_hex(78))
