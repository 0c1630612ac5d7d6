"""Names: clean text, first and last name, forms, cuts."""

from __future__ import annotations

import pytest

from bridge.directory.entries import Entry, Kind
from bridge.phonebook.names import clean, cut, named, split
from tests.phonebook.people import work

CLEAN = [
    ("  Ada \t Muster\r\n", "Ada Muster"),
    ("A\x00B\x1fC\x7f", "A B C"),
    ("\ud800x\ufffe\uffff", "x"),
    ("Zoe\u0308", "Zo\u00eb"),
    ("שלום 👩‍👩‍👧", "שלום 👩‍👩‍👧"),
    ("\x00", ""),
]


@pytest.mark.parametrize(("text", "expected"), CLEAN)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


SPLIT = [
    ("Ada Muster", ("Ada", "Muster")),
    ("Muster, Ada", ("Ada", "Muster")),
    ("Muster,", ("", "Muster")),
    ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
    ("Ana de la Cruz", ("Ana", "de la Cruz")),
    ("ada muster", ("ada", "muster")),
    ("Anna Maria Muster", ("Anna Maria", "Muster")),
    ("Reception", ("", "Reception")),
    ("", ("", "")),
]


@pytest.mark.parametrize(("name", "expected"), SPLIT)
def test_split(name: str, expected: tuple[str, str]) -> None:
    assert split(name) == expected


ADA = Entry(Kind.CONTACT, 1, 1, "Ada Muster", (work("101"),))
NAMED = [
    (ADA, "Acme", "first-last", ("Ada Muster", "Ada", "Muster")),
    (ADA, "Acme", "last-first", ("Muster Ada", "Ada", "Muster")),
    (ADA, "Acme", "as-is", ("Ada Muster", "Ada", "Muster")),
    (Entry(Kind.CONTACT, 1, 1, "Muster, Ada", ()), "Acme", "as-is", ("Muster, Ada", "Ada", "Muster")),
    (Entry(Kind.LOCATION, 1, 1, "HQ", ()), "Acme", "as-is", ("HQ", "", "HQ")),
    (ADA, "Acme", "client-name", ("Acme - Ada Muster", "", "Acme - Ada Muster")),
    (ADA, "", "client-name", ("Ada Muster", "Ada", "Muster")),
    (
        Entry(Kind.LOCATION, 1, 1, "Main Office"),
        "Acme",
        "first-last",
        ("Acme - Main Office", "", "Acme - Main Office"),
    ),
    (Entry(Kind.LOCATION, 1, 1, "Acme"), "Acme", "client-name", ("Acme", "", "Acme")),
    (Entry(Kind.VENDOR, 1, 0, "Pipes Ltd"), "", "last-first", ("Pipes Ltd", "", "Pipes Ltd")),
    (Entry(Kind.CONTACT, 1, 1, " \x00"), "Acme", "first-last", ("Acme", "", "Acme")),
    (Entry(Kind.CONTACT, 1, 0, "", email="a@b.c"), "", "first-last", ("a@b.c", "", "a@b.c")),
    (Entry(Kind.CONTACT, 1, 0, "", (work("101"),)), "", "first-last", ("101", "", "101")),
]


@pytest.mark.parametrize(("entry", "client", "form", "expected"), NAMED)
def test_named(entry: Entry, client: str, form: str, expected: tuple[str, str, str]) -> None:
    name = named(entry, client, form)
    assert (name.shown, name.first, name.last) == expected


CUT = [
    ("Ada Muster", 0, "characters", "Ada Muster"),
    ("Ada Muster", 10, "characters", "Ada Muster"),
    ("Ada Muster", 4, "characters", "Ada"),
    ("ÜÜÜ", 4, "bytes", "ÜÜ"),
    ("ÜÜÜ", 5, "bytes", "ÜÜ"),
    ("👩‍👩‍👧", 5, "bytes", "👩"),
    ("👩‍👩‍👧", 2, "characters", "👩"),
    ("Xe\u0323\u0308", 3, "characters", "X"),
]


@pytest.mark.parametrize(("text", "limit", "unit", "expected"), CUT)
def test_cut(text: str, limit: int, unit: str, expected: str) -> None:
    assert cut(text, limit, unit) == expected
