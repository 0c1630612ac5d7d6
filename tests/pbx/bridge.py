"""The bridge that the PBX asks in these tests, and bridges that fail in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bridge import service
from tests import bridges
from tests.agi.world import World


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[str]:
    """The bridge's HTTP door over the same world; yields its address."""
    made = bridges.settings(world.database)
    app = bridges.application(made, world.database, world.features.keys, world.features.mirror)
    async with service.serving(app) as url:
        yield url


@dataclass(frozen=True)
class Fault:
    """How a bridge fails: it answers with these bytes, or never."""

    answer: bytes | None


def _answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


FAULTS = {
    "hung": Fault(None),
    "500": Fault(_answer("500 Internal Server Error", b"result=hit&name_uri=Server%2520Error")),
    "401": Fault(_answer("401 Unauthorized", b"result=hit&name_uri=Incorrect")),
    "html": Fault(_answer("200 OK", b"<html><body><h1>Please log in</h1></body></html>")),
    "just started": Fault(_answer("200 OK", b"result=fault&name=&name_uri=")),
    "cut off": Fault(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nresult="),
    "garbage": Fault(b"\x00\x01\x02\n"),
}


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[str]:
    """A server with a fault; yields its address."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if fault.answer is None:
            await done.wait()
        else:
            writer.write(fault.answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()
        await server.wait_closed()


def refusing() -> str:
    """An address where nobody listens: the discard service's port."""
    return "http://127.0.0.1:9"
