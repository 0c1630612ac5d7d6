import asyncio
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bridge.clock import Moment
from bridge.directory.entries import Client
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.embedded import EmbeddedItflow, FaultKind
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal
from bridge.settings import AssetsSection
from bridge.storage import Database

ROOT = Path(__file__).parents[2]
SECTION = AssetsSection(deadline_s=5, answer_s=0.2, settle_s=0.3, max_wait_s=0.1)
TIMEOUT_S = 0.2
SLOW_S = 0.4  # the bridge has given up by then, and not yet repeated anything
PATIENCE_S = 60


async def until(condition):
    """Wait until a condition holds; the time is a bound for a hanging test, not a measure."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - other processes set no event here
            await asyncio.sleep(0.01)


class Itflow:
    """An embedded ITFlow on a port that stays its own, also while it is down."""

    def __init__(self, generation):
        self.embedded = EmbeddedItflow(generation=generation)
        self.embedded.add_key("ITFLOW-KEY")
        self.embedded.load({"clients": [{"client_name": f"Client {number}"} for number in range(1, 10)]})
        self.faults = self.embedded.faults
        self.runner = web.AppRunner(web.Application())
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    async def start(self):
        # Like PHP, and unlike aiohttp's TestServer, it goes on with a request whose caller has left.
        self.runner = web.AppRunner(self.embedded.make_app(), shutdown_timeout=1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = self.runner.addresses[0][1]

    async def stop(self):
        await self.runner.cleanup()

    async def rest(self):
        """Wait until writes are done that the bridge has given up waiting for: a later read is as slow."""
        self.faults.clear()
        self.faults.add(FaultKind.SLOW, "vendors", "read", delay_s=SLOW_S)
        async with open_session() as session:
            await ItflowClient(session, self.url, "ITFLOW-KEY", attempts=1).call("vendors")

    def assets(self):
        """Client and name of every asset, in the order of their ids."""
        rows = self.embedded.connection.execute("SELECT asset_client_id, asset_name FROM assets ORDER BY asset_id")
        return [(int(client), name) for client, name in rows]

    def doubles(self):
        return {one: count for one, count in Counter(self.assets()).items() if count > 1}

    def creates(self):
        return [seen for seen in self.embedded.requests if (seen.module, seen.function) == ("assets", "create")]


@pytest.fixture(params=["26.02", "26.08"])
async def itflow(request):
    itflow = Itflow(request.param)
    await itflow.start()
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "bridge.db", durable=True)
    yield database
    database.close()


@pytest.fixture
def journal(database):
    return Journal(database)


@pytest.fixture
def mirror():
    clients = [Client(number, f"Client {number}") for number in range(1, 10)]
    return Mirror(Snapshot.build(clients=clients), Freshness(people_at=Moment.now()))


@pytest.fixture
def deliver(itflow, journal, mirror):
    """A deliverer at work."""

    @asynccontextmanager
    async def start(timeout_s=TIMEOUT_S, **section):
        async with open_session() as session:
            client = ItflowClient(session, itflow.url, "ITFLOW-KEY", timeout_s=timeout_s, attempts=1)
            deliverer = Deliverer(journal, client, mirror, SECTION.model_copy(update=section))
            async with delivering(deliverer):
                yield deliverer

    return start


class Bridge:
    """The runner in a process of its own."""

    def __init__(self, process, port):
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    async def add(self, session, name, client_id=1, serial=""):
        """Status, text and headers of an answer; status 0 where the process died over it."""
        query = {"api_key": "KEY", "add_asset": name, "client_id": str(client_id), "serial": serial}
        try:
            async with session.get(f"{self.url}/api.php", params=query) as response:
                return response.status, await response.text(), response.headers
        except aiohttp.ClientError:
            return 0, "", {}

    async def kill(self):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@pytest.fixture
async def spawn(itflow, tmp_path):
    """Starts the runner; all of them are killed at the end."""
    started = []

    async def start(*options):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.outbox.runner", "--itflow", itflow.url),
            *("--database", str(tmp_path / "bridge.db"), *options),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        bridge = Bridge(process, 0)
        started.append(bridge)
        assert process.stdout is not None
        line = await process.stdout.readline()
        bridge.url = f"http://127.0.0.1:{int(line)}"
        return bridge

    yield start
    for bridge in started:
        await bridge.kill()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session
