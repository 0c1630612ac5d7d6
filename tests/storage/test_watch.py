"""Whoever follows bridge.db is told of what others change, and of nothing else."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.storage import Database, Watch

DEADLINE_S = 10


class Follower:
    """Counts what it is told; fails as long as it is to."""

    def __init__(self) -> None:
        self.told = 0
        self.fails: Exception | None = None
        self._event = asyncio.Event()

    async def __call__(self) -> None:
        self.told += 1
        self._event.set()
        if self.fails:
            raise self.fails

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not true():
                self._event.clear()
                await self._event.wait()


def change(path: Path) -> None:
    database = Database(path)
    with database.write() as connection:
        connection.execute("INSERT INTO calls (at, key, number, name) VALUES ('', '', '', '')")
    database.close()


async def test_a_change_of_another_connection_is_told_to_everybody(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    async with Watch.on(path) as watch:
        first, second = Follower(), Follower()
        watch.follow("first", first)
        watch.follow("second", second)
        await first.until(lambda: first.told == 1)
        await second.until(lambda: second.told == 1)
        change(path)
        watch.look()
        await second.until(lambda: second.told == 2)
        assert first.told == 2


async def test_a_follower_that_fails_is_told_again_and_hinders_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Watch.on(tmp_path / "bridge.db") as watch:
        bad, good = Follower(), Follower()
        bad.fails = ZeroDivisionError("by zero")
        watch.follow("bad", bad)
        watch.follow("good", good)
        for count in range(1, 4):
            watch.look()
            await bad.until(lambda count=count: bad.told >= count)  # type: ignore[misc]  # a default of a lambda
        assert good.told == 1
        assert "bad" in watch.fault
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        bad.fails = None
        told = bad.told
        watch.look()
        await bad.until(lambda: bad.told > told)
        await asyncio.sleep(0)
        assert not watch.fault


async def test_a_file_that_is_gone_is_a_fault_within_a_second_or_two(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    async with Watch.on(path) as watch:
        follower = Follower()
        watch.follow("one", follower)
        await follower.until(lambda: follower.told == 1)
        path.rename(tmp_path / "moved.db")
        async with asyncio.timeout(DEADLINE_S):
            while not watch.fault:  # noqa: ASYNC110 - nobody is told of a fault, it is looked at
                await asyncio.sleep(0.01)
        assert "removed or replaced" in watch.fault
        (tmp_path / "moved.db").rename(path)
        async with asyncio.timeout(DEADLINE_S):
            while watch.fault:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
