"""The log of calls and dialling over HTTP, on the whole bridge."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from bridge.access.keys import Keys, Options
from bridge.calls.people import Person
from bridge.http.callevents import MAX_BODY_BYTES
from bridge.http.state import BOOK, KEYS, PEOPLE, PHONE
from tests.calls.told import incoming, missed
from tests.http.callerid_desk import SECRET, Desk
from tests.http.whole import whole

ADA, STRANGER = "+492211000001", "+12125550777"
LIMITED = "key-of-client-3-4711-0815-4711-08"


class Phone:
    """A phone system that notes what it is asked to dial."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def dial(self, extension: str, number: str, name: str) -> None:
        self.asked.append((extension, number, name))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A bridge with a person, and calls of two clients, one unknown."""
    async with whole(tmp_path) as desk:
        keys: Keys = desk.app[KEYS]
        keys.add("client 3", Options(clients=frozenset({3})), secret=LIMITED)
        desk.app[PEOPLE].add(Person(name="Ada Muster", extensions=("101", "201"), logins=("ada",)))
        await desk.app[BOOK].take(incoming("a", ADA))
        await desk.app[BOOK].take(missed("b", "+12125550101", "102"))
        await desk.app[BOOK].take(missed("c", STRANGER, "201"))
        yield desk


async def ask(desk: Desk, path: str, secret: str = SECRET, status: int = 200, **body: Any) -> str:
    async with ClientSession(headers={"Authorization": f"Bearer {secret}"}) as session:
        method = "POST" if body else "GET"
        async with session.request(method, URL(desk.url(path), encoded=True), json=body or None) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text


async def ids(desk: Desk, question: str, secret: str = SECRET) -> str:
    found = json.loads(await ask(desk, f"/calls?{question}", secret))
    return "".join(call["source_id"] for call in found["calls"])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("", "cba"),
        ("missed=1", "cb"),
        ("missed=0", "a"),
        ("done=0", "cba"),
        ("person=Ada%20Muster", "ca"),
        ("person=ADA", "ca"),
        ("person=102", "b"),
        ("person=nobody", ""),
        ("client_id=1", "a"),
        ("number=%2B49%20221%201000001", "a"),
        ("number=0221%201000001", ""),  # of the key's own country, which is another
        ("direction=out", ""),
        ("since=2026-11-27", "cba"),
        ("since=2026-11-27T12:00:01Z", ""),
        ("until=2026-11-27T13:00%2B01:00", ""),
        ("limit=1", "c"),
        ("before=2", "a"),
    ],
)
async def test_filters(desk: Desk, question: str, expected: str) -> None:
    assert await ids(desk, question) == expected


async def test_a_key_that_is_limited_to_clients_sees_their_calls_only(desk: Desk) -> None:
    assert await ids(desk, "", LIMITED) == "b"
    assert await ids(desk, "client_id=1", LIMITED) == ""


async def test_a_call_as_json(desk: Desk) -> None:
    found = json.loads(await ask(desk, "/calls?limit=2"))
    assert found["next"] == found["calls"][-1]["id"]
    (call,) = json.loads(await ask(desk, f"/calls?before={found['next']}"))["calls"]
    assert (call["name"], call["client"], call["client_id"]) == ("Ada Müller", "Anker GmbH", 1)
    assert (call["started"], call["wait_s"], call["talk_s"]) == ("2026-11-27T12:00:00+00:00", 9, 60)
    assert (call["people"], call["answered_by"], call["state"]) == (["Ada Muster"], "101", "ended")


async def test_a_table_holds_no_formulas(desk: Desk) -> None:
    rows = list(csv.DictReader(io.StringIO(await ask(desk, "/calls?format=csv"))))
    assert [row["source_id"] for row in rows] == ["c", "b", "a"]
    assert rows[0]["number"] == f"'{STRANGER}"


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("limit=0", "limit must be"),
        ("limit=1001", "limit must be"),
        ("since=yesterday", "since must be a date"),
        ("missed=perhaps", "missed must be 1 or 0"),
        ("direction=up", "direction must be one of"),
        ("format=xml", "format must be one of"),
        ("nmber=1", "did you mean number"),
    ],
)
async def test_wrong_questions_are_told(desk: Desk, question: str, says: str) -> None:
    assert says in await ask(desk, f"/calls?{question}", status=400)


async def test_dialling_without_a_phone_system_says_what_to_set(desk: Desk) -> None:
    assert "ami.host" in await ask(desk, "/calls/dial", status=503, number=ADA, extension="101")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"number": ADA, "extension": "102"}, ("102", ADA, "Ada Müller")),
        ({"number": STRANGER, "person": "ada"}, ("101", STRANGER, "")),
    ],
)
async def test_dialling(tmp_path: Path, body: dict[str, str], expected: tuple[str, str, str]) -> None:
    phone = Phone()
    async with whole(tmp_path, given={PHONE: phone}) as desk:
        desk.app[PEOPLE].add(Person(name="Ada Muster", extensions=("101", "201"), logins=("ada",)))
        answer = json.loads(await ask(desk, "/calls/dial", status=202, **body))
        assert phone.asked == [expected]
        assert tuple(answer.values()) == expected


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"number": "1"}, "Give extension or person"),
        ({"extension": "101"}, "number is missing"),
        ({"number": "1" * 65, "extension": "101"}, "number is missing"),
        ({"number": "1", "person": "Nobody"}, "no person Nobody"),
        ({"number": "1", "extension": "101", "channel": "Local/1"}, "no parameter 'channel'"),
    ],
)
async def test_wrong_dialling_is_told(desk: Desk, body: dict[str, str], says: str) -> None:
    assert says in await ask(desk, "/calls/dial", status=400, **body)


async def test_events_that_are_none_are_told(desk: Desk) -> None:
    assert "zammad: event=newCall" in await ask(desk, "/calls/events", status=400, event="ringing")
    assert "no form avaya" in await ask(desk, "/calls/events/avaya", status=404, event="newCall")


async def post(desk: Desk, octets: bytes, kind: str = "application/json", **headers: str) -> tuple[int, str]:
    sent = {"Content-Type": kind, "Authorization": f"Bearer {SECRET}", **headers}
    async with (
        ClientSession() as session,
        session.post(desk.url("/calls/events"), data=octets, headers=sent) as answer,
    ):
        return answer.status, await answer.text()


HANGUP = b"event=hangup&callId=1&direction=in&cause=cancel&from=0221%201000001"


@pytest.mark.parametrize(
    ("octets", "kind", "status"),
    [
        (HANGUP, "application/x-www-form-urlencoded", 200),
        (HANGUP + b"&user[]=J\xfcrgen", "application/x-www-form-urlencoded", 200),
        (HANGUP, "text/plain", 200),
        (b'{"event": "hangup", "callId": 1, "direction": "in"}', "application/x-www-form-urlencoded", 200),
        (b'{"event": "hangup", "callId": "\\ud800", "direction": "in"}', "application/json", 200),
        (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"", "application/json", 400),
        (b"&".join([b"a=1"] * 2000), "application/x-www-form-urlencoded", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (HANGUP, "multipart/form-data", 400),
        (b"x" * (MAX_BODY_BYTES + 1), "application/x-www-form-urlencoded", 413),
    ],
)
async def test_bodies(desk: Desk, octets: bytes, kind: str, status: int) -> None:
    assert (await post(desk, octets, kind))[0] == status


async def test_a_record_of_freeswitch_may_be_long_and_stand_in_a_form(desk: Desk) -> None:
    variables = {"uuid": "abc", "hangup_cause": "NO_ANSWER", "filler": "x" * 200_000}
    record = json.dumps({"variables": variables, "callflow": [{"caller_profile": {"caller_id_number": ADA}}]})
    assert (await post(desk, record.encode()))[0] == 200
    form = URL.build(query={"cdr": record.replace("abc", "def")}).raw_query_string
    assert (await post(desk, form.encode(), "application/x-www-form-urlencoded"))[0] == 200
    assert await ids(desk, "limit=2") == "defabc"


async def test_compressed_bodies_are_refused(desk: Desk) -> None:
    assert "compressed" in (await post(desk, b"x", **{"Content-Encoding": "gzip"}))[1]


async def test_a_thousand_events_at_once_leave_the_calls_right(desk: Desk) -> None:
    async def told(number: int) -> None:
        for event, more in (("newCall", "&user[]=101"), ("answer", "&user=101"), ("hangup", "&cause=normalClearing")):
            octets = f"event={event}&callId=n{number}&direction=in&from=492211000001{more}".encode()
            assert (await post(desk, octets, "application/x-www-form-urlencoded"))[0] == 200

    await asyncio.gather(*map(told, range(100)))
    found = json.loads(await ask(desk, "/calls?limit=1000&person=101"))["calls"]
    assert sum(call["source_id"].startswith("n") and call["answered_by"] == "101" for call in found) == 100
