"""One FastAGI call: commands out, replies in, with deadlines; a hang-up ends it wherever it is."""

from __future__ import annotations

import asyncio
from collections import deque

from bridge.agi.prompts import Digits, Letters, Number, Play, Step
from bridge.agi.protocol import Environment, Event, Hangup, Parser, Reply, command
from bridge.errors import BadParameter, HungUp

HEADER_S = 5
REPLY_S = 120  # the longest sentence, and the time to press keys after it
CHUNK_BYTES = 4096
BEYOND_END = 2**31 - 1  # samples; Asterisk plays a file from its end then, which is nothing
FAILED = "-1"  # no such sound file, or the caller has gone: which of them, the next event tells
KEYS = "0123456789*#"
END_KEY = "#"


class Session:
    """What a script can do with its call.

    Every method raises ``HungUp`` when the caller has gone, and ``BadParameter`` when the other side is no
    Asterisk or refuses a command.

    Args:
        reader: The connection's one half.
        writer: The other; both stay the server's to close.

    Attributes:
        peer: The address of the Asterisk; empty where it has gone already.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = Parser()
        self._events: deque[Event] = deque()
        self.peer: str = (writer.get_extra_info("peername") or ("",))[0]

    async def begin(self) -> Environment:
        """Read what Asterisk tells first."""
        event = await self._next(HEADER_S)
        if not isinstance(event, Environment):
            raise HungUp
        return event

    async def play(self, file: str) -> str | None:
        """Play a sound file until its end or until a key is pressed.

        Returns:
            The key, an empty text where none was pressed; None where Asterisk has no such file or cannot read it.
        """
        reply = await self._run("STREAM FILE", file, KEYS)
        if reply.result == FAILED:
            return None
        return chr(int(reply.result)) if reply.result.isdecimal() and int(reply.result) in map(ord, KEYS) else ""

    async def say(self, step: Step) -> None:
        """Speak to the end, whatever is pressed."""
        match step:
            case Play(file):
                await self._run("STREAM FILE", file, "")
            case Number(value):
                await self._run("SAY NUMBER", value, "")
            case Digits(text):
                await self._run("SAY DIGITS", text, "")
            case Letters(text):
                await self._run("SAY ALPHA", text, "")

    async def collect(self, file: str, *, wait_s: float, digits: int) -> str | None:
        """Play a sound file, or none, and collect keys up to ``#``, to a number, or until none came for a while.

        Returns:
            The keys; None where Asterisk has no such file or cannot read it.
        """
        reply = await self._run("GET DATA", file, int(wait_s * 1000), digits)
        return None if reply.result == FAILED else reply.result

    async def has(self, file: str) -> bool:
        """Whether Asterisk has a sound file in the channel's language or its own default; plays none of it."""
        return (await self._run("STREAM FILE", file, "", BEYOND_END)).result != FAILED

    async def get(self, variable: str) -> str:
        """A channel variable; an empty text where it is not set."""
        return (await self._run("GET VARIABLE", variable)).note

    async def set(self, variable: str, value: str) -> None:
        """Set a channel variable or function, such as ``CALLERID(name)``."""
        await self._run("SET VARIABLE", variable, value)

    async def _run(self, *words: str | int) -> Reply:
        self._writer.write(command(*words))
        try:
            await self._writer.drain()
        except OSError as error:
            raise HungUp from error
        reply = await self._next(REPLY_S)
        if not isinstance(reply, Reply) or reply.code == 511:
            raise HungUp
        if reply.code != 200:
            raise BadParameter(f"Asterisk refused the command {words[0]} with {reply.code}.")
        return reply

    async def _next(self, within_s: float) -> Event:
        try:
            async with asyncio.timeout(within_s):
                while not self._events:
                    data = await self._reader.read(CHUNK_BYTES)
                    if not data:
                        raise HungUp
                    self._events.extend(self._parser.feed(data))
        except TimeoutError as error:
            raise BadParameter(f"Asterisk was silent for {within_s} seconds.") from error
        except OSError as error:
            raise HungUp from error
        event = self._events.popleft()
        if isinstance(event, Hangup):
            raise HungUp
        return event
