"""One caller-ID door for all cases of a module."""

import asyncio
from collections.abc import Iterator

import pytest

from bridge.directory.mirror import Mirror
from tests.callerid.people import SNAPSHOT
from tests.http.callerid_desk import Desk, desk


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.AbstractEventLoop, Desk]]:
    """The door and a loop of its own, because properties are not coroutines."""
    loop = asyncio.new_event_loop()
    serving = desk(tmp_path_factory.mktemp("desk"), Mirror(SNAPSHOT))
    running = loop.run_until_complete(serving.__aenter__())
    yield loop, running
    loop.run_until_complete(serving.__aexit__(None, None, None))
    loop.close()
