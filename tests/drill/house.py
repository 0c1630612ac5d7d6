"""What a drill plays with: an ITFlow, a bridge that is started again when it ends, and callers, each a real one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from ssl import SSLContext
from typing import Any

import aiohttp
from aiohttp import web

from bridge.access.keys import Feature, Keys, Options
from bridge.embedded import EmbeddedItflow, Generation
from bridge.settings import load
from bridge.storage import Database
from tests.drill.callers import KEY, Counts

RESTART_S = 0.5  # a supervisor's wait before it starts the bridge again
PULL_S = 0.5
STARTED_S = 60.0

SETTINGS = """
[itflow]
url = "{url}"
api_key_file = "{folder}/itflow.key"
timeout_s = 2
[http]
host = "127.0.0.1"
port = {port}
[agi]
port = 0
[storage]
path = "{state}/bridge.db"
[sync]
interval_s = {pull_s}
money_interval_s = {pull_s}
max_wait_s = 1
[assets]
deadline_s = 0.5
"""


class House:
    """See the module.

    Attributes:
        folder: Settings and ITFlow's key.
        state: The folder of ``bridge.db``.
        itflow: ITFlow, in this process, on a port of its own.
        process: The bridge.
        log: What the bridge has written.
        key: What ITFlow and the bridge agree on.
        before: Words of programs that start the bridge, such as one that sets its limits.
        status: What ``/readyz`` said last.
    """

    def __init__(self, folder: Path, session: aiohttp.ClientSession, *, pull_s: float = PULL_S) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        self.itflow = EmbeddedItflow()
        self.process: Process | None = None
        self.log: list[str] = []
        self.port, self.itflow_port = free_port(), free_port()
        self.supervised = True
        self.key = "ITFLOW"
        self.before: tuple[str, ...] = ()
        self.status: dict[str, Any] | None = None
        self._pull_s = pull_s
        self._session = session
        self._runner: web.AppRunner | None = None
        self._callers: Process | None = None

    @property
    def database(self) -> Path:
        """``bridge.db``."""
        return self.state / "bridge.db"

    @property
    def pid(self) -> int:
        """The bridge's process."""
        if self.process is None:
            raise RuntimeError("the bridge does not run")
        return self.process.pid

    @property
    def child_pid(self) -> int:
        """The process that pulls."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def configure(self, url: str | None = None, key: str = "") -> None:
        """Write settings and key; a running bridge has to be told of settings (``reload``)."""
        self.key = key or self.key
        (self.folder / "itflow.key").write_text(f"{self.key}\n")
        url = url or f"http://127.0.0.1:{self.itflow_port}"
        text = SETTINGS.format(url=url, folder=self.folder, port=self.port, state=self.state, pull_s=self._pull_s)
        (self.folder / "bridge.toml").write_text(text)

    def reload(self) -> None:
        """Have the bridge read its settings."""
        os.kill(self.pid, signal.SIGHUP)

    async def open_itflow(
        self,
        generation: Generation = "26.02",
        *,
        key: str = "",
        without: str = "",
        tls: SSLContext | None = None,
    ) -> None:
        """Start an ITFlow with the sample data anew; ``without`` is SQL that takes rows away."""
        await self.close_itflow()
        self.itflow = EmbeddedItflow(generation=generation)
        self.itflow.load_sample()
        self.itflow.add_key(key or self.key)
        if without:
            self.itflow.connection.executescript(without)
        self._runner = web.AppRunner(self.itflow.make_app(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.itflow_port, ssl_context=tls).start()

    async def close_itflow(self) -> None:
        """ITFlow's port is closed."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def supervise(self) -> None:
        """Keep the bridge running, as systemd does."""
        words = (sys.executable, "-m", "bridge", "serve", "--config", str(self.folder / "bridge.toml"))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
        while True:
            if not self.supervised:
                await asyncio.sleep(0.05)
                continue
            self.process = await asyncio.create_subprocess_exec(*self.before, *words, stderr=PIPE, env=environment)
            try:
                if self.process.stderr is not None:
                    async for line in self.process.stderr:
                        self.log.append(line.decode())
                        del self.log[:-500]
                await self.process.wait()
            finally:
                if self.process.returncode is None:
                    self.process.send_signal(signal.SIGCONT)
                    self.process.terminate()
                    await self.process.wait()
                self.process = None
            await asyncio.sleep(RESTART_S)

    async def stop(self, sent: signal.Signals = signal.SIGTERM) -> None:
        """End the bridge, and do not start it again before ``start``."""
        self.supervised = False
        if self.process is not None:
            self.process.send_signal(sent)
        await until(lambda: self.process is None)

    def start(self, *before: str) -> None:
        """Let the bridge run again, started by these words."""
        self.before = before
        self.supervised = True

    async def restart(self, *before: str) -> None:
        """Stop the bridge and start it by these words; wait until it answers, and count anew."""
        await self.stop()
        self.start(*before)
        await self.recovered(STARTED_S)
        await self.counts()

    async def ready(self) -> dict[str, Any] | None:
        """What ``/readyz`` says; None without an answer."""
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                found: dict[str, Any] = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def recovered(self, limit_s: float) -> float | None:
        """How long it takes from now until a pull that begins now is in use and nothing is broken; None: longer."""
        begun = time.monotonic()
        before: tuple[str | None, ...] | None = None
        while (passed_s := time.monotonic() - begun) < limit_s:
            status = self.status = await self.ready()
            if status and status["ready"] and not status["storage"] and not status["faults"]:
                at = status["people_at"], status["money_at"]
                before = before or at  # a fault may have cost rows of that pull
                pulled = all(one != former for one, former in zip(at, before, strict=True))
                ages = [status["people_age_s"], status["money_age_s"]]
                # Balances are in doubt for good on an ITFlow without payments; names are not.
                if (
                    pulled
                    and status["doubts"].keys() <= {"payments"}
                    and all(age is not None and age < passed_s for age in ages)
                ):
                    return passed_s
            await asyncio.sleep(0.05)
        return None

    async def counts(self) -> Counts:
        """What callers got since the last time."""
        callers = self._callers
        if callers is None or callers.stdin is None or callers.stdout is None:
            raise RuntimeError("there are no callers")
        callers.stdin.write(b"\n")
        return Counts(**json.loads(await callers.stdout.readline()))

    @asynccontextmanager
    async def callers(self) -> AsyncIterator[None]:
        """Callers ask for as long as the context lasts."""
        words = (sys.executable, "-m", "tests.drill.callers", str(self.port))
        self._callers = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
        try:
            yield
        finally:
            if self._callers.stdin is not None:
                self._callers.stdin.close()
            await self._callers.wait()


@asynccontextmanager
async def housed(folder: Path, *, pull_s: float = PULL_S) -> AsyncIterator[House]:
    """A house in which everything runs and the names are there."""
    async with aiohttp.ClientSession() as session:
        house = House(folder, session, pull_s=pull_s)
        house.configure()
        database = Database(house.database)
        Keys(database, load()).add(KEY, Options(features=frozenset(Feature)), secret=KEY)
        database.close()
        await house.open_itflow()
        supervisor = asyncio.create_task(house.supervise())
        try:
            if await house.recovered(STARTED_S) is None:
                raise RuntimeError(f"the bridge did not start:\n{''.join(house.log)}")
            async with house.callers():
                yield house
        finally:
            supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await supervisor
            await house.close_itflow()


async def until(condition: Callable[[], bool], limit_s: float = STARTED_S) -> None:
    """Wait for what another process brings about."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - another process cannot tell us
            await asyncio.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
