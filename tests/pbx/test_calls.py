"""Calls on a real Asterisk, followed by its manager, and dialled by it."""

import asyncio
import datetime as dt
import time
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio

from bridge.calls.ami.dial import Dialler
from bridge.calls.ami.line import Line
from bridge.calls.call import State, call_of
from bridge.errors import AmiRefused, AmiUnreachable, BadParameter
from bridge.settings import AmiSection
from bridge.tasks import running
from tests.pbx.asterisk import until
from tests.pbx.drill import Gaps, faults, play
from tests.pbx.office import SECRET, open_office
from tests.pbx.scenes import SCENES, Stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(installed):
    async with open_office(installed) as made:
        yield made


pytestmark = pytest.mark.asyncio(loop_scope="module")


class Book:
    """Every event that was told, and the calls they come to."""

    def __init__(self):
        self.events = []

    async def take(self, events):
        self.events += events

    def calls(self):
        by_call = {}
        for event in self.events:
            by_call.setdefault(event.call_id, []).append(event)
        return [call_of(events) for events in by_call.values()]

    def up(self):
        return [call for call in self.calls() if call.state is not State.ENDED]


class Cable:
    """A wire to Asterisk that can be cut."""

    def __init__(self, port):
        self._target, self._writers, self._server = port, set(), None
        self.connections = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        self._writers -= {writer, there_writer}


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


def section(port, **settings):
    return AmiSection(host="127.0.0.1", port=port, dial_context="internal", **{"secret": SECRET, **settings})


@asynccontextmanager
async def following(port, book, **settings):
    line = Line(section(port, **settings), book.take, book.up())
    async with running(line.run(), "line"):
        await up(line)
        yield line


async def up(line, old=None):
    """Wait for a connection that is another than the old one."""

    def new():
        with suppress(AmiUnreachable):
            return line.connection is not old

    await asyncio.wait_for(_poll(new), 20)


async def _poll(condition):
    while not (found := condition()):  # noqa: ASYNC110 - another process sets no event
        await asyncio.sleep(0.01)
    return found


async def test_every_kind_of_call_at_once_is_in_the_log_right_and_once(office):
    book = Book()
    async with following(office.port, book):
        played = await play(office, [*SCENES] * 2, at_once=6, seed=1)
        await asyncio.wait_for(_poll(lambda: not book.up()), 10)
    assert faults(played, book.calls(), Gaps()) == []


async def test_a_cut_line_and_a_bridge_that_starts_anew_lose_nothing_that_is_still_up(office):
    book, gaps = Book(), Gaps()

    async def disturb(cable):
        since = time.time()
        while True:
            async with following(cable.port, book) as line:
                gaps.times.append((since, time.time()))
                for _ in range(3):
                    await asyncio.sleep(1)  # calls go on meanwhile
                    old, since = line.connection, time.time()
                    cable.cut()
                    await up(line, old)
                    gaps.times.append((since, time.time()))
                await asyncio.sleep(1)
                since = time.time()

    async with Cable(office.port) as cable:
        async with running(disturb(cable), "disturbance"):
            played = await play(office, [*SCENES] * 2, at_once=6, seed=2)
        async with following(cable.port, book):
            await asyncio.wait_for(_poll(lambda: not book.up()), 10)
    assert faults(played, book.calls(), gaps) == []
