"""LDAP: searches by prefix and by number over 50,000 entries, what a caller feels of them, and of a new book."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path

from sansldap import LDAPClient, LDAPFilter

from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.snapshot import Snapshot
from tests.bench.figure import Figure, at_least, at_most
from tests.ldap.world import SECRET, World, snapshot, world

ENTRIES = 50_000
CONNECTIONS = 16
LIMIT = 50  # what phones ask for by default
SECONDS = 3.0
TICK_S = 0.001
TYPING_S = 0.05
_TAIL = 128
_END = re.compile(rb"\x65.\x0a\x01.{,100}\Z", re.DOTALL)  # the message that ends a search
# Words read better than a list of texts.
FIRST = "Ada Bo Cem Dora Emil Fay Gus Hana Ivo Jana Kim Leo Mia Noah Olga Pia Quinn Rosa Sam Tom Uma Vera".split()  # noqa: SIM905
# Words read better than a list of texts.
PARTS = "an ber cor dal ek fin gor hal in jor kel lun mar nor ost pel qua ris sten tor ul vik wal".split()  # noqa: SIM905


def measure() -> Iterator[Figure]:
    """The figures of LDAP."""
    for name, questions, rate, p99_ms in (
        (f"prefix of three letters, {LIMIT} entries at most", _prefixes, None, 20),
        ("prefix of a whole name, the one or few it has", _names, 5000, 20),
        ("number of a call", _numbers, None, 20),
    ):
        figure = asyncio.run(_load(questions()))
        goal = f"ldap: {name}, {ENTRIES} entries"
        yield (
            at_least(f"{goal}: a second", figure[0], rate, digits=0)
            if rate
            else Figure(f"{goal}: a second", f"{figure[0]:.0f}")
        )
        yield Figure(f"{goal}: of the server's CPU time, each", f"{figure[2]:.0f} µs")
        yield at_most(f"{goal}: 99th percentile, one after the other", figure[1], p99_ms, "ms")
    yield from asyncio.run(_held())


def firm() -> Snapshot:
    """Many people with names of all beginnings."""
    rng = random.Random(14)
    clients = [Client(at, f"{_word(rng)} {_word(rng)}") for at in range(1, 501)]
    return snapshot((_person(rng, at) for at in range(ENTRIES)), clients)


def _person(rng: random.Random, at: int) -> Entry:
    phones = (Phone(f"+4930{5_000_000 + at}", Label.WORK), Phone(f"+49171{5_000_000 + at}", Label.MOBILE))
    return Entry(Kind.CONTACT, at + 1, rng.randint(1, 500), f"{rng.choice(FIRST)} {_word(rng)}", phones)


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(PARTS) for _ in range(3)).capitalize()


def _prefixes() -> list[str]:
    rng = random.Random(1)
    return [f"(|(cn={word}*)(sn={word}*)(o={word}*))" for word in (_word(rng)[:3] for _ in range(500))]


def _names() -> list[str]:
    rng = random.Random(2)
    return [f"(|(cn={word}*)(sn={word}*))" for word in (_word(rng) for _ in range(500))]


def _numbers() -> list[str]:
    rng = random.Random(3)
    found = (f"030{5_000_000 + rng.randrange(ENTRIES)}" for _ in range(500))
    return [f"(|(telephoneNumber={one})(mobile={one})(homePhone={one}))" for one in found]


class Asker:
    """A phone that asks as fast as it is answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def at(cls, port: int) -> Asker:
        asker = cls(*await asyncio.open_connection("127.0.0.1", port))
        client = LDAPClient()
        client.bind_simple("cn=phone", SECRET)
        asker._writer.write(client.data_to_send())
        await asker._reader.read(4096)
        return asker

    async def ask(self, message: bytes) -> None:
        """Ask, and read up to the message that ends the search: no decoding, the time is the server's."""
        self._writer.write(message)
        data = b""
        while not _END.search(data):
            data = data[-_TAIL:] + await self._reader.read(1 << 18)


def encoded(questions: list[str]) -> list[bytes]:
    """Searches as phones send them."""
    found = []
    for text in questions:
        # A session counts operations that are under way; each search gets one of its own.
        filter_ = LDAPFilter.from_string(text)
        one = LDAPClient()
        one.search_request(
            "dc=phonebook", filter=filter_, size_limit=LIMIT, attributes=["cn", "sn", "telephoneNumber", "mobile"]
        )
        found.append(one.data_to_send())
    return found


async def _load(questions: list[str]) -> tuple[float, float, float]:
    """Searches a second, milliseconds of the slowest hundredth, microseconds of CPU time each."""
    messages = encoded(questions)
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "tests.bench.ldap", folder)
        server = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        assert server.stdout is not None
        assert server.stdin is not None
        port = int(await server.stdout.readline())
        askers = [await Asker.at(port) for _ in range(CONNECTIONS)]
        await askers[0].ask(messages[0])
        times = []
        for message in messages:
            begin = time.perf_counter()
            await askers[0].ask(message)
            times.append(time.perf_counter() - begin)
        before, count, end = _cpu_s(server.pid), 0, time.perf_counter() + SECONDS

        async def go(asker: Asker) -> None:
            nonlocal count
            rng = random.Random(id(asker))
            while time.perf_counter() < end:
                await asker.ask(rng.choice(messages))
                count += 1

        await asyncio.gather(*map(go, askers))
        spent_s = _cpu_s(server.pid) - before
        server.terminate()
        await server.wait()
    return count / SECONDS, statistics.quantiles(times, n=100)[98] * 1e3, spent_s / count * 1e6


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def _held() -> list[Figure]:
    """How long the event loop stands still while a search looks at everybody, and while a book is made anew."""
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder), firm(), max_results=ENTRIES) as here:
            asker = await Asker.at(here.ports["ldap"])
            (scan,) = encoded(["(&(cn=*a*)(!(cn=*e*))(!(sn=*zzz*))(!(o=*qq*))(cn=*yyy*z*))"])
            first = await _ticks(asker.ask(scan))
            whole = await _ticks(asker.ask(scan))
            fresh = firm()
            here.mirror.swap(fresh, here.mirror.freshness)
            renewed = await _ticks(_renewed(here, asker))
    return [
        Figure("ldap: event loop held while the first book is made", f"{first * 1e3:.1f} ms"),
        at_most("ldap: event loop held by a search that looks at every entry", whole * 1e3, 10, "ms", 1),
        at_most("ldap: event loop held while a sync's new book is made", renewed * 1e3, 10, "ms", 1),
    ]


async def _renewed(here: World, asker: Asker) -> None:
    """Somebody types on while the book is made, and the one of before is freed."""
    (typed,) = encoded(["(|(cn=ada*)(o=ada*))"])
    while here.server.books < 2:
        await asker.ask(typed)
        await asyncio.sleep(TYPING_S)
    await asker.ask(typed)


async def _ticks(work: Coroutine[object, object, None]) -> float:
    """The longest that somebody else waited for a turn, in seconds, while some work was done."""
    task, longest = asyncio.ensure_future(work), 0.0
    while not task.done():
        due = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        longest = max(longest, time.perf_counter() - due)
    await task
    return longest


async def _serve(folder: str) -> None:
    async with world(Path(folder), firm()) as here:
        sys.stdout.write(f"{here.ports['ldap']}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(sys.argv[1]))
