"""The sync in its own process: it follows, survives, and never outlives its parent."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.directory import process
from bridge.directory.mirror import Mirror
from bridge.directory.process import Follow, following
from bridge.directory.reader import Reader
from bridge.directory.sync import sync_once
from bridge.errors import NotReady, SettingsError
from bridge.settings import Settings, load
from bridge.storage import Database, Watch
from tests.directory.conftest import KEY, House, crowd

DEADLINE_S = 60


def settings_of(house: House, **sync: float) -> Settings:
    return load(
        overrides={
            "itflow": {"url": house.url, "api_key": KEY},
            "storage": {"path": house.path},
            "sync": {"interval_s": 3600, "money_interval_s": 3600, **sync},
        }
    )


@asynccontextmanager
async def running(house: House, **sync: float) -> AsyncIterator[tuple[Mirror, Follow]]:
    mirror = Mirror()
    async with Watch.on(house.path) as watch, following(settings_of(house, **sync), mirror, watch) as follow:
        yield mirror, follow


async def until(mirror: Mirror, wanted: Callable[[Mirror], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await mirror.wait_for(lambda mirror: bool(wanted(mirror)))


async def eventually(true: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.01)


def named(number: str, *names: str) -> Callable[[Mirror], bool]:
    return lambda mirror: mirror.ready and [entry.name for entry in mirror.snapshot.match(number)] == list(names)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet (a zombie) has."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # reaped a moment ago, or a system without /proc
        return Path("/proc/self/stat").exists()
    return stat.rpartition(")")[2].split()[0] == "Z"


async def test_it_pulls_and_follows(house: House) -> None:
    async with running(house) as (mirror, follow):
        assert not mirror.ready
        with pytest.raises(NotReady):
            _ = mirror.snapshot
        await until(mirror, named("+12125550199", "Ann Lee"))
        await until(mirror, lambda mirror: mirror.freshness.money_at)
        house.sql("UPDATE contacts SET contact_name = 'Ann New' WHERE contact_id = 1")
        follow.pull_now()
        await until(mirror, named("+12125550199", "Ann New"))


async def test_without_itflow_it_starts_from_what_is_stored(house: House) -> None:
    async with running(house) as (mirror, _):
        await until(mirror, lambda mirror: mirror.freshness.money_at)
        version = mirror.snapshot.version
    house.itflow.faults.add("dropped", times=None)
    async with running(house) as (mirror, _):
        assert mirror.snapshot.version == version
        assert mirror.freshness.people_at is not None
        await until(mirror, lambda mirror: mirror.freshness.faults)
        assert mirror.snapshot.version == version


async def test_another_region_is_followed_without_itflow(house: House) -> None:
    async with running(house) as (mirror, _):
        await until(mirror, lambda mirror: mirror.freshness.money_at)
    house.itflow.faults.add("dropped", times=None)
    abroad = load(overrides={**settings_of(house).model_dump(exclude_unset=True), "numbers": {"region": "AT"}})
    mirror = Mirror()
    async with Watch.on(house.path) as watch, following(abroad, mirror, watch):
        await until(mirror, lambda mirror: not mirror.snapshot.match("+12125550199"))


async def test_what_an_operator_pulls_is_taken_over(house: House) -> None:
    async with running(house) as (mirror, _):
        await until(mirror, lambda mirror: mirror.freshness.money_at)
        house.sql("DELETE FROM contacts")
        pulls: list[str] = []
        report = await sync_once(settings_of(house), accept=True, progress=lambda module, *_: pulls.append(module))
        assert report.modules["contacts"].lost == 8
        assert pulls == ["clients", "locations", "contacts", "vendors", "invoices", "payments"]
        await until(mirror, named("+12125550199"))


async def test_a_nudge_finds_new_rows_early(house: House) -> None:
    async with running(house) as (mirror, _):
        await until(mirror, lambda mirror: mirror.freshness.money_at)
        crowd(house, 1)
        before = len(house.itflow.requests)
        for _ in range(100):
            mirror.nudge()
        await until(mirror, named("+13035550000", "Contact 1001"))
        assert len(house.itflow.requests) - before <= 4
    mirror.nudge()  # nobody listens any more, and nothing happens


async def test_a_killed_child_is_replaced(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "RESTART_WAIT_S", 0.01)
    async with running(house) as (mirror, follow):
        await until(mirror, lambda mirror: mirror.freshness.money_at)
        assert follow.process is not None
        killed = follow.process.pid
        house.sql("UPDATE contacts SET contact_name = 'Ann New' WHERE contact_id = 1")
        os.kill(killed, signal.SIGKILL)
        await until(mirror, named("+12125550199", "Ann New"))
        assert follow.process is not None
        assert follow.process.pid != killed


async def test_a_hung_child_is_replaced(house: House, caplog: pytest.LogCaptureFixture) -> None:
    mirror, settings = Mirror(), settings_of(house, interval_s=0.1)
    async with Watch.on(house.path) as watch, following(settings, mirror, watch, silence_s=10) as follow:
        await until(mirror, lambda mirror: mirror.freshness.money_at)
        assert follow.process is not None
        hung = follow.process.pid
        os.kill(hung, signal.SIGSTOP)
        house.sql("UPDATE contacts SET contact_name = 'Ann New' WHERE contact_id = 1")
        await until(mirror, named("+12125550199", "Ann New"))
        assert follow.process is not None
        assert follow.process.pid != hung
        assert gone(hung)
    assert [record.message for record in caplog.records if "said nothing for 10 s" in record.message]


async def test_a_child_that_works_is_not_replaced(house: House) -> None:
    """Pulling nothing for far longer than a silence is no silence."""
    async with Watch.on(house.path) as watch, following(settings_of(house), Mirror(), watch, silence_s=8) as follow:
        await eventually(lambda: follow.process)
        assert follow.process is not None
        child = follow.process
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(18):
                await child.wait()
        assert follow.process is child


async def test_the_child_ends_with_the_context(house: House) -> None:
    async with running(house) as (mirror, follow):
        await until(mirror, lambda mirror: mirror.ready)
        assert follow.process is not None
        child = follow.process
    assert child.returncode == 0


async def test_sigterm_ends_the_child_in_order(house: House) -> None:
    async with running(house) as (mirror, follow):
        await until(mirror, lambda mirror: mirror.ready)
        assert follow.process is not None
        child = follow.process
        child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            assert await child.wait() == 0


PARENT = """
import asyncio, json, sys
from bridge.directory.mirror import Mirror
from bridge.directory.process import following
from bridge.settings import load
from bridge.storage import Database, Watch

async def main():
    settings = load(overrides=json.loads(sys.argv[1]))
    async with Watch.on(settings.storage.path) as watch, following(settings, Mirror(), watch) as follow:
        while follow.process is None:
            await asyncio.sleep(0.01)
        print(follow.process.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("victim", ["parent", "child", "both"])
async def test_kill_9_in_the_middle_of_a_store_leaves_a_good_file(house: House, tmp_path: Path, victim: str) -> None:
    crowd(house, 12_000)
    overrides = {
        "itflow": {"url": house.url, "api_key": KEY},
        "storage": {"path": str(house.path)},
    }
    with (tmp_path / "said").open("wb") as said:
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PARENT, json.dumps(overrides)), stdout=asyncio.subprocess.PIPE, stderr=said
        )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    await eventually(lambda: house.store.ids("contacts", 0))
    if victim != "parent":
        os.kill(child, signal.SIGKILL)
    if victim != "child":
        parent.kill()
    await eventually(lambda: gone(child))
    if victim == "child":
        parent.terminate()
    await parent.wait()
    assert "Traceback" not in (tmp_path / "said").read_text(encoding="utf-8")
    with sqlite3.connect(house.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    await sync_once(settings_of(house))
    assert house.freshness().rows["contacts"] == 12_008
    assert house.names("+13035560000") == ["Contact 11001"]


async def test_a_large_pull_that_is_broken_off_leaves_no_page_as_known(house: House) -> None:
    """Else what it has written would stay where ITFlow has its old rows again."""
    crowd(house, 25_000)
    await sync_once(settings_of(house))
    house.sql("UPDATE contacts SET contact_name = 'New' WHERE contact_id > 1000")
    async with running(house) as (_, follow):
        await eventually(lambda: "New" in house.store.rows("contacts", 1000, 1001)[1001])
        assert follow.process is not None
        os.kill(follow.process.pid, signal.SIGSTOP)
        house.sql("UPDATE contacts SET contact_name = 'Contact ' || contact_id WHERE contact_id > 1000")
        follow.process.kill()
    assert "New" in house.store.rows("contacts", 1000, 1001)[1001]
    await sync_once(settings_of(house))
    assert house.names("+13035550000") == ["Contact 1001"]
    assert house.freshness().rows["contacts"] == 25_008


async def test_without_itflow_s_address_it_does_not_start(house: House) -> None:
    settings = load(overrides={"storage": {"path": house.path}})
    with pytest.raises(SettingsError, match=r"itflow\.url"):
        async with Watch.on(house.path) as watch, following(settings, Mirror(), watch):
            pass


async def test_the_reader_copies_the_mirror_only_where_it_changed(house: House) -> None:
    await sync_once(settings_of(house))
    reader = Reader(house.database)
    before, _ = reader.read()
    await sync_once(settings_of(house))
    assert reader.read()[0] is before
    house.sql("UPDATE contacts SET contact_name = 'Ann New' WHERE contact_id = 1")
    await sync_once(settings_of(house))
    after, _ = reader.read()
    assert before is not None
    assert after is not None
    assert after.version != before.version


async def test_a_backup_that_is_put_back_gets_no_version_of_another_content(house: House, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    settings = load(overrides={**settings_of(house).model_dump(exclude_unset=True), "storage": {"path": path}})
    await sync_once(settings)
    backup, versions = path.read_bytes(), set()
    for name in ("Ann New", "Ann Newer"):
        path.write_bytes(backup)
        house.sql("UPDATE contacts SET contact_name = ? WHERE contact_id = 1", name)
        await sync_once(settings)
        database = Database(path)
        snapshot, _ = Reader(database).read()
        database.close()
        assert snapshot is not None
        versions.add(snapshot.version)
    assert len(versions) == 2
