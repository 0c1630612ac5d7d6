"""A backup made under load and put back after a kill -9 lacks nothing, and no asset is created twice.

BACKUP_ROUNDS=50 makes the long run (``make backup``).
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import aiohttp
import pytest

from bridge.embedded import FaultKind

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)

ROUNDS = int(os.environ.get("BACKUP_ROUNDS", "2"))
CALLERS = 4
CLIENTS = (1, 2, 3, 5)
PAUSE_S = 0.1  # between two calls of a caller: a busy phone system, and an ITFlow that keeps up with its assets
STUCK_S = 60.0  # what waits for ITFlow gets less within this time, however much it is


class Load:
    """Callers that ask steadily, and what was confirmed to them.

    Attributes:
        calls: Numbers of calls that were noted.
        assets: Names of assets that were promised.
    """

    def __init__(self, bridge, number):
        self.calls = set()
        self.assets = set()
        self._bridge = bridge
        self._number = number
        self._asking = [asyncio.create_task(self._ask(caller)) for caller in range(CALLERS)]

    async def _ask(self, caller):
        count = 0
        with suppress(aiohttp.ClientError):  # it is killed in the end
            while True:
                count += 1
                number = f"+1212555{self._number:02}{caller}{count:05}"
                if (await self._bridge.ask(f"/api.php?api_key=all&incoming_call&cid={number}")).status == 200:
                    self.calls.add(number)
                if count % 20 == 1:
                    name = f"PC-{self._number}-{caller}-{count}"
                    asset = {"client_id": CLIENTS[caller], "name": name, "type": "Laptop"}
                    headers = {"Authorization": "Bearer all"}
                    if (await self._bridge.ask("/assets", "POST", json=asset, headers=headers)).status < 300:
                        self.assets.add(name)
                await asyncio.sleep(PAUSE_S)

    async def until(self, count):
        async with asyncio.timeout(STUCK_S):
            while len(self.calls) < count:  # noqa: ASYNC110 - the answers are counted in other tasks
                await asyncio.sleep(0.005)

    async def over(self):
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)


async def words(command, *given, **settings):
    return await asyncio.to_thread(command, *given, **settings)


def column(path: Path, query: str) -> set[object]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
        return {value for (value,) in opened.execute(query)}


def lacking(path: Path, calls, assets, keys) -> dict[str, set[object]]:
    found = {
        "calls": set(calls) - column(path, "SELECT number FROM calls"),
        "assets": set(assets) - column(path, "SELECT name FROM journal"),
        "keys": set(keys) - column(path, "SELECT name FROM keys"),
    }
    return {what: names for what, names in found.items() if names}


async def pending(bridge) -> int:
    told = re.search(r'journal_entries\{state="pending"\} (\d+)', (await bridge.ask("/metrics")).text)
    return int(told[1]) if told else -1  # it has not looked yet


async def delivered(bridge):
    """Wait until nothing waits in the journal any more, as long as it gets less."""
    least = sys.maxsize
    while least:
        async with asyncio.timeout(STUCK_S):
            while not 0 <= (left := await pending(bridge)) < least:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.2)
        if left // 100 < least // 100:
            print(f"{left} wait for ITFlow")  # noqa: T201 - progress
        least = left


async def test_nothing_is_missing_after_a_backup_under_load_and_a_restore(serve, command, itflow, tmp_path):
    backup = tmp_path / "backup.db"
    keys: list[str] = []
    held = waited = 0
    for number in range(ROUNDS):
        bridge = await serve(ASSETS_DEADLINE_S="0.2", SYNC_INTERVAL_S="0.5")
        if not number:
            await bridge.ready()
        load = Load(bridge, number)
        await load.until(20)
        itflow.faults.add(FaultKind.EMPTY_500, "assets", times=None)  # so that some wait in the backup
        await load.until(len(load.calls) + 80)
        keys.append(f"key-{number}")
        await words(command, "keys", "add", keys[-1])
        calls, assets = set(load.calls), set(load.assets)
        await words(command, "backup", str(backup))
        assert backup.stat().st_mode & 0o777 == 0o600
        itflow.faults.clear()
        assert lacking(backup, calls, assets, keys) == {}
        if not number:
            assert "is in use: stop the bridge first" in await words(command, "restore", str(backup), fails=True)
        await words(command, "keys", "revoke", keys[-1])
        await load.until(len(calls) + 20)
        await bridge.stop(signal.SIGKILL)
        await load.over()
        assert "What was there before is kept as" in await words(command, "restore", str(backup), said=True)
        assert lacking(bridge.path, calls, assets, keys) == {}
        waited += len(column(backup, "SELECT id FROM journal WHERE state = 'pending'"))
        held += len(calls) + len(assets) + 1
        # What is promised while the bridge runs on comes to ITFlow, and what waits in the backup may be there already.
        assert column(bridge.path, f"SELECT revoked_at IS NOT NULL FROM keys WHERE name = '{keys[-1]}'") == {1}
        for aside in bridge.path.parent.glob("bridge.db.before-restore-*"):
            aside.unlink()
        print(f"round {number + 1} of {ROUNDS}: {held} confirmed, 0 missing")  # noqa: T201 - progress
    print(f"{ROUNDS} rounds, {held} confirmed before a backup, 0 missing after the restore")  # noqa: T201 - the figure
    assert waited >= ROUNDS
    last = await serve(ASSETS_DEADLINE_S="0.2", ASSETS_SETTLE_S="0.2")
    await delivered(last)
    rows = itflow.connection.execute("SELECT asset_name FROM assets WHERE asset_name LIKE 'PC-%'").fetchall()
    names = [name for (name,) in rows]
    assert names
    assert len(names) == len(set(names))
    print(f"{waited} assets waited in a backup; {len(names)} are in ITFlow, none of them twice")  # noqa: T201 - the figure
    assert await last.stop() == 0


async def test_a_caller_is_forgotten_while_the_bridge_serves(serve, command):
    bridge = await serve()
    await bridge.ready()
    number = "+12125559876"
    for sent in (number, "2125559876", "+12125550000"):
        assert (await bridge.ask(f"/api.php?api_key=all&incoming_call&cid={sent}")).status == 200
    assert "2 calls and 0 phones are forgotten" in await words(command, "forget", number)
    assert column(bridge.path, "SELECT number FROM calls") == {"+12125550000"}
    assert not any(b"2125559876" in file.read_bytes() for file in bridge.path.parent.glob("bridge.db*"))
    assert (await bridge.ask(f"/api.php?api_key=all&incoming_call&cid={number}")).status == 200
    assert (await bridge.ask("/readyz")).json["status"] == "ok"
    assert await bridge.stop() == 0
