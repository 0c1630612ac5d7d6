"""One LDAP connection: messages in, answers out, one operation after the other, each with its deadline.

One task reads and one works, so that a client can abandon what is being worked on (RFC 4511 section 4.11).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from prometheus_client import Counter

from bridge.errors import BadParameter, place
from bridge.ldap import controls, messages
from bridge.ldap.framing import Framer
from bridge.ldap.messages import (
    Abandon,
    Bind,
    Code,
    Compare,
    Extended,
    Message,
    Result,
    Search,
    Unbind,
    Write,
    encode_result,
)
from bridge.ldap.operations import Binding, Desk
from bridge.ldap.tree import START_TLS, WHO_AM_I

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 16 * 1024
MOST_QUEUED: Final = 32
READ_ONLY: Final = "The phonebook is read only: change the entry in ITFlow."

_COUNTER = Counter("itflow_bridge_ldap", "LDAP operations by kind and result code", ["operation", "code"])


class Session:
    """A connection.

    Args:
        desk: See there.
        reader: The connection's one half.
        writer: The other.
        tls: What StartTLS begins; None where there is none.
        encrypted: Whether TLS is spoken already.

    Attributes:
        address: Whose it is.
        bound: Whether it has shown a key.
        deadline: See ``bridge.ldap.places.Connection``.
    """

    def __init__(
        self,
        desk: Desk,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tls: ssl.SSLContext | None,
        *,
        encrypted: bool,
    ) -> None:
        peer = writer.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        self.bound = False
        self._loop = asyncio.get_running_loop()
        self.deadline = self._loop.time() + desk.times.bind_s
        self._desk = desk
        self._reader = reader
        self._writer = writer
        self._tls = tls
        self._encrypted = encrypted
        self._framer = Framer()
        self._binding = Binding(desk, self.address)
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(MOST_QUEUED)
        self._abandoned: set[int] = set()
        self._under_way: set[int] = set()

    def abort(self) -> None:
        """Close it at once."""
        self._writer.transport.abort()

    async def encrypt(self) -> None:
        """Speak TLS from now on.

        Raises:
            OSError: The client does not.
        """
        if self._tls is not None:
            await self._writer.start_tls(self._tls, ssl_handshake_timeout=self._desk.times.bind_s)
            self._encrypted = True

    async def serve(self) -> None:
        """Answer, until the client ends it or breaks a rule."""
        worker = asyncio.create_task(self._work(), name="ldap work")
        try:
            await self._read()
            await self._queue.put(None)
            await worker
        except BadParameter as error:
            worker.cancel()
            await self._disconnect(error)
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await worker

    async def _read(self) -> None:
        while data := await self._reader.read(CHUNK_BYTES):
            self._framer.feed(data)
            while (raw := self._framer.next()) is not None:
                message = messages.decode(raw)
                if isinstance(message.operation, Unbind):
                    return
                if isinstance(message.operation, Abandon):
                    if message.operation.id in self._under_way:
                        self._abandoned.add(message.operation.id)
                    continue
                if message.id in self._under_way:
                    raise BadParameter("Two operations have one message id.")
                self._under_way.add(message.id)
                await self._queue.put(message)
                if _begins_tls(message):
                    if self._framer.rest:  # what came in the clear must not count as if it had come encrypted
                        raise BadParameter("Something was sent behind StartTLS before its answer.")
                    await self._queue.join()
            if self.bound:
                self.deadline = self._loop.time() + self._desk.section.idle_s

    async def _work(self) -> None:
        while (message := await self._queue.get()) is not None:
            try:
                if message.id not in self._abandoned and not self._writer.is_closing():
                    await self._tried(message)
            except OSError:  # the client has gone; what it still asked for is passed over
                self.abort()
            finally:
                self._under_way.discard(message.id)
                self._abandoned.discard(message.id)
                self._queue.task_done()

    async def _tried(self, message: Message) -> None:
        try:
            await self._answer(message)
        except OSError:
            raise
        except _Abandoned:
            return
        except Exception as error:  # noqa: BLE001 - a fault of ours ends one operation
            # Its text may hold what somebody typed, so only its kind and place are logged.
            log.error("An LDAP operation failed with %s:\n%s", type(error).__name__, place(error))  # noqa: TRY400
            await self._end(message, _kind(message), Result(Code.OTHER, "A fault of the bridge; see its log."))

    async def _answer(self, message: Message) -> None:
        kind, unknown = _kind(message), _unknown_critical(message)
        if unknown:
            text = f"The control {unknown} is not known for this operation."
            await self._end(message, kind, Result(Code.UNAVAILABLE_CONTROL, text))
            return
        match message.operation:
            case Bind() as bind:
                result = self._binding.bind(bind)
                self.bound = bool(self._binding.name)
                if self.bound:
                    self.deadline = self._loop.time() + self._desk.section.idle_s
                await self._end(message, kind, result)
            case Search() as search:
                outcome = await self._binding.search(message, search, lambda found: self._entries(message.id, found))
                if message.id not in self._abandoned:
                    await self._end(message, kind, outcome.result, outcome.controls)
            case Compare() as compare:
                await self._end(message, kind, await self._binding.compare(compare))
            case Extended() as extended:
                await self._extended(message, extended)
            case _:
                await self._end(message, kind, Result(Code.UNWILLING, READ_ONLY))

    async def _extended(self, message: Message, extended: Extended) -> None:
        if extended.name == WHO_AM_I:
            await self._end(message, messages.EXTENDED, Result(), value=self._binding.who().encode())
        elif extended.name != START_TLS:
            await self._end(message, messages.EXTENDED, Result(Code.PROTOCOL_ERROR, "There is no such operation."))
        elif self._tls is None:
            fault = Result(Code.UNAVAILABLE, "There is no certificate (setting http.tls_cert).")
            await self._end(message, messages.EXTENDED, fault, name=START_TLS)
        elif self._encrypted:
            fault = Result(Code.OPERATIONS_ERROR, "TLS is spoken already.")
            await self._end(message, messages.EXTENDED, fault, name=START_TLS)
        else:
            await self._end(message, messages.EXTENDED, Result(), name=START_TLS)
            await self.encrypt()
            # A key that was shown in the clear is to be shown again (RFC 4513 section 3.1.1 lets a server choose).
            self._binding, self.bound = Binding(self._desk, self.address), False

    async def _entries(self, number: int, found: Sequence[bytes]) -> None:
        if number in self._abandoned:
            raise _Abandoned
        await self._send(b"".join(messages.entry_message(number, entry) for entry in found))

    async def _end(
        self,
        message: Message,
        kind: int,
        result: Result,
        answers: Sequence[messages.Control] = (),
        *,
        name: str = "",
        value: bytes | None = None,
    ) -> None:
        _COUNTER.labels(type(message.operation).__name__.lower(), result.code.name.lower()).inc()
        await self._send(encode_result(message.id, kind, result, answers, name=name, value=value))

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        try:
            async with asyncio.timeout(self._desk.times.write_s):
                await self._writer.drain()
        except TimeoutError as error:
            raise ConnectionAbortedError("The client reads no answers.") from error

    async def _disconnect(self, error: BadParameter) -> None:
        """Tell why the connection ends (RFC 4511 section 4.4.1)."""
        result = Result(Code.PROTOCOL_ERROR, str(error))
        with suppress(OSError):
            await self._send(encode_result(0, messages.EXTENDED, result, name=messages.DISCONNECTION))


class _Abandoned(Exception):
    """The client gave the operation up; it gets no answer."""


def _begins_tls(message: Message) -> bool:
    return isinstance(message.operation, Extended) and message.operation.name == START_TLS


def _unknown_critical(message: Message) -> str:
    known = controls.OF_SEARCH if isinstance(message.operation, Search) else frozenset({controls.REFERRALS})
    return next((one.oid for one in message.controls if one.critical and one.oid not in known), "")


def _kind(message: Message) -> int:
    match message.operation:
        case Bind():
            return messages.BIND
        case Search():
            return messages.SEARCH_DONE
        case Compare():
            return messages.COMPARE
        case Write(answer=answer):
            return answer
    return messages.EXTENDED
