"""What a flood from one address costs a caller at another: the front against plain aiohttp, flooded alike.

A stranger without a key sends as fast as it can from 127.0.0.2; a phone system asks from 127.0.0.3, one connection a
call. The stranger is a process of its own (``python -m tests.bench.flood PORT KIND SECONDS``), and so are the servers.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.bench.callerid import LITTLE, Asked, cpu_s, running
from tests.bench.figure import Figure, at_most

STRANGER, PHONE_SYSTEM = "127.0.0.2", "127.0.0.3"
SECONDS = 10
GOAL_RATIO, GOAL_MS = 3, 50
# A ratio of waits that nobody feels is noise: below this, a wait counts as this.
LEAST_MS = 5.0
PAUSE_S = 0.02
GOAL_COST = 2
LEAST_S = 0.05  # the clock of processes ticks a hundred times a second

PIECE = 64 * 1024
_ASKED = Asked(LITTLE, "+12012000007")
_TINY = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
_CALLER_ID = b"GET /api.php?api_key=wrong&cid=1 HTTP/1.1\r\nHost: x\r\n\r\n"
_BODY = b"POST /assets HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"
_MB = 1 << 20
# What a connection sends first, again and again, how many connections do so, and the bytes whose cost is measured.
KINDS = {
    "newlines": (b"", b"\r\n" * (PIECE // 2), 1, 32 * _MB),
    "pipelined tiny requests": (b"", _TINY * (PIECE // len(_TINY)), 1, _MB),
    "pipelined caller-ID requests": (b"", _CALLER_ID * (PIECE // len(_CALLER_ID)), 1, _MB),
    "header drips": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"x", 200, _MB // 4),
    "64 kB pieces of a body": (_BODY, b"x" * PIECE, 1, 32 * _MB),
    "64 kB pieces of a head": (b"GET / HTTP/1.1\r\n", b"x-filler: " + b"x" * PIECE, 1, 32 * _MB),
}


def measure() -> Iterator[Figure]:
    """What floods cost the server, and what they cost a caller."""
    yield from measure_cost()
    yield from measure_waits()


def measure_waits() -> Iterator[Figure]:
    """Every kind of flood; the caller's wait beside plain aiohttp's."""
    for kind in KINDS:
        bare, ours = _waits(0, kind), _waits(LITTLE, kind)
        median, plain = statistics.median(ours), statistics.median(bare)
        name = f"flood of {kind}: a caller's wait (plain aiohttp {plain:.1f} ms, worst {max(bare):.0f} ms)"
        yield at_most(f"{name}, worst {max(ours):.0f} ms, median", median, GOAL_MS, "ms", 1)
        ratio = max(median, LEAST_MS) / max(plain, LEAST_MS)
        yield at_most(f"flood of {kind}: ÷ plain aiohttp, below {LEAST_MS:.0f} ms alike", ratio, GOAL_RATIO)


def measure_cost() -> Iterator[Figure]:
    """What the same bytes cost the server's processor, beside plain aiohttp; a busy machine changes nothing in it."""
    for kind in KINDS:
        bare, ours = _cost_s(0, kind), _cost_s(LITTLE, kind)
        name = f"{KINDS[kind][3] / _MB:g} MB of {kind}: CPU ÷ plain aiohttp's {bare:.2f} s"
        yield at_most(name, max(ours, LEAST_S) / max(bare, LEAST_S), GOAL_COST)


def _cost_s(contacts: int, kind: str) -> float:
    with running(_server(contacts)) as (port, process_id):
        before = cpu_s(process_id)
        subprocess.run(
            [sys.executable, "-m", "tests.bench.flood", str(port), kind, "60", str(KINDS[kind][3])],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return cpu_s(process_id) - before


def _server(contacts: int) -> tuple[str, int]:
    return ("callerid", contacts) if contacts else ("bare", 0)


def _waits(contacts: int, kind: str) -> list[float]:
    with running(_server(contacts)) as (port, _), _flooded(port, kind):
        return asyncio.run(_calls(port))


@contextmanager
def _flooded(port: int, kind: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.flood", str(port), kind, str(SECONDS + 5)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()  # it has begun
        try:
            yield
        finally:
            process.kill()


async def _calls(port: int) -> list[float]:
    """Waits in milliseconds; a call without an answer has waited to the end."""
    waits, end = [], time.perf_counter() + SECONDS
    target = _ASKED.path.replace("%d", str(_ASKED.last))
    request = f"GET {target} HTTP/1.1\r\nHost: bridge\r\n\r\n".encode()
    while (start := time.perf_counter()) < end:
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(end - start + 1):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(PHONE_SYSTEM, 0))
                writer.write(request)
                answer = await reader.readuntil(b"\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 200"), answer
                writer.close()
        waits.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(PAUSE_S)
    return waits


async def _flood(port: int, kind: str, seconds: float, left: float) -> None:
    first, again, connections, _ = KINDS[kind]
    begun = asyncio.Event()

    async def stranger() -> None:
        nonlocal left
        while left > 0:
            with suppress(ConnectionError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(STRANGER, 0))
                drained = asyncio.create_task(_read_all(reader))
                writer.write(first)
                while not drained.done() and left > 0:
                    writer.write(again)
                    left -= len(again)
                    begun.set()
                    await writer.drain()
                    await asyncio.sleep(0)
                if left <= 0:  # all of it shall be read
                    with suppress(OSError, TimeoutError):
                        writer.write_eof()
                        await asyncio.wait_for(drained, 10)
                writer.transport.abort()
            await asyncio.sleep(0)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as strangers:
            for _ in range(connections):
                strangers.create_task(stranger())
            await begun.wait()
            sys.stdout.write("\n")
            sys.stdout.flush()


async def _read_all(reader: asyncio.StreamReader) -> None:
    """A flooder takes the answers, lest the server stop reading."""
    with suppress(ConnectionError):
        while await reader.read(PIECE):
            pass


if __name__ == "__main__":
    _port, _kind, _seconds, _bytes = (*sys.argv[1:], "inf")[:4]
    asyncio.run(_flood(int(_port), _kind, float(_seconds), float(_bytes)))
