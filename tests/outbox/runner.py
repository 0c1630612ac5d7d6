"""The doors for writes in a process of their own, which a test can kill at any step of a delivery.

Prints the port it listens on. Clients 1 to 9 exist; the key is ``KEY``.
"""

import argparse
import asyncio
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from bridge.access.keys import Feature, Keys, Options
from bridge.clock import Moment
from bridge.directory.entries import Client
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import BadParameter
from bridge.http import assets, legacy, writes
from bridge.http.errors import rendered
from bridge.http.state import DELIVERER, IN_USE, KEYS, MIRROR
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.outbox.attempts import Step
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal
from bridge.reload import InUse
from bridge.settings import AssetsSection, Settings
from bridge.storage import Database

SECTION = AssetsSection(deadline_s=1, answer_s=0.2, settle_s=0.3, max_wait_s=0.2)
TIMEOUT_S = 0.2


class Killer:
    """Kills its own process when a step is taken for the nth time."""

    def __init__(self, step: str, count: int) -> None:
        self._step = step
        self._left = count

    def __call__(self, step: Step) -> None:
        self._left -= step == self._step
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


async def serve(options: argparse.Namespace) -> None:
    """Serve until killed."""
    database = Database(options.database, durable=True)
    keys = Keys(database, Settings())
    with suppress(BadParameter):  # made before a kill
        keys.add("test", Options(frozenset(Feature)), secret="KEY")
    clients = [Client(number, f"Client {number}") for number in range(1, 10)]
    mirror = Mirror(Snapshot.build(clients=clients), Freshness(people_at=Moment.now()))
    async with open_session() as session:
        client = ItflowClient(session, options.itflow, "ITFLOW-KEY", timeout_s=TIMEOUT_S, attempts=1)
        section = SECTION.model_copy(update={"settle_s": options.settle})
        deliverer = Deliverer(Journal(database), client, mirror, section, Killer(options.die, options.count))
        app = web.Application(middlewares=[rendered])
        app[KEYS] = keys
        app[DELIVERER], app[MIRROR], app[IN_USE] = deliverer, mirror, InUse(Settings())
        app.add_routes(assets.routes)
        app.add_routes(legacy.routes)
        app.add_routes(writes.routes)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        if options.full:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
        async with delivering(deliverer):
            sys.stdout.write(f"{runner.addresses[0][1]}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--itflow", required=True)
    parser.add_argument("--die", default="")
    parser.add_argument("--settle", type=float, default=SECTION.settle_s)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="no file may grow from now on")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
