"""Every format against hostile data: golden documents, an independent reader, and each limit of its row."""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.directory.entries import Client, Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.phonebook.formats import Format, Formats
from bridge.phonebook.pages import Ask, Wish
from bridge.phonebook.render import Books
from bridge.phonebook.view import View
from bridge.settings import PhonebookSection
from tests.phonebook.conftest import Make
from tests.phonebook.people import crowd, empty, hostile, mobile, work
from tests.phonebook.readers import READERS, Read, read

GOLDEN = Path(__file__).parent.parent / "data" / "phonebook"
NAMES = sorted(READERS)
BASE = "http://bridge.example:8080/phonebook/x/KEY"
TWO_NAMES = {"gigaset-central", "gigaset-n530", "panasonic-book"}
XML_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def suffix(name: str) -> str:
    vcards = dict.fromkeys(("vcard4", "vcard3", "carddav", "linphone"), "vcf")
    return {**vcards, "csv": "csv", "mitel-csv": "csv", "acrobits": "json", "baresip": "txt"}.get(name, "xml")


# Formats whose names are cut, or lack some characters.
OTHER_CHARACTERS = {
    "baresip",
    "cisco",
    "csv",
    "mitel",
    "mitel-csv",
    "panasonic",
    "panasonic-book",
    "polycom",
    "snom",
    "snom-m",
}


def test_every_format_has_a_reader(formats: Formats) -> None:
    missing = {row.name for row in formats} - set(READERS)
    assert not missing, f"Say in tests/phonebook/readers.py how to read: {', '.join(sorted(missing))}"
    assert set(READERS) <= {row.name for row in formats}


@pytest.mark.parametrize("screen", ["list", "menu", "search"])
@pytest.mark.parametrize("name", NAMES)
def test_golden_document(name: str, screen: str, formats: Formats, make: Make) -> None:
    row = formats.get(name)
    if screen not in row.screens:
        return
    body = make(hostile(), name, ask=Ask(screen=screen, base=BASE if row.linked else "")).body
    golden = GOLDEN / f"{name}-{screen}.{suffix(name)}"
    if "UPDATE_GOLDEN" in os.environ:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(body)
    meant = f"If this is meant: UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/phonebook, and read {golden}"
    assert golden.exists(), meant
    assert body == golden.read_bytes(), meant


@pytest.mark.parametrize("name", NAMES)
def test_hostile_people_arrive(name: str, make: Make) -> None:
    found = read(name, make(hostile(), name, ask=Ask(count=50)).body)
    numbers = [number for item in found for number in item.numbers]
    assert all(item.name and item.numbers for item in found)
    assert not any(XML_ILLEGAL.search(item.name) for item in found)
    assert "101" in numbers
    assert not any("No Number" in item.name or "None" in item.name for item in found)
    if name not in OTHER_CHARACTERS:
        assert any("Tom & <Jerry> \"the\" 'cat' ]]>" in item.name for item in found)


def keep_to(row: Format, body: bytes) -> list[Read]:
    """The entries of a document, once every limit of its row is checked."""
    found = read(row.name, body)
    for item in found:
        size = len(item.name.encode() if row.name_unit == "bytes" else item.name)
        # A first and a last name have the limit each, and a blank between them.
        limit = 2 * row.name_limit + 1 if row.name in TWO_NAMES else row.name_limit
        assert not row.name_limit or size <= limit, item
        assert not set(item.name) & set(row.name_without), item
        assert all(not number.strip(row.number_chars) for number in item.numbers), item
        assert all(len(number) <= row.number_limit for number in item.numbers if row.number_limit), item
        assert not row.numbers_per_entry or len(item.numbers) <= row.numbers_per_entry
        assert not row.slots or len(item.numbers) <= len(row.slots)
    assert len(found) <= (row.max_entries or row.page_size or len(found))
    assert len(body) <= (row.max_bytes or len(body))
    numbers = [number for item in found for number in item.numbers]
    assert not row.unique_numbers or len(set(numbers)) == len(numbers)
    assert row.empty_elements != "pair" or b"/>" not in body
    assert not row.fold_bytes or max(map(len, body.split(b"\r\n"))) <= row.fold_bytes
    return found


@pytest.mark.parametrize("name", NAMES)
def test_limits_of_the_row(name: str, formats: Formats, make: Make) -> None:
    keep_to(formats.get(name), make(hostile(), name).body)


@pytest.mark.parametrize("name", NAMES)
def test_all_twelve_numbers_arrive(name: str, make: Make) -> None:
    one = Snapshot.build(
        entries=[Entry(Kind.CONTACT, 1, 0, "Twelve", tuple(work(f"+4930555002{at:02}") for at in range(12)))]
    )
    found = read(name, make(one, name).body)
    numbers = sorted(number.lstrip("+0") for item in found for number in item.numbers)
    assert [number[-2:] for number in numbers] == [f"{at:02}" for at in range(12)]


@pytest.mark.parametrize("name", NAMES)
def test_empty_book_is_a_document(name: str, make: Make) -> None:
    book = make(empty(), name)
    assert book.entries == 0
    assert read(name, book.body) == []


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_entries(name: str, formats: Formats, make: Make) -> None:
    row = formats.get(name)
    book = make(crowd(10_000), name)
    found = keep_to(row, book.body)
    assert len(found) == book.entries
    if not (row.max_entries or row.page_size):
        assert len(found) == (20_000 if row.numbers_per_entry == 1 and row.more_numbers == "split" else 10_000)
    important = {f"Ada{at:05}" for at in range(500, 10_001, 500)}
    if row.max_entries and not row.numbers_per_entry:
        assert important <= {item.name.split()[0] for item in found}
    if not row.page_size and len(found) < 10_000:
        assert any(note.what.startswith("beyond the") for note in book.notes)


ORDER = {
    "snom-m": ("DirectoryEntry", ["Name", "Telephone", "Office", "Mobile"]),
    "fanvil": ("DirectoryEntry", ["Name", "Telephone", "Mobile", "Other", "Ring", "Group"]),
    "digium-a": ("DirectoryEntry", ["Name", "Telephone", "Mobile", "Other", "Ring", "Group"]),
    "polycom": ("item_list/item", ["lb", "ln", "fn", "ct", "sd", "rt", "dc", "ad", "ar", "bw", "bb"]),
    "avaya": ("DirectoryEntry", ["LastName", "FirstName", "PhoneNumbers"]),
    "legacy": ("Contact", ["LastName", "Phone", "Groups"]),
}


@pytest.mark.parametrize(("name", "entry", "children"), [(n, e, c) for n, (e, c) in ORDER.items()])
def test_order_of_elements(name: str, entry: str, children: list[str], make: Make) -> None:
    for element in ET.fromstring(make(crowd(3, clients=1), name).body).iterfind(entry):
        assert list(dict.fromkeys(child.tag for child in element)) == children


def test_snom_m_writes_empty_numbers_in_full(make: Make) -> None:
    assert b"<Telephone></Telephone><Office>+49305550001</Office>" in make(crowd(1), "snom-m").body


def test_grandstream_groups_refer_to_their_ids(make: Make) -> None:
    root = ET.fromstring(make(hostile(), "grandstream", group_by="kind").body)
    groups = {group.findtext("id"): group.findtext("name") for group in root.iterfind("pbgroup")}
    kinds = {contact.findtext("LastName"): groups[contact.findtext("Group")] for contact in root.iterfind("Contact")}
    assert kinds["Muster"] == "Contacts"
    assert kinds["Muster & Söhne - Main Office"] == "Locations"
    assert kinds["A"] == "Vendors"


def test_legacy_groups(make: Make) -> None:
    root = ET.fromstring(make(hostile(), "legacy", contacts="primary", locations="false").body)
    groups = [(c.findtext("LastName"), c.findtext("Groups/groupid")) for c in root.iterfind("Contact")]
    assert groups == [("A", "1"), ("Ada Muster", "0"), ("Pipes | Co; \\n, Ltd", "1")]


def test_csv_is_no_formula(make: Make) -> None:
    names = ["=1+1", "+cmd", "-1", "@SUM", 'say "hi"', "plain"]
    vendors = [Entry(Kind.VENDOR, at, 0, name, (work("101"),)) for at, name in enumerate(names, 1)]
    found = {item.name for item in read("csv", make(Snapshot.build(entries=vendors), "csv").body)}
    assert found == {"'=1+1", "'+cmd", "'-1", "'@SUM", 'say "hi"', "plain"}


def test_mitel_reads_a_hash_as_no_comment(make: Make) -> None:
    code = Snapshot.build(entries=[Entry(Kind.VENDOR, 1, 0, "No #1", (work("#31#"), work("101")))])
    assert make(code, "mitel-csv").body == b'"No #1 int","#31#",1\n"No #1 int",101,1\n'


@pytest.mark.parametrize("clients", [28, 60])
def test_mitel_menu_has_no_more_than_thirty_items(clients: int, make: Make) -> None:
    for offset in (0, 26):
        ask = Ask(screen="menu", offset=offset, base=BASE)
        items = ET.fromstring(make(crowd(60, clients=clients), "mitel", ask=ask, group_by="client").body)
        assert len(items.findall("MenuItem")) <= 30


@pytest.mark.parametrize("name", ["vcard3", "vcard4"])
def test_vcard_values_survive_escaping(name: str, make: Make) -> None:
    names = ["comma, only", "semicolon; only", "back\\slash only", "\\n is no newline", "Ü" * 300]
    vendors = [Entry(Kind.VENDOR, at, 0, text, (work("101"),)) for at, text in enumerate(names, 1)]
    assert {item.name for item in read(name, make(Snapshot.build(entries=vendors), name).body)} == set(names)


_TEXT = st.text(max_size=60)
_BOOKS = st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=4)


@pytest.mark.parametrize("name", NAMES)
@given(people=_BOOKS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_well_formed(name: str, people: list[tuple[str, str, str]], formats: Formats) -> None:
    snapshot = Snapshot.build(
        clients=[Client(at, client) for at, (_, client, _) in enumerate(people, 1)],
        entries=[
            Entry(Kind.CONTACT, at, at, person, (work(f"+4930555{at:05}"), mobile(f"+49171555{at:05}")), title=title)
            for at, (person, _, title) in enumerate(people, 1)
        ],
    )
    row = formats.get(name)
    view = View.of(row, PhonebookSection(group_by="client"), "DE", None, {})
    for screen in row.screens:
        body = Books(formats).make(snapshot, Wish(row, view, Ask(screen=screen, base=BASE))).body
        if screen == "list":
            found = read(name, body)
            assert {number[-3:] for item in found for number in item.numbers} == {
                f"{at + 1:03}" for at in range(len(people))
            }
        else:
            ET.fromstring(body)
