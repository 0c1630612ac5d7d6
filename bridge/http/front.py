"""Stands before aiohttp: answers plain caller-ID requests itself, and hands every other connection over.

A PBX asks one question a connection, and a call waits for the answer. That question needs no request object, router
or task; without them it costs a third. Whatever else comes goes, mended and checked (see ``heads``), to the protocol
that aiohttp's public ``web.Server`` makes. From then on all of the connection does, so no answer overtakes another.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from aiohttp import web
from prometheus_client import Counter

from bridge.http import heads
from bridge.http.connections import Connections
from bridge.http.unreadable import unreadable
from bridge.settings import HttpSection

log = logging.getLogger(__name__)

# Gives the whole answer to a request target from an address, or None: the application answers.
Shortcut = Callable[[str, str | None], bytes | None]

NEVER = float("inf")
# Requests of one connection that are answered in one turn of the event loop; then others have theirs.
AT_ONCE = 8
# RFC 9112, 2.2: an empty line before a request is passed over; more than a few are a flood.
MOST_BLANKS = 8

_BLANKS = re.compile(rb"[\r\n]*")
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
_REFUSED = Counter("itflow_bridge_http_refused", "Requests that cannot be read as HTTP")


@dataclass(frozen=True, slots=True)
class Times:
    """How long a connection may wait for its own client, in seconds.

    Attributes:
        head_s: From the first byte of a request to the end of its head, however slowly it drips.
        body_s: From there to the end of its body.
        idle_s: For the next request.
        linger_s: For the client to take note of a refusal.
    """

    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 75.0
    linger_s: float = 2.0


TIMES = Times()


class Door:
    """What the connections of one door share.

    Args:
        server: Makes aiohttp's protocols.
        shortcut: What may answer before the application; it must not block and not raise.
        section: Limits.
        fronts: The open connections by their transports; kept up to date by them.
        times: How long they may wait.
    """

    def __init__(
        self,
        server: web.Server,
        shortcut: Shortcut | None,
        section: HttpSection,
        fronts: dict[asyncio.BaseTransport, Front],
        times: Times,
    ) -> None:
        self.server = server
        self.times = times
        self.fronts = fronts
        self.shortcut = shortcut
        self.connections = Connections(section)
        self.loop = asyncio.get_running_loop()


class Front(asyncio.Protocol):
    """One connection.

    Its deadline follows what it waits for: for a request, for the rest of a head or of a body; while the application
    answers there is none.

    Attributes:
        address: Whose it is, as the operating system knows it.
        deadline: See ``bridge.http.connections.Connection``; so ``body_bytes``.
    """

    def __init__(self, door: Door) -> None:
        self.address = ""
        self.deadline = NEVER
        self.body_bytes = 0
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._application: asyncio.Protocol | None = None
        self._waiting = bytearray()  # bytes of a request that is not whole yet
        self._looked = 0  # so many of them hold no end of a head
        self._body: int | None = 0  # bytes of a body that are still to come; None: of unknown length
        self._answering = False
        self._writable = True
        self._closing = False
        self._passed_over = 0  # bytes that came after the last answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller is there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) and peer else "local"
        self.deadline = self._door.loop.time() + self._door.times.idle_s
        self._door.fronts[transport] = self
        self._door.connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone, or was closed."""
        self._closing = True
        if self._transport is not None:
            self._door.fronts.pop(self._transport, None)
        self._transport = None
        self._waiting.clear()
        self._door.connections.lost(self)
        if self._application is not None:
            self._application.connection_lost(exc)

    def eof_received(self) -> bool | None:
        """The caller sends no more; answers that are under way still reach it."""
        return self._application.eof_received() if self._application is not None else None

    def pause_writing(self) -> None:
        """The caller does not read its answers."""
        self._writable = False
        if self._application is not None:
            self._application.pause_writing()
        elif self._transport is not None:  # then no more requests are read either
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The caller reads again."""
        self._writable = True
        if self._application is not None:
            self._application.resume_writing()
        else:
            self._go_on_reading()

    def data_received(self, data: bytes) -> None:
        """Bytes have come, in whatever pieces."""
        if self._closing:
            self._passed_over += len(data)
            if self._passed_over > heads.MAX_HEAD:
                self.abort()
            return
        if not self._waiting and self._application is None and self._is_whole(data):
            self._request(data)  # by far the most there is
        else:
            self._waiting += data
            self._go_on()

    def answering(self, *, now: bool) -> None:
        """The application begins to answer a request, or has answered one."""
        self._answering = now
        if self._body == 0:
            self.deadline = NEVER if now else self._door.loop.time() + self._door.times.idle_s

    def abort(self) -> None:
        """Close the connection at once."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    @staticmethod
    def _is_whole(data: bytes) -> bool:
        return data.endswith(heads.END) and data.find(heads.END) == len(data) - len(heads.END)

    def _go_on(self) -> None:
        """Take as many requests from the waiting bytes as are whole."""
        for _ in range(AT_ONCE):
            if self._closing or not self._waiting or (not self._writable and self._application is None):
                return
            if self._body != 0:
                self._take_body()
            elif not self._take_head():
                return
        if self._transport is None or self._application is not None:
            if self._waiting and not self._closing:
                self._door.loop.call_soon(self._go_on)
        elif self._waiting:
            self._transport.pause_reading()
            self._door.loop.call_soon(self._go_on_reading)

    def _go_on_reading(self) -> None:
        if self._transport is not None and self._writable and not self._closing:
            self._transport.resume_reading()
            self._go_on()

    def _take_head(self) -> bool:
        """Take one head; False where it is not whole yet."""
        blanks = _BLANKS.match(self._waiting)
        count = blanks.end() if blanks else 0
        if count:
            if count > MOST_BLANKS:
                self._refuse(bytes(self._waiting[: heads.MAX_LINE]), "empty lines come in place of a request")
                return False
            del self._waiting[:count]
            self._looked = 0
        end = self._waiting.find(heads.END, max(0, self._looked - len(heads.END)))
        if end < 0:
            self._wait_for_head()
            return False
        end += len(heads.END)
        octets = bytes(self._waiting[:end])
        del self._waiting[:end]
        self._looked = 0
        self._request(octets)
        return True

    def _wait_for_head(self) -> None:
        if not self._waiting:
            return
        fresh = max(0, self._looked - 1)
        if len(self._waiting) > heads.MAX_HEAD or (
            len(self._waiting) > heads.MAX_LINE and self._waiting.find(b"\r\n", 0, heads.MAX_LINE + 2) < 0
        ):
            self._refuse(bytes(self._waiting[: heads.MAX_LINE]), "its head is too long")
        elif _BARE_NEWLINE.search(self._waiting, fresh):
            self._refuse(bytes(self._waiting[: heads.MAX_LINE]), "a line of it ends without CR")
        elif not self._looked:  # the first of it: from now on it has its time, however slowly the rest drips
            self.deadline = self._door.loop.time() + self._door.times.head_s
        self._looked = len(self._waiting)

    def _take_body(self) -> None:
        """Pass on what belongs to the body of the request before."""
        length = len(self._waiting) if self._body is None else min(self._body, len(self._waiting))
        ready = bytes(self._waiting[:length])
        del self._waiting[:length]
        if self._body is not None:
            self._body -= length
        if self._body == 0:
            self._door.connections.body(self, -self.body_bytes)
            self.deadline = NEVER if self._answering else self._door.loop.time() + self._door.times.idle_s
        else:
            self._door.connections.body(self, length)
        if self._application is not None and not self._closing:
            self._application.data_received(ready)

    def _request(self, octets: bytes) -> None:
        """Answer a head, or hand it over."""
        try:
            head = heads.read(octets)
        except heads.BadHead as error:
            self._refuse(octets, str(error), caller_id=error.caller_id)
            return
        if head.plain and self._application is None and self._door.shortcut is not None:
            answer = self._door.shortcut(head.target, self.address)
            if answer is not None and self._transport is not None:
                self._transport.write(answer)
                self.deadline = self._door.loop.time() + self._door.times.idle_s
                return
        self._body, self._answering = head.body, True
        self.deadline = NEVER if head.body == 0 else self._door.loop.time() + self._door.times.body_s
        self._hand_over(head.octets)

    def _refuse(self, octets: bytes, why: str, *, caller_id: bool | None = None) -> None:
        """Answer what cannot be read, and close; neither the answer nor the log says what it was."""
        _REFUSED.inc()
        log.debug("A request from %s cannot be read as HTTP: %s", self.address, why)
        if caller_id is None:
            caller_id = heads.about_caller_id(octets)
        self._closing = True
        self._waiting.clear()
        if self._application is not None:
            # Answers before this one may be under way: aiohttp gives this one in its turn.
            path = "unreadable/callerid" if caller_id else "unreadable"
            head = f"GET /{path} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n"
            self._application.data_received(head.encode())
        elif self._transport is not None:
            self._transport.write(unreadable(why, caller_id=caller_id))
            if self._transport.can_write_eof():
                # Closed with bytes unread, the answer would be lost (RFC 9112, 9.6): what still comes is passed over.
                self._transport.write_eof()
                self.deadline = self._door.loop.time() + self._door.times.linger_s
            else:
                self._transport.close()

    def _hand_over(self, octets: bytes) -> None:
        if self._transport is None:
            return
        if self._application is None:
            self._application = self._door.server()
            self._application.connection_made(self._transport)
        self._application.data_received(octets)
