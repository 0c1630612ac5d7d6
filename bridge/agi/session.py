"""One FastAGI call: commands out, replies in, with deadlines; a hang-up ends it wherever it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from bridge.agi.prompts import Digits, Letters, Number, Play, Step
from bridge.agi.protocol import Environment, Event, Hangup, Parser, Reply, command
from bridge.errors import BadParameter, HungUp

HEADER_S = 5
REPLY_S = 120  # the longest sentence, and the time to press keys after it
CHUNK_BYTES = 4096
BEYOND_END = 2**31 - 1  # samples; Asterisk plays a file from its end then, which is nothing


class Session:
    """What a script can do with its call.

    Every method raises ``HungUp`` when the caller has gone, and ``BadParameter`` when the other side is no
    Asterisk or refuses a command.

    Args:
        reader: The connection's one half.
        writer: The other; both stay the server's to close.

    Attributes:
        peer: The address of the Asterisk; None where it has gone already.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = Parser()
        self._events: deque[Event] = deque()
        self.peer: str | None = (writer.get_extra_info("peername") or (None,))[0]

    async def begin(self) -> Environment:
        """Read what Asterisk tells first."""
        event = await self._next(HEADER_S)
        if not isinstance(event, Environment):
            raise HungUp
        return event

    async def say(self, steps: Iterable[Step]) -> None:
        """Speak, to the end."""
        for step in steps:
            match step:
                case Play(file):
                    if (await self._run("STREAM FILE", file, "")).endpos == 0:
                        raise BadParameter(
                            f"Asterisk has no sound file {file} in the channel's language. "
                            "Copy the bridge's asterisk/sounds into Asterisk's folder of sounds."
                        )
                case Number(value):
                    await self._run("SAY NUMBER", value, "")
                case Digits(text):
                    await self._run("SAY DIGITS", text, "")
                case Letters(text):
                    await self._run("SAY ALPHA", text, "")

    async def ask(self, file: str, *, wait_s: float, digits: int) -> str:
        """Speak and collect keys up to ``#``, to a number of digits, or until nothing is pressed for a while."""
        return (await self._run("GET DATA", file, int(wait_s * 1000), digits)).result

    async def has(self, file: str) -> bool:
        """Whether Asterisk has a sound file in the channel's language or its own default; plays none of it."""
        return bool((await self._run("STREAM FILE", file, "", BEYOND_END)).endpos)

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
        if not isinstance(reply, Reply) or reply.code == 511 or reply.result == "-1":
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
