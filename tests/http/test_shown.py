"""What a phone shows: any body, so nothing but a name is ever in one where a phone system may have asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge.http import errors
from tests.http.callerid_desk import ADMIN, SECRET, Desk, one_reply
from tests.http.whole import whole


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with whole(tmp_path) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


K = f"api_key={SECRET}"
EMPTY = [
    # A proxy's prefix, an old folder, another spelling.
    ("GET", f"/itflow/api.php?{K}&cid=1", 404),
    ("GET", f"/itflow/API.PHP?{K}&cid=1", 404),
    ("GET", f"/portal/api.php/?{K}", 404),
    ("GET", "/api.php/?cid=1", 404),
    ("GET", "/bridge/callerid?number=1", 404),
    ("GET", f"/lookup?{K}&number=1", 404),
    ("GET", "/?cid=1", 404),
    ("GET", "/x?CID=1", 404),
    ("GET", "/x?name=Trunk&cid=1", 404),
    ("PUT", "/api.php?cid=1", 405),
    ("POST", "/callerid?number=1", 405),
    # A question that nobody knows, and a key that is wrong.
    ("GET", f"/api.php?{K}&number=1", 400),
    ("GET", f"/api.php?{K}&CID=1", 400),
    ("GET", "/api.php?api_key=wrong&number=1", 401),
    ("GET", "/api.php?number=1", 401),
]
TEXTS = [
    ("GET", "/nothing", 404, "/openapi.json"),
    ("GET", f"/api.php?{K}", 400, "Ask for one of"),
    ("GET", "/api.php?phonebook", 401, "Missing the API Key"),
    ("GET", f"/explain?api_key={ADMIN}&number=1&as=nobody", 404, "There is no key of that name"),
    ("GET", "/explain?number=1", 401, "Missing the API Key"),
]


@pytest.mark.parametrize(("method", "path", "status"), EMPTY)
async def test_nothing_is_shown(
    desk: Desk, session: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    for more in ({}, {"Authorization": "Bearer wrong"} if "api_key" not in path and status == 404 else {}):
        async with session.request(method, desk.url(path), headers=more) as response:
            assert (response.status, await response.read()) == (status, b"")
            assert response.headers["X-Bridge-Result"] == "fault"
            assert response.headers["X-Bridge-Reason"]


@pytest.mark.parametrize(("method", "path", "status", "text"), TEXTS)
async def test_people_are_told(
    desk: Desk, session: aiohttp.ClientSession, method: str, path: str, status: int, text: str
) -> None:
    async with session.request(method, desk.url(path)) as response:
        assert response.status == status
        assert text in await response.text()


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        (f"/api.php?{K}&cid=1", "no-store"),
        (f"/callerid?{K}&number=1", "no-store"),
        (f"/callerid?{K}&number=1&format=json", "no-store"),
        (f"/emails?{K}", "no-store"),
        (f"/emails?API_KEY={SECRET}", "no-store"),
        (f"/phonebook/yealink/{SECRET}/book.xml", "no-store"),
        (f"/nothing?{K}", "no-store"),
        ("/nothing", None),
        ("/healthz", None),
    ],
)
async def test_every_answer_is_protected(
    desk: Desk, session: aiohttp.ClientSession, path: str, stored: str | None
) -> None:
    for method in ("GET", "HEAD"):
        async with session.request(method, desk.url(path)) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "Server" not in response.headers
            assert response.headers.get("Cache-Control") == stored


async def test_a_book_asked_for_with_a_key_in_a_header_may_be_kept(desk: Desk, session: aiohttp.ClientSession) -> None:
    bearer = {"Authorization": f"Bearer {SECRET}"}
    async with session.get(desk.url("/phonebook/yealink"), headers=bearer) as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "private, max-age=0, must-revalidate")


@pytest.mark.parametrize("path", ["/api.php?cid=1", "/itflow/api.php?cid=1", "/nothing?number=1", "/api.php?number=1"])
async def test_an_odd_expectation_is_shown_to_nobody(desk: Desk, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bridge\r\nExpect: magic\r\n\r\n".encode())
    reply = await one_reply(reader)
    writer.close()
    assert (reply.status < 500, reply.body) == (True, b"")


async def test_requests_that_cannot_be_read_are_counted(desk: Desk, session: aiohttp.ClientSession) -> None:
    async def count() -> float:
        async with session.get(desk.url("/metrics")) as response:
            found = re.search(r"^itflow_bridge_http_refused_total (\S+)$", await response.text(), re.MULTILINE)
        assert found
        return float(found[1])

    before = await count()
    await desk.raw(b"\r\n" * 100)
    await desk.raw(b"nonsense\r\n\r\n")
    assert await count() == before + 2


async def test_a_failure_of_ours_tells_neither_its_text_nor_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise LookupError(SECRET)

    app = web.Application(middlewares=[errors.rendered])
    app.router.add_get("/fails", fail)
    app.router.add_get("/api.php", fail)
    async with TestClient(TestServer(app)) as client:
        response = await client.get(f"/fails?{K}")
        assert response.status == 500
        assert "its log says where" in (await response.json())["detail"]
        assert (await (await client.get("/api.php?number=1")).read()) == b""
    assert "LookupError" in caplog.text
    assert "in fail" in caplog.text
    assert SECRET not in caplog.text
