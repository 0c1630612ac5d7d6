"""A thousand phones that are silent, and clients that read nothing: others are answered, and nothing grows."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sansldap import LDAPClient, LDAPFilter

from tests.ldap.world import SECRET, Wire
from tests.service.test_many_connections import memory_kb

COUNT = 1_000
SLOW = 15
ROUNDS = 2
GROWN_KB = 16 * 1024  # half of what so many clients took that read nothing, before their answers came in small pieces
BATCH = 50


@pytest.fixture(autouse=True)
def _descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < COUNT + 500:
        pytest.skip("this test itself needs more descriptors than the system allows (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], COUNT + 500), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@asynccontextmanager
async def door(folder: Path, limit: str) -> AsyncIterator[tuple[int, int]]:
    """A door that may open so many descriptors; its port and process id."""
    command = f"ulimit {limit} && exec {sys.executable} -m tests.ldap.world {folder}"
    process = await asyncio.create_subprocess_exec("sh", "-c", command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        yield int(await process.stdout.readline()), process.pid
    finally:
        process.terminate()
        await process.communicate()


async def phone(port: int, number: int) -> Wire:
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.1.{number % 250 + 1}", 0)))
    assert await wire.bind(SECRET) == 0
    return wire


async def slow(port: int, number: int) -> asyncio.StreamWriter:
    """A client that asks for everybody again and again, and reads no more than its stream's buffer takes."""
    wire = await phone(port, number)
    asked = LDAPClient()
    for _ in range(20):
        asked.search_request("dc=phonebook", filter=LDAPFilter.from_string("(cn=*)"))
    wire.writer.write(asked.data_to_send())
    return wire.writer


async def crowd(port: int) -> int:
    """A thousand connections that are silent once they are bound, and a phone that asks meanwhile; how many stay."""
    async with AsyncExitStack() as stack:
        asker = await phone(port, 0)
        stack.callback(asker.close)
        wires: list[Wire] = []
        for begin in range(0, COUNT, BATCH):
            # One after the other: of those that have shown no key yet, the first goes where there is no more place.
            for number in range(begin, begin + BATCH):
                wires.append(await phone(port, number))
                stack.callback(wires[-1].close)
            assert await asker.names("(telephoneNumber=+49300000007)", size_limit=1) != []
        return sum(not wire.reader.at_eof() for wire in wires)


@pytest.mark.parametrize(("limit", "all_stay"), [("-n 4096", True), ("-n 700", False)])
async def test_a_thousand_silent_phones(tmp_path: Path, limit: str, all_stay: bool) -> None:
    """Where the system allows fewer, the longest silent ones are closed, and a new one is answered all the same."""
    async with door(tmp_path, limit) as (port, process_id):
        stayed = await crowd(port)
        assert (stayed == COUNT) is all_stay
        before = memory_kb(process_id)
        await crowd(port)
        assert memory_kb(process_id) - before < GROWN_KB


async def test_clients_that_read_nothing(tmp_path: Path) -> None:
    async with door(tmp_path, "-n 4096") as (port, process_id):
        asker = await phone(port, 0)
        assert len(await asker.names("(cn=ada*)", size_limit=5000)) == 3000
        used = [memory_kb(process_id)]
        for _ in range(ROUNDS):
            clients = [await slow(port, number) for number in range(SLOW)]
            for _ in range(5):
                assert len(await asker.names("(telephoneNumber=+49300000007)")) == 1
            used.append(memory_kb(process_id))
            for client in clients:
                client.transport.abort()
        assert max(used) - used[0] < GROWN_KB
        asker.close()
