"""The servers that the caller-ID benchmark compares, each a process of its own.

``python -m tests.bench.callerid_servers bare``, or ``callerid CONTACTS``. The port is the first line of
output; the end of standard input stops it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from bridge.access.keys import Keys, Options
from bridge.cli.serve import loop_factory
from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http import callerid, legacy
from bridge.http.listening import listening
from bridge.http.state import KEYS, MIRROR
from bridge.settings import HttpSection, NumbersSection, Settings
from bridge.storage import Database

SECRET = "0123456789abcdef0123456789abcdef"
FIRST = 2_000_000
PER_CLIENT = 20


def name_of(number: int) -> str:
    """The contact who has a number."""
    return f"Contact {number - FIRST}"


def entries(count: int) -> Iterator[Entry]:
    """So many contacts with two numbers each in the US: ``+1201…`` and ``+1202…``."""
    for place in range(count):
        phones = (Phone(f"+1201{FIRST + place}", Label.WORK), Phone(f"+1202{FIRST + place}", Label.MOBILE))
        yield Entry(Kind.CONTACT, place + 1, place // PER_CLIENT + 1, name_of(FIRST + place), phones)


def bare() -> web.Application:
    """A handler that returns a constant."""

    async def constant(_request: web.Request) -> web.Response:
        return web.Response(text="Contact 123456")

    app = web.Application()
    app.router.add_get("/api.php", constant)
    return app


def bridge(count: int, folder: Path) -> web.Application:
    """The caller-ID door with so many contacts, which remembers no answer."""
    settings = Settings(numbers=NumbersSection(region="US"))
    keys = Keys(Database(folder / "bridge.db"), settings)
    keys.add("pbx", Options(), secret=SECRET)
    clients = (Client(number, f"Client {number}") for number in range(1, count // PER_CLIENT + 2))
    app = web.Application()
    app[MIRROR] = Mirror(Snapshot.build(clients=clients, entries=entries(count)))
    app[KEYS] = keys
    app.add_routes(callerid.routes)
    app.add_routes(legacy.routes)
    return app


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[int]:
    """Serve on a free port by aiohttp alone."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def fronted(app: web.Application) -> AsyncIterator[int]:
    """Serve on a free port as the service does."""
    async with listening(app, HttpSection(host="127.0.0.1", port=0), callerid.shortcut(app)) as (_, port):
        yield port


async def main(kind: str, count: int = 0) -> None:
    """Serve until standard input ends."""
    with tempfile.TemporaryDirectory() as folder:
        served = serving(bare()) if kind.startswith("bare") else fronted(bridge(count, Path(folder)))
        async with served as port:
            sys.stdout.write(f"{port}\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    # The bridge and one bare handler have the loop that ``serve`` has; the other one has what aiohttp comes with.
    with asyncio.Runner(loop_factory=None if sys.argv[1] == "bare-asyncio" else loop_factory()) as loop:
        loop.run(main(sys.argv[1], *map(int, sys.argv[2:])))
