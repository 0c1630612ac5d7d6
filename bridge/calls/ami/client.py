"""One connection to Asterisk's manager: the login, questions and answers, and everything else that it tells.

Of the libraries for AMI none fits. panoramisk has no types, drops bytes of a character that comes in two pieces, lets
its buffer grow without end, and pings without looking whether an answer comes. astami has types and is a client for
commands: it passes over every event that comes between two answers. Others were left years ago. The protocol is
small: ``messages`` are its words, this is its grammar.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count

from bridge.calls.ami.messages import MAX_LINE_BYTES, Message, Parser, written
from bridge.errors import AmiError, AmiRefused, AmiSilent, AmiUnreachable
from bridge.settings import AmiSection
from bridge.tasks import running

CONNECT_S = 5.0
ANSWER_S = 10.0
NOTHING: Mapping[str, str] = {}

Heard = Callable[[Message], Awaitable[None]]


class Connection:
    """A connection that is up.

    Args:
        reader, writer: Its two ways.
        heard: Told every message, one after the other, answers too; Asterisk waits for it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
        self._reader, self._writer, self._heard = reader, writer, heard
        self._numbers = count(1)
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._end = asyncio.Event()
        self._failure = AmiUnreachable("Asterisk's manager has closed the connection.")

    async def read(self) -> None:
        """Take in what Asterisk tells, until the connection ends."""
        parser, failure = Parser(), self._failure
        try:
            while data := await self._reader.read(MAX_LINE_BYTES):
                for message in parser.feed(data):
                    self._answered(message)
                    await self._heard(message)
        except AmiError as error:
            failure = AmiUnreachable(str(error))
        except OSError as error:
            failure = AmiUnreachable(f"The connection to Asterisk's manager broke: {error}")
        finally:
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(failure)
            self._failure = failure
            self._end.set()

    async def ended(self, within_s: float) -> None:
        """Wait for the end of the connection, but not for longer than a time.

        Raises:
            AmiUnreachable: It has ended.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), within_s)
            raise self._failure

    async def ask(
        self, action: str, fields: Mapping[str, str] = NOTHING, *, event: str = "", within_s: float = ANSWER_S
    ) -> Message:
        """Let Asterisk do something.

        Args:
            action: Its name.
            fields: Its lines.
            event: Wait for this event too, such as the last one of a list.
            within_s: How long to wait for it.

        Returns:
            The event, if one is waited for, else the answer.

        Raises:
            AmiRefused: It did not.
            AmiUnreachable: The connection ended, or no answer came in time.
            AmiSilent: The event did not come in time.
        """
        number = str(next(self._numbers))
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        last: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers |= {number: answer, f"{number} {event}": last}
        try:
            if self._end.is_set():
                raise self._failure
            self._writer.write(written(action, {"ActionID": number, **fields}))
            async with asyncio.timeout(ANSWER_S):
                await self._writer.drain()
                told = await answer
            if told.get("Response") != "Success":
                raise AmiRefused(f"Asterisk refuses {action}: {told.get('Message', 'without a reason')}.")
            return await asyncio.wait_for(last, within_s) if event else told
        except TimeoutError as error:
            if answer.done():
                raise AmiSilent(f"Asterisk's manager has not told {event} in time.") from error
            raise AmiUnreachable(f"Asterisk's manager gave no answer to {action} in time.") from error
        except OSError as error:
            raise AmiUnreachable(f"The connection to Asterisk's manager broke: {error}") from error
        finally:
            del self._answers[number], self._answers[f"{number} {event}"]
            for waiting in (answer, last):
                waiting.cancel()

    def _answered(self, message: Message) -> None:
        number = message.get("ActionID", "")
        waiting = self._answers.get(f"{number} {message['Event']}" if "Event" in message else number)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)


@asynccontextmanager
async def connected(section: AmiSection, heard: Heard) -> AsyncIterator[Connection]:
    """Connect and log in; the connection is closed at the end.

    Raises:
        AmiUnreachable: There is nobody, or no Asterisk.
        AmiRefused: Asterisk does not take the user or the secret, or not from here.
        SettingsError: The secret cannot be read.
    """
    secret = section.require()
    reader, writer = await _open(section)
    connection = Connection(reader, writer, heard)
    try:
        async with running(connection.read(), "ami reader"):
            await _login(connection, section, secret)
            yield connection
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _open(section: AmiSection) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    tls = ssl.create_default_context(cafile=section.tls_ca) if section.tls else None
    try:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(section.host, section.port, ssl=tls)
    except (OSError, TimeoutError) as error:
        raise AmiUnreachable(
            f"Asterisk's manager cannot be reached at {section.host}:{section.port} (ami.host, ami.port): "
            f"{str(error) or 'no answer'}"
        ) from error


async def _login(connection: Connection, section: AmiSection, secret: str) -> None:
    """Log in with a challenge, so that the secret does not cross the wire; an Asterisk that knows none gets it."""
    fields = {"Username": section.user, "Events": "on"}
    try:
        try:
            challenge = (await connection.ask("Challenge", {"AuthType": "MD5"})).get("Challenge", "")
            digest = hashlib.md5(f"{challenge}{secret}".encode(), usedforsecurity=False)  # the protocol's choice
            fields |= {"AuthType": "MD5", "Key": digest.hexdigest()}
        except AmiRefused:
            fields |= {"Secret": secret}
        await connection.ask("Login", fields)
    except AmiRefused as error:
        raise AmiRefused(
            f"Asterisk does not let the manager's user {section.user!r} in: {error} Compare ami.user and the secret "
            "with manager.conf, and its permit line with the bridge's address."
        ) from error
