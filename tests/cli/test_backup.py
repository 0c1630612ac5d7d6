"""backup, restore and forget, as an operator runs them."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing

import pytest

from bridge.access.phones import Phone, Phones
from bridge.calls import Event, What
from bridge.calls.log import CallLog, Told
from bridge.calls.party import Party
from bridge.calls.rows import Filters
from bridge.storage import Database
from tests.callerid.people import CLIENTS, ENTRIES
from tests.mirrored import mirrored


def test_a_folder_of_backups_keeps_the_last_ones(command, tmp_path):
    command("keys", "add", "pbx")
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [folder / f"bridge-2020010{day}T000000Z.db" for day in (1, 2, 3)]
    for file in (*old, folder / "mine.db"):
        file.write_text("")
    said = command("backup", str(folder), "--keep", "2", said=True)
    [made] = re.findall(rf"^{re.escape(str(folder))}/bridge-\d{{8}}T\d{{6}}Z\.db$", said, re.MULTILINE)
    assert f"State: {tmp_path}/bridge.db. The backup holds 1 keys" in said
    assert {str(file) for file in folder.iterdir()} == {made, str(old[2]), str(folder / "mine.db")}
    assert "is for a folder" in command("backup", str(tmp_path / "x.db"), "--keep", "2", fails=True)
    command("keys", "revoke", "pbx")
    said = command("restore", made, said=True)
    assert "Revoked since the backup, and so they stay: pbx" in said
    assert "revoked" in command("keys", "list")


def note(database, number, name):
    began = Event(source="pbx", call_id=number, what=What.BEGAN, at=dt.datetime.now(dt.UTC), from_number=number)
    CallLog(database).store([Told([(began, Party(number, name, "hit"))])])


@pytest.fixture
def stored(tmp_path):
    """Calls of two people, phones of two desks, and a contact with the number of one of them."""
    database = Database(tmp_path / "bridge.db")
    mirrored(database, ENTRIES, CLIENTS)
    for number in ("+12125550101", "2125550101", "(212) 555-0101", "+12125550177"):
        note(database, number, "Person")
    phones = Phones(database)
    for mac, address in (("001565aabbcc", "192.0.2.7"), ("001565ddeeff", "192.0.2.8")):
        phones.note(Phone(address, mac, "Yealink", "yealink", "desk"), 3)
    phones.flush()
    database.close()
    return tmp_path / "bridge.db"


def left(path):
    database = Database(path)
    calls = [one.party.number for one in CallLog(database).read(Filters())]
    found = calls, [seen.phone.mac for seen in Phones(database).all()]
    database.close()
    return found


def bytes_of(path):
    return b"".join(file.read_bytes() for file in path.parent.glob("bridge.db*"))


@pytest.mark.parametrize("who", ["+12125550101", "212 555 0101", "(212)555-0101"])
def test_a_number_in_any_spelling(command, stored, who):
    assert "3 calls and 0 phones" in command("forget", who)
    assert (left(stored)[0], len(left(stored)[1])) == (["+12125550177"], 2)
    assert b"(212) 555-0101" not in bytes_of(stored)


@pytest.mark.parametrize("who", ["192.0.2.7", "00:15:65:AA:BB:CC", "001565aabbcc"])
def test_a_phone(command, stored, who):
    assert "0 calls and 1 phones" in command("forget", who)
    assert left(stored)[1] == ["001565ddeeff"]
    assert b"001565aabbcc" not in bytes_of(stored)


@pytest.mark.parametrize("who", ["contact:12", "Hank Cedar"])
def test_a_contact_goes_from_the_calls_and_is_named_where_it_stays(command, stored, who):
    database = Database(stored)
    note(database, "+12125550188", "Hank Cedar")  # by a number that he had then
    database.close()
    said = command("forget", who, said=True)
    assert "4 calls and 0 phones" in said
    assert "ITFlow still has contact 12, Hank Cedar: delete or archive it there" in said
    assert left(stored)[0] == ["+12125550177"]


def test_what_was_deleted_before_leaves_the_free_space_too(command, stored):
    with closing(sqlite3.connect(stored)) as opened, opened:
        opened.execute("PRAGMA secure_delete = OFF")  # as SQLite is built on some systems
        calls = [(f"+1212555{number:04}",) for number in range(1000, 1500)]
        opened.executemany("INSERT INTO calls (at, key, number, name) VALUES ('2026', 'pbx', ?, 'Gone')", calls)
        opened.commit()
        opened.execute("DELETE FROM calls WHERE name = 'Gone'")
    assert b"+12125551234" in bytes_of(stored)
    assert "3 calls" in command("forget", "+12125550101")
    assert b"+12125551234" not in bytes_of(stored)


def test_nobody(command, stored):
    assert "Nothing is stored of +12125550123" in command("forget", "+12125550123", fails=True)
    assert "give contact:ID" in command("forget", "contact:Ada", fails=True)
    assert len(left(stored)[0]) == 4


def test_a_caller_that_is_locked_out_is_forgotten_too(command, stored):
    database = Database(stored)
    with database.write() as connection:
        connection.execute("INSERT INTO pin_locks VALUES ('caller +12125550101', 1, 0, '2026-01-01')")
        connection.execute("INSERT INTO pin_locks VALUES ('caller +12125550177', 1, 0, '2026-01-01')")
    database.close()
    command("forget", "+12125550101")
    database = Database(stored)
    with database.read() as connection:
        assert connection.execute("SELECT subject FROM pin_locks").fetchall() == [("caller +12125550177",)]
    database.close()
