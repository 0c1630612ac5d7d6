"""Search: what matches, and in which order."""

from __future__ import annotations

import pytest

from bridge.directory.entries import Client, Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.phonebook.formats import Formats
from bridge.phonebook.search import Index
from bridge.phonebook.view import View, select
from bridge.settings import PhonebookSection
from tests.phonebook.people import mobile, work

PEOPLE = Snapshot.build(
    clients=[Client(1, "Müller & Co"), Client(2, "3M Deutschland")],
    entries=[
        Entry(Kind.CONTACT, 1, 1, "Zoë Schmidt", (work("+493055501234"),)),
        Entry(Kind.CONTACT, 2, 1, "Ada Müller", (mobile("+4917155500102"),)),
        Entry(Kind.CONTACT, 3, 2, "Muriel Ada Stone", (work("101"),)),
        Entry(Kind.CONTACT, 4, 2, "Łukasz Nowak", (work("+48225550104"),)),
        Entry(Kind.CONTACT, 5, 2, "山田 太郎", (work("+81355500107"),)),
        Entry(Kind.CONTACT, 6, 0, "Jean-Luc d'Arc", (work("+33155501066"),)),
        Entry(Kind.CONTACT, 7, 0, "Øyvind Höhn", (work("+4722850177"),)),
    ],
)

TABLE = [
    ("zoe", ["Zoë Schmidt"]),
    ("ZOË", ["Zoë Schmidt"]),
    ("ada", ["Ada Müller", "Muriel Ada Stone"]),
    ("mu", ["Muriel Ada Stone", "Ada Müller", "Zoë Schmidt"]),  # first word, later word, client
    ("mul ad", ["Ada Müller"]),
    ("muller zoe", ["Zoë Schmidt"]),
    ("da", []),  # a word's beginning only
    ("luc", ["Jean-Luc d'Arc"]),
    ("arc", ["Jean-Luc d'Arc"]),
    ("山", ["山田 太郎"]),
    ("232", ["Ada Müller", "Muriel Ada Stone"]),  # keypad: ADA
    ("963", ["Zoë Schmidt"]),  # keypad: ZOE
    ("232 68", ["Ada Müller", "Muriel Ada Stone"]),  # keypad: ADA MU
    ("lukasz", ["Łukasz Nowak"]),
    ("LUK no", ["Łukasz Nowak"]),
    ("3m", ["Łukasz Nowak", "Muriel Ada Stone", "山田 太郎"]),
    ("3", ["Łukasz Nowak", "Muriel Ada Stone", "山田 太郎", "Jean-Luc d'Arc", "Zoë Schmidt"]),  # client, then number
    ("5501", ["Jean-Luc d'Arc", "Łukasz Nowak", "Zoë Schmidt"]),
    ("101", ["Muriel Ada Stone"]),
    ("030 5550 1234", ["Zoë Schmidt"]),
    ("03055501234", ["Zoë Schmidt"]),
    ("+493055501234", ["Zoë Schmidt"]),
    ("00493055501234", ["Zoë Schmidt"]),
    ("nobody", []),
    # Umlauts as they are written where a keyboard has none
    ("mueller", ["Ada Müller", "Zoë Schmidt"]),
    ("müll", ["Ada Müller", "Zoë Schmidt"]),
    ("hoehn", ["Øyvind Höhn"]),
    ("oeyv", ["Øyvind Höhn"]),
    ("oyvind hohn", ["Øyvind Höhn"]),
    ("683553", ["Ada Müller", "Zoë Schmidt"]),  # keypad: MUELLE
    ("6855", ["Ada Müller", "Zoë Schmidt"]),  # keypad: MULL
]


@pytest.mark.parametrize(("typed", "expected"), TABLE)
def test_search(formats: Formats, typed: str, expected: list[str]) -> None:
    listing = select(PEOPLE, View.of(formats.get("cisco"), PhonebookSection(), "DE", None, {}))
    assert [line.name.shown for line in Index(listing.lines, "DE").find(typed)] == expected


@pytest.mark.parametrize("typed", ["", " ", "*", "&"])
def test_nothing_typed_is_everybody(formats: Formats, typed: str) -> None:
    listing = select(PEOPLE, View.of(formats.get("cisco"), PhonebookSection(), "DE", None, {}))
    assert Index(listing.lines, "DE").find(typed) == listing.lines


KEYPAD = Snapshot.build(
    entries=[
        Entry(Kind.CONTACT, 1, 0, "Aaron Zander", (work("+493052320000"),)),
        Entry(Kind.CONTACT, 2, 0, "Zoe Bed", (work("+493055500102"),)),
        Entry(Kind.CONTACT, 3, 0, "Yuri Quill", (work("232"),)),
        Entry(Kind.CONTACT, 4, 0, "Bea Quill", (work("+493055500104"),)),
    ]
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        # a whole number, names by keypad, then parts of numbers
        ("232", ["Yuri Quill", "Bea Quill", "Aaron Zander"]),
        ("23", ["Bea Quill", "Zoe Bed", "Aaron Zander", "Yuri Quill"]),
        ("232 7", ["Yuri Quill", "Bea Quill"]),
    ],
)
def test_names_by_keypad_come_before_parts_of_numbers(formats: Formats, typed: str, expected: list[str]) -> None:
    listing = select(KEYPAD, View.of(formats.get("cisco"), PhonebookSection(), "DE", None, {}))
    found = [line.name.shown for line in Index(listing.lines, "DE").find(typed)]
    assert found == expected
