"""``itflow-bridge people`` and ``calls``, as an operator runs them."""

import asyncio
import re

import pytest

from bridge.calls.log import CallLog, Told
from bridge.calls.party import Party
from bridge.calls.people import People
from bridge.storage import Database
from tests import commands
from tests.calls.told import ANN, incoming, missed


@pytest.fixture
def people(tmp_path):
    database = Database(tmp_path / "bridge.db")
    yield People(database)
    database.close()


def test_people_are_added_shown_and_removed(command):
    command(
        "people", "add", "Ada Muster", "--extension", "101,201", "--email", "ada@example.com", "--login", "1234567w0"
    )
    shown = command("people", "list")
    for part in ("Ada Muster", "101, 201", "ada@example.com", "w0"):
        assert part in shown
    command("people", "add", "Ada Muster", "--extension", "102")
    assert "101" not in command("people", "list")
    command("people", "remove", "Ada Muster")
    assert "Ada" not in command("people", "list")
    assert "no person Ada" in command("people", "remove", "Ada", fails=True)


def test_one_extension_is_one_persons(command):
    command("people", "add", "Ada", "--extension", "101")
    assert "Ada has the extension 101 already" in command("people", "add", "Bob", "--extension", "101", fails=True)
    assert "Bob" not in command("people", "list")


def test_a_link_signs_in_once(command, people):
    command("people", "add", "Ada", "--extension", "101")
    link = command("people", "link", "Ada", HTTP_PUBLIC_URL="https://bridge.example.com/").strip()
    base, _, secret = link.partition("/sign-in?link=")
    assert base == "https://bridge.example.com"
    assert people.redeem(secret).name == "Ada"
    assert people.redeem(secret) is None
    told = " ".join(command("people", "link", "Bob B", fails=True).split())
    assert "no person Bob B" in told
    assert "itflow-bridge people add 'Bob B'" in told


@pytest.mark.parametrize(("hours", "told"), [((), "within an hour."), (("--hours", "5"), "within 5 hours.")])
def test_a_link_says_how_long_it_works(command, tmp_path, hours, told):
    command("people", "add", "Ada")
    done = commands.here(["people", "link", "Ada", *hours], {"STORAGE_PATH": tmp_path / "bridge.db"})
    assert told in " ".join(done.stderr.split())


def test_a_password_is_kept_as_a_hash(command, people, tmp_path):
    command("people", "add", "Ada", "--password-file", "-", given="correct horse battery\n")
    people.load()
    assert asyncio.run(people.check("ada", "correct horse battery")).name == "Ada"
    assert asyncio.run(people.check("ada", "wrong horse battery")) is None
    assert b"correct horse" not in b"".join(file.read_bytes() for file in tmp_path.glob("bridge.db*"))
    command("people", "add", "Ada", "--extension", "101")  # the password stays
    assert asyncio.run(people.check("Ada", "correct horse battery")) is not None
    assert "10 characters" in command("people", "add", "Ada", "--password-file", "-", given="short\n", fails=True)
    assert "first line is empty" in command("people", "add", "Ada", "--password-file", "-", given="\n", fails=True)
    assert "cannot be read" in command("people", "add", "Ada", "--password-file", str(tmp_path), fails=True)


def test_an_own_key_must_be_there(command, tmp_path):
    file = tmp_path / "ada.key"
    assert "no such file" in command("people", "add", "Ada", "--itflow-key-file", str(file), fails=True)
    file.write_text("KEY", encoding="utf-8")
    command("people", "add", "Ada", "--itflow-key-file", str(file), "--itflow-user", "7")
    assert re.search(rf"7.*{re.escape(str(file))}", command("people", "list"))


def test_calls_are_shown_and_filtered(command, tmp_path):
    command("people", "add", "Ada", "--extension", "101")
    database = Database(tmp_path / "bridge.db")
    ann = Party(ANN, "Ann", "hit", 1, "Apex", 11)
    for told in (incoming("1"), missed("2", "+12125550102", "102")):
        CallLog(database).store([Told([(one, ann if told[0].from_number == ANN else None) for one in told], "pbx")])
    database.close()
    shown = command("calls")
    for part in ("1:00 talked, after 9 s", "missed after 20 s", "Ada", "102", "Apex", "pbx"):
        assert part in shown
    every = ("--not-missed", "--person", "ada", "--client", "1", "--number", "(212) 555-0101", "--not-done")
    for words, there in (
        (every, True),
        (["--missed"], False),
        (["--person", "102"], False),
        (["--days", "0"], False),
    ):
        assert ("Apex" in command("calls", *words)) is there, words
