"""Names: clean text, first and last name, forms, cuts."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.directory.entries import Entry, Kind
from bridge.phonebook.names import clean, cut, named, says, spellings, split, together
from tests.phonebook.people import work

CLEAN = [
    ("  Ada \t Muster\r\n", "Ada Muster"),
    ("A\x00B\x1fC\x7f", "A B C"),
    ("\ud800x\ufffe\uffff", "x"),
    ("Zoe\u0308", "Zo\u00eb"),
    ("שלום 👩‍👩‍👧", "שלום 👩‍👩‍👧"),
    ("\x00", ""),
    # Controls of direction and marks that nobody sees (Unicode UAX 9 section 2, and category Cf)
    ("\u202eAda\u202c \u2066M\u2069uster\u200f", "Ada Muster"),
    ("\ufeffAda\u200b\u00ad Muster", "Ada Muster"),
    ("\u200d\u200c", ""),
    ("\u3164\u2800", ""),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f"),
    ("Ada\u2028Muster", "Ada Muster"),
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
    # The family's name stands first already
    ("山田 太郎", ("", "山田 太郎")),
    ("김 철수", ("", "김 철수")),
    ("やまだ たろう", ("", "やまだ たろう")),
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
    (Entry(Kind.CONTACT, 1, 1, "山田 太郎"), "Acme", "first-last", ("山田 太郎", "", "山田 太郎")),
    (Entry(Kind.CONTACT, 1, 1, "山田 太郎"), "Acme", "last-first", ("山田 太郎", "", "山田 太郎")),
    (Entry(Kind.CONTACT, 1, 1, " - "), "Acme", "first-last", ("Acme", "", "Acme")),
    (Entry(Kind.CONTACT, 1, 1, "\u202e?\u202c"), "", "first-last", ("", "", "")),
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


DOT = "{name} · {client}"
TOGETHER = [
    # name, client, limit, what is shown
    ("Front Desk", "Bluebird", 0, "Front Desk · Bluebird"),
    ("Front Desk", "Bluebird", 21, "Front Desk · Bluebird"),
    ("Front Desk", "Bluebird", 20, "Front Desk · Bluebir"),
    ("Front Desk", "Bluebird Dental Surgery", 23, "Front Desk · Bluebird"),
    ("Ada Muster", "Muster & Söhne", 23, "Ada Muster · Muster"),
    ("Alexandra Mustermann-Wagenknecht", "Bluebird Dental Surgery", 32, "Alexandra Mustermann · Bluebird"),
    ("Front Desk", "Bluebird", 15, "Front De · Blue"),
    ("Front Desk", "Bluebird", 10, "Front Desk"),
    ("Front Desk", "IO", 15, "Front Desk · IO"),
]


@pytest.mark.parametrize(("name", "client", "limit", "expected"), TOGETHER)
def test_name_and_client_stay_readable(name: str, client: str, limit: int, expected: str) -> None:
    shown = together(name, client, DOT, limit, "characters")
    assert shown == expected
    assert not limit or len(shown) <= limit


def test_limits_in_bytes_count_bytes() -> None:
    shown = together("Ü" * 30, "Söhne" * 9, DOT, 40, "bytes")
    assert len(shown.encode()) <= 40
    assert " · Söhne" in shown


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [("Bluebird Ltd", "Bluebird", True), ("Ada Muster", "Ad", False), ("BLUE-BIRD", "blue bird", True)],
)
def test_a_name_says_its_client_in_whole_words(text: str, name: str, expected: bool) -> None:
    assert says(text, name) is expected


SPELLINGS = [
    ("Müller", (("muller", "mueller"),)),
    ("Mu\u0308ller", (("muller", "mueller"),)),
    ("Øyvind Höhn", (("oyvind", "oeyvind"), ("hohn", "hoehn"))),
    ("Åse", (("ase", "aase"),)),
    ("Straße", (("strasse",),)),
    ("Ada", (("ada",),)),
    ("&", ()),
]


@pytest.mark.parametrize(("text", "expected"), SPELLINGS)
def test_umlauts_are_typed_both_ways(text: str, expected: tuple[tuple[str, ...], ...]) -> None:
    assert spellings(text) == expected


@given(st.text())
def test_any_text_has_spellings(text: str) -> None:
    assert all(word and words for words in spellings(text) for word in words)


def test_what_is_printable_is_the_same_beside_what_is_not():
    """A name that is printable is not looked at character by character."""
    for first in range(0, sys.maxunicode, 256):
        printable = "".join(filter(str.isprintable, map(chr, range(first, first + 256))))
        assert clean(f"x{printable}x\0") == clean(f"x{printable}x")
