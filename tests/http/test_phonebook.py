"""The door of the phonebooks: keys, statuses, caching, what is remembered."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientSession, TCPConnector

from bridge.http import phonebook
from bridge.http.state import KEYS, MIRROR, STORAGE
from tests.http.phonebook_door import BALANCE_ONLY, KEY, LIMITED, Door, open_door, show
from tests.phonebook.people import crowd
from tests.phonebook.readers import read


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


YEALINK = "Yealink SIP-T46G 28.83.0.50 00:15:65:aa:bb:cc"


async def test_head_has_the_headers_of_get(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={KEY}"
    status, sent, body = await door.get(path, "HEAD")
    _, expected, full = await door.get(path)
    assert (status, body) == (200, b"")
    assert sent["Content-Length"] == str(len(full))
    assert sent["Etag"] == expected["Etag"]


async def test_polycom_put_is_dropped(door: Door) -> None:
    path = f"/phonebook/polycom/{KEY}/0004f2abcdef-directory.xml"
    async with door.client.put(path, data=b"<directory/>" * 50_000) as answer:
        assert answer.status == 200
    assert (await door.get(f"/phonebook/yealink?api_key={KEY}", "PUT"))[0] == 405


async def test_polycom_gets_no_directory_under_the_name_of_a_configuration(door: Door) -> None:
    status, _, text = await door.get(f"/phonebook/polycom/{KEY}/0004f2abcdef-phone.cfg")
    assert status == 404
    assert b"{mac}-directory.xml" in text


@pytest.mark.parametrize(
    "path", ["/phonebook/yealink", "/phonebook/yealink?api_key=wrong", "/phonebook/grandstream/no/phonebook.xml"]
)
async def test_no_or_wrong_key_asks_for_user_and_password(door: Door, path: str) -> None:
    status, sent, _ = await door.get(path)
    assert status == 401
    assert sent["Www-Authenticate"].startswith("Basic ")


async def test_key_without_the_feature(door: Door) -> None:
    assert (await door.get(f"/phonebook/yealink?api_key={BALANCE_ONLY}"))[0] == 403


async def test_key_sees_its_clients_only_and_has_its_own_settings(door: Door) -> None:
    _, _, body = await door.get(f"/phonebook/yealink?api_key={LIMITED}&client_id=1,2,3")
    names = [item.name for item in read("yealink", body)]
    assert "Muster Ada (Muster & Söhne)" in names
    assert not any("O'Neill" in name or "Leo" in name or "Pipes" in name for name in names)


@pytest.mark.parametrize(
    ("query", "status"),
    [("contacts=nobody", 400), ("client_id=x", 400), ("number_form=e165", 400), ("unknown=1&other", 200)],
)
async def test_parameters(door: Door, query: str, status: int) -> None:
    answered, _, text = await door.get(f"/phonebook/yealink?api_key={KEY}&{query}")
    assert answered == status
    assert status == 200 or query.partition("=")[0].encode() in text


@pytest.mark.parametrize("path", ["/phonebook/", "/phonebook/nokia", "/phonebook/auto", "/phonebook/yealink/a/b/c"])
async def test_unknown_formats_are_told(door: Door, path: str) -> None:
    status, _, text = await door.get(f"{path}?api_key={KEY}", User_Agent="curl/8")
    assert status == 404
    assert b"/phonebook/FORMAT" in text or b"grandstream, " in text


async def test_before_the_first_mirror(door: Door) -> None:
    door.app[MIRROR].current = None
    status, _, text = await door.get(f"//phonebook/yealink?api_key={KEY}")
    assert (status, text[:10]) == (503, b"The bridge")


async def test_a_key_in_the_path_reaches_no_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.app[MIRROR].current = None
    for path in (f"/phonebook/snom-m/{KEY}/book.xml", f"//phonebook/yealink/{KEY}"):
        assert (await door.get(path))[0] == 503
    assert len(caplog.messages) == 2
    assert KEY not in caplog.text


async def test_not_modified_costs_no_render(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={KEY}"
    _, sent, _ = await door.get(path)
    renders = door.app[phonebook.BOOKS].renders
    for known in (sent["Etag"], f'"other", W/{sent["Etag"]}', "*"):
        status, again, body = await door.get(path, If_None_Match=known)
        assert (status, body, again["Etag"]) == (304, b"", sent["Etag"])
    assert (await door.get(path, If_None_Match='"other"'))[0] == 200
    assert door.app[phonebook.BOOKS].renders == renders


@pytest.mark.parametrize("name", ["yealink", "acrobits"])
async def test_not_modified_by_date(door: Door, name: str) -> None:
    """RFC 9110 section 13.1.3, for phones that keep no tags (Acrobits asks every 180 s with If-Modified-Since)."""
    path = f"/phonebook/{name}?api_key={KEY}"
    date = (await door.get(path))[1]["Last-Modified"]
    status, again, body = await door.get(path, If_Modified_Since=date)
    assert (status, body, again["Last-Modified"]) == (304, b"", date)
    # A tag comes before a date.
    assert (await door.get(path, If_Modified_Since=date, If_None_Match='"other"'))[0] == 200
    for other in ("Fri, 31 Dec 2100 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "yesterday"):
        assert (await door.get(path, If_Modified_Since=other))[0] == 200
    show(door, crowd(3))
    status, changed, _ = await door.get(path, If_Modified_Since=date)
    assert status == 200
    assert changed["Last-Modified"] != date


async def test_gzip_only_when_asked_for(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={KEY}"
    _, plain, body = await door.get(path)
    async with door.client.get(path, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as answer:
        zipped = await answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Length"] == str(len(zipped))
        assert answer.headers["ETag"] != plain["Etag"]
    assert gzip.decompress(zipped) == body
    for unwanted in ("gzip;q=0", "deflate, br", "*;q=0"):
        assert "Content-Encoding" not in (await door.get(path, Accept_Encoding=unwanted))[1]


async def test_a_new_snapshot_is_served_at_once(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={KEY}"
    _, before, _ = await door.get(path)
    show(door, crowd(3))
    status, after, body = await door.get(path, If_None_Match=before["Etag"])
    assert (status, len(read("yealink", body))) == (200, 3)
    assert after["Etag"] != before["Etag"]


async def test_legacy_document(door: Door) -> None:
    status, sent, body = await door.get(f"/api.php?api_key={KEY}&phonebook")
    assert status == 200
    assert (sent["Pragma"], sent["Cache-Control"], sent["Expires"]) == ("public", "no-store", "-1")
    groups = [(c.findtext("LastName"), c.findtext("Groups/groupid")) for c in ET.fromstring(body).iterfind("Contact")]
    assert groups == [("A", "1"), ("Ada Muster", "0"), ("Pipes | Co; \\n, Ltd", "1")]
    _, _, body = await door.get(f"/api.php?api_key={KEY}&phonebook&contacts=all")
    assert len(ET.fromstring(body).findall("Contact")) == 15


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (f"api_key={KEY}", "Ada Muster"),
        (f"api_key={KEY}&name_form=client-name", "Muster & Söhne - Ada Muster"),
        (f"api_key={LIMITED}", "Muster Ada"),  # that key's setting
    ],
)
async def test_the_legacy_document_has_names_as_itflow_has_them_or_as_is_set(
    door: Door, query: str, name: str
) -> None:
    _, _, body = await door.get(f"/api.php?{query}&phonebook")
    assert name in [contact.findtext("LastName") for contact in ET.fromstring(body).iterfind("Contact")]


async def test_same_phone_counts_up(door: Door) -> None:
    for _ in range(3):
        await door.get(f"/phonebook/yealink?api_key={KEY}", User_Agent=YEALINK)
    door.phones.flush()
    await door.get(f"/phonebook/yealink?api_key={KEY}", User_Agent=YEALINK)
    door.phones.flush()
    (seen,) = door.phones.all()
    assert seen.fetches == 4


async def test_a_304_is_a_fetch_and_a_head_is_none(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={KEY}"
    _, sent, _ = await door.get(path, "HEAD", User_Agent=YEALINK)
    door.phones.flush()
    assert door.phones.all() == []
    assert (await door.get(path, User_Agent=YEALINK, If_None_Match=sent["Etag"]))[0] == 304
    door.phones.flush()
    (seen,) = door.phones.all()
    assert (seen.fetches, seen.entries > 0) == (1, True)


async def test_many_phones_at_once_cost_one_render(door: Door) -> None:
    answers = await asyncio.gather(*(door.get(f"/phonebook/yealink?api_key={KEY}&nr={at}") for at in range(20)))
    assert len({body for _, _, body in answers}) == 1
    assert door.app[phonebook.BOOKS].renders == 1


async def test_others_are_answered_while_a_large_book_is_made(door: Door) -> None:
    show(door, crowd(10_000))
    large = asyncio.create_task(door.get(f"/phonebook/fritzbox?api_key={KEY}"))
    answered = 0
    while not large.done():
        await door.get("/phonebook/nokia")
        answered += 1
    assert answered > 1
    assert (await large)[0] == 200


async def test_a_revoked_key_is_refused_at_once(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={LIMITED}"
    assert (await door.get(path))[0] == 200
    door.app[KEYS].revoke("one")
    assert (await door.get(path))[0] == 401


async def test_a_changed_key_is_obeyed_at_once(door: Door) -> None:
    path = f"/phonebook/yealink?api_key={KEY}"
    assert any("Leo" in item.name for item in read("yealink", (await door.get(path))[2]))
    with door.app[STORAGE].write() as connection:
        connection.execute("UPDATE keys SET options = json_set(options, '$.clients', json('[1]')) WHERE name = 'all'")
    door.app[KEYS].load()
    assert not any("Leo" in item.name for item in read("yealink", (await door.get(path))[2]))


async def test_each_address_is_a_phone_of_its_own(door: Door) -> None:
    for address in ("127.0.0.1", "127.0.0.2"):
        connector = TCPConnector(local_addr=(address, 0))
        async with ClientSession(connector=connector) as session:
            url = f"http://127.0.0.1:{door.client.port}/phonebook/yealink?api_key={KEY}"
            async with session.get(url, headers={"User-Agent": YEALINK}) as answer:
                assert answer.status == 200
    door.phones.flush()
    assert sorted(seen.phone.address for seen in door.phones.all()) == ["127.0.0.1", "127.0.0.2"]


async def test_what_is_remembered_of_questions_is_bounded(door: Door) -> None:
    questions = door.app[phonebook.QUESTIONS]
    path = f"/phonebook/yealink?api_key={KEY}"
    for long in (f"{path}&title={'x' * 1500}", path):
        await door.get(long, User_Agent="x" * (0 if long != path else 1500))
    assert not questions
    for number in range(phonebook.KEPT_QUESTIONS + 10):
        questions[number,] = questions.get((0,), None)  # type: ignore[assignment]  # only their number counts
    await door.get(path)
    assert 0 < len(questions) <= phonebook.KEPT_QUESTIONS


async def test_a_user_agent_that_is_no_text_is_listed_too(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.client.port)
    target = f"/phonebook/yealink?api_key={KEY}".encode()
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nUser-Agent: a\xff\xfeb\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    door.phones.flush()
    assert [seen.phone.user_agent for seen in door.phones.all()] == ["ab"]
