"""What phones fetched is kept without holding up an answer."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge import controls
from bridge.access.phones import KEPT, MAX_FRESH, Phone, Phones
from bridge.errors import StorageError
from bridge.storage import Database

T46 = Phone("10.0.0.7", "001565aabbcc", "Yealink SIP-T46G", "yealink", "front desk")


def test_fetches_add_up_and_the_latest_counts(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    for entries in (10, 11):
        phones.note(T46, entries)
    phones.flush()
    phones.note(T46, 12)
    assert phones.all()[0].entries == 11
    phones.flush()
    phones.flush()
    (seen,) = phones.all()
    assert (seen.phone, seen.entries, seen.fetches) == (T46, 12, 3)
    assert dt.datetime.now(dt.UTC) - seen.fetched_at < dt.timedelta(minutes=1)
    database.close()


def test_old_phones_are_forgotten(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    with database.write() as connection:
        connection.execute(
            "INSERT INTO phones VALUES ('old', '', '', 'yealink', 'k', '2020-01-01T00:00:00+00:00', 1, 1)"
        )
    phones = Phones(database)
    phones.note(T46, 1)
    phones.flush()
    assert [seen.phone.address for seen in phones.all()] == ["10.0.0.7"]
    database.close()


def test_what_cannot_be_stored_is_stored_later(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    phones.note(T46, 1)
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other, other:
        other.execute("ALTER TABLE phones RENAME TO away")
    with pytest.raises(StorageError):
        phones.flush()
    phones.note(T46, 2)
    with pytest.raises(StorageError):
        phones.flush()
    phones.note(T46, 3)
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other, other:
        other.execute("ALTER TABLE away RENAME TO phones")
    phones.flush()
    (seen,) = phones.all()
    assert (seen.phone, seen.entries, seen.fetches) == (T46, 3, 3)
    database.close()


async def test_stored_while_running_and_at_the_end(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    async with phones.flushing(0.01):
        phones.note(T46, 1)
        while not await asyncio.to_thread(phones.all):
            pass
    async with phones.flushing(3600):
        phones.note(T46, 2)
    assert phones.all()[0].fetches == 2
    database.close()


async def test_an_outage_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "bridge.access.background")
    database = Database(tmp_path / "bridge.db")
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other, other:
        other.execute("ALTER TABLE phones RENAME TO away")
    phones = Phones(database)
    phones.note(T46, 1)
    async with asyncio.timeout(10), phones.flushing(interval_s=0.001):
        while len(caplog.records) < 3:
            await asyncio.to_thread(lambda: None)
    assert [record.levelname for record in caplog.records[:3]] == ["WARNING", "DEBUG", "DEBUG"]
    database.close()


HOSTILE = [
    "\x1b]0;owned\x07\x1b[2J",
    "x" * 1_000_000,
    "a\udcff\udc80b",
    "\x00",
    "two\nlines\rof\tlog",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("agent", HOSTILE)
async def test_one_bad_user_agent_does_not_end_the_list(tmp_path: Path, agent: str) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    async with asyncio.timeout(30), phones.flushing(0.001):
        phones.note(T46._replace(user_agent=agent, address="10.0.0.8"), 1)
        phones.note(T46, 1)
        while len(await asyncio.to_thread(phones.all)) < 2:
            pass
        phones.note(T46._replace(address="10.0.0.9"), 1)
        while len(await asyncio.to_thread(phones.all)) < 3:
            pass
    shown = next(seen.phone.user_agent for seen in phones.all() if seen.phone.address == "10.0.0.8")
    assert shown == controls.one_line(agent)[:200]
    assert not shown or shown.isprintable()
    database.close()


def test_the_list_is_bounded_on_disk_and_in_memory(tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    for wave in range(1, 5):
        for n in range(MAX_FRESH + 500):
            phones.note(T46._replace(user_agent=f"{wave} {n}"), 1)
        phones.flush()
        assert len(phones.all()) == min(KEPT, wave * MAX_FRESH)
    assert {seen.phone.user_agent[:2] for seen in phones.all()} == {"3 ", "4 "}
    database.close()
