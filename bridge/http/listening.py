"""Listens on every address of the settings, and serves an application behind the front."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ssl import SSLContext

from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.http import unreadable
from bridge.http.faults import aiohttp_log
from bridge.http.front import TIMES, Door, Front, Shortcut, Times
from bridge.http.sockets import opened_sockets, written
from bridge.settings import HttpSection

log = logging.getLogger(__name__)


@asynccontextmanager
async def listening(
    app: web.Application,
    section: HttpSection,
    shortcut: Shortcut | None = None,
    *,
    tls: SSLContext | None = None,
    times: Times = TIMES,
) -> AsyncIterator[tuple[str, int]]:
    """Serve an application; at the end no new connection is taken, and requests that are being answered finish.

    Args:
        app: The application.
        section: Where to listen, and the limits.
        shortcut: See ``Shortcut``.
        tls: Speak TLS.
        times: How long a connection may wait for its client.

    Yields:
        The first address and its port.

    Raises:
        AddressTaken: An address cannot be listened on.
    """
    fronts: dict[asyncio.BaseTransport, Front] = {}

    @web.middleware
    async def followed(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Tells the connection when it is being answered."""
        front = fronts.get(request.transport) if request.transport else None
        if front is None:
            return await handler(request)
        front.answering(now=True)
        try:
            return await handler(request)
        finally:
            front.answering(now=False)

    app.middlewares.insert(0, followed)
    app.add_routes(unreadable.routes)
    # There is no access log: its lines would hold keys and full numbers.
    # Nobody here sends compressed bodies, and an unread broken one would end in a traceback.
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=times.idle_s, auto_decompress=False, logger=aiohttp_log()
    )
    await runner.setup()
    try:
        if runner.server is None:
            raise RuntimeError("the runner has made no server")
        door = Door(runner.server, shortcut, section, fronts, times)
        opened = opened_sockets(section.hosts, section.port)
        addresses: list[tuple[str, int]] = [one.getsockname()[:2] for one in opened]
        servers = [
            await door.loop.create_server(
                lambda: Front(door),
                sock=one,
                ssl=tls,
                ssl_handshake_timeout=times.head_s if tls else None,
                backlog=1024,
            )
            for one in opened
        ]
        log.info("Listening on %s.", ", ".join(map(written, addresses)))
        try:
            async with door.connections.swept():
                yield addresses[0]
        finally:
            for server in servers:
                server.close()
            await runner.cleanup()
            door.connections.close_all()
            for server in servers:
                await server.wait_closed()
    finally:
        await runner.cleanup()
