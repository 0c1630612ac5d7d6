"""``LOCK TABLES`` on a real MariaDB, as a dump takes it: nothing is lost, and nothing stays twice.

``LOCK_S=180`` in the environment locks for three minutes.
"""

import asyncio
import os
import shutil
import socket
import subprocess
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from bridge.errors import ItflowError
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import State
from bridge.outbox.request import read
from bridge.settings import AssetsSection
from tests.counterparts import lacking
from tests.mariadb import mariadb
from tests.outbox.conftest import until

LOCK_S = float(os.environ.get("LOCK_S", "4"))
ASSETS = 50
TABLES = """
CREATE DATABASE itflow; USE itflow;
CREATE TABLE assets (
    asset_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, asset_name VARCHAR(200) NOT NULL, asset_notes TEXT,
    asset_client_id INT NOT NULL, asset_created_at DATETIME NOT NULL DEFAULT current_timestamp(),
    asset_updated_at DATETIME DEFAULT NULL ON UPDATE current_timestamp(), asset_archived_at DATETIME DEFAULT NULL,
    asset_accessed_at DATETIME DEFAULT NULL
) ENGINE=InnoDB
"""


@pytest.fixture(scope="module")
def server():
    with mariadb() as running:
        running.run(TABLES)
        yield running


@contextmanager
def _page(server):
    php = shutil.which("php") or lacking("needs PHP with mysqli: apt install php-cli php-mysql")
    if "mysqli" not in subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout:
        lacking("needs PHP's mysqli: apt install php-mysql")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MARIADB_SOCKET": str(server.socket), "PHP_CLI_SERVER_WORKERS": "120"}
    page = Path(__file__).with_name("itflow.php")
    with subprocess.Popen(
        [php, "-S", f"127.0.0.1:{port}", str(page)],
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 15)


@pytest.fixture
async def itflow(server):
    server.run("TRUNCATE assets", "itflow")
    with _page(server) as url:
        async with open_session() as session:
            client = ItflowClient(session, url, "KEY", timeout_s=2, attempts=1)
            async with asyncio.timeout(30):
                while True:
                    try:
                        await client.row("clients", 1)
                    except ItflowError:  # it is not up yet
                        await asyncio.sleep(0.05)
                    else:
                        break
            yield client


@asynccontextmanager
async def locked(server, kind):
    """Hold a lock as a dump does, in a session of its own."""
    words = ["mariadb", "--no-defaults", f"--socket={server.socket}", f"--user={server.user}", "--unbuffered", "-N"]
    process = await asyncio.create_subprocess_exec(
        *words, "itflow", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"LOCK TABLES assets {kind}; SELECT 'locked';\n".encode())
    assert b"locked" in await process.stdout.readline()
    try:
        yield
    finally:
        process.stdin.close()
        await process.wait()


def names(server):
    return Counter(server.run("SELECT asset_name FROM assets", "itflow").split("\n")[:-1])


def waiting(server):
    """Statements that wait for the lock."""
    listed = server.run("SELECT count(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'")
    return int(listed)


PATIENT = AssetsSection(deadline_s=0.05, max_wait_s=1)
# Gives up long before the lock goes, so that it repeats what will happen all the same.
HASTY = AssetsSection(deadline_s=0.05, answer_s=0.5, settle_s=0.2, max_wait_s=1)


@pytest.mark.parametrize("section", [PATIENT, HASTY], ids=["patient", "hasty"])
@pytest.mark.parametrize("kind", ["READ", "WRITE"])
async def test_a_locked_table_doubles_nothing_and_loses_nothing(server, itflow, journal, mirror, kind, section):
    loop = asyncio.get_running_loop()
    deliverer = Deliverer(journal, itflow, mirror, section)
    async with delivering(deliverer):
        async with locked(server, kind):
            unlock_s = loop.time() + LOCK_S
            for number in range(ASSETS):
                entry = await deliverer.add(number % 9 + 1, read({"name": f"PC-{number}"}), None, "key")
                assert entry.state is State.PENDING
            if kind == "READ":
                await until(lambda: waiting(server))
            await asyncio.sleep(unlock_s - loop.time())  # how long it is locked is what is tested
        await until(lambda: not journal.counts()[State.PENDING] and not waiting(server))
        await until(lambda: names(server).total() <= ASSETS)
    wanted = Counter(f"PC-{number}" for number in range(ASSETS))
    assert names(server) == wanted
    if kind == "READ":
        sends = [entry.sends for entry in journal.entries()]
        assert (max(sends) == 1) == (section is PATIENT)
