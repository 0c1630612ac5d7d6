"""Softphones that run without a screen read their books from a real door: Linphone, baresip, and khard."""

from __future__ import annotations

import asyncio
import ctypes.util
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import vobject

from bridge.directory.entries import Client, Entry, Kind
from bridge.directory.snapshot import Snapshot
from tests.counterparts import lacking
from tests.http import linphone_friends
from tests.http.phonebook_door import KEY, Door, open_door, show
from tests.phonebook.people import mobile, work

BARESIP = shutil.which("baresip")
KHARD = os.environ.get("KHARD") or shutil.which("khard")
PEOPLE = (
    Entry(Kind.CONTACT, 1, 1, "Ada Muster", (work("+493055500101", "12"), mobile("+4917155500102"))),
    Entry(Kind.CONTACT, 2, 1, "Front Desk", (work("101"),)),
    Entry(Kind.CONTACT, 3, 1, "Zoë O'Neill-Ünal", (work("+493055500103"),)),
    Entry(Kind.CONTACT, 4, 1, "Night Service", (work("*98"),)),
)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        show(opened, Snapshot.build(clients=[Client(1, "Acme & Söhne")], entries=PEOPLE))
        yield opened


async def output(*words: str, **environment: str) -> str:
    """What a program says."""
    own = {**os.environ, **environment}
    process = await asyncio.create_subprocess_exec(*words, stdin=-3, stdout=-1, stderr=-1, env=own)
    said, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return said.decode()


async def linphone(folder: Path, kind: str, url: str, settings: str = "") -> list[dict[str, Any]]:
    """The friends that Linphone has after it has read a book."""
    library = ctypes.util.find_library("linphone")
    if library is None:
        lacking("needs liblinphone: apt install linphone-cli")
    home = folder / "linphone"
    (home / ".local" / "share" / "linphone").mkdir(parents=True)
    configuration = home / "linphonerc"
    # No port for calls, and nothing of the network's.
    configuration.write_text(f"[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\n{settings}", "utf-8")
    arguments = (library, str(configuration), kind, url, str(len(PEOPLE)))
    said = await output(sys.executable, linphone_friends.__file__, *arguments, HOME=str(home))
    return sorted(
        (json.loads(line) for line in said.splitlines() if line.startswith("{")), key=lambda one: one["name"]
    )


FRIENDS = [
    {"name": "Ada Muster", "company": "Acme & Söhne", "numbers": ["+493055500101", "+4917155500102"]},
    {"name": "Front Desk", "company": "Acme & Söhne", "numbers": ["101"]},
    {"name": "Night Service", "company": "Acme & Söhne", "numbers": ["*98"]},
    {"name": "Zoë O'Neill-Ünal", "company": "Acme & Söhne", "numbers": ["+493055500103"]},
]


async def test_linphone_reads_its_list_of_vcards(door: Door, tmp_path: Path) -> None:
    """``contacts-vcard-list``: a number is digits and a plus to liblinphone, no ``tel:``, no extension."""
    url = f"http://127.0.0.1:{door.client.port}/phonebook/linphone?api_key={KEY}"
    assert await linphone(tmp_path, "vcards", url, settings=f"[misc]\ncontacts-vcard-list={url}\n") == FRIENDS


async def test_linphone_syncs_the_address_book(door: Door, tmp_path: Path) -> None:
    """A list of friends of type CardDAV: liblinphone asks for ctag, tags and then all cards by name, in vCard 4.

    Its HTTP knows no Basic before 5.4 (belle-sip's CHANGELOG), so the key stands in the address.
    """
    url = f"http://127.0.0.1:{door.client.port}/carddav/book/?api_key={KEY}"
    assert await linphone(tmp_path, "carddav", url) == FRIENDS


BARESIP_CONFIG = """
poll_method poll
sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
module_app contact.so
module_app menu.so
"""


async def test_baresip_reads_its_contacts(door: Door, tmp_path: Path) -> None:
    if BARESIP is None:
        lacking("needs baresip: apt install baresip")
    _, _, body = await door.get(f"/phonebook/baresip?api_key={KEY}&domain=pbx.example")
    (tmp_path / "contacts").write_bytes(body)
    (tmp_path / "config").write_text(BARESIP_CONFIG, "utf-8")
    (tmp_path / "accounts").write_text("", "utf-8")
    said = await output(BARESIP, "-4", "-f", str(tmp_path), "-t", "2", "-e", "/contacts")
    listed = said.partition("--- Contacts (")[2].splitlines()
    assert [line.strip("> ") for line in listed[1:6]] == [
        "Ada Muster · Acme & Söhne (work x12) <sip:+493055500101@pbx.example",
        "Ada Muster · Acme & Söhne (mobile) <sip:+4917155500102@pbx.example",
        "Front Desk · Acme & Söhne <sip:101@pbx.example",
        "Night Service · Acme & Söhne <sip:*98@pbx.example",
        "Zoë O'Neill-Ünal · Acme & Söhne <sip:+493055500103@pbx.example",
    ]


@pytest.mark.parametrize("domain", ["", "pbx.example> \n<sip:x@y", "a b"])
async def test_baresip_is_told_that_its_domain_is_missing(door: Door, domain: str) -> None:
    _, _, body = await door.get(f"/phonebook/baresip?api_key={KEY}&domain={quote(domain)}")
    first, *others = body.decode().splitlines()
    assert first.startswith("# The SIP domain of your account is missing")
    assert all(line.endswith("@localhost>") for line in others)


KHARD_CONFIG = """
[addressbooks]
[[book]]
path = {folder}
[general]
default_action = list
[contact table]
display = formatted_name
"""


async def test_khard_reads_every_card(door: Door, tmp_path: Path) -> None:
    """vdirsyncer stores each card as it came, one a file (see test_carddav.py); khard reads such a folder."""
    if KHARD is None:
        lacking("needs khard: pip install khard")
    folder = tmp_path / "cards"
    folder.mkdir()
    _, _, body = await door.get(f"/carddav/book/?api_key={KEY}")
    for card in vobject.readComponents(body.decode()):
        status, headers, text = await door.get(f"/carddav/book/{card.uid.value}.vcf?api_key={KEY}")
        assert (status, headers["Content-Type"]) == (200, "text/vcard; charset=utf-8")
        (folder / f"{card.uid.value}.vcf").write_bytes(text)
    configuration = tmp_path / "khard.conf"
    configuration.write_text(KHARD_CONFIG.format(folder=folder), "utf-8")
    said = await output(KHARD, "-c", str(configuration), "phone", "--parsable", LC_ALL="C.UTF-8")
    found = {tuple(line.split("\t")[:2]) for line in said.splitlines()}
    assert found == {(number, friend["name"]) for friend in FRIENDS for number in friend["numbers"]}
    assert "+493055500101 x12" in await output(KHARD, "-c", str(configuration), "show", "Ada")
