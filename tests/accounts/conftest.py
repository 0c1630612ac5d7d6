from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bridge.directory.reader import Reader
from bridge.directory.sync import Sync
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.storage import Database


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest.fixture
async def pull(session, tmp_path):
    """Pulls an embedded ITFlow over HTTP into a mirror; the snapshot and its freshness."""

    async def once(itflow, api_key="KEY"):
        server = TestServer(itflow.make_app())
        database = Database(tmp_path / f"{id(itflow)}.db")
        await server.start_server()
        try:
            client = ItflowClient(session, str(server.make_url("/")), api_key)
            sync = Sync(client, database, region="US", max_loss=0.2)
            await sync.people()
            await sync.money()
            return Reader(database).read()
        finally:
            database.close()
            await server.close()

    return once
