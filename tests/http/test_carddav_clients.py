"""The address book, asked as the clients ask that do not run here; their words are data, each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bridge.directory.entries import Client, Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.http.carddav.dav import DAV
from bridge.http.state import KEYS
from tests.http.phonebook_door import Door, open_door, show
from tests.http.test_carddav import ask, sync
from tests.phonebook.people import work

ASKED = tomllib.loads((Path(__file__).parent.parent / "data" / "carddav" / "clients.toml").read_text("utf-8"))["ask"]
GONE = "/carddav/book/itflow-contact-9.vcf"
PEOPLE = (
    Entry(Kind.CONTACT, 1, 1, "Ann", (work("+493055500101"),)),
    Entry(Kind.CONTACT, 2, 1, "Zoë", (work("102"),)),
)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        show(opened, Snapshot.build(clients=[Client(1, "Acme")], entries=PEOPLE))
        yield opened


async def token_of(door: Door) -> str:
    _, _, text = await ask(door, "REPORT", "/carddav/book/", sync())
    return etree.fromstring(text).findtext(f"{DAV}sync-token") or ""


@pytest.mark.parametrize("asked", ASKED, ids=[asked["client"] for asked in ASKED])
async def test_as_that_client(door: Door, asked: Mapping[str, Any]) -> None:
    body = asked["body"].replace("{token}", await token_of(door)).replace("{gone}", GONE)
    status, found, text = await ask(
        door, asked.get("method", "PROPFIND"), asked["path"], body, Depth=asked["depth"], Brief="t"
    )
    assert status == 207
    assert list(found) == [href.replace("{gone}", GONE) for href in asked["hrefs"]]
    there = [properties for properties in found.values() if "status" not in properties]
    # What only the book has is not asked of its home.
    told = there[-1] if there else {}
    assert all(told[name] not in {"", "missing"} for name in asked.get("has", ()))
    assert all(told[name] == "missing" for name in asked.get("lacks", ()))
    if GONE in found:
        assert found[GONE] == {"status": "HTTP/1.1 404 Not Found"}
    if asked.get("method") == "REPORT" and "sync-collection" in asked["body"]:
        assert etree.fromstring(text).findtext(f"{DAV}sync-token") == await token_of(door)


async def test_a_change_a_deletion_and_a_revoked_key_are_seen(door: Door) -> None:
    token = await token_of(door)
    ann = PEOPLE[0]._replace(phones=(work("+493055500199"),))
    show(door, Snapshot.build(clients=[Client(1, "Acme")], entries=[ann]))
    _, found, text = await ask(door, "REPORT", "/carddav/book/", sync(token))
    changed = found["/carddav/book/itflow-contact-1.vcf"]
    assert found["/carddav/book/itflow-contact-2.vcf"] == {"status": "HTTP/1.1 404 Not Found"}
    status, headers, card = await door.get(
        f"/carddav/book/itflow-contact-1.vcf?api_key={'0123456789abcdef' * 2}", If_None_Match=changed[f"{DAV}getetag"]
    )
    assert (status, headers["Etag"], card) == (304, changed[f"{DAV}getetag"], b"")
    door.app[KEYS].revoke("all")
    new = etree.fromstring(text).findtext(f"{DAV}sync-token") or ""
    for method, path, body in (
        ("REPORT", "/carddav/book/", sync(new)),
        ("PROPFIND", "/carddav/", ""),
        ("GET", "/carddav/book/itflow-contact-1.vcf", ""),
    ):
        assert (await ask(door, method, path, body))[0] == 401
