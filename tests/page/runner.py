"""The whole service in a process of its own, which a test can kill at any step of a write to ITFlow.

Prints its address. The people and keys of ``tests.page.desk`` are there.
"""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.directory.mirror import Mirror
from bridge.directory.process import following
from bridge.http.state import DELIVERER, ITFLOW, MIRROR, WATCH
from bridge.itflow.client import connected
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal
from bridge.service import FOLLOW, make_app, serving
from bridge.settings import load
from bridge.storage import Database, Watch
from tests.outbox.runner import Killer


async def serve(options: argparse.Namespace) -> None:
    """Serve until killed."""
    settings = load(
        overrides={
            "itflow": {"url": options.itflow, "api_key": "ITFLOW-KEY"},
            "http": {"host": "127.0.0.1", "port": options.port},
            "agi": {"enabled": False},
            "storage": {"path": options.database},
            "assets": {"answer_s": 2, "settle_s": 0.3, "max_wait_s": 0.2},
        }
    )
    journal = Journal(Database(options.database, durable=True))
    mirror = Mirror()
    async with AsyncExitStack() as stack:
        itflow = await stack.enter_async_context(connected(settings.itflow))
        watch = await stack.enter_async_context(Watch.on(options.database))
        follow = await stack.enter_async_context(following(settings, mirror, watch))
        deliverer = Deliverer(journal, itflow, mirror, settings.assets, Killer(options.die, 1))
        await stack.enter_async_context(delivering(deliverer))
        parts: dict[web.AppKey[Any], object] = {
            WATCH: watch,
            ITFLOW: itflow,
            MIRROR: mirror,
            FOLLOW: follow,
            DELIVERER: deliverer,
        }
        url = await stack.enter_async_context(serving(make_app(settings, parts)))
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--itflow", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--die", default="")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
