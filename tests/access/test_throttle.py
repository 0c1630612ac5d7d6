"""Wrong keys are counted, slowed and told; the clock is set by the tests."""

import logging
import tracemalloc

import pytest

from bridge.access.throttle import IN_TOTAL, MAX_ADDRESSES, MAX_LINES, PER_ADDRESS, TELL_INTERVAL_S, Throttle


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return Throttle(clock)


def flood(throttle, address, count):
    """How long the sender has to wait after each of so many wrong keys."""
    return [throttle.wrong(address) for _ in range(count)]


def test_the_first_wrong_keys_of_an_address_are_answered_at_once_and_the_others_wait(throttle, clock):
    waits = flood(throttle, "192.0.2.1", 20)
    burst = int(PER_ADDRESS.burst)
    assert waits[:burst] == [0.0] * burst
    assert all(wait > 0 for wait in waits[burst:])
    assert throttle.wait_s("192.0.2.1") > 0
    assert throttle.wait_s("192.0.2.2") == 0
    clock.now += throttle.wait_s("192.0.2.1")
    assert throttle.wrong("192.0.2.1") == 0
    assert throttle.wrong("192.0.2.1") > 0


def test_nobody_waits_longer_than_a_minute_however_many_came(throttle, clock):
    flood(throttle, "192.0.2.1", 20_000)
    assert 0 < throttle.wait_s("192.0.2.1") <= PER_ADDRESS.longest_s + 1 / PER_ADDRESS.per_s
    clock.now += PER_ADDRESS.longest_s + 1 / PER_ADDRESS.per_s
    assert throttle.wait_s("192.0.2.1") == 0


def test_many_addresses_are_slowed_in_total(throttle, clock):
    waits = [throttle.wrong(f"192.0.{n // 250}.{n % 250}") for n in range(1000)]
    burst = int(IN_TOTAL.burst)
    assert waits[:burst] == [0.0] * burst
    assert all(wait > 0 for wait in waits[burst:])
    # Nobody's address is to blame, so no right key is looked at more closely.
    assert throttle.wait_s("192.0.0.1") == 0
    clock.now += 3600
    assert throttle.wrong("192.0.0.1") == 0


def test_memory_is_bounded_by_addresses(throttle):
    tracemalloc.start()
    for n in range(MAX_ADDRESSES):
        throttle.wrong(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    full, _ = tracemalloc.get_traced_memory()
    for n in range(MAX_ADDRESSES, 10 * MAX_ADDRESSES):
        throttle.wrong(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 1.5 * full


def test_the_first_is_told_at_once_and_the_others_once_a_minute_with_their_number(throttle, clock, caplog):
    flood(throttle, "192.0.2.1", 13_000)
    throttle.tell()
    assert [record.getMessage() for record in caplog.records] == ["A wrong key came from 192.0.2.1."]
    clock.now += TELL_INTERVAL_S
    throttle.tell()
    assert caplog.records[1].getMessage() == "12999 wrong keys came from 192.0.2.1; 12990 were slowed."
    clock.now += TELL_INTERVAL_S
    throttle.tell()
    assert len(caplog.records) == 2
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_key_that_was_revoked_is_named(throttle, caplog):
    throttle.wrong("192.0.2.1", "front desk")
    assert "that of front desk, which is revoked or expired" in caplog.text


def test_many_addresses_do_not_flood_the_log(throttle, clock, caplog):
    for n in range(2000):
        throttle.wrong(f"192.0.{n // 250}.{n % 250}")
    assert len(caplog.records) == MAX_LINES
    clock.now += TELL_INTERVAL_S
    throttle.tell()
    assert caplog.records[-1].getMessage() == f"{2000 - MAX_LINES} wrong keys came from further addresses."
