"""keys add, list, rotate, revoke, as an operator uses them."""

import datetime as dt
import re
import sqlite3
from contextlib import closing

import pytest


def test_a_key_is_made_listed_and_revoked(command):
    secret = command("keys", "add", "pbx", "--allow", "callerid,calls", "--client", "1", "--region", "de").strip()
    assert len(secret) == 32
    listed = command("keys", "list")
    assert secret not in listed
    for part in ("pbx", "callerid, calls", "numbers.region=de", "live"):
        assert part in listed
    command("keys", "revoke", "pbx")
    assert "revoked" in command("keys", "list")


@pytest.mark.parametrize("word", ["exit-code", "national"])
def test_the_forms_of_a_trunk_have_kept_their_old_words(command, word):
    command("keys", "add", "pbx", "--trunk", word)
    assert f"numbers.trunk={word}" in command("keys", "list")


def test_an_old_secret_is_taken_over(command):
    assert command("keys", "add", "old", "--key", "the-old-script-key-0123456789abcd").strip().endswith("89abcd")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--allow", "calerid"], "--allow calerid: there are callerid, phonebook"),
        (["--expires", "tomorrow"], "YYYY-MM-DD"),
        (["--expires", "2026-01-31"], "that day is over"),
        (["--network", "here"], "192.0.2.0/24"),
        (["--set", "callerid.label"], "SECTION.NAME=VALUE"),
        (["--set", "http.port=1"], "numbers, callerid, phonebook"),
        (["--region", "Germany"], "two-letter country code"),
        (["--region", "AQ"], "a country with numbers of its own"),
        (["--trunk", "domestic"], "'plus', 'exit-code' or 'bare'"),
        (["--key", ""], "secret to take over is empty"),
        (["--key", "short"], "fewer than 16 characters"),
        (["--key", "0123456789abcdef0123456789abcdef"], "add --weak, and --network"),
        (["--key", "a" * 40, "--key-file", "-"], "not both"),
        (["--key-file", "/nowhere"], "--key-file /nowhere: it cannot be read"),
    ],
)
def test_what_is_wrong_is_told_and_no_key_is_made(command, words, told):
    command("keys", "add", "pbx")
    assert told in command("keys", "add", "wrong", *words, fails=True)
    assert "wrong" not in command("keys", "list")


def test_a_weak_secret_is_taken_over_by_insisting(command):
    assert command("keys", "add", "old", "--key", "short", "--weak").strip() == "short"


def test_a_secret_from_a_file_or_standard_input_is_in_no_list_of_processes(command, tmp_path):
    secret = "b7a1e4c09d2f4458a6d1c3e50f9b7d21"
    for name, file in (("first", "-"), ("second", str(tmp_path / "secret"))):
        (tmp_path / "secret").write_text(f"{secret}{name}\nmore\n")
        made = command("keys", "add", name, "--key-file", file, given=f"{secret}{name}\n")
        assert made.strip() == secret + name


def test_a_new_secret_and_when_the_old_one_was_used(command, tmp_path):
    old = command("keys", "add", "pbx").strip()
    new = command("keys", "rotate", "pbx", "--grace", "12h").strip()
    assert len(new) == 32
    assert new != old
    until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=12)
    listed = command("keys", "list")
    assert re.search(rf"live; old secret until {until:%Y-%m-%d %H:}\d\d, last used: never", listed)
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as opened, opened:
        opened.executemany(
            "INSERT INTO key_uses VALUES ('pbx', ?, 1780000000, '192.0.2.7', 3)",
            [("used",), ("replaced",), ("refused",)],
        )
    opened.close()
    listed = command("keys", "list")
    assert listed.count("2026-05-28 20:26 from 192.0.2.7, 3 in all") == 3
    assert not {old, new} & set(listed.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pbx", "--grace", "soon"], "such as 7d, 12h or 30m"),
        (["pbx", "--grace", "7"], "such as 7d, 12h or 30m"),
        (["pbx", "--key", "short"], "fewer than 16 characters"),
        (["nobody"], "no live key nobody"),
    ],
)
def test_what_is_wrong_with_a_rotation_is_told(command, words, told):
    command("keys", "add", "pbx")
    assert told in command("keys", "rotate", *words, fails=True)
    assert "old secret" not in command("keys", "list")


def test_a_key_that_cannot_be_read_is_listed_and_checked_and_the_others_work(command, tmp_path):
    command("keys", "add", "pbx")
    command("keys", "add", "bad")
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as opened, opened:
        opened.execute("UPDATE keys SET options = '{' WHERE name = 'bad'")
    opened.close()
    listed = command("keys", "list")
    assert "live" in listed
    assert "cannot be read, opens nothing: its options cannot be read" in listed
    assert "key bad" in command("check", fails=True, ITFLOW_URL="http://127.0.0.1:1", ITFLOW_API_KEY="x")
    command("keys", "revoke", "bad")
    assert "cannot be read" not in command("keys", "list")


def test_check_says_when_keys_expire(command):
    soon, late = (dt.datetime.now(dt.UTC) + dt.timedelta(days=days) for days in (6, 90))
    command("keys", "add", "soon", "--expires", f"{soon:%Y-%m-%d}")
    command("keys", "add", "late", "--expires", f"{late:%Y-%m-%d}")
    checked = command("check", fails=True, ITFLOW_URL="http://127.0.0.1:1", ITFLOW_API_KEY="x")
    assert re.search(r"key soon\W+advice\W+It expires in 6 days", checked)
    assert re.search(r"key late\W+works\W+It expires in 90 days", checked)
