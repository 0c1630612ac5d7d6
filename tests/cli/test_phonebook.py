"""phonebook and phones, as an operator uses them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.access.phones import Phone, Phones
from bridge.storage import Database
from tests.mirrored import mirrored
from tests.phonebook.people import crowd, hostile
from tests.phonebook.readers import read

Command = Callable[..., str]


def test_phones_are_listed(command: Command, tmp_path: Path) -> None:
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    phones.note(Phone("10.0.0.7", "001565aabbcc", "Yealink [bold]SIP-T46G", "yealink", "front desk"), 42)
    phones.flush()
    database.close()
    listed = command("phones")
    for part in (
        "10.0.0.7",
        "001565aabbcc",
        "[bold]SIP",
        "yealink",
        "42",
        "front desk",
        str(dt.datetime.now(dt.UTC).year),
    ):
        assert part in listed


@pytest.fixture
def desk(command: Command, tmp_path: Path) -> Command:
    """A bridge whose mirror is stored, with a key."""
    command("keys", "add", "desk", "--set", "phonebook.name_form=last-first")
    database = Database(tmp_path / "bridge.db")
    mirrored(database, hostile().entries(), hostile().clients())
    database.close()
    return command


def test_what_a_phone_would_get(desk: Command) -> None:
    body = desk("phonebook", "yealink", "--key", "desk", "contacts=primary", "group=contacts")
    assert [item.name for item in read("yealink", body.encode())] == ["Muster Ada (Muster & Söhne)"]
    assert "/phonebook/cisco/list?group=vendors" in desk("phonebook", "cisco", "--key", "desk", "screen=menu")
    assert "<Prompt>21-31 of 31<" in desk("phonebook", "cisco", "--key", "desk", "offset=20")
    assert 'first="2"' in desk("phonebook", "gigaset", "--key", "desk", "ln=must*", "first=2", "count=1")


def test_what_a_phone_would_not_get(desk: Command) -> None:
    told = desk("phonebook", "snom-m", "--key", "desk", "--explain", "leads=false")
    for part in (
        "Lead Leo (Prospect Ltd)",
        "a lead (phonebook.leads)",
        "no number",
        "cannot take the number *98",
    ):
        assert part in told
    assert "<Name>" not in told


def test_every_page_of_a_book_is_explained(desk: Command) -> None:
    one_page = ("phonebook", "panasonic", "--key", "desk", "max_rec=2")
    assert "ÜÜÜ" not in desk(*one_page)
    assert "ÜÜÜ" in desk(*one_page, "--explain")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nokia", "--key", "desk"], "There is no phonebook format nokia"),
        (["yealink", "--key", "nobody"], "There is no key nobody"),
        (["yealink", "--key", "desk", "primary"], "NAME=VALUE"),
        (["yealink", "--key", "desk", "screen=menu"], "has no screen menu"),
        (["yealink", "--key", "desk", "contacts=some"], "contacts: Input should be"),
    ],
)
def test_what_is_wrong_is_told(desk: Command, words: list[str], told: str) -> None:
    assert told in desk("phonebook", *words, fails=True)


def test_before_the_first_sync(command: Command) -> None:
    command("keys", "add", "desk")
    assert "has not yet read ITFlow" in command("phonebook", "yealink", "--key", "desk", fails=True)


LEFT_OUT = "grandstream with the key desk leaves out 200, since these phones take 1000 entries: Ada"


@pytest.fixture
def large(command: Command, tmp_path: Path) -> Command:
    """A bridge with a book that is longer than a Grandstream's, which has fetched it."""
    command("keys", "add", "desk")
    database = Database(tmp_path / "bridge.db")
    firm = crowd(1200)
    mirrored(database, firm.entries(), firm.clients())
    phones = Phones(database)
    for name in ("grandstream", "yealink"):
        phones.note(Phone("10.0.0.7", "000b828aa872", name, name, "desk"), 1000)
    phones.note(Phone("10.0.0.8", "", "gone", "gone", "desk"), 1)
    phones.flush()
    database.close()
    return command


def test_who_is_left_out_is_told_and_ldap_recommended(large: Command) -> None:
    set_up = large("setup", "grandstream", "--name", "desk2", said=True).replace("desk2", "desk")
    for told in (large("phones", said=True), set_up):
        assert LEFT_OUT in told
        assert "and 197 more" in told
        assert "set ldap.port" in told
        assert told.count("leaves out") == 1
    explained = large("phonebook", "grandstream", "--key", "desk", "--explain")
    assert explained.count("beyond the 1000 entries") == 200


def test_setup_recommends_nothing_where_all_have_room(large: Command) -> None:
    assert "ldap" not in large("setup", "yealink")
    assert "ldap" not in large("setup", "freepbx")
