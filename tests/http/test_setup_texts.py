"""What ``setup`` prints for phones, followed word for word: the address typed, what the phone adds, the book."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp import encode_basic_auth

from bridge.access.setup import Place, system
from bridge.phonebook.formats import Format, Formats
from tests.counterparts import lacking
from tests.http.phonebook_door import KEY, Door, open_door
from tests.phonebook.readers import read

FORMATS = Formats()
ADDRESS = re.compile(r"(?:http://)?127\.0\.0\.1:\d+[^\s'\"]*")
# What stands for something else in the texts.
FILLED = {"#SEARCH": "ada", "MAC-": "0004f2abcdef-", "DOMAIN": "sip.example.com"}
# What each maker's phone adds to the address that was typed (the notes of the texts, the makers' manuals).
ADDED: dict[str, list[str]] = {
    "grandstream": ["/phonebook.xml"],
    "grandstream-cell": ["/phonebook.xml"],
    "grandstream-mobile": ["/phonebook.xml"],
    "grandstream-old": ["/gs_phonebook.xml", "/phonebook.xml"],
    "cisco": ["", "?name=SEP001122AABBCC"],
    "snom-m": ["book.xml"],
    "polycom": ["/0004f2abcdef-directory.xml"],
    "gigaset": ["command=get_list&type=pb&first=1&count=16&lang=1", "command=get_list&type=pb&ln=Mus*"],
    "htek": ["", "ada"],
    "panasonic": ["", "&name=Ada"],
}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


def printed(door: Door, name: str) -> str:
    return system(name, FORMATS).text(Place(f"http://127.0.0.1:{door.client.port}", "", KEY, ""))


def typed(text: str) -> list[str]:
    """The addresses of a text, with everything filled in that is left to the technician."""
    found = list(dict.fromkeys(ADDRESS.findall(text)))
    for word, value in FILLED.items():
        found = [address.replace(word, value) for address in found]
    return [address if "://" in address else f"http://{address}" for address in found]


async def book(door: Door, row: Format, address: str) -> bytes:
    """The book at an address, behind its menu where there is one."""
    status, headers, body = await door.get(address)
    assert (status, headers.get("Content-Type")) == (200, f"{row.content_type}; charset=utf-8"), address
    if row.screens[0] == "menu":
        start = next(link for link in re.findall(r">(http://[^<]+)<", body.decode()) if "/list" in link)
        status, headers, body = await door.get(unescape(start))
        assert (status, headers.get("Content-Type")) == (200, f"{row.content_type}; charset=utf-8"), start
    return body


async def test_the_printed_address_gives_a_book(door: Door) -> None:
    for row in FORMATS:
        if row.name == "carddav":  # the next test
            continue
        addresses = typed(printed(door, row.name))
        assert addresses, row.name
        for address in (address + added for address in addresses for added in ADDED.get(row.name, [""])):
            entries = read(row.name, await book(door, row, address))
            assert any("Ada" in entry.name and entry.numbers for entry in entries), address


async def test_the_printed_server_of_carddav_leads_to_the_book_with_the_printed_password(door: Door) -> None:
    """RFC 6352 section 6.2: a client finds the book below the server; Linphone is given the book itself."""
    fields = dict(re.findall(r"^  (\S.*)\n      (.*)$", printed(door, "carddav"), re.MULTILINE))
    server, book_, with_key = typed("\n".join(fields.values()))
    own = door.client.session
    headers = {"Depth": "1", "Authorization": encode_basic_auth(fields["User name"], fields["Password"])}
    async with own.request("PROPFIND", server, headers=headers) as answer:
        assert answer.status == 207
        below = [href.text for href in ET.fromstring(await answer.read()).iter("{DAV:}href")]
        assert book_.partition(str(door.client.port))[2] in below
    for address, sent in ((book_, headers), (with_key, {})):
        async with own.get(address, headers=sent) as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/vcard; charset=utf-8")
            assert any("Ada" in entry.name and entry.numbers for entry in read("carddav", await answer.read()))


async def test_the_printed_command_of_baresip_writes_its_contacts_and_keeps_them_where_it_fails(
    door: Door, tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        lacking("needs curl: apt install curl")
    contacts = tmp_path / ".baresip" / "contacts"
    contacts.parent.mkdir()
    (command,) = re.findall(r"^ +(curl .*)$", printed(door, "baresip"), re.MULTILINE)
    for line, code in ((command, 0), (command.replace(KEY, "wrong"), 22)):
        process = await asyncio.create_subprocess_exec("sh", "-c", line, env={**os.environ, "HOME": str(tmp_path)})
        assert await process.wait() == code
        assert any("Ada" in entry.name for entry in read("baresip", contacts.read_bytes()))
