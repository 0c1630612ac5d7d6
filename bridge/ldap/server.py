"""The LDAP server: one task a connection, every one of them ended and awaited when the server stops."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from prometheus_client import Gauge

from bridge.access.keys import Keys
from bridge.access.phones import Phones
from bridge.directory.mirror import Mirror
from bridge.errors import SettingsError, place
from bridge.ldap.operations import Desk, Times
from bridge.ldap.places import Places
from bridge.ldap.session import Session
from bridge.ldap.shelf import Shelf
from bridge.settings import LdapSection
from bridge.tasks import running

log = logging.getLogger(__name__)

TIMES = Times()

_OPEN = Gauge("itflow_bridge_ldap_connections", "Open LDAP connections")


class Server:
    """Answers LDAP.

    Args:
        desk: What operations need.
        tls: The context to speak TLS with; None where there is no certificate.
        taken: See ``Places``.
    """

    def __init__(self, desk: Desk, tls: ssl.SSLContext | None, taken: int = 0) -> None:
        self._desk = desk
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.places = Places(desk.section, taken)

    @property
    def books(self) -> int:
        """How many books were made."""
        return self._desk.shelf.made

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection that may ask for TLS, to its end."""
        await self._serve(reader, writer, encrypted=False)

    async def serve_encrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection that speaks TLS from its first byte (LDAPS), to its end."""
        await self._serve(reader, writer, encrypted=True)

    async def close(self) -> None:
        """End every connection."""
        self._closing = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, encrypted: bool) -> None:
        task = asyncio.current_task()
        session = Session(self._desk, reader, writer, self._tls, encrypted=encrypted)
        if task is not None:
            self._tasks.add(task)
        self.places.opened(session)
        _OPEN.set(len(self.places))
        try:
            await session.serve()
        except OSError:
            pass  # the client has gone, or speaks no TLS
        except asyncio.CancelledError:
            # asyncio's streams log a cancelled connection as an error of theirs; ours end here.
            if not self._closing:
                raise
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one connection
            # Not its own text, which may hold what was asked.
            log.error("An LDAP connection failed with %s:\n%s", type(error).__name__, place(error))  # noqa: TRY400
        finally:
            self.places.lost(session)
            _OPEN.set(len(self.places))
            if task is not None:
                self._tasks.discard(task)
            await self._closed(writer)

    async def _closed(self, writer: asyncio.StreamWriter) -> None:
        if self._closing:
            writer.transport.abort()
        writer.close()
        with suppress(OSError, TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(1):
                await writer.wait_closed()
        writer.transport.abort()


@asynccontextmanager
async def listening(
    section: LdapSection,
    keys: Keys,
    mirror: Mirror,
    phones: Phones,
    tls: ssl.SSLContext | None,
    times: Times = TIMES,
    taken: int = 0,
) -> AsyncIterator[tuple[Server, dict[str, int]]]:
    """Listen as the settings say; at the end every connection and socket is closed.

    Args:
        section: The settings; ``port``, ``tls_port`` or both are set.
        keys: Who may ask.
        mirror: What is known.
        phones: Told who searched.
        tls: See ``Server``.
        times: Deadlines.
        taken: See ``Places``.

    Yields:
        The server, and its ports by scheme (``ldap``, ``ldaps``).

    Raises:
        SettingsError: An address cannot be listened on, or there is no certificate for LDAPS.
    """
    if section.tls_port is not None and tls is None:
        raise SettingsError(["ldap.tls_port: LDAPS needs a certificate; set http.tls_cert and http.tls_key."])
    shelf = Shelf(mirror, section.base, keypad=section.keypad)
    server = Server(Desk(section, keys, mirror, phones, shelf, asyncio.Lock(), tls is not None, times), tls, taken)
    wanted = (("ldap", section.port, server.serve), ("ldaps", section.tls_port, server.serve_encrypted))
    ports: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(shelf.close)
        for scheme, port, serve in wanted:
            if port is None:
                continue
            try:
                # A handshake of LDAPS ends in time or is given up; it is counted from its end on.
                secured = tls if scheme == "ldaps" else None
                ends_s = times.bind_s if secured else None
                listener = await asyncio.start_server(
                    serve, section.host, port, ssl=secured, ssl_handshake_timeout=ends_s
                )
            except OSError as error:
                fault = (
                    f"ldap.host and ldap.{'tls_' * (scheme == 'ldaps')}port: cannot listen on {section.host}:{port}"
                )
                raise SettingsError([f"{fault}: {error.strerror}. Choose another port."]) from error
            stack.callback(listener.close)
            ports[scheme] = listener.sockets[0].getsockname()[1]
            log.info("LDAP is answered on %s://%s:%d.", scheme, section.host, ports[scheme])
        await stack.enter_async_context(running(server.places.sweep(), "ldap connections"))
        stack.push_async_callback(server.close)
        yield server, ports
