"""Raw request lines: what phone systems really send is mended before aiohttp reads it.

Asterisk's CURL() sends the request line as the dialplan wrote it. aiohttp answers raw bytes above 127, raw
blanks and lines over 8,190 bytes by itself, with 400 and a text that a phone would show as the caller's name,
and logs the whole line. So those bytes are percent-encoded here, and what cannot be mended gets an empty body
at the caller-ID doors.

And a short cut: a request that is nothing but an ordinary line and headers without meaning for its answer can be
answered in the very call that brings its bytes, without a task, a router and a request object; that takes half the
time. This module is the seam with aiohttp's insides; nothing else touches them.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger(__name__)

CALLER_ID_PATHS = (b"/api.php", b"/callerid")
MAX_LINE = 8190
MAX_HEAD = 65536
RESULT = "X-Bridge-Result"
# Gives the whole answer to a request target from an address, or None: the application answers.
Shortcut = Callable[[str, str | None], bytes | None]

# What the short cut has to know of a connection; in an aiohttp without one of these, the application answers all.
INSIDES = (
    *("_waiter", "_messages", "_paused", "_close", "_force_close"),
    *("_loop", "_keepalive_timeout", "_next_keepalive_close_time"),
)
_UNREADABLE = "UNKNOWN"  # aiohttp's method of a request that it could not parse

# RFC 9112, 3: what must not stand in a request target; ``#`` never reaches a server from a browser.
_MEND = re.compile(rb"[\x00-\x20\x7f-\xff#]")
_ORDINARY = re.compile(rb"GET (/[!-\"$-~]*) HTTP/1\.([01])\r\n")
_VERSION = re.compile(rb" HTTP/\d\.\d\r?\n\Z")
# Headers that change how a connection goes on or who asks; without them the target says everything.
_MEANING = re.compile(rb"(?i)\n(?:authorization|connection|content-length|expect|transfer-encoding|upgrade)[ \t]*:")
_BODY = re.compile(rb"(?i)\n(?:content-length|(transfer-encoding))[ \t]*:[ \t]*(\d*)")


class _At(Enum):
    """Where in the stream of a connection the next byte belongs."""

    LINE = auto()
    HEAD = auto()
    BODY = auto()
    OPAQUE = auto()  # a body of unknown length: nothing is touched from here on


class RequestLines:
    """Mends the request lines of one connection and leaves every other byte alone.

    Attributes:
        caller_id: A request line for a caller-ID door came by.
    """

    def __init__(self) -> None:
        self.caller_id = False
        self._at = _At.LINE
        self._waiting = b""
        self._head = b""
        self._body_left = 0

    def feed(self, data: bytes) -> bytes:
        """Takes bytes as they came, in whatever pieces; gives the bytes to parse."""
        if self.whole(data) and not _BODY.search(data):
            return data
        mended = []
        while data:
            ready, data = self._STEPS[self._at](self, data)
            mended.append(ready)
        return b"".join(mended)

    def whole(self, data: bytes) -> re.Match[bytes] | None:
        """The request line of bytes that are one request, its line in order; of a body nothing is said."""
        if self._at is not _At.LINE or self._waiting or data.find(b"\r\n\r\n") != len(data) - 4:
            return None
        if match := _ORDINARY.match(data):
            self.caller_id |= data.startswith(CALLER_ID_PATHS, 4)
        return match

    def _line(self, data: bytes) -> tuple[bytes, bytes]:
        end = data.find(b"\n") + 1
        self._waiting += data[:end] if end else data
        rest = data[end:] if end else b""
        if not end and len(self._waiting) <= MAX_LINE:
            self._note(self._waiting)
            return b"", rest
        line, self._waiting = self._waiting, b""
        self._note(line)
        if not end:  # too long already; aiohttp says so
            self._at = _At.OPAQUE
        elif line.strip():
            self._at, self._head = _At.HEAD, b"\n"
        return _mended(line), rest

    def _note(self, line: bytes) -> None:
        target = line.partition(b" ")[2].partition(b"?")[0]
        self.caller_id |= any(path in target for path in CALLER_ID_PATHS)

    def _headers(self, data: bytes) -> tuple[bytes, bytes]:
        known = len(self._head)
        self._head += data
        end = self._head.find(b"\n\r\n") + 3
        if end < 3:
            if len(self._head) > MAX_HEAD:  # too long already; aiohttp says so
                self._at = _At.OPAQUE
            return data, b""
        body = _BODY.search(self._head, 0, end)
        self._body_left = int(body.group(2) or 0) if body else 0
        self._at = _At.OPAQUE if body and body.group(1) else _At.BODY if self._body_left else _At.LINE
        return data[: end - known], data[end - known :]

    def _body(self, data: bytes) -> tuple[bytes, bytes]:
        ready, rest = data[: self._body_left], data[self._body_left :]
        self._body_left -= len(ready)
        if not self._body_left:
            self._at = _At.LINE
        return ready, rest

    def _opaque(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""

    _STEPS: ClassVar = {_At.LINE: _line, _At.HEAD: _headers, _At.BODY: _body, _At.OPAQUE: _opaque}


def _mended(line: bytes) -> bytes:
    version = _VERSION.search(line)
    method, blank, _ = line.partition(b" ")
    if version is None or not blank or len(method) + 1 > version.start():
        return line
    target = line[len(method) + 1 : version.start()]
    return method + blank + _MEND.sub(lambda match: b"%%%02X" % match.group()[0], target) + version.group()


class _Handler(RequestHandler):
    """aiohttp's side of one connection, with mended request lines."""

    __slots__ = ("_lines", "_remote", "_shortcut")

    def __init__(self, manager: _Server, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own, by name
        super().__init__(manager, **options)
        self._lines = RequestLines()
        self._shortcut = manager.shortcut
        self._remote: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if isinstance(peer, tuple) else None

    def data_received(self, data: bytes) -> None:
        if self._shortcut is not None and (answer := self._short(data, self._shortcut)):
            self.transport.write(answer)  # type: ignore[union-attr] # it brings data, so it is there
        elif (mended := self._lines.feed(data)) or not data:
            # aiohttp calls this with nothing to go on with pipelined requests that it kept.
            super().data_received(mended)

    def _short(self, data: bytes, shortcut: Shortcut) -> bytes | None:
        # aiohttp waits for the next request only when all before it are answered, so no answer is overtaken; a caller
        # that does not read its answers (paused) is left to aiohttp, which then stops reading requests.
        waiter = self._waiter
        if waiter is None or waiter.done() or self._messages or self._paused or self._close or self._force_close:
            return None
        match = self._lines.whole(data)
        if match is None or match.group(2) != b"1" or _MEANING.search(data):
            return None
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        return shortcut(match.group(1).decode("ascii"), self._remote)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers what could not be parsed; neither the answer nor the log says what it was."""
        if request.method != _UNREADABLE:
            return super().handle_error(request, status, exc, message)
        log.warning("A request from %s cannot be read as HTTP (%s)", request.remote, type(exc).__name__)
        if self._lines.caller_id:
            response = web.Response(headers={RESULT: "fault"})
        else:
            response = web.Response(status=400, text="This request cannot be read as HTTP.")
        response.force_close()
        return response


class _Server(web.Server):
    """Makes our handlers."""

    shortcut: Shortcut | None = None

    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """Runs an application behind our server."""

    __slots__ = ("_shortcut",)

    def __init__(self, app: web.Application, shortcut: Shortcut | None, **options: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(app, **options)
        self._shortcut = shortcut

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        server = _Server(
            plain.request_handler, request_factory=plain.request_factory, loop=plain._loop, **plain._kwargs
        )
        server.shortcut = self._shortcut
        return server


def make_runner(
    app: web.Application,
    shortcut: Shortcut | None = None,
    **options: Any,  # noqa: ANN401 - aiohttp's own, by name
) -> web.AppRunner:
    """A runner for an application whose callers write request lines by hand.

    Args:
        app: Any application.
        shortcut: What may answer before the application; it must not block and not raise.
        options: Those of ``web.AppRunner``. There is no access log unless one is given: its lines would hold keys
            and full numbers.
    """
    if shortcut is not None and not all(hasattr(RequestHandler, name) for name in INSIDES):
        log.warning("This release of aiohttp is not known here; answers take twice the time.")
        shortcut = None
    return _Runner(app, shortcut, **{"access_log": None, **options})
