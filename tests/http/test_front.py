"""What stands before aiohttp: as strict as it, whichever way a request goes, and bounded in time, number and size."""

from __future__ import annotations

import asyncio
import socket
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.directory.mirror import Mirror
from bridge.http.front import Times
from bridge.settings import HttpSection
from tests.callerid.people import SNAPSHOT
from tests.http.callerid_desk import SECRET, Desk, Reply, desk, one_reply, replies

DATA = Path(__file__).parent.parent / "data" / "http" / "heads.toml"
HEADS = tomllib.loads(DATA.read_text(encoding="utf-8"))["head"]
DEADLINE_S = 10
NAME = "Ada Müller"

# Two ways of one request: the front answers the first itself, an admin's question goes to the application.
TARGETS = {
    "front": f"/callerid?api_key={SECRET}&number=%2B492211000001",
    "application": f"/api.php?api_key={SECRET}&cid=%2B492211000001&format=text",
    "elsewhere": "/nowhere",
}


def octets_of(case: dict[str, Any], target: str) -> bytes:
    mark, text, count = case.get("repeat", ("BBB", "", 0))
    return str(case["octets"]).replace("TARGET", target).replace(mark, text * count).encode()


async def first_reply(running: Desk, octets: bytes, *, pieces: int = 1) -> Reply:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    size = -(-len(octets) // pieces)
    try:
        for start in range(0, len(octets), size):
            writer.write(octets[start : start + size])
            await writer.drain()
        return await one_reply(reader)
    finally:
        writer.close()


@pytest.mark.parametrize("way", TARGETS)
@pytest.mark.parametrize("case", HEADS, ids=lambda case: case["name"])
def test_every_way_is_equally_strict(
    door: tuple[asyncio.AbstractEventLoop, Desk], case: dict[str, Any], way: str
) -> None:
    loop, running = door
    for pieces in (1, 3):
        reply = loop.run_until_complete(first_reply(running, octets_of(case, TARGETS[way]), pieces=pieces))
        if not case["taken"]:
            assert reply.status == 400
            assert (reply.body == b"") is (way != "elsewhere")
        elif way == "elsewhere":
            assert reply.status == 404
        else:
            assert (reply.status, reply.body.decode()) == (200, NAME)


@pytest.mark.parametrize("case", [case for case in HEADS if not case["taken"]], ids=lambda case: case["name"])
def test_behind_an_answer_that_is_under_way_it_is_refused_in_its_turn(
    door: tuple[asyncio.AbstractEventLoop, Desk], case: dict[str, Any]
) -> None:
    loop, running = door

    async def two() -> list[Reply]:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + octets_of(case, TARGETS["front"]))
        found = [await one_reply(reader), await one_reply(reader)]
        writer.close()
        return found

    first, second = loop.run_until_complete(two())
    assert (first.status, second.status, second.body) == (404, 400, b"")


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """What comes until the door closes the connection, in whatever way."""
    octets = b""
    async with asyncio.timeout(DEADLINE_S):
        try:
            while part := await reader.read(65536):
                octets += part
        except ConnectionResetError:
            pass
    return octets


@asynccontextmanager
async def opened(
    running: Desk, first: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(first)
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()


ASK = f"GET {TARGETS['front']} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
POST = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12"


@pytest.mark.parametrize(
    ("first", "times"),
    [
        (b"", Times(idle_s=0.2)),
        (ASK, Times(idle_s=0.2)),
        (b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", Times(idle_s=0.2)),
        (ASK[:-2], Times(head_s=0.2)),
        (ASK + ASK[:9], Times(head_s=0.2)),
        (POST, Times(body_s=0.2)),
    ],
)
async def test_a_connection_that_takes_too_long_is_closed(tmp_path: Path, first: bytes, times: Times) -> None:
    async with (
        desk(tmp_path, Mirror(SNAPSHOT), times=times) as running,
        opened(running, first) as (reader, _),
    ):
        assert len(replies(await until_closed(reader))) <= 1


async def test_drips_give_a_head_no_more_time(tmp_path: Path) -> None:
    async with (
        desk(tmp_path, Mirror(SNAPSHOT), times=Times(head_s=0.5)) as running,
        opened(running, b"GET /") as (reader, writer),
    ):
        closed = asyncio.create_task(until_closed(reader))
        while not closed.done():
            writer.write(b"a")
            await asyncio.wait([closed], timeout=0.05)
        assert closed.result() == b""


async def test_a_request_that_is_being_answered_has_all_the_time(tmp_path: Path) -> None:
    async with (
        desk(tmp_path, Mirror(SNAPSHOT), times=Times(idle_s=0.2, head_s=0.2, body_s=0.2)) as running,
        opened(running, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n") as (reader, _),
        opened(running, b"") as (idle, _),
    ):
        assert await until_closed(idle) == b""  # a sweep has gone by
        running.slow.set()
        assert (await one_reply(reader)).body == b"slow"


def limited(**limits: int) -> HttpSection:
    return HttpSection(host="127.0.0.1", port=0, **limits)


async def test_for_one_more_connection_the_longest_idle_one_goes(tmp_path: Path) -> None:
    section = limited(max_connections=16, max_connections_per_address=16)
    async with desk(tmp_path, Mirror(SNAPSHOT), section=section) as running:
        pairs = []
        for _ in range(16):
            pairs.append(await asyncio.open_connection("127.0.0.1", running.port))
            pairs[-1][1].write(ASK)
            assert (await one_reply(pairs[-1][0])).body.decode() == NAME
        pairs[0][1].write(ASK)  # no longer the longest idle
        await one_reply(pairs[0][0])
        assert (await first_reply(running, ASK)).body.decode() == NAME
        assert await until_closed(pairs[1][0]) == b""
        pairs[0][1].write(ASK)
        assert (await one_reply(pairs[0][0])).body.decode() == NAME
        for _, writer in pairs:
            writer.close()


async def test_one_address_cannot_take_the_place_of_another(tmp_path: Path) -> None:
    section = HttpSection(host="0.0.0.0", port=0, max_connections=64, max_connections_per_address=8)
    async with desk(tmp_path, Mirror(SNAPSHOT), section=section) as running:
        pbx = await asyncio.open_connection("127.0.0.1", running.port, local_addr=("127.0.0.3", 0))
        flood = [
            await asyncio.open_connection("127.0.0.1", running.port, local_addr=("127.0.0.2", 0)) for _ in range(40)
        ]
        pbx[1].write(ASK)
        assert (await one_reply(pbx[0])).body.decode() == NAME
        assert [await until_closed(reader) for reader, _ in flood[:32]] == [b""] * 32
        assert not any(reader.at_eof() for reader, _ in flood[32:])
        for _, writer in [pbx, *flood]:
            writer.close()


async def test_a_trusted_proxy_may_have_more(tmp_path: Path) -> None:
    section = HttpSection.model_validate(
        {"host": "127.0.0.1", "port": 0, "max_connections_per_address": 4, "trusted_proxies": "127.0.0.2"}
    )
    async with desk(tmp_path, Mirror(SNAPSHOT), section=section) as running:
        pairs = [
            await asyncio.open_connection("127.0.0.1", running.port, local_addr=("127.0.0.2", 0)) for _ in range(9)
        ]
        for reader, writer in pairs:
            writer.write(ASK)
            assert (await one_reply(reader)).body.decode() == NAME
            writer.close()


async def test_bodies_together_are_bounded(tmp_path: Path) -> None:
    section = limited(max_body_bytes=1 << 16)
    head = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
    async with desk(tmp_path, Mirror(SNAPSHOT), section=section) as running:
        async with (
            opened(running, head + b"a" * 40_000) as (first, _),
            opened(running, head + b"a" * 40_000) as (second, _),
        ):
            assert await until_closed(second) == b""
            assert not first.at_eof()
        # The room is free again.
        async with opened(running, head + b"a" * 40_000) as (third, _):
            assert (await first_reply(running, ASK)).body.decode() == NAME
            assert not third.at_eof()


async def test_a_caller_that_does_not_read_its_answers_is_not_read_either(tmp_path: Path) -> None:
    async with desk(tmp_path, Mirror(SNAPSHOT)) as running:
        with socket.create_connection(("127.0.0.1", running.port)) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            rude.setblocking(False)
            sent = 0
            while sent < 64 * 1024 * 1024:
                try:
                    sent += rude.send(ASK * 100)
                except BlockingIOError:
                    reply = await first_reply(running, ASK)  # others are answered meanwhile
                    assert reply.body.decode() == NAME
                    try:
                        sent += rude.send(ASK)
                    except BlockingIOError:
                        break
            assert sent < 64 * 1024 * 1024
