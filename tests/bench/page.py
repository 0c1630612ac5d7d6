"""Do open pages and busy phones cost callers their names: 200 calls a minute and 50 people who watch them.

Names are asked as a phone system asks, one connection each; the bridge, those who watch and who asks are processes of
their own. On a machine that does other things too, one period says little: so quiet and loaded ones take turns, each
loaded one is held against the quiet ones before and after it, and the median of these ratios counts. How far two quiet
periods in a row are apart says what the machine alone does.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, quantiles

from aiohttp import ClientSession, ClientTimeout, CookieJar
from yarl import URL

from bridge import service
from bridge.access.keys import Keys, Options
from bridge.calls.people import People, Person
from bridge.cli.serve import loop_factory
from bridge.directory.entries import Client
from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http.state import MIRROR
from bridge.storage import Database
from tests import bridges
from tests.bench.callerid_servers import FIRST, PER_CLIENT, SECRET, entries
from tests.bench.figure import Figure, at_most

PAGES = 50
CALLS_PER_MINUTE = 200
CONTACTS = 20_000
ROUNDS = 10
ASK_S = 5.0
PER_S = 100
MOST = 2.0


def measure() -> Iterator[Figure]:
    """The 99th percentile of names under the load, by the one without."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.db"
        links = _furnish(path)
        loaded: dict[str, list[float]] = {"calls": [], "pages": []}
        with _served(path) as url, _watched(url, links) as load:
            _p99_ms(url)  # what is done once is done now
            quiet = [_p99_ms(url)]
            for _ in range(ROUNDS):
                for word, periods in loaded.items():
                    load(word)
                    periods.append(_p99_ms(url))
                    load("off")
                    quiet.append(_p99_ms(url))
    names = "names, p99"
    only_calls = f"{names}, {CALLS_PER_MINUTE} calls a minute, nobody looks"
    about = f"{names}, {CALLS_PER_MINUTE} calls a minute and {PAGES} open pages"
    yield Figure(f"{names}, no calls, nobody looks", f"{median(quiet):.2f} ms")
    yield Figure(only_calls, f"{median(loaded['calls']):.2f} ms")
    yield Figure(about, f"{median(loaded['pages']):.2f} ms")
    apart = [max(pair) / min(pair) for pair in pairwise(quiet)]
    yield Figure(f"{names}, two quiet periods in a row are apart by", _spread(apart))
    # Each loaded period stands between two quiet ones: behind an even one with calls alone, behind an odd one else.
    ratios = {
        word: [one / mean(quiet[2 * turn + place :][:2]) for turn, one in enumerate(periods)]
        for place, (word, periods) in enumerate(loaded.items())
    }
    yield Figure(f"{only_calls}, by the usual", _spread(ratios["calls"]))
    yield Figure(f"{about}, by the usual", _spread(ratios["pages"]))
    yield at_most(f"{about}, by the usual, median", median(ratios["pages"]), MOST, "times")


def _spread(ratios: Sequence[float]) -> str:
    """The quartiles of what was measured several times."""
    lower, middle, upper = quantiles(ratios, n=4)
    return f"{lower:.2f}, {middle:.2f}, {upper:.2f} times"


def _furnish(path: Path) -> list[str]:
    database = Database(path)
    Keys(database, bridges.settings(database)).add("pbx", Options(), secret=SECRET)
    people = People(database)
    links = []
    for place in range(PAGES):
        people.add(Person(name=f"Person {place}", extensions=(str(100 + place),)))
        links.append(people.link(f"Person {place}"))
    database.close()
    return links


@contextmanager
def _served(path: Path) -> Iterator[str]:
    """The bridge in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.bench.page", "serve", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def _serve(path: Path) -> None:
    database = Database(path)
    made = bridges.settings(database, numbers={"region": "US"}, log={"level": "ERROR"})
    database.close()
    clients = (Client(number, f"Client {number}") for number in range(1, CONTACTS // PER_CLIENT + 2))
    app = service.make_app(made, {MIRROR: Mirror(Snapshot.build(clients=clients, entries=entries(CONTACTS)))})
    async with service.serving(app) as url:
        print(url, flush=True)  # noqa: T201 - a word to the parent
        await asyncio.Event().wait()


def _p99_ms(url: str) -> float:
    waits, port = [], URL(url).port
    begun = time.perf_counter()
    for place in range(round(ASK_S * PER_S)):
        time.sleep(max(0.0, begun + place / PER_S - time.perf_counter()))
        asked = time.perf_counter()
        number = f"%2B1201{FIRST + place * 7 % CONTACTS}"
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", f"/api.php?api_key={SECRET}&cid={number}")
        answer = connection.getresponse()
        if answer.status != 200 or not answer.read():
            raise RuntimeError(f"a caller got {answer.status} without a name")
        connection.close()
        waits.append((time.perf_counter() - asked) * 1000)
    return sorted(waits)[len(waits) * 99 // 100]


@contextmanager
def _watched(url: str, links: list[str]) -> Iterator[Callable[[str], None]]:
    """People who watch and phones that ring, in another process, by the words calls, pages and off."""
    command = [sys.executable, "-m", "tests.bench.page", url, *links]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def load(word: str) -> None:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("no pipes")
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
            if process.stdout.readline().strip() != word:
                raise RuntimeError("those who watch have ended")

        try:
            yield load
        finally:
            if process.stdin is not None:
                process.stdin.close()


async def _load(url: str, links: list[str]) -> None:
    """Ring the phones, and watch at the word ``pages``; stop at ``off``, end with standard input."""
    cookies = [await _signed_in(url, link) for link in links]
    while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
        watching = cookies if word == "pages" else []
        seen = [asyncio.Event() for _ in watching]
        tasks = [asyncio.create_task(_watch(url, one, open_)) for one, open_ in zip(watching, seen, strict=True)]
        for one in seen:
            await one.wait()
        tasks.append(asyncio.create_task(_ring(url)))
        print(word, flush=True)  # noqa: T201 - a word to the parent
        await asyncio.to_thread(sys.stdin.readline)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        print("off", flush=True)  # noqa: T201 - a word to the parent


async def _signed_in(url: str, link: str) -> dict[str, str]:
    form = {"link": link}
    async with (
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
        session.post(f"{url}/sign-in", data=form, allow_redirects=False) as answer,
    ):
        return {name: cookie.value for name, cookie in answer.cookies.items()}


async def _watch(url: str, cookies: dict[str, str], open_: asyncio.Event) -> None:
    forever = ClientTimeout(total=None)
    async with (
        ClientSession(cookies=cookies, cookie_jar=CookieJar(unsafe=True)) as session,
        session.get(f"{url}/page/live", timeout=forever) as stream,
    ):
        stream.raise_for_status()
        async for _ in stream.content.iter_any():
            open_.set()


async def _ring(url: str) -> None:
    """Each call is told in three events, and overlaps with others."""
    async with ClientSession() as session, asyncio.TaskGroup() as calls:
        place = 0
        while True:
            calls.create_task(_call(session, f"{url}/calls/events?api_key={SECRET}", place))
            place += 1
            await asyncio.sleep(60 / CALLS_PER_MINUTE)


async def _call(session: ClientSession, url: str, place: int) -> None:
    told = {"direction": "in", "from": f"+1201{FIRST + place % CONTACTS}", "to": "+12065550100"}
    told |= {"callId": f"{time.time()} {place}", "user": f"Person {place % PAGES}"}
    for event in ("newCall", "answer", "hangup"):
        async with session.post(url, json={"event": event, "answeringNumber": str(100 + place % PAGES), **told}):
            await asyncio.sleep(1.5)


if __name__ == "__main__":
    work = _serve(Path(sys.argv[2])) if sys.argv[1] == "serve" else _load(sys.argv[1], sys.argv[2:])
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work)
