"""The caller-ID doors: names in bodies, everything else in headers."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import aiohttp
import pytest
from pydantic import TypeAdapter
from yarl import URL

from bridge.access.keys import Options
from bridge.clock import Moment
from bridge.directory.entries import Entry, Scope
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.http.state import KEYS, MIRROR, STORAGE
from tests.callerid.people import SNAPSHOT
from tests.http.callerid_desk import ADMIN, LIMITED, LIMITED_ADMIN, SECRET, Desk, desk, replies

ADA = "%2B492211000001"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Desk]:
    mirror = Mirror(SNAPSHOT, Freshness(people_at=Moment(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=90))))
    async with desk(tmp_path, mirror) as running:
        yield running


async def get(door: Desk, path: str) -> tuple[int, str, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(URL(door.url(path), encoded=True)) as got,
    ):
        return got.status, await got.text(), {name.lower(): value for name, value in got.headers.items()}


CALLS = [
    (f"cid={ADA}", 200, "hit", "Ada Müller"),
    ("cid=+492211000001", 200, "hit", "Ada Müller"),
    (f"cid={ADA}&name=Trunk", 200, "hit", "Ada Müller"),
    ("cid=02219999999&name=Trunk%20Name", 200, "miss", "Trunk Name"),
    ("cid=02219999999", 200, "miss", ""),
    ("cid=02219999999&name=A&B=c", 200, "miss", "A&B=c"),
    ("cid=02219999999&name=UNKNOWN", 200, "miss", ""),
    ("cid=02219999999&name=$%7BEXTEN%7D", 200, "miss", "{EXTEN}"),
    ("cid=anonymous&name=Anonymous", 200, "withheld", "Anonymous"),
    ("cid=", 200, "withheld", ""),
    ("cid=442079460000&name=T", 200, "ambiguous", "T"),
    ("cid=%2B492213000000&name=T", 200, "ambiguous", "Anker GmbH / Birke AG"),
]


@pytest.mark.parametrize(("call", "status", "result", "body"), CALLS)
async def test_cid(door: Desk, call: str, status: int, result: str, body: str) -> None:
    for path in (f"/api.php?api_key={SECRET}&{call}", f"/callerid?api_key={SECRET}&{call.replace('cid=', 'number=')}"):
        got_status, text, headers = await get(door, path)
        assert (got_status, text, headers["x-bridge-result"]) == (status, body, result)
        assert headers["content-type"] == "text/plain; charset=utf-8"
        assert int(headers["age"]) >= 90


@pytest.mark.parametrize("secret", ["", "wrong", "\u00e4"])
async def test_a_wrong_key_shows_no_text(door: Desk, secret: str) -> None:
    for form in ("", "&format=json", "&format=hash"):
        status, text, headers = await get(door, f"/callerid?api_key={secret}&number={ADA}{form}")
        assert (status, headers["x-bridge-result"]) == (401, "denied")
        assert "API Key" in headers["x-bridge-reason"]
        assert text == "" or form
    assert (await get(door, f"/api.php?api_key={secret}&cid={ADA}&name=Trunk"))[:2] == (401, "Trunk")


async def test_a_key_sees_its_clients_only(door: Desk) -> None:
    assert (await get(door, f"/callerid?api_key={LIMITED}&number={ADA}"))[1] == ""
    assert (await get(door, f"/callerid?api_key={LIMITED}&number=%2B492213000000"))[1] == "Emil Both"
    assert (await get(door, f"/callerid?api_key={SECRET}&number=%2B492213000000"))[1] == "Anker GmbH / Birke AG"


async def test_json(door: Desk) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SECRET}"}) as session:
        async with session.get(door.url("/callerid?number=%2B492211000001&format=json")) as got:
            facts = await got.json()
        async with session.get(door.url("/callerid?format=json&number=442079460000")) as got:
            clash = await got.json()
    assert facts.pop("age_s") >= 90
    assert facts.pop("candidates") == [
        {"kind": "contact", "id": 1, "name": "Ada Müller", "client": "Anker GmbH", "client_id": 1}
    ]
    assert facts == {
        "result": "hit",
        "rule": "contact",
        "name": "Ada Müller",
        "client": "Anker GmbH",
        "client_id": 1,
        "contact_id": 1,
        "location_id": None,
        "vendor_id": None,
        "number": "+492211000001",
        "e164": "+492211000001",
        "national": "0221 1000001",
        "international": "+49 221 1000001",
        "vip": True,
        "primary": True,
        "billing": False,
        "technical": False,
        "lead": False,
        "language": "de",
        **dict.fromkeys(("ticket", "ticket_id", "agent", "agent_id", "agent_extension")),
        "reason": "",
        "attestation": "",
    }
    assert (clash["result"], clash["rule"], clash["number"]) == ("ambiguous", "two readings", None)
    assert [found["name"] for found in clash["candidates"]] == ["Quirin Foreign-Like", "Lea Lead"]


async def test_hash(door: Desk) -> None:
    _, text, _ = await get(door, f"/callerid?api_key={SECRET}&number={ADA}&format=hash")
    assert "name=Ada%20M%C3%BCller&" in text
    assert "+" not in text
    pairs = dict(parse_qsl(text, keep_blank_values=True))
    assert (pairs["name"], pairs["client_id"], pairs["vip"], pairs["billing"]) == ("Ada Müller", "1", "1", "")
    _, text, _ = await get(door, f"/callerid?api_key={SECRET}&number=5&format=hash&name=A%20%26%20B")
    assert text.startswith("result=miss&rule=unknown&name=A%20%26%20B&")


@pytest.mark.parametrize("name", ["Bob :-(", "Initech (formerly Initrode", ":-[", ']x) \\ "q"', "100 %28, 5 %"])
async def test_hash_keeps_what_asterisk_counts_encoded(door: Desk, name: str) -> None:
    _, text, _ = await get(door, f"/callerid?api_key={SECRET}&number=5&format=hash&name={quote(name)}")
    values = [unquote(value) for value in re.findall("=([^&]*)", text)]
    assert not set('()[]"\\') & set("".join(values))
    assert unquote(dict(parse_qsl(text, keep_blank_values=True))["name_uri"]) == name


VERSTAT = {"": "", "TN-Validation-Passed-A": "verified", "B": "", "C": "failed", "TN-Validation-Failed": "failed"}


@pytest.mark.parametrize("verstat", VERSTAT)
async def test_attestation_is_shown_and_changes_no_name(door: Desk, verstat: str) -> None:
    path = f"/callerid?number={ADA}&verstat={verstat}"
    _, text, _ = await get(door, f"{path}&api_key={SECRET}&format=hash")
    pairs = dict(parse_qsl(text, keep_blank_values=True))
    assert (pairs["attestation"], pairs["name"]) == (VERSTAT[verstat], "Ada Müller")
    _, text, _ = await get(door, f"{path}&api_key={SECRET}&format=json")
    assert (json.loads(text)["attestation"], json.loads(text)["name"]) == (VERSTAT[verstat], "Ada Müller")
    assert (await get(door, f"{path}&api_key={SECRET}"))[1] == "Ada Müller"
    explained = json.loads((await get(door, f"/explain?api_key={ADMIN}&number={ADA}&verstat={verstat}"))[1])
    assert explained["attestation"] == VERSTAT[verstat]
    assert any(step["title"] == "Attestation" for step in explained["steps"]) == bool(VERSTAT[verstat])


async def test_a_miss_asks_for_new_rows(door: Desk) -> None:
    nudges: list[int] = []
    door.app[MIRROR].on_nudge = lambda: nudges.append(1)
    await get(door, f"/callerid?api_key={SECRET}&number={ADA}")
    assert not nudges
    await get(door, f"/callerid?api_key={SECRET}&number=02219999999")
    assert nudges


async def test_a_new_snapshot_is_seen_at_once(door: Desk) -> None:
    path = f"/callerid?api_key={SECRET}&number={ADA}"
    assert (await get(door, path))[1] == "Ada Müller"
    door.app[MIRROR].current = Snapshot.build(version="2")
    assert (await get(door, path))[1] == ""


async def test_a_changed_key_is_seen_at_once(door: Desk) -> None:
    path = f"/callerid?api_key={SECRET}&number={ADA}"
    assert (await get(door, path))[1] == "Ada Müller"
    keys = door.app[KEYS]
    keys.revoke("pbx")
    assert (await get(door, path))[0] == 401


async def test_a_key_with_other_settings_is_seen_at_once(door: Desk) -> None:
    path = f"/callerid?api_key={SECRET}&number={ADA}"
    assert (await get(door, path))[1] == "Ada Müller"
    options = TypeAdapter(Options).dump_json(Options(settings={"callerid.label": "{client}"})).decode()
    with door.app[STORAGE].write() as connection:
        connection.execute("UPDATE keys SET options = ? WHERE name = 'pbx'", (options,))
    door.app[KEYS].load()
    assert (await get(door, path))[1] == "Anker GmbH"


async def test_without_a_mirror_a_call_still_rings(tmp_path: Path) -> None:
    async with desk(tmp_path, Mirror()) as door:
        status, text, headers = await get(door, f"/callerid?api_key={SECRET}&number={ADA}&name=Trunk")
    assert (status, text, headers["x-bridge-result"]) == (200, "Trunk", "fault")


async def test_a_fault_of_ours_rings_too_and_logs_no_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Snapshot):
        def match(self, number: str, scope: Scope = None) -> list[Entry]:
            raise RuntimeError(f"{number} {scope}")

    with caplog.at_level(logging.DEBUG):
        async with desk(tmp_path, Mirror(Broken.build())) as door:
            status, text, headers = await get(door, f"/api.php?api_key={SECRET}&cid={ADA}&name=Trunk")
    assert (status, text, headers["x-bridge-result"]) == (200, "Trunk", "fault")
    assert "RuntimeError" in caplog.text
    assert "2211000001" not in caplog.text


async def test_explain_is_for_admins(door: Desk) -> None:
    assert (await get(door, f"/explain?api_key={SECRET}&number={ADA}"))[0] == 403
    status, text, _ = await get(door, f"/explain?api_key={ADMIN}&number={ADA}&as=second")
    assert status == 200
    assert "1 client only" in text
    assert (await get(door, f"/explain?api_key={ADMIN}&number={ADA}&as=nobody"))[0] == 404
    assert (await get(door, f"/explain?api_key={LIMITED_ADMIN}&number={ADA}&as=second"))[0] == 200
    for other in ("boss", "pbx"):
        assert (await get(door, f"/explain?api_key={LIMITED_ADMIN}&number={ADA}&as={other}"))[0] == 403
    assert (await get(door, f"/explain?api_key={ADMIN}"))[0] == 400


async def test_expectations_are_ignored(door: Desk) -> None:
    request = (
        f"GET /callerid?api_key={SECRET}&number={ADA} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: tea\r\n\r\n"
    )
    answered, _ = await door.raw(request.encode())
    (reply,) = replies(answered)
    assert (reply.status, reply.body.decode()) == (200, "Ada Müller")
