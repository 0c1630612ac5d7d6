"""What the mirror costs: time to start, memory, pulls, and what a caller feels of them."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from bridge.directory.entries import Entry, Kind, Label, Phone
from bridge.directory.mirror import Mirror
from bridge.directory.process import following
from bridge.directory.snapshot import Snapshot
from bridge.directory.sync import Sync
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.settings import load
from bridge.storage import Database, Watch
from tests.bench import pages
from tests.bench.figure import Figure, at_most
from tests.mirrored import mirrored

CONTACTS = 100_000
MANY = 1_000_000
PAGE_SIZE = 1000
ROUNDS = 5
NOBODY = "http://127.0.0.1:9/"  # the discard port: nobody answers

# Run in a new process: from its start to the first right answer, and what it holds in memory then.
_STARTING = """
import asyncio, json, sys
from bridge.directory.mirror import Mirror
from bridge.directory.process import following
from bridge.settings import load
from bridge.storage import Watch

async def main():
    settings = load(overrides=json.loads(sys.argv[1]))
    mirror = Mirror()
    async with Watch.on(settings.storage.path) as watch, following(settings, mirror, watch):
        print(mirror.snapshot.match(sys.argv[2])[0].name, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


def measure() -> Iterator[Figure]:
    """The figures of the mirror."""
    with TemporaryDirectory() as folder:
        with itflow(CONTACTS) as url:
            yield from asyncio.run(_pulls(url, Path(folder) / "pulls.db"))
            yield from asyncio.run(_felt(url, Path(folder) / "felt.db"))
        started_s, _ = _start(Path(folder) / "pulls.db", CONTACTS)
        yield at_most(f"process start to first right answer, {CONTACTS:,} contacts stored", started_s, 2, "s")
        path = Path(folder) / "many.db"
        per_contact = _store(path, MANY)
        yield Figure(f"bridge.db per contact with two numbers, at {MANY:,}", f"{per_contact:.0f} bytes")
        started_s, resident = _start(path, MANY)
        yield Figure(f"process start to first right answer, {MANY:,} contacts stored", f"{started_s:.2f} s")
        yield at_most(
            f"resident memory per contact with two numbers, at {MANY:,}", resident / MANY, 700, "bytes", digits=0
        )


async def _pulls(url: str, path: Path) -> list[Figure]:
    database = Database(path)
    async with open_session() as session:
        client = ItflowClient(session, url, "KEY", page_size=PAGE_SIZE)
        sync = Sync(client, database, region="US", max_loss=0.2)
        await _download(session, url)  # the server makes its pages
        begun = time.perf_counter()
        await sync.people()
        first_s = time.perf_counter() - begun
        ratios = []
        for _ in range(ROUNDS):
            plain_s = await _timed(lambda: _download(session, url))
            ratios.append(await _timed(sync.people) / plain_s)
        async with session.post(f"{url}change"):
            pass
        changed_s = await _timed(sync.people)
    database.close()
    return [
        Figure(f"first pull of {CONTACTS:,} contacts, two numbers each, until it is stored", f"{first_s:.1f} s"),
        at_most("pull where nothing changed ÷ downloading and JSON-decoding the same pages", _middle(ratios), 1.5),
        Figure(f"pull with one changed contact of {CONTACTS:,}, until it is stored", f"{changed_s:.2f} s"),
    ]


async def _download(session: aiohttp.ClientSession, url: str) -> None:
    """Every page that a pull of people reads, decoded."""
    for module, total in (("clients", pages.CLIENTS), ("locations", 0), ("contacts", CONTACTS), ("vendors", 0)):
        for offset in range(0, max(1, total), PAGE_SIZE - 1):
            query: dict[str, str | int] = {"api_key": "KEY", "limit": PAGE_SIZE, "offset": offset}
            async with session.get(f"{url}api/v1/{module}/read.php", params=query) as response:
                json.loads(await response.read())


async def _felt(url: str, path: Path) -> list[Figure]:
    """Look numbers up all the while a child pulls and indexes for the first time, and when it is at rest."""
    settings = load(
        overrides={
            "itflow": {"url": url, "api_key": "KEY", "page_size": PAGE_SIZE},
            "storage": {"path": path},
            "sync": {"interval_s": 3600, "money_interval_s": 3600},
        }
    )
    mirror = Mirror(Snapshot.build(entries=_entries(CONTACTS)))
    sampled = mirror.snapshot
    busy: list[float] = []
    rest: list[float] = []
    async with Watch.on(path) as watch, following(settings, mirror, watch):
        while mirror.current is sampled or mirror.freshness.money_at is None:
            busy.append(await _look_up(mirror))
        while len(rest) < len(busy):
            rest.append(await _look_up(mirror))
    ratio = statistics.quantiles(busy, n=100)[98] / statistics.quantiles(rest, n=100)[98]
    return [
        at_most(f"p99 of a look-up while {CONTACTS:,} contacts are indexed for the first time ÷ at rest", ratio, 2)
    ]


_ids = count(1)


async def _look_up(mirror: Mirror) -> float:
    """One look-up of a known number and one turn of the event loop, in seconds."""
    number = f"+1{pages.work_number(next(_ids) * 31 % CONTACTS + 1)}"
    begun = time.perf_counter()
    found = mirror.snapshot.match(number)
    await asyncio.sleep(0)
    taken = time.perf_counter() - begun
    if len(found) != 1:
        raise LookupError(f"{number} is not found")
    return taken


def _store(path: Path, contacts: int) -> float:
    """Store a mirror as the sync does; bytes of the file per contact."""
    database = Database(path)
    mirrored(database, _entries(contacts))
    database.close()
    return path.stat().st_size / contacts


def _entries(contacts: int) -> Iterator[Entry]:
    """What the mirror makes of ``pages.contact``."""
    for contact_id in range(1, contacts + 1):
        row = pages.contact(contact_id)
        yield Entry(
            kind=Kind.CONTACT,
            id=contact_id,
            client_id=contact_id % pages.CLIENTS + 1,
            name=str(row["contact_name"]),
            phones=(
                Phone(f"+1{row['contact_phone']}", Label.WORK, "12"),
                Phone(f"+1{row['contact_mobile']}", Label.MOBILE),
            ),
            email=str(row["contact_email"]),
            title=str(row["contact_title"]),
            department=str(row["contact_department"]),
            technical=True,
        )


def _start(path: Path, contacts: int) -> tuple[float, int]:
    """Seconds from the start of a process to its first answer, and the bytes it holds then."""
    overrides = {"itflow": {"url": NOBODY, "api_key": "KEY"}, "storage": {"path": str(path)}}
    number = f"+1{pages.mobile_number(contacts // 2)}"
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", _STARTING, json.dumps(overrides), number],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if process.stdout is None:
            raise RuntimeError("the process has no pipes")
        name = process.stdout.readline().strip()
        times.append(time.perf_counter() - begun)
        if not name.endswith(f" {contacts // 2}"):
            raise LookupError(f"a wrong answer: {name!r}")
        resident = _resident(process.pid)
        process.communicate()
    return _middle(times), resident


def _resident(pid: int) -> int:
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, text=True)
    return int(said.stdout) * 1024


@contextmanager
def itflow(contacts: int) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.pages", str(contacts)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout is None:
        raise RuntimeError("the process has no pipes")
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.communicate()


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


def _middle(values: list[float]) -> float:
    return statistics.median(values)
