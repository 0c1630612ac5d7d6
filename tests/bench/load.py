"""Load on an HTTP server: wrk where it is installed (Debian package ``wrk``), else a small client of our own."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}

# Every request asks for another number out of ``count``; wrk sends the requests of a connection one by one.
_LUA = """
math.randomseed(%(seed)d)
request = function()
  return wrk.format("GET", string.format("%(path)s", math.random(%(first)d, %(last)d)))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    Attributes:
        failed: Answers other than 2xx, and broken connections.
    """

    answers_per_s: float
    p99_ms: float
    failed: int


def tool() -> str:
    """The name of the client in use."""
    return "wrk" if shutil.which("wrk") else "own client"


def load(port: int, path: str, first: int, last: int, *, seconds: float, seed: int = 1) -> Load:
    """Ask a server on this machine as fast as it answers.

    Args:
        port: On 127.0.0.1.
        path: The request target with one ``%d`` for a random number.
        first: The least of these.
        last: The greatest of these.
        seconds: How long.
        seed: For the random numbers.
    """
    if tool() == "wrk":
        return _wrk(port, path, first, last, seconds, seed)
    command = [sys.executable, "-m", "tests.bench.load", *map(str, (port, path, first, last, seconds, seed))]
    answers, p99_ms, failed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Load(float(answers), float(p99_ms), int(failed))


def _wrk(port: int, path: str, first: int, last: int, seconds: float, seed: int) -> Load:
    script = _LUA % {"seed": seed, "path": path.replace("%2B", "%%2B"), "first": first, "last": last}
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "load.lua"
        lua.write_text(script, encoding="ascii")
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{round(seconds)}s", "--latency", "-s", str(lua)]
        text = subprocess.run(
            [*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True
        ).stdout
    answers = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", text)
    if not answers or not p99:
        raise RuntimeError(f"wrk said: {text}")
    failed = sum(int(count) for count in re.findall(r"(?:Non-2xx or 3xx responses:|read|write|timeout) (\d+)", text))
    return Load(float(answers.group(1)), float(p99.group(1)) * _UNITS_MS[p99.group(2)], failed)


async def _own(port: int, path: str, first: int, last: int, seconds: float, seed: int) -> Load:
    rng = random.Random(seed)
    times: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds

    async def connection() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            target = path.replace("%d", str(rng.randint(first, last)))
            writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            size = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(size.group(1)) if size else 0)
            times.append(time.perf_counter() - start)
            failed += not head.startswith(b"HTTP/1.1 2")
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    times.sort()
    return Load(len(times) / seconds, times[int(len(times) * 0.99)] * 1000, failed)


if __name__ == "__main__":
    _port, _path, _first, _last, _seconds, _seed = sys.argv[1:]
    _done = asyncio.run(_own(int(_port), _path, int(_first), int(_last), float(_seconds), int(_seed)))
    sys.stdout.write(f"{_done.answers_per_s} {_done.p99_ms} {_done.failed}")
