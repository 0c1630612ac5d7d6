"""How fast callers are named who have not called before: against a bare handler, and with many more contacts.

Most trunks send bare digits, and a caller who has not called since the last sync is the ordinary case; so each form
is measured, and no answer is remembered.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.access.keys import Keys, Options
from bridge.settings import load as load_settings
from bridge.storage import Database
from tests.bench import pages
from tests.bench.callerid_servers import FIRST, SECRET, name_of
from tests.bench.directory import itflow
from tests.bench.figure import Figure, at_least, at_most
from tests.bench.load import load, tool

ROUNDS = 3
SECONDS = 2
PAUSE_S = 0.002
SETTLE_S = 5  # the first pull of money follows that of people
LITTLE, MIDDLE, MANY = SIZES = 1_000, 100_000, 1_000_000

# How trunks in the US send +12012000007, as the request asks for it; %d is its last seven digits.
FORMS = {"+12012000007": "%2B1201%d", "2012000007": "201%d", "12012000007": "1201%d"}


@dataclass(frozen=True)
class Asked:
    """A server and the form in which it is asked; every answer is looked up, none is remembered.

    Attributes:
        contacts: How many there are; 0 for a bare aiohttp handler, which is asked like the middle one.
        form: A key of ``FORMS``.
        kind: What serves: the bridge or a handler.
    """

    contacts: int
    form: str
    kind: str = "callerid"

    @property
    def name(self) -> str:
        """In words."""
        if not self.contacts:
            return BARE_KINDS[self.kind]
        return f"`cid={self.form}`, {self.contacts:,} contacts"

    @property
    def server(self) -> Server:
        """The process that is asked."""
        return self.kind, self.contacts

    @property
    def path(self) -> str:
        """The request."""
        return f"/api.php?api_key={SECRET}&cid={FORMS[self.form]}"

    @property
    def last(self) -> int:
        """The last number that is asked."""
        return FIRST + (self.contacts or MIDDLE) - 1


Server = tuple[str, int]
BARE_KINDS = {"bare": "a bare aiohttp handler", "bare-asyncio": "a bare aiohttp handler on asyncio's own loop"}
BARE, BARE_ASYNCIO = (Asked(0, "+12012000007", kind) for kind in BARE_KINDS)
ASKED = tuple(Asked(contacts, form) for contacts in SIZES for form in FORMS)


@dataclass(frozen=True)
class Cost:
    """What a turn of load came to.

    Attributes:
        cpu_us: Time of the server's processor for one answer.
    """

    answers_per_s: float
    cpu_us: float


@contextmanager
def running(server: Server, command: Sequence[str] = ()) -> Iterator[tuple[int, int]]:
    """A server process, by another command where one is given; gives its port and process id."""
    kind, contacts = server
    arguments = (kind, str(contacts)) if contacts else (kind,)
    command = command or [sys.executable, "-m", "tests.bench.callerid_servers", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.stdin.close()


def ask(port: int, path: str) -> str:
    """One answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def cpu_s(process_id: int) -> float:
    """What a process has used of the processor so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def side_by_side(servers: Mapping[Server, tuple[int, int]]) -> Mapping[Asked, list[Cost]]:
    """Loads the servers in turns, so that a noisy machine disturbs all of them alike; the first turn is a start-up."""
    costs: dict[Asked, list[Cost]] = {asked: [] for asked in (BARE, BARE_ASYNCIO, *ASKED)}
    for turn in range(1 + ROUNDS):
        for asked, found in costs.items():
            port, process_id = servers[asked.server]
            before_s = cpu_s(process_id)
            done = load(port, asked.path, FIRST, asked.last, seconds=SECONDS, seed=turn)
            assert not done.failed, f"{asked.name}: {done.failed} answers failed"
            if turn:
                used_us = (cpu_s(process_id) - before_s) * 1_000_000
                found.append(Cost(done.answers_per_s, used_us / (done.answers_per_s * SECONDS)))
    return costs


def measure() -> Iterator[Figure]:
    """The figures of caller ID."""
    with ExitStack() as stack:
        wanted = dict.fromkeys(asked.server for asked in (BARE, BARE_ASYNCIO, *ASKED))
        servers = {server: stack.enter_context(running(server)) for server in wanted}
        for asked in ASKED:
            for number in (FIRST, asked.last):
                name = ask(servers[asked.server][0], asked.path.replace("%d", str(number)))
                assert name == name_of(number), (asked, number, name)
        costs = side_by_side(servers)

    def ratio(one: Asked, other: Asked) -> float:
        turns = zip(costs[one], costs[other], strict=True)
        return statistics.median(mine.answers_per_s / theirs.answers_per_s for mine, theirs in turns)

    for asked, found in costs.items():
        answers = statistics.median(cost.answers_per_s for cost in found)
        yield Figure(f"answers/s of {asked.name} ({tool()}, random numbers)", f"{answers:,.0f}")
    for asked, found in costs.items():
        used_us = statistics.median(cost.cpu_us for cost in found)
        goal = 35 if asked.contacts == MIDDLE and asked.kind == "callerid" else 0
        name = f"processor time for one answer of {asked.name}"
        yield at_most(name, used_us, goal, "µs", 0) if goal else Figure(name, f"{used_us:.0f} µs")
    for form in FORMS:
        middle = Asked(MIDDLE, form)
        yield at_least(f"answers/s of {middle.name} ÷ {BARE_ASYNCIO.name}", ratio(middle, BARE_ASYNCIO), 0.85)
        yield Figure(f"answers/s of {middle.name} ÷ {BARE.name} on the same loop", f"{ratio(middle, BARE):.2f}")
    for form in FORMS:
        many, little = Asked(MANY, form), Asked(LITTLE, form)
        yield at_least(f"answers/s of `cid={form}` at {MANY:,} contacts ÷ at {LITTLE:,}", ratio(many, little), 0.9)
    yield at_most(f"p99 while {MIDDLE:,} contacts are indexed for the first time ÷ at rest", _felt(), 2)


def _felt() -> float:
    """p99 of ``/api.php?cid=`` while the bridge pulls and indexes for the first time ÷ at rest."""
    with TemporaryDirectory() as folder, itflow(MIDDLE) as url:
        settings = load_settings(overrides={"storage": {"path": Path(folder) / "bridge.db"}})
        database = Database(settings.storage.path)
        Keys(database, settings).add("pbx", Options(), secret=SECRET)
        database.close()
        environment = {
            **os.environ,
            "BRIDGE_ITFLOW_URL": url,
            "BRIDGE_ITFLOW_API_KEY": "KEY",
            "BRIDGE_STORAGE_PATH": str(settings.storage.path),
        }
        command = [sys.executable, "-m", "bridge", "serve", "--host", "127.0.0.1", "--port", "0"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr
                port = next(int(found[1]) for line in process.stderr if (found := re.search(r":(\d+)\s*$", line)))
                return asyncio.run(_paced(port))
            finally:
                process.terminate()


async def _paced(port: int) -> float:
    """Calls that come one by one, as calls do, until the mirror is there, and as many after that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    known = pages.work_number(1)

    async def ask_for(target: str) -> tuple[float, bytes]:
        begun = time.perf_counter()
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(size.group(1)) if size else 0)
        return time.perf_counter() - begun, body

    busy: list[float] = []
    rest: list[float] = []
    name = b""
    while not name:
        taken_s, name = await ask_for(f"/api.php?api_key={SECRET}&cid=%2B1{known}")
        busy.append(taken_s)
        await asyncio.sleep(PAUSE_S)
    await asyncio.sleep(SETTLE_S)
    while len(rest) < len(busy):
        taken_s, _ = await ask_for(f"/api.php?api_key={SECRET}&cid=%2B1{pages.work_number(len(rest) + 2)}")
        rest.append(taken_s)
        await asyncio.sleep(PAUSE_S)
    writer.close()
    return statistics.quantiles(busy, n=100)[98] / statistics.quantiles(rest, n=100)[98]
