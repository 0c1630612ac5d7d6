"""A wire to Asterisk that can be cut, and tapped."""

import asyncio
from contextlib import nullcontext, suppress


class Cable:
    """A port beside Asterisk's, and what goes through it.

    Args:
        port: Asterisk's.
        tape: What Asterisk tells is written here too, one file a connection: ``tape.0``, ``tape.1`` …

    Attributes:
        port: Where the bridge connects.
        connections: How many there were.
    """

    def __init__(self, port, tape=None):
        self._tape = tape
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there_writer}
        tape = self._tape and self._tape.with_suffix(f".{self.connections}")
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer, tape))
        self._writers -= {writer, there_writer}


async def _pump(reader, writer, tape=None):
    with suppress(OSError), tape.open("ab") if tape else nullcontext() as file:
        while data := await reader.read(1 << 16):
            if file:
                file.write(data)
                file.flush()
            writer.write(data)
            await writer.drain()
    writer.close()
