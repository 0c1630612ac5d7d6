"""Phonebooks: the first render of 10,000 entries, what a caller feels of 50,000, kept books, and 304."""

from __future__ import annotations

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.access.keys import Keys, Options
from bridge.clock import Moment
from bridge.directory.mirror import Freshness, Mirror
from bridge.http import errors, phonebook
from bridge.http.state import IN_USE, KEYS, MIRROR, SETTINGS, STORAGE
from bridge.phonebook import dialling
from bridge.phonebook.formats import Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Books
from bridge.phonebook.view import View
from bridge.reload import InUse
from bridge.settings import PhonebookSection, Settings
from bridge.storage import Database
from tests.bench.figure import Figure, at_least, at_most
from tests.http.phonebook_door import Door, open_door, show
from tests.phonebook.people import crowd

ENTRIES = 10_000
KEY = "0123456789abcdef0123456789abcdef"
BOOK = f"/phonebook/yealink?api_key={KEY}"
TRIES = 3
ROUNDS = 15
ROUND_S = 0.25
START_S = 0.05
TICK_S = 0.001
LARGE = 50_000
_DAV = "xmlns='DAV:' xmlns:card='urn:ietf:params:xml:ns:carddav'"
LARGE_QUESTIONS = {
    "yealink": ("GET", "/phonebook/yealink", ""),
    "acrobits": ("GET", "/phonebook/acrobits", ""),
    "vcard4": ("GET", "/phonebook/vcard4", ""),
    "first PROPFIND": ("PROPFIND", "/carddav/book/", ""),
    "first sync": (
        "REPORT",
        "/carddav/book/",
        f"<sync-collection {_DAV}><sync-token/><prop><getetag/></prop></sync-collection>",
    ),
    "all cards": (
        "REPORT",
        "/carddav/book/",
        f"<card:addressbook-query {_DAV}><prop><card:address-data/></prop><card:filter/></card:addressbook-query>",
    ),
}


def measure() -> Iterator[Figure]:
    """The figures of the phonebooks."""
    yield from asyncio.run(first_renders())
    yield from asyncio.run(felt_by_a_caller())
    for entries in (100, ENTRIES):
        with served(entries) as port:
            yield from asyncio.run(kept_books(port, entries))


async def first_renders() -> list[Figure]:
    """The slowest and the median format, each the best of some tries; nothing is kept from one to the next."""
    snapshot = crowd(ENTRIES)
    formats = Formats()
    times_s = {}
    for row in formats:
        wish = Wish(row, View.of(row, PhonebookSection(), "US", None, {}), Ask())
        tries_s = []
        for _ in range(TRIES):
            dialling._dialled.cache_clear()
            start = time.perf_counter()
            await Books(formats).book(snapshot, wish)
            tries_s.append(time.perf_counter() - start)
        times_s[row.name] = min(tries_s)
    slowest = max(times_s, key=lambda name: times_s[name])
    most_s = times_s[slowest]
    return [
        at_most(
            f"phonebook: first render of {ENTRIES} entries, slowest of {len(times_s)} formats ({slowest})",
            most_s,
            0.5,
            "s",
        ),
        Figure("phonebook: first render, median format", f"{statistics.median(times_s.values()):.2f} s"),
    ]


async def felt_by_a_caller() -> list[Figure]:
    """How long a caller waits while the largest books and address books are made and fetched, each for the first time.

    CPU time of the process between two turns of the event loop says how long it was held, whatever else the machine
    does.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with open_door(Path(folder)) as door:
            show(door, crowd(LARGE))
            gc.freeze()  # the crowd; a mirror is as old
            held_s = {name: await _held(_fetch(door, *question)) for name, question in LARGE_QUESTIONS.items()}
            callers_s = await _callers(door, _fetch(door, *LARGE_QUESTIONS["yealink"]))
    worst = max(held_s, key=lambda name: held_s[name])
    return [
        at_most(
            f"phonebook: event loop held by the largest of {LARGE} entries, of {', '.join(held_s)} ({worst})",
            held_s[worst] * 1000,
            20,
            "ms",
            0,
        ),
        Figure(
            f"phonebook: caller-ID answer on a connection beside a first book of {LARGE} entries",
            f"median {statistics.median(callers_s) * 1000:.1f} ms, longest {max(callers_s) * 1000:.0f} ms",
        ),
    ]


async def _fetch(door: Door, method: str, path: str, body: str) -> None:
    """As ``curl`` does, in a process of its own: what reads must not be felt either."""
    address = f"http://127.0.0.1:{door.client.port}{path}"
    words = ("-sf", "-o", "/dev/null", "-X", method, "-H", "Depth: 1", "-u", f"phone:{KEY}", address)
    process = await asyncio.create_subprocess_exec("curl", *words, *(("-d", body) if body else ()))
    if await process.wait():
        raise RuntimeError(f"{method} {path} fails")


async def _held(work: Coroutine[Any, Any, None]) -> float:
    """The longest time in which the event loop had no turn, in CPU time of this process."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(START_S)  # curl is started by this process, which takes some milliseconds
    longest_s, last = 0.0, time.process_time()
    while not task.done():
        await asyncio.sleep(TICK_S)
        now = time.process_time()
        longest_s, last = max(longest_s, now - last), now
    await task
    return longest_s


async def _callers(door: Door, work: Coroutine[Any, Any, None]) -> list[float]:
    """The time of each answer to a caller-ID client that asks again and again."""
    show(door, crowd(LARGE, version="anew"))
    task, times_s = asyncio.ensure_future(work), []
    while not task.done():
        start = time.perf_counter()
        _, _, name = await door.get(f"/callerid?api_key={KEY}&number=0305550001")
        times_s.append(time.perf_counter() - start)
        if b"Ada00001" not in name:
            raise RuntimeError(f"a caller was answered {name!r}")
    await task
    return times_s


async def kept_books(port: int, entries: int) -> Iterator[Figure]:
    """A kept book against a bare handler with the same bytes, and a 304, in turns."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    etag, size = await _ask(reader, writer, BOOK)
    rates: dict[str, list[float]] = {"book": [], "bare": [], "304": []}
    for _ in range(ROUNDS):
        for name, path, known in (
            ("book", BOOK, ""),
            ("bare", BOOK.replace("/phonebook", "/bare"), ""),
            ("304", BOOK, etag),
        ):
            rates[name].append(await _rate(reader, writer, path, known))
    _, renders = await _ask(reader, writer, "/renders")
    writer.close()
    shares = [book / bare for book, bare in zip(rates["book"], rates["bare"], strict=True)]
    return iter(
        [
            at_least(
                f"phonebook: kept book of {entries} entries ({size // 1000} kB) ÷ bare handler",
                statistics.median(shares),
                0.9,
            ),
            Figure(
                f"phonebook: kept book of {entries} entries, answers a second on one connection",
                f"{statistics.median(rates['book']):.0f}; 304: {statistics.median(rates['304']):.0f}",
            ),
            at_most(f"phonebook: renders for all of these, {entries} entries", renders, 1, digits=0),
        ]
    )


async def _rate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, known: str) -> float:
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < ROUND_S:
        await _ask(reader, writer, path, known)
        count += 1
    return count / (time.perf_counter() - start)


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, known: str = ""
) -> tuple[str, int]:
    """The ETag and the length of an answer; of ``/renders`` its number."""
    condition = f"If-None-Match: {known}\r\n" if known else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Yealink SIP-T46G\r\n{condition}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    length = 0 if " 304 " in head else int(headers.get("content-length", 0))
    body = await reader.readexactly(length)
    return headers.get("etag", ""), int(body) if path == "/renders" else length


@contextmanager
def served(entries: int) -> Iterator[int]:
    """A bridge in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.phonebook", str(entries)], stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def _bridge(entries: int, folder: Path) -> AsyncIterator[int]:
    settings = Settings()
    app = web.Application(middlewares=[errors.rendered])
    app[SETTINGS], app[IN_USE] = settings, InUse(settings)
    app[STORAGE] = Database(folder / "bridge.db")
    app[KEYS] = Keys(app[STORAGE], settings)
    app[KEYS].add("bench", Options(), secret=KEY)
    app[MIRROR] = Mirror(crowd(entries), Freshness(people_at=Moment.now()))
    app.add_routes(phonebook.routes)
    app.cleanup_ctx.append(phonebook.keep_books)

    async def bare(_request: web.Request) -> web.Response:
        return web.Response(body=same.body, headers=headers)

    async def renders(_request: web.Request) -> web.Response:
        return web.Response(text=str(app[phonebook.BOOKS].renders))

    app.add_routes([web.get("/bare/{format}", bare), web.get("/renders", renders)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        row = app[phonebook.BOOKS].formats.get("yealink")
        view = View.of(row, PhonebookSection(), "US", None, {})
        same = Books(app[phonebook.BOOKS].formats).make(app[MIRROR].snapshot, Wish(row, view, Ask()))
        headers = {"Age": "1", **same.headers}
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
        app[STORAGE].close()


async def _serve(entries: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with _bridge(entries, Path(folder)) as port:
            sys.stdout.write(f"{port}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
