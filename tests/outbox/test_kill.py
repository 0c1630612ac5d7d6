"""kill -9 of the bridge at every step, ITFlow at its worst: in the end exactly one of each asset."""

import asyncio
import random
import sqlite3
from contextlib import closing

import pytest

from bridge.embedded import FaultKind
from bridge.outbox.attempts import Step
from tests.outbox.conftest import SLOW_S, until

ASSETS = 200
CLIENTS = 9
KILLS = 6
MIX = (
    *(FaultKind.HANG, FaultKind.SLOW, FaultKind.DROPPED, FaultKind.EMPTY_500),
    *(FaultKind.HTML, FaultKind.HTML_FIRST, FaultKind.CUT, FaultKind.UNANSWERED),
)


def states(path):
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM journal GROUP BY state").fetchall())


@pytest.mark.parametrize("step", Step)
async def test_kill_at_a_step(itflow, spawn, session, step):
    first = await spawn("--die", step)
    status, _, _ = await first.add(session, "PC-1", serial="S1")
    assert status in {0, 200}  # the last step comes after the answer is decided
    await first.process.wait()
    second = await spawn()
    for _ in range(2):  # the caller asks again, and again
        await until_added(second, session)
    assert itflow.assets() == [(1, "PC-1")]


async def until_added(bridge, session):
    async with asyncio.timeout(30):
        while True:
            status, text, headers = await bridge.add(session, "PC-1", serial="S1")
            if (status, text, headers.get("X-Asset-Id")) == (200, "Asset added!", "1"):
                return
            assert (status, text) == (202, "Asset accepted; it will be added when ITFlow answers.")


async def test_200_assets_under_a_mix_of_faults_and_kills(itflow, spawn, session, tmp_path):
    rng = random.Random(itflow.embedded.generation)
    for _ in range(ASSETS // 2):
        function = rng.choice(("create", "create", "create", "read"))
        skip = rng.randrange(2 * ASSETS)
        itflow.faults.add(rng.choice(MIX), "assets", function, skip=skip, delay_s=SLOW_S, status=502)
    wanted = [(number % CLIENTS + 1, f"PC-{number}") for number in range(ASSETS)]
    waiting = list(wanted)
    for life in range(KILLS + 1):
        kill = () if life == KILLS else ("--die", rng.choice(list(Step)), "--count", str(rng.randint(10, 40)))
        bridge = await spawn(*kill)
        promised = await asyncio.gather(*(bridge.add(session, name, client) for client, name in waiting))
        waiting = [one for one, (status, *_) in zip(waiting, promised, strict=True) if status not in {200, 202}]
        if kill:
            await bridge.process.wait()
    assert not waiting
    await until(lambda: states(tmp_path / "bridge.db") == {"added": ASSETS})
    await itflow.rest()
    assert sorted(itflow.assets()) == sorted(wanted)


async def test_a_full_disk_promises_nothing(itflow, spawn, session, tmp_path):
    full = await spawn("--full")
    status, text, _ = await full.add(session, "PC-1")
    assert status == 503
    assert "has room" in text
    await full.kill()
    assert states(tmp_path / "bridge.db") == {}
    assert not itflow.creates()
    status, text, _ = await (await spawn()).add(session, "PC-1")
    assert (status, text) == (200, "Asset added!")
