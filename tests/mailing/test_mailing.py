"""Who is in a list, and what the tools that read it make of it."""

import csv
import io
import json
from email.headerregistry import Address
from email.policy import SMTPUTF8
from email.utils import getaddresses, parseaddr

import pytest

from bridge import mailing
from bridge.directory.entries import Client, Entry, Kind, Label, Phone
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotFound
from bridge.mailing import Choice, Who

WORK, MOBILE = Phone("+12125550101", Label.WORK), Phone("+19175550111", Label.MOBILE)

CLIENTS = [Client(1, "Acme & Sons <Ltd>"), Client(2, "beta"), Client(3, "Leads Inc", lead=True)]
CONTACTS = [
    Entry(Kind.CONTACT, 1, 1, "Zoë", (WORK, MOBILE), "Zoe@acme.example", primary=True),
    Entry(Kind.CONTACT, 2, 1, "Bob", (MOBILE,), "bob@acme.example", billing=True),
    Entry(Kind.CONTACT, 3, 1, "Bob again", (), "BOB@acme.example", technical=True, important=True),
    Entry(Kind.CONTACT, 4, 1, "Bad Mail", (), "not an address", billing=True),
    Entry(Kind.CONTACT, 5, 2, "Émile", (WORK,), "émile@bücher.example", primary=True),
    Entry(Kind.CONTACT, 6, 2, "No Mail", (WORK,), "", technical=True),
    Entry(Kind.CONTACT, 7, 3, "Larry", (WORK,), "larry@lead.example", primary=True),
    Entry(Kind.CONTACT, 8, 0, "Nobody's", (WORK,), "carl@none.example", primary=True),
    Entry(Kind.VENDOR, 1, 1, "Telco", (WORK,), "sales@telco.example", primary=True),
]
SNAPSHOT = Snapshot.build(clients=CLIENTS, entries=CONTACTS)

HOSTILE = (
    'Evil" <evil@x.example>, "',
    "Evil <evil@x.example>",
    "evil@x.example, Bob",
    "Evil\r\nevil@x.example",
    "Evil\u2028evil@x.example",
    "Evil\x0bevil@x.example\x85evil@x.example",
    "back\\slash\\",
    '"',
    "(comment",
    "=?utf-8?q?=22=3Cevil=40x.example=3E?=",
    "# evil@x.example",
    "",
)


def emails(**choice):
    return [one.email for one in mailing.addresses(SNAPSHOT, Choice(**choice)).recipients]


def hostile():
    entries = [
        Entry(Kind.CONTACT, number, 1, name, (), f"person{number}@good.example", primary=True)
        for number, name in enumerate(HOSTILE, 1)
    ]
    return mailing.addresses(Snapshot.build(clients=[Client(1, "Acme")], entries=entries), Choice()).recipients


@pytest.mark.parametrize(
    ("choice", "addresses"),
    [
        ({}, ["Zoe@acme.example", "émile@bücher.example", "larry@lead.example"]),
        ({"leads": False}, ["Zoe@acme.example", "émile@bücher.example"]),
        ({"who": Who.BILLING}, ["bob@acme.example"]),
        ({"who": Who.TECHNICAL}, ["BOB@acme.example"]),
        ({"who": Who.IMPORTANT}, ["BOB@acme.example"]),
        (
            {"who": Who.ALL},
            ["Zoe@acme.example", "bob@acme.example", "émile@bücher.example", "larry@lead.example"],
        ),
        ({"client_id": 2}, ["émile@bücher.example"]),
        ({"scope": frozenset({1})}, ["Zoe@acme.example"]),
        ({"scope": frozenset()}, []),
    ],
)
def test_who_is_in_the_list(choice, addresses):
    assert emails(**choice) == addresses


def test_what_is_no_address_is_left_out_and_reported():
    found = mailing.addresses(SNAPSHOT, Choice(who=Who.BILLING))
    assert [(one.contact, one.email) for one in found.invalid] == [("Bad Mail", "not an address")]


@pytest.mark.parametrize("choice", [{"client_id": 9}, {"client_id": 1, "scope": frozenset({2})}])
def test_a_client_that_is_not_there_or_not_covered_is_not_found(choice):
    with pytest.raises(NotFound):
        emails(**choice)


def test_the_lines_of_the_old_script():
    recipients = mailing.addresses(SNAPSHOT, Choice(client_id=1)).recipients
    numbers = mailing.numbers(SNAPSHOT, Choice(client_id=1, who=Who.ALL))
    acme = "Acme &amp; Sons &lt;Ltd&gt;"
    assert mailing.html_lines(mailing.client_emails(recipients)) == f"{acme} - Zoe@acme.example<br>\n"
    assert mailing.html_lines(mailing.contact_emails(recipients)) == f"{acme} - Zoë - Zoe@acme.example<br>\n"
    assert list(mailing.client_numbers(numbers)) == [
        "Acme & Sons <Ltd> - +12125550101",
        "Acme & Sons <Ltd> - +19175550111",
    ]
    assert list(mailing.contact_numbers(numbers)) == [
        "Acme & Sons <Ltd> - Zoë - +12125550101 - +19175550111",
        "Acme & Sons <Ltd> - Bob -  - +19175550111",
    ]


def test_rfc_5322_lines_are_read_as_one_address_with_its_name_each():
    recipients = mailing.addresses(SNAPSHOT, Choice(who=Who.ALL)).recipients
    assert [parseaddr(line) for line in mailing.rfc5322(recipients)] == [
        (one.contact, one.email) for one in recipients
    ]


@pytest.mark.parametrize("form", [mailing.rfc5322, mailing.sympa, mailing.bare])
def test_hostile_names_add_no_line(form):
    text = mailing.lines(form(hostile()))
    assert len(text.splitlines()) == len(HOSTILE)
    assert text.count("\n") == len(HOSTILE)


def test_hostile_names_add_no_address():
    lines = list(mailing.rfc5322(hostile()))
    wanted = sorted(one.email for one in hostile())
    assert sorted(address for _, address in getaddresses(lines)) == wanted
    assert sorted(address for _, address in getaddresses([", ".join(lines)])) == wanted
    for line in lines:
        (address,) = SMTPUTF8.header_factory("To", line).addresses
        assert isinstance(address, Address)
        assert address.addr_spec in wanted
    assert sorted(line.split(" ")[0] for line in mailing.sympa(hostile())) == wanted
    assert sorted(mailing.bare(hostile())) == wanted


def test_csv_reads_back_and_holds_no_formula():
    entries = [
        Entry(Kind.CONTACT, 1, 1, '=HYPERLINK("http://x")', (), "a@x.example", primary=True),
        Entry(Kind.CONTACT, 2, 1, 'Bob "B", Tables', (), "b@x.example", primary=True),
        Entry(Kind.CONTACT, 3, 1, "+1 @ -2", (), "c@x.example", primary=True),
        Entry(Kind.CONTACT, 4, 1, "Formula", (), "=1+1@x.example", primary=True),
    ]
    snapshot = Snapshot.build(clients=[Client(1, "@SUM(A1)")], entries=entries)
    recipients = mailing.addresses(snapshot, Choice()).recipients
    rows = list(csv.DictReader(io.StringIO(mailing.to_csv(recipients), newline="")))
    assert {row["email"]: row["name"] for row in rows} == {
        "a@x.example": '\'=HYPERLINK("http://x")',
        "b@x.example": 'Bob "B", Tables',
        "c@x.example": "'+1 @ -2",
    }
    assert {row["client"] for row in rows} == {"'@SUM(A1)"}
    assert all(json.loads(row["attributes"]) == {"client": "@SUM(A1)", "client_id": 1} for row in rows)
    assert not any(cell.startswith(mailing.FORMULA) for row in rows for cell in row.values())
    assert [one.email for one in mailing.formulas(recipients)] == ["=1+1@x.example"]


def test_the_table_of_numbers_holds_no_formula():
    rows = list(csv.reader(io.StringIO(mailing.numbers_csv(mailing.numbers(SNAPSHOT, Choice())))))
    assert rows[1] == ["Acme & Sons <Ltd>", "Zoë", "'+12125550101", "'+19175550111"]


def test_who_shares_an_address_is_there_for_each_where_that_is_wanted():
    entries = [
        Entry(Kind.CONTACT, 1, 1, "Ada", (), "info@shared.example", primary=True),
        Entry(Kind.CONTACT, 2, 1, "Bob", (), "Info@shared.example", primary=True),
        Entry(Kind.CONTACT, 3, 2, "Cem", (), "info@shared.example", primary=True),
    ]
    snapshot = Snapshot.build(clients=[Client(1, "Acme"), Client(2, "Beta")], entries=entries)
    shared = mailing.addresses(snapshot, Choice(), shared=True).recipients
    assert list(mailing.contact_emails(shared)) == [
        "Acme - Ada - info@shared.example",
        "Acme - Bob - info@shared.example",
        "Beta - Cem - info@shared.example",
    ]
    assert [one.contact for one in mailing.addresses(snapshot, Choice()).recipients] == ["Ada"]


def test_a_client_has_no_line_twice():
    entries = [Entry(Kind.CONTACT, number, 1, "Ada", (), "a@a.example", primary=True) for number in (1, 2)]
    found = mailing.addresses(Snapshot.build(clients=[Client(1, "Acme")], entries=entries), Choice(), shared=True)
    assert list(mailing.client_emails(found.recipients)) == ["Acme - a@a.example"]
