"""Callers in a process of their own: they ask steadily, as phone systems do, and count what they get.

``python -m tests.drill.callers PORT``; each line on standard input is answered with the counts since the one before.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import quote

CALLERS = 8
PAUSE_S = 0.02
DEADLINE_S = 10.0
KEY = "drill"

# Numbers of the sample data as trunks write them, and the name that ITFlow has; the last are nobody's.
QUESTIONS = (
    ("2065550123", "", "Noah Kim"),
    ("+12065550123", "", "Noah Kim"),
    ("2125550110", "", "Bluebird Dental Group"),
    ("+442079460101", "", "Eleanor Hart"),
    ("2125559999", "WIRELESS CALLER", "WIRELESS CALLER"),
    ("2125559998", "", ""),
)


@dataclass
class Counts:
    """What callers got.

    Attributes:
        requests: How many asked.
        right: The name, or what the trunk said of a number that nobody has.
        empty: No name where there is one; the phone shows the number.
        wrong: Anything else as a name.
        none: No answer: no connection, cut off, or later than ``DEADLINE_S``.
        longest_s: The longest wait for an answer.
        examples: Some wrong ones.
    """

    requests: int = 0
    right: int = 0
    empty: int = 0
    wrong: int = 0
    none: int = 0
    longest_s: float = 0.0
    examples: list[str] | None = None

    def count(self, said: str | None, trunk: str, name: str, waited_s: float) -> None:
        """Take one answer in; None for none."""
        self.requests += 1
        if said is None:
            self.none += 1
            return
        self.longest_s = max(self.longest_s, waited_s)
        if said == name:
            self.right += 1
        elif said in {"", trunk}:
            self.empty += 1
        else:
            self.wrong += 1
            self.examples = [*(self.examples or []), said][:3]


async def asked(port: int, number: str, trunk: str) -> str | None:
    """One question on a connection of its own, as a dialplan asks it."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                target = f"/api.php?api_key={KEY}&cid={quote(number)}&name={quote(trunk)}"
                writer.write(f"GET {target} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    head, found, body = answer.partition(b"\r\n\r\n")
    return body.decode() if found and head else None


async def main(port: int) -> None:
    """Ask until standard input ends."""
    counts = Counts()

    async def ask(first: int) -> None:
        turn = first
        while True:
            number, trunk, name = QUESTIONS[turn % len(QUESTIONS)]
            turn += 1
            begun = time.perf_counter()
            said = await asked(port, number, trunk)
            counts.count(said, trunk, name, time.perf_counter() - begun)
            await asyncio.sleep(PAUSE_S)

    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    asking = [asyncio.create_task(ask(first)) for first in range(CALLERS)]
    async for _ in lines:
        sys.stdout.write(json.dumps(asdict(counts)) + "\n")
        sys.stdout.flush()
        counts.__init__()  # type: ignore[misc]  # the tasks hold this object
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
