"""How fast callers are named: against a bare handler, while indexing, and with many more contacts."""

from __future__ import annotations

import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.bench.callerid_servers import FIRST, SECRET, name_of
from tests.bench.load import Load, load, tool
from tests.bench.registry import Row, bench

PATH = f"/api.php?api_key={SECRET}&cid=%2B49221%d"
ROUNDS = 3
SECONDS = 3
MOST = 100_000


@contextmanager
def server(*arguments: str) -> Iterator[int]:
    """A server process; gives its port."""
    command = [sys.executable, "-m", "tests.bench.callerid_servers", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def ask(port: int, number: int) -> str:
    """One answer."""
    url = f"http://127.0.0.1:{port}{PATH.replace('%d', str(number))}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def side_by_side(ports: dict[str, int], counts: dict[str, int], seconds: float = SECONDS) -> dict[str, list[Load]]:
    """Loads the servers in turns, so that a noisy machine disturbs all of them alike."""
    loads: dict[str, list[Load]] = {name: [] for name in ports}
    for turn in range(ROUNDS):
        for name, port in ports.items():
            last = FIRST + counts[name] - 1
            done = load(port, PATH, FIRST, last, seconds=seconds, seed=turn)
            assert not done.failed, f"{name}: {done.failed} answers failed"
            loads[name].append(done)
    return loads


def ratio(loads: dict[str, list[Load]], one: str, other: str) -> float:
    """The middle of the turns' ratios of answers per second."""
    turns = zip(loads[one], loads[other], strict=True)
    return statistics.median(mine.answers_per_s / theirs.answers_per_s for mine, theirs in turns)


def per_s(loads: dict[str, list[Load]], name: str) -> str:
    """The middle of the turns' answers per second."""
    return f"{statistics.median(done.answers_per_s for done in loads[name]):,.0f}/s"


@bench
def callerid() -> Iterator[Row]:
    """Rows of the caller-ID table."""
    counts = {"bare": 100_000, "100,000": 100_000, "1,000": 1_000, "1,000,000": MOST}
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(server("bare") if name == "bare" else server("callerid", str(count)))
            for name, count in counts.items()
        }
        for name, count in counts.items():
            for number in (FIRST, FIRST + count - 1):
                assert name == "bare" or ask(ports[name], number) == name_of(number)
        loads = side_by_side(ports, counts)
    yield Row(
        "answers/s of `/api.php?cid=` (key checked, 100,000 contacts, random known numbers) ÷ answers/s of a bare "
        "aiohttp handler that returns a constant",
        "≥ 0.85",
        f"{ratio(loads, '100,000', 'bare'):.2f}",
        f"{per_s(loads, '100,000')} to {per_s(loads, 'bare')}, {tool()}",
    )
    yield Row(
        "answers/s at 1,000,000 contacts ÷ at 1,000",
        "≥ 0.95",
        f"{ratio(loads, '1,000,000', '1,000'):.2f}",
        f"{per_s(loads, '1,000,000')} to {per_s(loads, '1,000')}",
    )
