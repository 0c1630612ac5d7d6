"""A real caller-ID door on a loopback port, and a raw socket to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bridge.access.keys import Feature, Keys, Options
from bridge.directory.mirror import Mirror
from bridge.http import callerid
from bridge.http.front import Times
from bridge.http.listening import listening
from bridge.settings import HttpSection
from bridge.storage import Database
from tests import bridges

TIMES = Times()
SECRET = "0123456789abcdef0123456789abcdef"
ADMIN = "admin-secret-admin-secret-admin1"
LIMITED = "limited-secret-limited-secret-11"
LIMITED_ADMIN = "limited-admin-limited-admin-1111"


@dataclass(frozen=True)
class Desk:
    """An application that serves.

    Attributes:
        port: On 127.0.0.1.
        slow: ``/slow`` answers once it is set.
    """

    app: web.Application
    port: int
    slow: asyncio.Event

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def raw(self, octets: bytes, *, pieces: int = 1, last: bytes = b"") -> tuple[bytes, bool]:
        """Everything that is answered to these bytes until the door closes, or for two seconds; whether it closed.

        Args:
            octets: Any bytes.
            pieces: Sent in so many.
            last: Sent once there is an answer to the others, or had time to be.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer, closed = b"", False
        size = max(1, -(-len(octets) // pieces))
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(2):
                for start in range(0, len(octets), size):
                    writer.write(octets[start : start + size])
                    await writer.drain()
                    await asyncio.sleep(0)
                if last:
                    with suppress(TimeoutError):
                        answer = await asyncio.wait_for(reader.read(65536), 0.5)
                    writer.write(last)
                while part := await reader.read(65536):
                    answer += part
                closed = True
        writer.close()
        return answer, closed


async def one_reply(reader: asyncio.StreamReader) -> Reply:
    """The next answer on a connection."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    size = re.search(rb"(?i)content-length: (\d+)", head)
    return replies(head + await reader.readexactly(int(size.group(1)) if size else 0))[0]


@dataclass(frozen=True)
class Reply:
    """One parsed HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def replies(octets: bytes) -> list[Reply]:
    """The answers on a connection, one after another."""
    found = []
    while octets:
        head, _, rest = octets.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        status = re.fullmatch(r"HTTP/\d\.\d (\d{3}) .*", line)
        assert status, line
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        size = int(headers.get("content-length", "0"))
        found.append(Reply(int(status.group(1)), headers, rest[:size]))
        octets = rest[size:]
    return found


@asynccontextmanager
async def desk(
    folder: Path, mirror: Mirror, *, section: HttpSection | None = None, times: Times = TIMES
) -> AsyncIterator[Desk]:
    """Serve ``/callerid``, ``/explain`` and ``/api.php?cid=`` from a mirror, for four keys."""
    database = Database(folder / "bridge.db")
    made = bridges.settings(
        database,
        numbers={"region": "DE"},
        itflow={"url": "https://itflow.example.com", "api_key": "KEY"},
        **({"http": section.model_dump()} if section else {}),
    )
    keys = Keys(database, made)
    keys.add("pbx", Options(), secret=SECRET)
    keys.add("boss", Options(features=frozenset(Feature)), secret=ADMIN)
    keys.add("second", Options(clients=frozenset({2})), secret=LIMITED)
    keys.add("limited boss", Options(frozenset(Feature), frozenset({2, 3})), secret=LIMITED_ADMIN)
    app = bridges.application(made, database, keys, mirror)
    slow = asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        await slow.wait()
        return web.Response(text="slow")

    app.router.add_get("/slow", wait)
    try:
        async with listening(app, made.http, callerid.shortcut(app), times=times) as (_, port):
            yield Desk(app, port, slow)
    finally:
        database.close()
