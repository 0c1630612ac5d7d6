"""What sources outside the project say of each maker's phones, and that the books keep to it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lxml import etree

from bridge.directory.entries import Client, Entry, Kind, Phone
from bridge.directory.snapshot import Snapshot
from bridge.phonebook.formats import Formats
from bridge.phonebook.pages import Ask
from bridge.phonebook.setup import known_from, setup_text
from tests.phonebook.conftest import Make
from tests.phonebook.people import crowd, hostile, mobile, work
from tests.phonebook.readers import READERS, read

BASE = "http://bridge.example:8080/phonebook/x/KEY"
XSD = etree.XMLSchema(file=str(Path(__file__).parent.parent / "data" / "phonebook" / "cisco.xsd"))


def one(*phones: Phone, name: str = "Ada Muster") -> Snapshot:
    return Snapshot.build(entries=[Entry(Kind.CONTACT, 1, 0, name, phones)])


def test_grandstream_calls_a_mobile_number_cell(make: Make) -> None:
    """FusionPBX's templates for GRP26xx, GXP16xx, GXP2130 to 2170, GHP, WP8xx, GXV3240, GAC2500: type Cell.

    DP7xx and old firmware: Mobile (Grandstream's GXP21xx and DP7xx phonebook guides).
    """
    for name, word in (("grandstream", "Cell"), ("grandstream-cell", "Cell"), ("grandstream-mobile", "Mobile")):
        root = ET.fromstring(make(one(mobile("+4917155500102")), name).body)
        assert [phone.get("type") for phone in root.iterfind("Contact/Phone")] == [word]


def test_a_dp7xx_gets_its_own_words(formats: Formats) -> None:
    """Grandstream DP7xx phonebook guide: Home, Work, Mobile."""
    assert formats.for_phone("Grandstream Model HW DP750 SW 1.0.13.3 DevId c074ad000000").name == "grandstream-mobile"
    assert formats.for_phone("Grandstream Model HW GRP2612 SW 1.0.5.67 DevId c074ad000000").name == "grandstream"


def test_grandstream_groups_are_above_the_block_list(make: Make) -> None:
    """A Grandstream's group 1 is its own block list (phonebooks exported from GRP26xx; fusionpbx/fusionpbx)."""
    root = ET.fromstring(make(hostile(), "grandstream", group_by="kind").body)
    groups = {group.findtext("id"): group.findtext("name") for group in root.iterfind("pbgroup")}
    assert min(map(int, filter(None, groups))) > 1
    assert {contact.findtext("Group") for contact in root.iterfind("Contact")} == set(groups)


def cisco_documents(make: Make) -> list[bytes]:
    """Menus, the form, first, middle and last pages, nothing found, addresses of the longest kind."""
    long = "x" * 200
    asks = [
        (hostile(), Ask(screen="menu", base=BASE)),
        (crowd(400), Ask(screen="menu", base=BASE, offset=97)),
        (hostile(), Ask(screen="search", base=BASE)),
        (hostile(), Ask(base=BASE)),
        *((crowd(400), Ask(base=BASE, offset=offset)) for offset in (0, 32, 384)),
        (hostile(), Ask(base=BASE, term="nobody")),
        (crowd(400), Ask(base=BASE, term="ada", carried=(("title", long),), offset=32)),
        (crowd(400), Ask(screen="menu", base=BASE, carried=(("title", long),))),
    ]
    return [make(snapshot, "cisco", ask=ask, title="T" * 60, group_by="client").body for snapshot, ask in asks]


def test_cisco_documents_keep_to_its_schema(make: Make) -> None:
    """CiscoIPPhone.xsd 3.3.4: DirectoryEntry's Name, Title and Prompt 32 characters, a URL 256, MenuItem's Name 64.

    32 entries and 100 menu items: Cisco's XML services guide 9.1.1.
    """
    for body in cisco_documents(make):
        XSD.assertValid(etree.fromstring(body))


def test_a_cisco_address_that_is_too_long_is_left_out_and_told(make: Make) -> None:
    """CiscoIPPhone.xsd 3.3.4: URL has at most 256 characters."""
    book = make(crowd(400), "cisco", ask=Ask(base=BASE, carried=(("title", "x" * 200),), offset=32))
    assert b"<Name>Next<" not in book.body
    assert any(note.who == "(next)" and "256" in note.what for note in book.notes)


def test_cisco_pages_lead_back(make: Make) -> None:
    """Soft keys of a page replace the phone's own (Cisco's XML services guide 9.1.1): it needs one for each way."""
    pages = {0: ["Next", "Search"], 32: ["Next", "Previous", "Search"], 768: ["Previous", "Search"]}
    for offset, keys in pages.items():
        root = ET.fromstring(make(crowd(400), "cisco", ask=Ask(base=BASE, offset=offset)).body)
        found = [(key.findtext("Name"), key.findtext("Position")) for key in root.iterfind("SoftKeyItem")]
        assert found[3:] == [(key, str(place)) for place, key in enumerate(keys, 4)]


def test_panasonic_field_and_page_size(formats: Formats) -> None:
    """TGP600 and HDV XML developer's guide 2.52: LDAP URL (256 characters), ``name=``, ``max_rec``."""
    row = formats.get("panasonic")
    text = setup_text(row, "http://192.0.2.10:8080", "K" * 43)
    assert "XML Application > XML Phonebook > LDAP URL" in text
    assert "XMLAPP_LDAP_URL" in text
    url = text.splitlines()[2].strip()
    assert len(url) <= 256
    assert "?" in url  # the phone appends &name=
    assert (row.search_params[0], row.count_param) == ("name", "max_rec")


def test_panasonic_whole_book(make: Make) -> None:
    """TGP600 and HDV XML developer's guide 2.52: Group/groupDirectory/directoryDetails, 1 to 1,000 records."""
    root = ET.fromstring(make(crowd(1200), "panasonic-book").body)
    assert root.tag == "Group"
    assert len(root.findall("groupDirectory/directoryDetails")) == 1000
    assert root.findtext("numberOfRecords") == "1000"


def test_gigaset_central_places(make: Make) -> None:
    """jordiboehme/gigaset-central-phonebook: root list, office2 a second landline, mobile2 a mobile, names 32."""
    phones = (work("+493055500101"), work("+493055500102"), mobile("+4917155500101"), mobile("+4917155500102"))
    root = ET.fromstring(make(one(*phones, name="Ada " + "M" * 50), "gigaset-central").body)
    (entry,) = root.findall("entry")
    assert root.tag == "list"
    assert [entry.get(place) for place in ("office1", "office2", "mobile1", "mobile2", "home1", "home2")] == [
        "03055500101",
        "03055500102",
        "017155500101",
        "017155500102",
        "",
        "",
    ]
    assert entry.get("surname") == "M" * 32


def test_gigaset_n530_and_n770(formats: Formats, make: Make) -> None:
    """jordiboehme/gigaset-central-phonebook: an N530 takes 500 entries; an N770 what an N870 takes."""
    assert make(crowd(600), "gigaset-n530").entries == 500
    assert "N770" in formats.get("gigaset-central").title


def test_snom_keeps_the_contacts_that_its_user_typed(make: Make) -> None:
    """Snom's sample of a Remote XML Directory: no attribute complete, with which a phone may drop the user's own."""
    assert "complete" not in ET.fromstring(make(hostile(), "snom-tbook").body).attrib


def test_digium_and_sangoma_field_and_file(formats: Formats) -> None:
    """FusionPBX, wazo, fspbx: ``<contacts url="…" id="internal"/>`` in MAC.cfg; file MAC-contacts.xml."""
    row = formats.get("digium")
    text = setup_text(row, "http://b:8080", "KEY")
    assert '<contacts url="http://b:8080/phonebook/digium/KEY/MAC-contacts.xml" id="internal"/>' in text
    assert row.owns("000fd3aabbcc-contacts.xml")
    assert row.owns("000fd3aabbcc-contacts.cfg")  # the name that this bridge gave before


def test_acrobits_keys(make: Make) -> None:
    """Acrobits, "Contacts JSON": the keys of a contact and of its entries, as two servers in use write them."""
    (contact,) = json.loads(make(one(work("+493055500101")), "acrobits").body)["contacts"]
    assert set(contact) == {"contactId", "displayName", "fname", "lname", "company", "contactEntries"}
    (entry,) = contact["contactEntries"]
    assert set(entry) == {"entryId", "type", "label", "uri"}
    assert (entry["type"], entry["uri"]) == ("tel", "+493055500101")


def test_zoiper_and_sessiontalk_elements(make: Make) -> None:
    """FusionPBX's zoiper/5.x: the id is an attribute, Type stands twice; docs.sessiontalk.co.uk: Id is an element."""
    person = one(work("+493055500101"), mobile("+4917155500102"))
    zoiper = ET.fromstring(make(person, "zoiper").body)
    assert (zoiper.tag, [each.get("id") for each in zoiper.iterfind("Contact")]) == ("Contacts", ["contact-1"])
    phones = [[part.text for part in phone] for phone in zoiper.iterfind("Contact/Phone")]
    assert phones == [["Work", "Phone", "+493055500101"], ["Work", "Cell", "+4917155500102"]]
    sessiontalk = ET.fromstring(make(person, "sessiontalk").body)
    assert (sessiontalk.tag, sessiontalk.findtext("Contact/Id")) == ("Contacts", "contact-1")
    for field, number in (("WorkNumber", "+493055500101"), ("MobileNumber", "+4917155500102")):
        assert [each.text for each in sessiontalk.iterfind(f"Contact/{field}/string")] == [number]


def test_avaya_j129_has_none(formats: Formats) -> None:
    """Avaya, "Downloadable directory" (2026-04): J1xx but not J129."""
    assert "J129" in setup_text(formats.get("avaya"), "http://b", "KEY")


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_format_names_its_source(formats: Formats, name: str) -> None:
    row = formats.get(name)
    assert row.source in known_from(row)
    assert row.source


NAMED = [
    # format, and what tells Front Desk of Bluebird from that of Acme there
    ("grandstream-old", "Front Desk · Bluebird"),
    ("cisco", "Front Desk · Bluebird"),
    ("snom", "Front Desk · Bluebird"),
    ("snom-m", "Front Desk · Bluebird"),
    ("polycom", "Front Desk · Bluebird"),
    ("gigaset-central", "Front Desk · Bluebird"),
    ("gigaset-n530", "Front Desk · Bluebird"),
    ("mitel", "Front Desk · Bluebird"),
    ("mitel-csv", "Front De · Blue"),  # 15 characters
    ("panasonic", "Front Desk · Bluebird"),
    ("panasonic-book", "Front Desk · Bluebird"),
    ("vtech", "Front Desk · Bluebird"),
    ("avaya", "Front Desk · Bluebird"),
    ("yealink", "Front Desk (Bluebird)"),
    ("fanvil", "Front Desk (Bluebird)"),
    ("fritzbox", "Front Desk (Bluebird)"),
    ("legacy", "Front Desk"),
    ("grandstream", "Front Desk"),  # has a place for it
]
DESKS = Snapshot.build(
    clients=[Client(1, "Bluebird"), Client(2, "Acme")],
    entries=[Entry(Kind.CONTACT, at, at, "Front Desk", (work(f"10{at}"),)) for at in (1, 2)],
)


@pytest.mark.parametrize(("name", "shown"), NAMED)
def test_two_front_desks_are_told_apart(make: Make, name: str, shown: str) -> None:
    names = {item.numbers[0]: item.name for item in read(name, make(DESKS, name).body)}
    assert names["101"] == shown
    assert len(set(names.values())) == (1 if shown == "Front Desk" else 2)
    alone = read(name, make(DESKS, name, client_in_name="false").body)
    assert {item.name for item in alone} == {"Front Desk"}
