"""Independent readers: what a phone would make of a document, by a parser the bridge does not use."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import vobject


@dataclass(frozen=True, slots=True)
class Read:
    """An entry as read: its name, or first and last name, and its numbers in order."""

    name: str
    numbers: tuple[str, ...]


Reader = Callable[[bytes], list[Read]]


def xml(entry: str, name: str | tuple[str, str], numbers: str, *, number_attribute: str = "") -> Reader:
    """A reader of an XML format.

    Args:
        entry: Path of the entries.
        name: Element or @attribute of the name, or of first and last.
        numbers: Path of the numbers in an entry; several separated by blanks.
        number_attribute: Where a number is, if not in the text.
    """

    def text(element: ET.Element, where: str) -> str:
        return (element.get(where[1:], "") if where[0] == "@" else element.findtext(where)) or ""

    def read(body: bytes) -> list[Read]:
        root = ET.fromstring(body)
        found = []
        for element in root.iterfind(entry):
            names = (name,) if isinstance(name, str) else name
            values: list[str] = []
            for path in numbers.split():
                if path[0] == "@":
                    values.append(element.get(path[1:], ""))
                else:
                    values += [
                        n.get(number_attribute, "") if number_attribute else n.text or ""
                        for n in element.iterfind(path)
                    ]
            found.append(
                Read(" ".join(filter(None, (text(element, where) for where in names))), tuple(filter(None, values)))
            )
        return found

    return read


def vcard(body: bytes) -> list[Read]:
    cards = vobject.readComponents(body.decode())
    return [
        Read(
            card.fn.value, tuple(tel.value.removeprefix("tel:").split(";")[0].split(" x")[0] for tel in card.tel_list)
        )
        for card in cards
    ]


def mitel(body: bytes) -> list[Read]:
    items = xml("MenuItem", "Prompt", "URI")(body)
    return [Read(item.name, (uri[5:],)) for item in items for uri in item.numbers if uri.startswith("Dial:")]


def acrobits(body: bytes) -> list[Read]:
    contacts = json.loads(body)["contacts"]
    assert len({one["contactId"] for one in contacts}) == len(contacts)
    return [
        Read(
            one["displayName"] or f"{one['fname']} {one['lname']}",
            tuple(entry["uri"] for entry in one["contactEntries"] if entry["type"] == "tel"),
        )
        for one in contacts
    ]


def csv_table(body: bytes) -> list[Read]:
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True)
    columns = ("Work", "Mobile", "Internal", "Other")
    return [Read(row["Name"], tuple(row[c].split(" x")[0] for c in columns if row[c])) for row in rows]


def csv_list(body: bytes) -> list[Read]:
    rows = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
    return [Read(name, (number,)) for name, number, _line in rows]


def baresip(body: bytes) -> list[Read]:
    lines = [re.fullmatch(r'"([^"]*)" <sip:([^@>]*)@[^>]+>', line) for line in body.decode().splitlines()]
    assert all(lines[1:]), body
    return [Read(line[1], (unquote(line[2]),)) for line in lines if line]


_FANVIL = xml("DirectoryEntry", "Name", "Telephone Mobile Other")
_YEALINK = xml("DirectoryEntry", "Name", "Telephone")
_GRANDSTREAM = xml("Contact", ("FirstName", "LastName"), "Phone/phonenumber")
_GIGASET_CENTRAL = xml("entry", ("@name", "@surname"), "@office1 @office2 @mobile1 @mobile2 @home1 @home2")
_PP = "{http://panasonic/sip_phone}"

READERS: dict[str, Reader] = {
    "grandstream": _GRANDSTREAM,
    "grandstream-cell": _GRANDSTREAM,
    "grandstream-mobile": _GRANDSTREAM,
    "grandstream-old": _GRANDSTREAM,
    "legacy": xml("Contact", "LastName", "Phone/phonenumber"),
    "yealink": _YEALINK,
    "yealink-menu": _YEALINK,
    "yealink-book": xml("Menu/Unit", "@Name", "@Phone1 @Phone2 @Phone3"),
    "cisco": _YEALINK,
    "snom": xml("MenuItem", "@name", "ExtraText"),
    "snom-tbook": xml("contact", ("first_name", "last_name"), "numbers/number", number_attribute="no"),
    "snom-m": xml("DirectoryEntry", "Name", "Telephone Office Mobile"),
    "fanvil": _FANVIL,
    "digium-a": _FANVIL,
    "polycom": xml("item_list/item", "lb", "ct"),
    "gigaset": xml("entry", ("fn", "ln"), "bp mb in hm"),
    "gigaset-central": _GIGASET_CENTRAL,
    "gigaset-n530": _GIGASET_CENTRAL,
    "mitel": mitel,
    "mitel-csv": csv_list,
    "htek": _YEALINK,
    "panasonic": xml(f"{_PP}Screen/{_PP}PhoneBook/{_PP}Personnel", f"{_PP}Name", f"{_PP}PhoneNums/{_PP}PhoneNum"),
    "panasonic-book": xml("groupDirectory/directoryDetails", ("firstName", "lastName"), "number extension mobile"),
    "vtech": xml(
        "DIR_GROUP/DIR_ENTRY",
        ("DIR_ENTRY_NAME_FIRST", "DIR_ENTRY_NAME_LAST"),
        "DIR_ENTRY_NUMBER_WORK DIR_ENTRY_NUMBER_HOME DIR_ENTRY_NUMBER_MOBILE DIR_ENTRY_NUMBER_OTHER",
    ),
    "digium": xml("contacts/contact", ("@first_name", "@last_name"), "numbers/number", number_attribute="dial"),
    "avaya": xml("DirectoryEntry", ("FirstName", "LastName"), "PhoneNumbers/Phone/Number"),
    "fritzbox": xml("phonebook/contact", "person/realName", "telephony/number"),
    "acrobits": acrobits,
    "zoiper": xml("Contact", "Name/Display", "Phone/Phone"),
    "sessiontalk": xml("Contact", ("FirstName", "LastName"), "Softphone/string WorkNumber/string MobileNumber/string"),
    "microsip": _YEALINK,
    "linphone": vcard,
    "baresip": baresip,
    "carddav": vcard,
    "vcard4": vcard,
    "vcard3": vcard,
    "csv": csv_table,
}


def read(name: str, body: bytes) -> list[Read]:
    """The entries of a document of a format, without the line that says there are none."""
    return [item for item in READERS[name](body) if item.name != "No entries"]
