"""What ITFlow, phones and callers write never steers a terminal, a line of the log or a prompt."""

import io
import json
import logging
import unicodedata

import pytest
from rich.table import Table

from bridge import controls
from bridge.access.phones import Phone, Phones
from bridge.calls.log import CallLog
from bridge.calls.rows import Filters
from bridge.cli.common import PlainConsole
from bridge.directory.entries import Entry, Kind, Label
from bridge.directory.entries import Phone as Numbered
from bridge.storage import Database
from tests.mirrored import mirrored

CONTROLS = [chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x202E, 0x2066)]
ESCAPES = [
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[31m",
    "\x9b31m",
    "\x90q\x9c",
    "\x1b]8;;http://evil\x1b\\\\link",
    "\u202egnp.exe",
]
NAME = "Ann" + "".join(ESCAPES)


def steered(text):
    """The characters of a text that a terminal would obey."""
    return {
        c for c in text if c not in "\n\t" and (unicodedata.category(c) == "Cc" or c in "\u2028\u2029\u202e\u2066")
    }


@pytest.fixture
def filled(tmp_path):
    """A bridge.db with a hostile name, phone and call."""
    database = Database(tmp_path / "bridge.db")
    mirrored(database, [Entry(Kind.CONTACT, 1, 0, NAME, (Numbered("+12125550101", Label.WORK),), title=NAME)])
    with database.write() as connection:  # as an older release stored them
        connection.execute(
            "INSERT INTO calls (at, key, number, name) VALUES ('2026-01-01T00:00:00+00:00', ?1, ?1, ?1)", (NAME,)
        )
        connection.execute(
            "INSERT INTO phones VALUES ('10.0.0.7', ?1, ?1, ?1, ?1, '2099-01-01T00:00:00+00:00', 1, 1)", (NAME,)
        )
    assert CallLog(database).read(Filters(limit=1))
    assert Phones(database).all()
    database.close()


@pytest.mark.parametrize(
    "words",
    [
        ["phones"],
        ["calls"],
        ["lookup", "2125550101"],
        ["lookup", NAME],
        ["keys", "revoke", NAME],
        ["keys", "add", NAME],
    ],
)
@pytest.mark.usefixtures("filled")
def test_no_command_prints_a_control_character(command, words):
    printed = command(*words, fails=words[0] == "keys")
    assert "Ann" in printed or words[1:2] == ["add"]
    assert not steered(printed)


def test_no_control_character_is_printed_and_tables_keep_their_shape():
    console = PlainConsole()
    console.file = io.StringIO()
    console.width = 200
    table = Table("one", "two")
    for control in CONTROLS:
        table.add_row(f"a{control}b", "c")
    console.print(table)
    console.print(f"x{''.join(CONTROLS)}y")
    printed = console.file.getvalue()
    assert not steered(printed)
    assert "xy" in printed
    rows = [line for line in printed.splitlines() if "ab" in line]
    assert len(rows) == len(CONTROLS)
    assert len(set(rows)) == 1


def test_a_record_of_the_log_is_one_record():
    formatter = controls.LogFormatter()
    text = "name\n2026-01-01 00:00:00,000 ERROR forged: line\r\x1b[2J\udcff"
    error = ValueError(text)
    record = logging.LogRecord("bridge", logging.ERROR, "", 0, "said %s", (text,), (ValueError, error, None))
    first, *others = formatter.format(record).splitlines()
    assert first.endswith("ERROR bridge: said name")
    assert others
    assert all(line.startswith("    ") for line in others)
    assert not steered("".join([first, *others]))
    assert "\\x1b[2J\\udcff" in others[0]


@pytest.mark.parametrize(
    "text", ["Zoë 山田 太郎 😀", "👩\u200d💻", "\u0646\u200c\u0647", "a\u00a0b", "tab\tand\nline"]
)
def test_scripts_and_joiners_stay(text):
    assert controls.without(text) == text
    assert controls.shown(text) == text


def test_what_commands_log_is_clean_too(program, tmp_path):
    database = Database(tmp_path / "bridge.db")
    with database.write() as connection:
        connection.execute(
            "INSERT INTO keys (name, secret_hash, options, created_at) VALUES (?, x'00', '', '')", (NAME,)
        )
    database.close()
    said = program("keys", "list", said=True)
    assert "The key Ann" in said
    assert not steered(said)


def test_json_stays_what_it_is():
    given = {"name": NAME + "".join(CONTROLS) + "\udcff", "emoji": "😀 é"}
    text = controls.in_json(json.dumps(given, ensure_ascii=False, indent=2))
    assert json.loads(text) == given
    assert not steered(text)
    assert "😀 é" in text


def test_a_phone_as_it_is_noted(tmp_path):
    database = Database(tmp_path / "bridge.db")
    phones = Phones(database)
    phones.note(Phone("10.0.0.7", "", NAME, "yealink", "desk"), 1)
    phones.flush()
    assert not steered(phones.all()[0].phone.user_agent)
    database.close()
