"""The older design's caller-ID door, run by that commit's own Python; see ``before``. The port is the first output.

The modules of the bridge that it imports are that commit's, so they are not checked against today's.
"""
# mypy: ignore-errors

import asyncio
import sys
import tempfile
from pathlib import Path

from aiohttp import web

from bridge.access.keys import Keys, Options
from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http import callerid, legacy, wire
from bridge.http.state import KEYS, MIRROR
from bridge.settings import NumbersSection, Settings
from bridge.storage import Database

SECRET = "0123456789abcdef0123456789abcdef"
FIRST = 2_000_000
PER_CLIENT = 20


def entries(count):
    """As ``callerid_servers.entries``."""
    for place in range(count):
        phones = (Phone(f"+1201{FIRST + place}", Label.WORK), Phone(f"+1202{FIRST + place}", Label.MOBILE))
        yield Entry(Kind.CONTACT, place + 1, place // PER_CLIENT + 1, f"Contact {place}", phones)


async def main(count):
    """Serve until standard input ends."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(numbers=NumbersSection(region="US"))
        keys = Keys(Database(Path(folder) / "bridge.db"), settings)
        keys.add("pbx", Options(), secret=SECRET)
        clients = (Client(number, f"Client {number}") for number in range(1, count // PER_CLIENT + 2))
        app = web.Application()
        app[MIRROR] = Mirror(Snapshot.build(clients=clients, entries=entries(count)))
        app[KEYS] = keys
        callerid.setup(app, hot_numbers=1)
        app.add_routes(legacy.routes)
        runner = wire.make_runner(app, callerid.shortcut(app))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        await runner.cleanup()


asyncio.run(main(int(sys.argv[1])))
