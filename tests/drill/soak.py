"""Mixed traffic with a pull every few seconds: nothing may grow. ``python -m tests.drill.soak SECONDS``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import aiohttp
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from tests.drill.callers import KEY
from tests.drill.house import House, housed

PULL_S = 5.0
WARM_S = 60.0  # caches fill and the allocator settles first; a short soak warms up for a third of its time
PATHS = (
    "/phonebook/yealink?api_key={key}",
    "/phonebook/snom?api_key={key}",
    "/api.php?api_key={key}&phonebook",
    "/emails?api_key={key}",
    "/balance?api_key={key}&client_id=1",
    "/callerid?api_key={key}&number=%2B12065550123&format=json",
    "/explain?api_key={key}&number=2125550110",
    "/api.php?api_key=wrong-{turn}&cid=2065550123",
    "/api.php?api_key={key}&cid=2128{turn:06}",
    "/nowhere/{turn}",
    "/metrics",
    "/readyz",
)
CHANGE = "UPDATE contacts SET contact_title = ? WHERE contact_id = 5"
# What may be more at the end than after the warm-up, by what is measured: a share, and an amount beside it.
BOUNDS = {
    "memory of the service, MB": (0.05, 4.0),
    "memory of the puller, MB": (0.05, 4.0),
    "descriptors of the service": (0.0, 12.0),
    "descriptors of the puller": (0.0, 4.0),
    "threads of both": (0.0, 2.0),
    "bridge.db and its log, MB": (0.10, 4.5),
}


def measured(house: House) -> dict[str, float]:
    """What could grow, in the order of ``BOUNDS``."""
    pids = house.pid, house.child_pid
    files = [path.stat().st_size for path in house.state.iterdir()]
    values = [
        *(_resident_mb(pid) for pid in pids),
        *(_count(f"/proc/{pid}/fd") for pid in pids),
        sum(_count(f"/proc/{pid}/task") for pid in pids),
        sum(files) / 1e6,
    ]
    return dict(zip(BOUNDS, values, strict=True))


def _count(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    raise ValueError("there is no such line")


async def traffic(house: House) -> None:
    """Ask for everything, again and again, from two more clients; sometimes a change in ITFlow and an asset."""
    async with aiohttp.ClientSession() as session:
        turn = 0
        while True:
            path = PATHS[turn % len(PATHS)].format(key=KEY, turn=turn)
            turn += 1
            with suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{house.port}{path}") as answer:
                    await answer.read()
            if turn % 500 == 0:
                house.itflow.connection.execute(
                    "UPDATE contacts SET contact_title = ? WHERE contact_id = 5", (str(turn),)
                )
            await asyncio.sleep(0.01)


async def soak(seconds: float) -> bool:
    """Run it and print the table; whether everything stayed within its bounds."""
    warm_s = min(WARM_S, seconds / 3)
    with tempfile.TemporaryDirectory(prefix="itflow-bridge-soak-") as folder:
        async with housed(Path(folder), pull_s=PULL_S) as house:
            clients = [asyncio.create_task(traffic(house)) for _ in range(2)]
            await asyncio.sleep(warm_s)
            process, before = house.pid, measured(house)
            await house.counts()
            await asyncio.sleep(seconds - warm_s)
            after, counts = measured(house), await house.counts()
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
            same = process == house.pid
    table = Table("", "after the warm-up", "at the end", "bound", "", box=MARKDOWN)
    good = same and counts.right == counts.requests
    for name, (share, amount) in BOUNDS.items():
        bound = before[name] * (1 + share) + amount
        good = good and after[name] <= bound
        table.add_row(
            name, f"{before[name]:.1f}", f"{after[name]:.1f}", f"{bound:.1f}", "" if after[name] <= bound else "missed"
        )
    table.add_row("callers: right of all", "", f"{counts.right} of {counts.requests}", "all", "")
    Console(width=140).print(table)
    return good


if __name__ == "__main__":
    sys.exit(not asyncio.run(soak(float(sys.argv[1]) if len(sys.argv) > 1 else 900)))
