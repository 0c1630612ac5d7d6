"""Fuzzes FastAGI: ``python -m tests.fuzz.agi SECONDS [SEED]`` plays a PBX that says anything at any time.

It starts ``itflow-bridge demo``, opens calls whose heads and answers were changed at random, and makes a good call
after every hundred, which must be answered. A traceback, an error in the log, a death or a missing answer is a find.
The same seed makes the same calls.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from contextlib import suppress

CALLS_AT_ONCE = 8
CALL_S = 0.5
GOOD_EVERY = 100
LINES = 40
KNOWN = "12065550123"

_SCRIPTS = ("callerid", "balance", "", "nothing", "../callerid", "callerid" * 50, "\x1b[31m")
_NUMBERS = (KNOWN, "anonymous", "", "1", "+1" * 90, "\x00", "unknown", "12125550110", "'; DROP", "\udcff")
_ANSWERS = (
    "200 result=0\n",
    "200 result=1\n",
    "200 result=-1\n",
    "200 result=-1 endpos=0\n",
    "200 result=1 (demo)\n",
    "200 result=1 (4711)\n",
    "200 result=35 (timeout)\n",
    "200 result=\n",
    "200 result=" + "9" * 3000 + "\n",
    "510 Invalid or unknown command\n",
    "511 Command Not Permitted on a dead channel\n",
    "520-Invalid command syntax.  Proper usage follows:\n520 End of proper usage.\n",
    "520-never ended\n",
    "HANGUP\n",
    "HANGUP\n200 result=-1\n",
    "\n",
    "x" * 70_000 + "\n",
    "200 result=1 (\x00\xff\u202e)\n",
    "200 result=1 (" * 200 + "\n",
    "agi_callerid: 1\n",
    "",
)


def head(rng: random.Random) -> bytes:
    """The lines with which a call begins, more or less."""
    lines = [
        "agi_network: yes",
        f"agi_network_script: {rng.choice(_SCRIPTS[:2] if rng.random() < 0.7 else _SCRIPTS)}",
        f"agi_callerid: {rng.choice(_NUMBERS)}",
        f"agi_callingpres: {rng.choice(('0', '32', 'x', '-1', '9' * 40))}",
        f"agi_language: {rng.choice(('en', 'de', 'xx', '', '../en'))}",
        f"agi_arg_1: {'demo' if rng.random() < 0.8 else rng.choice(('', 'wrong', 'x' * 5000))}",
    ]
    if rng.random() < 0.2:
        rng.shuffle(lines)
    octets = bytearray("\n".join(lines).encode("utf-8", "surrogateescape") + b"\n\n")
    for _ in range(rng.choice((0, 0, 0, 1, 5))):
        octets[rng.randrange(len(octets))] = rng.randrange(256)
    return bytes(octets)


async def call(port: int, rng: random.Random) -> None:
    """One call that may go any way."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(CALL_S):
            writer.write(head(rng))
            for _ in range(rng.randint(0, LINES)):
                if rng.random() < 0.9 and not await reader.readline():
                    break
                writer.write(rng.choice(_ANSWERS).encode("utf-8", "surrogateescape"))
    writer.transport.abort()


async def good_call(port: int) -> bool:
    """Whether an ordinary call gets its name."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = f"agi_network_script: callerid\nagi_callerid: {KNOWN}\nagi_arg_1: demo\n\n"
        writer.write(lines.encode())
        said = b""
        while line := await reader.readline():
            said += line
            writer.write(b"200 result=1\n")
        writer.close()
    return b"Noah Kim" in said


def tell(text: str) -> None:
    """A line for who started it."""
    sys.stdout.write(f"{text}\n")


async def fuzz(seconds: float, seed: int) -> int:
    """Fuzz for so long; tells what was found, and gives how much that is."""
    rng = random.Random(seed)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "demo", "--port", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    assert process.stderr
    port, found, calls, end = 0, 0, 0, time.monotonic() + seconds
    while not port:
        line = await process.stderr.readline()
        assert line, "the demo does not start"
        if told := re.search(rb"FastAGI is answered on [^:]+:(\d+)", line):
            port = int(told[1])
    faults: list[str] = []

    async def read() -> None:
        assert process.stderr
        async for raw in process.stderr:
            line = raw.decode(errors="replace")
            if re.search(r"Traceback|\bERROR\b|never awaited|never retrieved|[\x00-\x08\x1b]", line):
                faults.append(line.strip())

    reading = asyncio.create_task(read())
    while time.monotonic() < end and process.returncode is None:
        await asyncio.gather(*(call(port, random.Random(rng.random())) for _ in range(CALLS_AT_ONCE)))
        calls += CALLS_AT_ONCE
        if calls % GOOD_EVERY < CALLS_AT_ONCE and not await good_call(port):
            found += 1
            tell(f"seed {seed}: a good call after {calls} calls had no name")
    if process.returncode is not None:
        found += 1
        tell(f"seed {seed}: the bridge died after {calls} calls")
    else:
        process.terminate()
    await process.wait()
    await reading
    for fault in dict.fromkeys(faults):
        tell(fault)
    tell(f"{calls} calls in {seconds:.0f} s, seed {seed}: {found + len(faults)} found")
    return found + len(faults)


if __name__ == "__main__":
    sys.exit(bool(asyncio.run(fuzz(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))))
