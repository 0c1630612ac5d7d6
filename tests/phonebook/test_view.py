"""Views: who is in a book, in which order, and what is said about those who are not."""

from __future__ import annotations

import pytest

from bridge.directory.entries import Scope
from bridge.errors import BadParameter
from bridge.phonebook.fit import share_out
from bridge.phonebook.formats import Formats
from bridge.phonebook.view import Listing, View, select
from bridge.settings import PhonebookSection
from tests.phonebook.conftest import Make
from tests.phonebook.people import crowd, hostile


def chosen(formats: Formats, params: dict[str, str] | None = None, scope: Scope = None) -> Listing:
    return select(hostile(), View.of(formats.get("yealink"), PhonebookSection(), "DE", scope, params or {}))


def ids(listing: Listing) -> list[tuple[str, int]]:
    return sorted((line.entry.kind.value, line.entry.id) for line in listing.lines)


CONTACTS = [("contact", at) for at in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15)]  # 9 has no number, 13 is 1 again
PLACES = [("location", 1), ("location", 2)]
VENDORS = [("vendor", 1), ("vendor", 2)]

CHOICES = [
    ({}, CONTACTS + PLACES + VENDORS),
    ({"contacts": "primary", "locations": "0", "vendors": "no"}, [("contact", 1)]),
    ({"contacts": "important", "group": "contacts"}, [("contact", 3)]),
    ({"contacts": "billing", "group": "contacts"}, [("contact", 4)]),
    ({"contacts": "technical", "group": "contacts"}, [("contact", 6)]),
    ({"contacts": "none"}, PLACES + VENDORS),
    ({"group": "vendors"}, VENDORS),
    ({"group": "LOCATIONS"}, PLACES),
    ({"group": "muster & sohne"}, [("contact", at) for at in (1, 2, 10, 11, 12)] + [("location", 1), ("vendor", 2)]),
    ({"group": "3"}, [("contact", 14)]),
    ({"client_id": "3,1", "group": "contacts"}, [("contact", at) for at in (1, 2, 10, 11, 12, 14)]),
    ({"leads": "false", "client_id": "3"}, []),
    ({"group": "no such group"}, []),
]


@pytest.mark.parametrize(("params", "expected"), CHOICES)
def test_who_is_in_the_book(formats: Formats, params: dict[str, str], expected: list[tuple[str, int]]) -> None:
    assert ids(chosen(formats, params)) == expected


def test_a_key_never_sees_more_than_its_clients(formats: Formats) -> None:
    assert {line.entry.client_id for line in chosen(formats, {"client_id": "1,2,3"}, frozenset({1})).lines} == {1}


def test_duplicates_are_one_entry_with_all_numbers(formats: Formats) -> None:
    listing = chosen(formats)
    (ada,) = [line for line in listing.lines if line.name.shown == "Ada Muster"]
    assert [phone.number for phone in ada.phones] == ["+493055500101", "+4917155500102", "+493055500113"]
    assert ("Ada Muster (Muster & Söhne)", "merged with the contact of the same name") in {
        (note.who, note.what) for note in listing.notes
    }


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("name", '=1+cmd|"calc"', "山田 太郎"),
        ("last", "Tom & <Jerry> \"the\" 'cat' ]]>", "山田 太郎"),
        ("client", "Nobody's Friend", "Leo Lead"),
    ],
)
def test_order(formats: Formats, sort: str, first: str, last: str) -> None:
    names = [line.name.shown for line in chosen(formats, {"sort": sort}).lines]
    assert (names[0], names[-1]) == (first, last)


def test_groups_are_sorted_by_name(formats: Formats) -> None:
    groups = chosen(formats, {"group_by": "client"}).groups
    assert [group.id for group in groups] == ["contacts", "1", "2", "3", "vendors"]


@pytest.mark.parametrize("params", [{"sort": "size"}, {"client_id": "one"}, {"outside_prefix": "x"}])
def test_wrong_parameters(formats: Formats, params: dict[str, str]) -> None:
    with pytest.raises(BadParameter, match=next(iter(params))):
        chosen(formats, params)


def test_no_parameter_names_a_folder(formats: Formats) -> None:
    view = View.of(formats.get("yealink"), PhonebookSection(), "DE", None, {"templates": "/etc"})
    assert view.section.templates is None


EXPLAINED = [
    ("yealink", {}, 'No Number (O\'Neill "Tools" <GmbH> ]]>)', "no number"),
    ("yealink", {"leads": "0"}, "Leo Lead (Prospect Ltd)", "not selected: a lead (phonebook.leads)"),
    ("yealink", {"contacts": "primary"}, "Front Desk (Muster & Söhne)", "not selected: phonebook.contacts is primary"),
    (
        "snom-m",
        {},
        '=1+cmd|"calc" (Muster & Söhne)',
        "the phone cannot take the number *98: 0123456789+ only, at most 21 characters",
    ),
    ("snom-m", {}, "Muster & Söhne - Main Office", "the name is shown as 'Muster & Main Office'"),
    (
        "mitel-csv",
        {"name_form": "client-name"},
        "Muster & Söhne - Front Desk",
        "the name is shown as 'Mu - Front Desk'",
    ),
    ("grandstream", {}, "Ada Muster (Muster & Söhne)", "the extension 12 of +493055500101 has no place"),
    ("polycom", {}, "Muster & Söhne - Main Office", "the number +493055500101 is in the book already"),
]


@pytest.mark.parametrize(("name", "params", "who", "what"), EXPLAINED)
def test_what_is_missing_is_explained(make: Make, name: str, params: dict[str, str], who: str, what: str) -> None:
    assert (who, what) in {(note.who, note.what) for note in make(hostile(), name, **params).notes}


def test_entries_beyond_the_limit_are_explained(make: Make) -> None:
    notes = [note for note in make(crowd(1200), "grandstream").notes if note.what.startswith("beyond the 1000")]
    assert len(notes) == 200
    assert "Ada00500 Muster00500 (Client & Söhne 101)" not in {note.who for note in notes}


def test_numbers_without_a_place_are_cut_where_the_row_says_so(formats: Formats) -> None:
    row = formats.get("snom-m").model_copy(update={"more_numbers": "cut"})
    shares, notes = share_out(chosen(formats).lines, row)
    twelve = [share for share in shares if share.line.name.shown == "Twelve Numbers"]
    assert len(twelve) == 1
    assert sum(note.what.startswith("no place for the number") for note in notes) == 9
