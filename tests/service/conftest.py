"""A real ITFlow counterpart, and the bridge in a process of its own in front of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bridge.access.keys import Feature, Keys, Options
from bridge.embedded import EmbeddedItflow, Generation
from bridge.settings import load
from bridge.storage import Database
from tests import commands
from tests.embedded.recordings import recorded_itflow

START_TIMEOUT_S = 30


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class NotStarted(RuntimeError):
    """The bridge ended instead; the log is the text."""

    def __init__(self, log: str, status: int) -> None:
        super().__init__(log)
        self.status = status


class Bridge:
    """``itflow-bridge serve`` in a process of its own, asked over HTTP."""

    def __init__(self, process: asyncio.subprocess.Process, session: aiohttp.ClientSession, path: Path) -> None:
        self.process = process
        self.session = session
        self.path = path
        self.url = ""
        self.log: list[str] = []
        self._reader: asyncio.Task[None] | None = None

    async def started(self) -> None:
        """Wait until the door is open."""
        opened = asyncio.Event()

        async def read() -> None:
            if self.process.stderr is None:
                raise RuntimeError("the process was started without a pipe")
            async for line in self.process.stderr:
                self.log.append(line.decode())
                if "answers on " in self.log[-1]:
                    self.url = self.log[-1].split("answers on ")[1].strip()
                    opened.set()
            opened.set()

        self._reader = asyncio.create_task(read())
        await asyncio.wait_for(opened.wait(), START_TIMEOUT_S)
        if not self.url:
            # Not stop(): a signal to a process that is just ending takes its exit status from whoever waits for it.
            raise NotStarted("".join(self.log), await self.process.wait())

    async def ask(self, path: str, method: str = "GET", **more: object) -> Answer:
        """One request; the query goes out as it stands."""
        async with self.session.request(method, self.url + path, **more) as response:  # type: ignore[arg-type]  # aiohttp's
            return Answer(response.status, dict(response.headers), await response.read())

    async def ask_raw(self, target: str) -> Answer:
        """One GET whose request line goes out byte for byte, blanks and umlauts included, as Asterisk's does."""
        address = URL(self.url)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        status, *lines = head.decode().split("\r\n")
        return Answer(int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body)

    async def until(self, wanted: Callable[[Answer], bool], path: str) -> Answer:
        """Ask until the answer is as wanted."""
        async with asyncio.timeout(START_TIMEOUT_S):
            while not wanted(answer := await self.ask(path)):  # noqa: ASYNC110 - another process cannot tell us
                await asyncio.sleep(0.05)
        return answer

    async def ready(self) -> None:
        """Wait until there is a mirror to answer from, balances included."""
        await self.until(lambda answer: answer.json["money_age_s"] is not None, "/readyz")

    async def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """End it and give its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(sent)
        status = await asyncio.wait_for(self.process.wait(), START_TIMEOUT_S)
        if self._reader:
            await self._reader
        return status


@pytest.fixture(params=["26.02", "26.08"])
def generation(request: pytest.FixtureRequest) -> Generation:
    """Each kind of ITFlow."""
    return request.param  # type: ignore[no-any-return]  # one of params


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that sends URLs as they are."""
    async with aiohttp.ClientSession(requote_redirect_url=False) as opened:
        yield opened


@pytest.fixture
async def itflow(generation: Generation) -> AsyncIterator[EmbeddedItflow]:
    """The data set of the recordings, not yet served."""
    embedded = recorded_itflow(generation)
    yield embedded
    embedded.close()


@pytest.fixture
async def itflow_server(itflow: EmbeddedItflow) -> AsyncIterator[web.AppRunner]:
    """The same, served on a free port."""
    runner = web.AppRunner(itflow.make_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
async def serve(
    tmp_path: Path, itflow_server: web.AppRunner, session: aiohttp.ClientSession
) -> AsyncIterator[Callable[..., Awaitable[Bridge]]]:
    """Starts a bridge with environment variables and words; the keys ``all`` and ``one`` are made before.

    ``before`` comes before the command, such as a program that starts it. ``None`` leaves a variable out that it would
    have.
    """
    bridges: list[Bridge] = []
    url = f"http://127.0.0.1:{itflow_server.addresses[0][1]}"
    path = tmp_path / "bridge.db"
    database = Database(path)
    keys = Keys(database, load())
    keys.add("all", Options(features=frozenset(Feature)), secret="all")
    keys.add("one", Options(clients=frozenset({1})), secret="one")
    database.close()

    async def start(*words: str, before: Sequence[str] = (), **settings: str | None) -> Bridge:
        environment = commands.environment({"CONFIG": "/dev/null"})
        environment |= {
            "BRIDGE_ITFLOW_URL": url,
            "BRIDGE_ITFLOW_API_KEY": "KEYALL",
            "BRIDGE_NUMBERS_REGION": "US",
            "BRIDGE_STORAGE_PATH": str(path),
            "BRIDGE_HTTP_PORT": "0",
            "BRIDGE_AGI_PORT": "0",
        }
        for name, value in settings.items():
            environment.pop(f"BRIDGE_{name}", None)
            environment |= {f"BRIDGE_{name}": value} if value is not None else {}
        process = await asyncio.create_subprocess_exec(
            *(*before, sys.executable, "-m", "bridge", "serve", *words),
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        bridges.append(Bridge(process, session, path))
        await bridges[-1].started()
        return bridges[-1]

    yield start
    for bridge in bridges:
        await bridge.stop(signal.SIGKILL)


@pytest.fixture
def command(program):
    """Commands in processes of their own: the tests of this folder have a running event loop."""
    return program
