"""When it is pulled, and how loudly an outage is told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from bridge.directory.follow import Follower
from bridge.directory.sync import Sync
from bridge.embedded.server import Seen
from bridge.errors import KeyRefused
from bridge.settings import SyncSection
from tests.directory.conftest import KEY, House

DEADLINE_S = 5


class Heard:
    """Counts what a follower tells, and wakes who waits for it."""

    def __init__(self) -> None:
        self.pulls = 0
        self._event = asyncio.Event()

    def __call__(self) -> None:
        self.pulls += 1
        self._event.set()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not true():
                self._event.clear()
                await self._event.wait()


@asynccontextmanager
async def following(sync: Sync, **section: float) -> AsyncIterator[tuple[Follower, Heard]]:
    heard = Heard()
    follower = Follower(sync, SyncSection(**section), heard)
    task = asyncio.create_task(follower.run())
    try:
        yield follower, heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_each_kind_has_its_own_interval(house: House, sync: Sync) -> None:
    async with following(sync, interval_s=0.01, money_interval_s=3600) as (_, heard):
        await heard.until(lambda: heard.pulls > 8)
    asked = [seen.module for seen in house.itflow.requests if "limit" in seen.query and seen.query["limit"] != "2"]
    assert asked.count("invoices") == 1
    assert asked.count("contacts") > 4


async def test_a_refused_key_is_one_loud_line_until_it_works_again(
    house: House, sync: Sync, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bridge.directory.outages")
    house.itflow.keys.clear()
    async with following(sync, interval_s=0.01, money_interval_s=0.01, max_wait_s=0.02) as (_, heard):
        await heard.until(lambda: heard.pulls > 8)
        errors = told(caplog, "ERROR")
        assert "Clients," in errors
        assert len(errors) == len(set(errors))
        assert "401" in next(record.message for record in caplog.records if record.levelname == "ERROR")
        house.itflow.add_key(KEY)
        await heard.until(lambda: house.freshness().people_at and house.freshness().money_at)
        await heard.until(lambda: told(caplog, "INFO") == told(caplog, "ERROR"))


async def test_a_refused_key_goes_to_the_longest_wait_and_a_word_ends_it(house: House, sync: Sync) -> None:
    house.itflow.keys.clear()
    async with following(sync, interval_s=0.01, money_interval_s=0.01, max_wait_s=3600) as (follower, heard):
        await heard.until(lambda: heard.pulls == 3)  # what is stored, people, money
        for _ in range(50):  # as a clock that runs longer than the interval
            with pytest.raises(KeyRefused):
                await sync.money()
        assert heard.pulls == 3
        house.itflow.add_key(KEY)
        follower.pull_now()
        await heard.until(lambda: house.freshness().people_at and house.freshness().money_at)


async def test_what_is_accepted_while_a_pull_is_under_way_counts_for_the_next_one(house: House, sync: Sync) -> None:
    async with following(sync, interval_s=3600, money_interval_s=3600) as (follower, heard):
        await heard.until(lambda: house.freshness().people_at)
        house.sql("DELETE FROM contacts")
        follower.pull_now()
        await heard.until(lambda: house.freshness().doubts)

        def during(seen: Seen) -> None:
            if seen.module == "contacts":
                house.itflow.on_request = None
                follower.accept()

        house.itflow.on_request = during
        follower.pull_now()
        await heard.until(lambda: not house.freshness().doubts)


def told(caplog: pytest.LogCaptureFixture, level: str) -> list[str]:
    """Of which pulls something was told, at a level."""
    return sorted(record.message.split()[0] for record in caplog.records if record.levelname == level)


async def test_an_outage_is_a_warning_once(house: House, sync: Sync, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bridge.directory.outages")
    house.itflow.faults.add("dropped", times=None)
    async with following(sync, interval_s=0.01, money_interval_s=0.01, max_wait_s=0.02) as (_, heard):
        await heard.until(lambda: heard.pulls > 6)
        warned = told(caplog, "WARNING")
        assert "Clients," in warned
        assert len(warned) == len(set(warned))
        house.itflow.faults.clear()
        await heard.until(lambda: house.freshness().people_at and house.freshness().money_at)
        await heard.until(lambda: told(caplog, "INFO") == told(caplog, "WARNING"))


async def test_nothing_new_is_looked_for_during_an_outage(house: House, sync: Sync) -> None:
    await sync.people()
    house.itflow.keys.clear()
    async with following(sync, interval_s=3600, money_interval_s=3600, max_wait_s=3600) as (follower, heard):
        await heard.until(lambda: heard.pulls == 3)
        house.itflow.requests.clear()
        follower.look_for_new()
        follower.pull_now()
        await heard.until(lambda: heard.pulls == 5)
    asked = [seen.module for seen in house.itflow.requests if seen.query["limit"] != "2"]
    assert asked == ["clients"]  # of the pull
