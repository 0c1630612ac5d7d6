"""The address book over CardDAV: asked as RFC 6352, RFC 4918 and RFC 6578 have it, and synced by vdirsyncer."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import vobject
from lxml import etree

from bridge.directory.entries import Client, Entry, Kind
from bridge.directory.snapshot import Snapshot
from bridge.http.carddav.cards import STATES
from bridge.http.carddav.dav import CARD, DAV, SERVER
from bridge.http.carddav.door import MAX_REPORT_BYTES
from tests.counterparts import lacking
from tests.http.phonebook_door import BALANCE_ONLY, KEY, LIMITED, Door, open_door, show
from tests.phonebook.people import CLIENTS, HOSTILE, mobile, work

VDIRSYNCER = os.environ.get("VDIRSYNCER") or shutil.which("vdirsyncer")
ADA, ZOE = "itflow-contact-1.vcf", "itflow-contact-4.vcf"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


async def ask(
    door: Door, method: str, path: str, body: str = "", key: str = KEY, **headers: str
) -> tuple[int, dict[str, dict[str, str]], bytes]:
    """An answer: its status, each resource's properties by href (a status for what is not there), and its body."""
    async with door.client.session.request(
        method,
        f"http://127.0.0.1:{door.client.port}{path}",
        data=io.BytesIO(body.encode()),
        headers={**headers, "Authorization": aiohttp.encode_basic_auth("mobile", key)},
    ) as answer:
        text = await answer.read()
        return answer.status, parsed(text) if answer.status == 207 else {}, text


def parsed(text: bytes) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for response in etree.fromstring(text).iter(f"{DAV}response"):
        properties = found.setdefault(str(response.findtext(f"{DAV}href")), {})
        for status in response.findall(f"{DAV}status"):
            properties["status"] = str(status.text)
        for propstat in response.iter(f"{DAV}propstat"):
            for one in propstat.iterfind(f"{DAV}prop/*"):
                inner = " ".join(str(child.tag) for child in one.iter("*") if child is not one)
                missing = "404" in (propstat.findtext(f"{DAV}status") or "")
                properties[str(one.tag)] = "missing" if missing else (one.text or inner)
    return found


def prop(*names: str) -> str:
    return (
        f"<prop xmlns='DAV:' xmlns:c='{CARD[1:-1]}' xmlns:cs='http://calendarserver.org/ns/'>{''.join(names)}</prop>"
    )


def query(filters: str, test: str = "anyof") -> str:
    return (
        f"<c:addressbook-query xmlns:d='DAV:' xmlns:c='{CARD[1:-1]}'><d:prop><d:getetag/></d:prop>"
        f"<c:filter test='{test}'>{filters}</c:filter></c:addressbook-query>"
    )


def match(name: str, text: str, **attributes: str) -> str:
    more = " ".join(f"{key.replace('_', '-')}='{value}'" for key, value in attributes.items())
    return f"<c:prop-filter name='{name}'><c:text-match {more}>{text}</c:text-match></c:prop-filter>"


def files(found: dict[str, dict[str, str]]) -> list[str]:
    return [href.rpartition("/")[2] for href in found]


async def test_a_client_finds_its_way(door: Door) -> None:
    """As iOS and DAVx5 do: well-known, principal, home, book, cards (RFC 6764, 6)."""
    status, headers, _ = await door.get("/.well-known/carddav", "PROPFIND")
    assert (status, headers["Location"]) == (301, "/carddav/")
    status, headers, _ = await door.get("/carddav/", "OPTIONS")
    assert (status, headers["Dav"]) == (200, "1, 3, addressbook")
    status, headers, _ = await door.get("/carddav/", "PROPFIND")
    assert (status, headers["Www-Authenticate"][:5]) == (401, "Basic")
    wanted = prop("<current-user-principal/>", "<c:addressbook-home-set/>", "<quota/>")
    body = f"<propfind xmlns='DAV:'>{wanted}</propfind>"
    _, found, _ = await ask(door, "PROPFIND", "/carddav/", body, Depth="0")
    assert list(found) == ["/carddav/"]
    assert found["/carddav/"][f"{DAV}quota"] == "missing"
    _, found, _ = await ask(door, "PROPFIND", "/carddav/", Depth="1")
    assert f"{CARD}addressbook" in found["/carddav/book/"][f"{DAV}resourcetype"]
    status, found, _ = await ask(door, "PROPFIND", "/carddav/book/", Depth="1")
    assert len(found) == 1 + len({entry for entry in HOSTILE if entry.phones}) - 1  # Ada Muster is there once
    assert f"{CARD}address-data" not in found[f"/carddav/book/{ADA}"]
    assert status == 207


async def test_every_card_is_a_vcard_whatever_is_in_it(door: Door) -> None:
    body = f"<c:addressbook-query xmlns:c='{CARD[1:-1]}'>{prop('<c:address-data/>')}</c:addressbook-query>"
    _, found, _ = await ask(door, "REPORT", "/carddav/book/", body)
    cards = {href.rpartition("/")[2]: properties[f"{CARD}address-data"] for href, properties in found.items()}
    for file, text in cards.items():
        assert vobject.readOne(text).uid.value == file.removesuffix(".vcf")
    assert vobject.readOne(cards["itflow-contact-2.vcf"]).fn.value == "Tom & <Jerry> \"the\" 'cat' ]]>"


async def test_cards_are_got_by_name(door: Door) -> None:
    hrefs = "".join(f"<d:href>{href}</d:href>" for href in (f"/carddav/book/{ADA}", "/carddav/book/gone.vcf", "%zz"))
    body = (
        f"<c:addressbook-multiget xmlns:d='DAV:' xmlns:c='{CARD[1:-1]}'><d:prop><d:getetag/><c:address-data/></d:prop>"
        f"{hrefs}</c:addressbook-multiget>"
    )
    _, found, _ = await ask(door, "REPORT", "/carddav/book/", body)
    ada = found.pop(f"/carddav/book/{ADA}")
    assert {properties["status"] for properties in found.values()} == {"HTTP/1.1 404 Not Found"}
    status, headers, text = await door.get(f"/carddav/book/{ADA}?api_key={KEY}")
    assert (status, headers["Etag"], text.decode()) == (200, ada[f"{DAV}getetag"], ada[f"{CARD}address-data"])
    assert (await door.get(f"/carddav/book/{ADA}?api_key={KEY}", If_None_Match=headers["Etag"]))[0] == 304


@pytest.mark.parametrize(
    ("filters", "test", "wanted"),
    [
        (match("FN", "ada"), "anyof", [ADA]),
        (match("FN", "ADA", match_type="starts-with"), "anyof", [ADA]),
        (match("FN", "muster", match_type="starts-with"), "anyof", ["itflow-contact-10.vcf", "itflow-location-1.vcf"]),
        (match("FN", "muster", match_type="ends-with"), "anyof", [ADA]),
        (match("FN", "Ada Muster", match_type="equals", collation="i;unicode-casemap"), "anyof", [ADA]),
        (match("fn", "zoë"), "anyof", [ZOE]),
        (match("TEL", "5500105"), "anyof", [ZOE]),
        (match("TEL", "0171 55500105"), "anyof", [ZOE]),
        (match("TEL", "0049 171 55500105", match_type="equals"), "anyof", [ZOE]),
        (match("FN", "ada") + match("TEL", "5500105"), "anyof", [ADA, ZOE]),
        (match("FN", "ada") + match("TEL", "5500105"), "allof", []),
        (
            match("FN", "a", negate_condition="yes") + match("ORG", "Muster"),
            "allof",
            ["itflow-contact-10.vcf", "itflow-contact-11.vcf"],
        ),
        ("<c:prop-filter name='EMAIL'/>", "anyof", ["itflow-contact-2.vcf"]),
        ("<c:prop-filter name='NICKNAME'><c:is-not-defined/></c:prop-filter>" + match("FN", "ada"), "allof", [ADA]),
        (
            "<c:prop-filter name='TEL'><c:param-filter name='TYPE'><c:text-match>CELL</c:text-match></c:param-filter>"
            "</c:prop-filter>" + match("FN", "ada"),
            "allof",
            [ADA],
        ),
    ],
)
async def test_a_search_finds(door: Door, filters: str, test: str, wanted: list[str]) -> None:
    _, found, _ = await ask(door, "REPORT", "/carddav/book/", query(filters, test))
    assert sorted(files(found)) == sorted(wanted)


async def test_a_search_may_be_limited(door: Door) -> None:
    body = query("").replace(
        "</c:addressbook-query>", "<c:limit><c:nresults>2</c:nresults></c:limit></c:addressbook-query>"
    )
    assert len((await ask(door, "REPORT", "/carddav/book/", body))[1]) == 2


async def test_a_key_for_one_client_has_nobody_else(door: Door) -> None:
    own = {f"itflow-{entry.kind}-{entry.id}.vcf" for entry in HOSTILE if entry.client_id == 1}
    _, found, _ = await ask(door, "PROPFIND", "/carddav/book/", key=LIMITED, Depth="1")
    assert set(files(found)) - {""} <= own
    _, found, _ = await ask(door, "REPORT", "/carddav/book/", query(match("TEL", "5500105")), key=LIMITED)
    assert found == {}
    assert (await ask(door, "GET", f"/carddav/book/{ZOE}", key=LIMITED))[0] == 404
    assert (await ask(door, "PROPFIND", "/carddav/", key=BALANCE_ONLY))[0] == 403


def sync(token: str = "") -> str:
    return f"<sync-collection xmlns='DAV:'><sync-token>{token}</sync-token>{prop('<getetag/>')}</sync-collection>"


def changed(number: int) -> Snapshot:
    """Zoë has another number, Ada is gone, and there is one more."""
    entries = [entry for entry in HOSTILE if entry.id not in {1, 13} or entry.kind is not Kind.CONTACT]
    zoe = entries.index(next(entry for entry in entries if entry.id == 4))
    entries[zoe] = entries[zoe]._replace(phones=(mobile(f"+4917155500{number}"),))
    entries.append(Entry(Kind.CONTACT, 99, 1, "New One", (work("+493055500199"),)))
    return Snapshot.build(clients=CLIENTS, entries=entries)


async def test_a_client_is_told_what_has_changed(door: Door) -> None:
    _, _, text = await ask(door, "REPORT", "/carddav/book/", sync())
    token = etree.fromstring(text).findtext(f"{DAV}sync-token") or ""
    _, found, text = await ask(door, "REPORT", "/carddav/book/", sync(token))
    assert (found, etree.fromstring(text).findtext(f"{DAV}sync-token")) == ({}, token)
    show(door, changed(777))
    _, found, _ = await ask(door, "REPORT", "/carddav/book/", sync(token))
    assert sorted(files(found)) == [ADA, ZOE, "itflow-contact-99.vcf"]
    assert found[f"/carddav/book/{ADA}"] == {"status": "HTTP/1.1 404 Not Found"}
    # Another key's state is not this key's.
    assert (await ask(door, "REPORT", "/carddav/book/", sync(token), key=LIMITED))[0] == 403


async def test_a_forgotten_state_is_told_and_the_client_begins_anew(door: Door) -> None:
    _, _, text = await ask(door, "REPORT", "/carddav/book/", sync())
    token = etree.fromstring(text).findtext(f"{DAV}sync-token") or ""
    for number in range(STATES):
        show(door, changed(200 + number))
        await ask(door, "REPORT", "/carddav/book/", sync())
    status, _, text = await ask(door, "REPORT", "/carddav/book/", sync(token))
    assert (status, etree.fromstring(text)[0].tag) == (403, f"{DAV}valid-sync-token")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("<nothing", 400),
        ("<!DOCTYPE x [<!ENTITY e 'e'>]><x>&e;</x>", 400),
        ("<unknown xmlns='DAV:'/>", 403),
        (query(match("FN", "a", match_type="sounds-like")), 400),
        (query(match("FN", "a", collation="i;klingon")), 400),
        ("<a>" * 5000, 400),
    ],
)
async def test_what_cannot_be_answered_is_told(door: Door, body: str, status: int) -> None:
    assert (await ask(door, "REPORT", "/carddav/book/", body))[0] == status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
async def test_nothing_is_written(door: Door, method: str) -> None:
    assert (await ask(door, method, f"/carddav/book/{ADA}", "BEGIN:VCARD"))[0] == 405


CONFIG = """
[general]
status_path = "{folder}/status/"
[pair people]
a = "bridge"
b = "local"
collections = ["book"]
conflict_resolution = "a wins"
[storage bridge]
type = "carddav"
url = "{url}"
username = "mobile"
password = "{key}"
read_only = true
[storage local]
type = "filesystem"
path = "{folder}/cards/"
fileext = ".vcf"
"""


async def test_vdirsyncer_syncs_the_book_and_sees_a_change(door: Door, tmp_path: Path) -> None:
    if VDIRSYNCER is None:
        lacking("needs vdirsyncer: pip install vdirsyncer")
    configuration = tmp_path / "config"
    url = f"http://127.0.0.1:{door.client.port}/"
    configuration.write_text(CONFIG.format(folder=tmp_path, url=url, key=KEY), encoding="utf-8")

    async def run(*words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            str(VDIRSYNCER), "-c", str(configuration), *words, stdin=-1, stdout=sys.stderr, stderr=sys.stderr
        )
        await process.communicate(b"y\n" * 9)  # it asks whether to make the folder
        assert process.returncode == 0

    def names() -> dict[str, list[str]]:
        cards = [vobject.readOne(path.read_text("utf-8")) for path in (tmp_path / "cards" / "book").iterdir()]
        return {card.fn.value: [tel.value for tel in card.contents.get("tel", [])] for card in cards}

    show(door, Snapshot.build(clients=[Client(1, "Acme")], entries=[Entry(Kind.CONTACT, 1, 1, "Ann", (work("101"),))]))
    await run("discover")
    await run("sync")
    assert names() == {"Ann": ["101"]}
    people = [Entry(Kind.CONTACT, 1, 1, "Ann", (work("102"),)), Entry(Kind.CONTACT, 2, 1, "Zoë", (work("103"),))]
    show(door, Snapshot.build(clients=[Client(1, "Acme")], entries=people))
    await run("sync")
    assert names() == {"Ann": ["102"], "Zoë": ["103"]}
    show(door, Snapshot.build(clients=[Client(1, "Acme")], entries=people[1:]))
    await run("sync")
    assert names() == {"Zoë": ["103"]}


async def test_the_number_of_a_state_grows(door: Door) -> None:
    """liblinphone reads ``getctag`` by ``atoi`` and syncs when it is greater than before."""
    body = f"<propfind xmlns='DAV:'>{prop('<cs:getctag/>')}</propfind>"
    numbers = []
    for snapshot in (changed(1), changed(2), changed(2), changed(1)):
        show(door, snapshot)
        _, found, _ = await ask(door, "PROPFIND", "/carddav/book/", body, Depth="0")
        numbers.append(int(found["/carddav/book/"][f"{SERVER}getctag"]))
    assert numbers[0] < numbers[1] == numbers[2] < numbers[3] < 2**31


async def test_all_cards_are_asked_for_by_name_at_once(door: Door) -> None:
    hrefs = "".join(f"<d:href>/carddav/book/itflow-contact-{at}.vcf</d:href>" for at in range(5_000))
    body = (
        f"<c:addressbook-multiget xmlns:d='DAV:' xmlns:c='{CARD[1:-1]}'><d:prop>"
        f"<c:address-data content-type='text/vcard' version='4.0'/></d:prop>{hrefs}</c:addressbook-multiget>"
    )
    assert len(body) > 64 * 1024
    status, found, _ = await ask(door, "REPORT", "/carddav/book/", body)
    assert (status, len(found)) == (207, 5_000)
    card = vobject.readOne(found[f"/carddav/book/{ADA}"][f"{CARD}address-data"])
    assert (card.version.value, card.uid.value) == ("4.0", "itflow-contact-1")
    assert (await ask(door, "REPORT", "/carddav/book/", " " * (MAX_REPORT_BYTES + 1) + body))[0] == 413
