from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from tests.itflow.wire_server import WireServer


@pytest.fixture
def wire() -> WireServer:
    return WireServer()


@pytest.fixture
async def server(wire: WireServer) -> AsyncIterator[TestServer]:
    server = TestServer(wire.app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


MakeClient = Callable[..., ItflowClient]


@pytest.fixture
def make_client(session: aiohttp.ClientSession, server: TestServer) -> MakeClient:
    def make(url: str = "", **options: float) -> ItflowClient:
        options.setdefault("timeout_s", 5)
        return ItflowClient(session, url or str(server.make_url("/")), "KEYALL", **options)  # type: ignore[arg-type]  # the client's own

    return make
