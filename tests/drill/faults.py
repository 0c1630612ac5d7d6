"""What goes wrong in a drill: each fault breaks something for real, waits while callers ask, and mends it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import resource
import shutil
import signal
import sqlite3
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.embedded import FaultKind
from tests.drill.house import STARTED_S, House, until

HOLD_S = 3.0
CERTIFICATE = Path(__file__).parent.parent / "data" / "tls" / "self-signed.pem"
GUESS = b"GET /balance?api_key=guess&client_id=1 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n"
NO_ROWS = "DELETE FROM contacts; DELETE FROM clients; DELETE FROM locations;"
PAGE = 4096
# A wall clock of its own for a program: Debian's package faketime.
CLOCK = next(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
# Root is bound by the rights of files like anybody once it gives these up.
AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table.

    Attributes:
        name: What goes wrong.
        play: Breaks it, holds, and mends it.
        answering: Whether callers are answered all the while; else the bridge itself was down.
        short: Whether the short form plays it too.
    """

    name: str
    play: Callable[[House], Awaitable[None]]
    answering: bool = True
    short: bool = False


def spoiled(kind: FaultKind, **options: float) -> Callable[[House], Awaitable[None]]:
    """Every answer of ITFlow is spoiled."""

    async def play(house: House) -> None:
        house.itflow.faults.add(kind, times=None, **options)  # type: ignore[arg-type]  # seconds or a status
        await asyncio.sleep(HOLD_S)
        house.itflow.faults.clear()

    return play


async def down(house: House) -> None:
    """Nobody listens on ITFlow's port."""
    await house.close_itflow()
    await asyncio.sleep(HOLD_S)
    await house.open_itflow()


async def flapping(house: House) -> None:
    """Down, up, down, up."""
    for _ in range(5):
        await house.close_itflow()
        await asyncio.sleep(HOLD_S / 10)
        await house.open_itflow()
        await asyncio.sleep(HOLD_S / 10)


async def elsewhere(house: House, url: str) -> None:
    """ITFlow is asked at another address for a while."""
    house.configure(url)
    house.reload()
    await asyncio.sleep(HOLD_S)
    house.configure()
    house.reload()


async def wrong_certificate(house: House) -> None:
    """ITFlow shows a certificate that nobody has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    await house.open_itflow(tls=context)
    await elsewhere(house, f"https://localhost:{house.itflow_port}")
    await house.open_itflow()


async def no_name(house: House) -> None:
    """ITFlow's name is in no DNS."""
    await elsewhere(house, "http://itflow.invalid")


async def key_deleted(house: House) -> None:
    """ITFlow knows the key no more; then the operator writes a new one into the file."""
    house.itflow.keys.clear()
    await asyncio.sleep(HOLD_S)
    house.itflow.add_key("NEWER")
    house.configure(key="NEWER")


async def updated(house: House) -> None:
    """ITFlow becomes a 26.08, which begins without keys; then there is one."""
    await house.open_itflow("26.08", key="NONE")
    await asyncio.sleep(HOLD_S)
    house.itflow.add_key("OF-26.08")
    house.configure(key="OF-26.08")


def rows_gone(sql: str) -> Callable[[House], Awaitable[None]]:
    """Rows vanish from ITFlow, and come back."""

    async def play(house: House) -> None:
        await house.open_itflow(without=sql)
        await asyncio.sleep(HOLD_S)
        await house.open_itflow()

    return play


async def killed(house: House) -> None:
    """kill -9 of the bridge at five moments; a supervisor starts it again."""
    for moment in range(5):
        before = house.pid
        os.kill(before, signal.SIGKILL)
        await until(lambda before=before: house.process is not None and house.pid != before)  # type: ignore[misc]
        await asyncio.sleep(0.3 * moment)


async def stopped(house: House) -> None:
    """The bridge is stopped (SIGSTOP), and goes on."""
    os.kill(house.pid, signal.SIGSTOP)
    await asyncio.sleep(HOLD_S / 2)
    os.kill(house.pid, signal.SIGCONT)


async def child_stopped(house: House) -> None:
    """The process that pulls is stopped, and goes on."""
    pid = house.child_pid
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(HOLD_S)
    os.kill(pid, signal.SIGCONT)


async def child_killed(house: House) -> None:
    """kill -9 of the process that pulls."""
    os.kill(house.child_pid, signal.SIGKILL)
    await asyncio.sleep(HOLD_S)


async def locked(house: House) -> None:
    """Another program holds bridge.db locked."""
    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 5000")
        other.execute("BEGIN EXCLUSIVE")
        await asyncio.sleep(HOLD_S)
        other.execute("ROLLBACK")


async def corrupt(house: House) -> None:
    """A page in the middle of bridge.db is overwritten while the bridge is down."""
    await house.stop()
    with closing(sqlite3.connect(house.database)) as opened:
        (root,) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry'").fetchone()
    with house.database.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(bytes(PAGE))
    house.start()


async def deleted(house: House) -> None:
    """bridge.db is moved away while it is in use, and put back."""
    aside = house.database.with_name("aside.db")
    house.database.rename(aside)
    await asyncio.sleep(HOLD_S)
    aside.rename(house.database)


async def newer(house: House) -> None:
    """bridge.db is of a later release: it is refused and left as it is; then the backup is put back."""
    await house.stop()
    backup = house.database.with_name("backup.db")
    shutil.copy(house.database, backup)
    with closing(sqlite3.connect(house.database)) as opened:
        opened.execute("PRAGMA user_version = 9999")
    content = house.database.read_bytes()
    house.start()
    await asyncio.sleep(HOLD_S)
    await house.stop()
    if house.database.read_bytes() != content:
        raise RuntimeError("a bridge.db of a later release was changed")
    backup.replace(house.database)
    house.start()


async def disk_full(house: House) -> None:
    """No file of the bridge may grow."""
    pids, size = (house.pid, house.child_pid), max(path.stat().st_size for path in house.state.iterdir())
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids]
    for pid, (_, hard) in zip(pids, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    await asyncio.sleep(HOLD_S)
    for pid, was in zip(pids, before, strict=True):
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, was)


async def clock_steps(house: House) -> None:
    """The bridge's wall clock, a preloaded one, is a day ahead, two days behind, in 1972, and right again.

    Ages go by another clock: a step may not make the mirror old, nor young.
    """
    step = house.folder / "step"
    step.write_text("+0")
    told = ("FAKETIME_CACHE_DURATION=1", "DONT_FAKE_MONOTONIC=1", f"FAKETIME_TIMESTAMP_FILE={step}")
    await house.restart("env", f"LD_PRELOAD={CLOCK}", *told)
    for days in (1, -2, -20_000, 0):
        step.write_text(f"{days:+}d")  # and a pull goes by it
        async with asyncio.timeout(STARTED_S):
            while not (status := await house.ready()) or not _away(status["people_at"], days):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
        if status["people_age_s"] > STARTED_S or status["status"] != "ok":
            raise RuntimeError(f"with the clock {days} days away the bridge says {status}")
    house.before = ()


def _away(at: str, days: int) -> bool:
    """Whether a time is about so many days from now."""
    found = dt.datetime.fromisoformat(at) - dt.datetime.now(dt.UTC)
    return abs(found - dt.timedelta(days=days)) < dt.timedelta(hours=12)


async def read_only(house: House) -> None:
    """Nobody may write bridge.db nor its folder any more, and the process that pulls has to start anew."""
    await house.restart(*AS_ANYBODY)
    with _write_protected(house.state):
        os.kill(house.child_pid, signal.SIGKILL)
        await asyncio.sleep(HOLD_S)


async def read_only_at_the_start(house: House) -> None:
    """The same when the bridge starts: it says so and ends, until it may write again."""
    await house.stop()
    begun = len(house.log)
    with _write_protected(house.state):
        house.start(*AS_ANYBODY)
        await until(lambda: any("may not read and write it" in line for line in house.log[begun:]))
    house.before = ()


@contextmanager
def _write_protected(folder: Path) -> Iterator[None]:
    places = [folder, *folder.iterdir()]
    modes = [place.stat().st_mode for place in places]
    for place, mode in zip(places, modes, strict=True):
        place.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for place, mode in zip(places, modes, strict=True):
            place.chmod(mode)


async def few_descriptors(house: House) -> None:
    """A bridge with 300 descriptors, and 600 connections that ask nothing."""
    await house.restart("prlimit", "--nofile=300")
    writers = [await _idle(house) for _ in range(600)]
    await asyncio.sleep(HOLD_S)
    for writer in filter(None, writers):
        writer.close()
    house.before = ()


async def _idle(house: House) -> asyncio.StreamWriter | None:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    except OSError:
        return None
    return writer


async def flood(house: House) -> None:
    """A thousand connections that send nothing whole, and wrong keys as fast as they go."""
    writers = [await _idle(house) for _ in range(1000)]
    for writer in filter(None, writers):
        writer.write(b"GET /api.php?api_key=wrong&cid=2065550123 HTTP/1.1\r\nX-Slow: ")

    async def guess() -> None:
        async with asyncio.timeout(HOLD_S):
            while True:
                with suppress(OSError):
                    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
                    writer.write(GUESS)
                    await reader.read()
                    writer.close()

    await asyncio.gather(*(guess() for _ in range(4)), return_exceptions=True)
    for writer in filter(None, writers):
        writer.close()


FAULTS = (
    Fault("ITFlow is down", down, short=True),
    Fault("ITFlow answers after 3 s", spoiled(FaultKind.SLOW, delay_s=3)),
    Fault("ITFlow comes and goes", flapping),
    Fault("ITFlow: 500", spoiled(FaultKind.EMPTY_500)),
    Fault("ITFlow: a page of HTML", spoiled(FaultKind.HTML)),
    Fault("ITFlow: answers are cut off", spoiled(FaultKind.CUT)),
    Fault("ITFlow: an answer without end", spoiled(FaultKind.ENDLESS)),
    Fault("ITFlow: a certificate that nobody signed", wrong_certificate),
    Fault("ITFlow's name is in no DNS", no_name),
    Fault("ITFlow's key is deleted, then a new one", key_deleted, short=True),
    Fault("ITFlow becomes a 26.08, its keys gone", updated),
    Fault("all rows are gone", rows_gone(NO_ROWS)),
    Fault("half of the contacts are gone", rows_gone("DELETE FROM contacts WHERE contact_id % 2")),
    Fault("bridge: kill -9, five times", killed, answering=False, short=True),
    Fault("bridge: SIGSTOP for 1.5 s", stopped),
    Fault("puller: SIGSTOP for 3 s", child_stopped),
    Fault("puller: kill -9", child_killed),
    Fault("bridge.db: locked by another program", locked, short=True),
    Fault("bridge.db: a page overwritten", corrupt, answering=False),
    Fault("bridge.db: moved away and put back", deleted),
    Fault("bridge.db: of a later release, then the backup", newer, answering=False),
    Fault("bridge.db: read-only, and the puller killed", read_only),
    Fault("bridge.db: read-only at the start", read_only_at_the_start, answering=False),
    Fault("the disk is full (no file may grow)", disk_full),
    Fault("clock: a day on, two back, 1972, right again", clock_steps),
    Fault("300 descriptors, 600 idle connections", few_descriptors),
    Fault("1000 slow connections, wrong keys", flood),
)
