"""How fast callers are named: against a bare handler, while indexing, and with many more contacts."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.access.keys import Keys, Options
from bridge.http.callerid import HOT_NUMBERS
from bridge.settings import load as load_settings
from bridge.storage import Database
from tests.bench import pages
from tests.bench.callerid_servers import FIRST, SECRET, name_of
from tests.bench.directory import itflow
from tests.bench.figure import Figure, at_least, at_most
from tests.bench.load import Load, load, tool

PATH = f"/api.php?api_key={SECRET}&cid=%2B49221%d"
ROUNDS = 5
SECONDS = 2
PAUSE_S = 0.002
SETTLE_S = 5  # the first pull of money follows that of people


@dataclass(frozen=True)
class Server:
    """One of the servers that are compared.

    Attributes:
        contacts: How many numbers are asked; 0 for the bare handler, which is asked like the middle one.
        remembered: The numbers it keeps ready; 1 is as good as none.
    """

    name: str
    contacts: int
    remembered: int = HOT_NUMBERS

    @property
    def last(self) -> int:
        """The last number that is asked."""
        return FIRST + (self.contacts or MIDDLE) - 1


LITTLE, MIDDLE, MANY = 1_000, 100_000, 1_000_000
BARE = Server("a bare aiohttp handler", 0)
USUAL = Server(f"`/api.php?cid=`, {MIDDLE:,} contacts", MIDDLE)
SMALL, LARGE = (Server(f"`/api.php?cid=`, {count:,} contacts", count) for count in (LITTLE, MANY))
COLD_SMALL, COLD_LARGE = (
    Server(f"`/api.php?cid=`, {count:,} contacts, none remembered", count, 1) for count in (LITTLE, MANY)
)
SERVERS = (BARE, USUAL, SMALL, LARGE, COLD_SMALL, COLD_LARGE)


@contextmanager
def running(server: Server) -> Iterator[int]:
    """A server process; gives its port."""
    arguments = ("callerid", str(server.contacts), str(server.remembered)) if server.contacts else ("bare",)
    command = [sys.executable, "-m", "tests.bench.callerid_servers", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def ask(port: int, number: int) -> str:
    """One answer."""
    url = f"http://127.0.0.1:{port}{PATH.replace('%d', str(number))}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def side_by_side(ports: dict[Server, int]) -> dict[Server, list[Load]]:
    """Loads the servers in turns, so that a noisy machine disturbs all of them alike; the first turn is a start-up."""
    loads: dict[Server, list[Load]] = {server: [] for server in ports}
    for turn in range(1 + ROUNDS):
        for server, port in ports.items():
            done = load(port, PATH, FIRST, server.last, seconds=SECONDS, seed=turn)
            assert not done.failed, f"{server.name}: {done.failed} answers failed"
            if turn:
                loads[server].append(done)
    return loads


def measure() -> Iterator[Figure]:
    """The figures of caller ID."""
    with ExitStack() as stack:
        ports = {server: stack.enter_context(running(server)) for server in SERVERS}
        for server, port in ports.items():
            for number in (FIRST, server.last):
                assert server is BARE or ask(port, number) == name_of(number)
        loads = side_by_side(ports)

    def ratio(one: Server, other: Server) -> float:
        turns = zip(loads[one], loads[other], strict=True)
        return statistics.median(mine.answers_per_s / theirs.answers_per_s for mine, theirs in turns)

    for server in SERVERS:
        middle = statistics.median(done.answers_per_s for done in loads[server])
        yield Figure(f"answers/s of {server.name} ({tool()}, random numbers)", f"{middle:,.0f}")
    yield at_least(f"answers/s of {USUAL.name} ÷ {BARE.name}", ratio(USUAL, BARE), 0.85)
    unremembered = f"answers/s of `/api.php?cid=`, no number remembered ÷ {BARE.name}"
    yield Figure(unremembered, f"{ratio(COLD_LARGE, BARE):.2f}")
    yield at_most(f"p99 while {MIDDLE:,} contacts are indexed for the first time ÷ at rest", _felt(), 2)
    yield at_least(f"answers/s at {MANY:,} contacts ÷ at {LITTLE:,}", ratio(LARGE, SMALL), 0.95)
    yield at_least(
        f"answers/s at {MANY:,} contacts ÷ at {LITTLE:,}, no number remembered", ratio(COLD_LARGE, COLD_SMALL), 0.95
    )


def _felt() -> float:
    """p99 of ``/api.php?cid=`` while the bridge pulls and indexes for the first time ÷ at rest."""
    with TemporaryDirectory() as folder, itflow(MIDDLE) as url:
        settings = load_settings(overrides={"storage": {"path": Path(folder) / "bridge.db"}})
        database = Database(settings.storage.path)
        Keys(database, settings).add("pbx", Options(), secret=SECRET)
        database.close()
        environment = {
            **os.environ,
            "BRIDGE_ITFLOW_URL": url,
            "BRIDGE_ITFLOW_API_KEY": "KEY",
            "BRIDGE_STORAGE_PATH": str(settings.storage.path),
        }
        command = [sys.executable, "-m", "bridge", "serve", "--host", "127.0.0.1", "--port", "0"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr
                port = next(int(found[1]) for line in process.stderr if (found := re.search(r":(\d+)\s*$", line)))
                return asyncio.run(_paced(port))
            finally:
                process.terminate()


async def _paced(port: int) -> float:
    """Calls that come one by one, as calls do, until the mirror is there, and as many after that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    known = pages.work_number(1)

    async def ask_for(target: str) -> tuple[float, bytes]:
        begun = time.perf_counter()
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(size.group(1)) if size else 0)
        return time.perf_counter() - begun, body

    busy: list[float] = []
    rest: list[float] = []
    name = b""
    while not name:
        taken_s, name = await ask_for(f"/api.php?api_key={SECRET}&cid=%2B1{known}")
        busy.append(taken_s)
        await asyncio.sleep(PAUSE_S)
    await asyncio.sleep(SETTLE_S)
    while len(rest) < len(busy):
        taken_s, _ = await ask_for(f"/api.php?api_key={SECRET}&cid=%2B1{pages.work_number(len(rest) + 2)}")
        rest.append(taken_s)
        await asyncio.sleep(PAUSE_S)
    writer.close()
    return statistics.quantiles(busy, n=100)[98] / statistics.quantiles(rest, n=100)[98]
