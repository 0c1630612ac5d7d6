"""Bodies that cannot be read: 4xx, never 5xx, no traceback, nothing of them in the log."""

from __future__ import annotations

import asyncio
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.callerid_desk import SECRET, Desk, Reply, replies
from tests.http.whole import whole

CASES = tomllib.loads((Path(__file__).parents[1] / "data/http/bodies.toml").read_text(encoding="utf-8"))["case"]
PATHS = ("/assets", "/api.php?add_asset=PC-1", "/phonebook/yealink")

Door = tuple[asyncio.AbstractEventLoop, Desk]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    loop = asyncio.new_event_loop()
    serving = whole(tmp_path_factory.mktemp("whole"))
    running = loop.run_until_complete(serving.__aenter__())
    yield loop, running
    loop.run_until_complete(serving.__aexit__(None, None, None))
    loop.close()


def request(target: str, case: dict[str, Any]) -> bytes:
    body: bytes = case["body"].encode("latin-1").decode("unicode_escape").encode("latin-1")
    fields = ["Host: bridge", "Connection: close", f"Authorization: Bearer {SECRET}", *case["head"]]
    if not case.get("raw"):
        fields.append(f"Content-Length: {len(body)}")
    return "\r\n".join([f"POST {target} HTTP/1.1", *fields, "", ""]).encode() + body


def answered(door: Door, octets: bytes) -> list[Reply]:
    loop, running = door
    octets, _ = loop.run_until_complete(running.raw(octets))
    return replies(octets)


@pytest.mark.parametrize("target", PATHS)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_body_that_cannot_be_read_is_the_client_s_fault(
    door: Door, case: dict[str, Any], target: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = answered(door, request(target, case))
    if case.get("silent") and target != PATHS[2]:
        assert not found
        return
    (reply,) = found
    if target != PATHS[2]:  # a phonebook needs nothing of a body that is no form
        assert 400 <= reply.status < 500
    assert reply.status < 500
    ours = [record for record in caplog.records if record.name.startswith(("bridge.http", "aiohttp"))]
    assert not [record for record in ours if record.levelno > logging.INFO]
    assert not [record for record in ours if record.exc_info]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
@pytest.mark.parametrize("target", ["/api.php?cid=1&name=Trunk", "/itflow/api.php?cid=1", "/callerid?number=1"])
def test_no_body_makes_a_name(door: Door, case: dict[str, Any], target: str) -> None:
    for reply in answered(door, request(target, case)):
        assert reply.body in {b"", b"Trunk"}


def test_a_cut_body_is_one_line_at_debug(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    loop, running = door
    whole_one = request("/assets", {"head": ["Content-Type: application/json"], "body": '{"name": "PC-SECRET"}'})

    async def cut() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(whole_one[:-5])
        await writer.drain()
        await running.raw(request("/assets", CASES[0]))  # answered, so the bytes before it have come in too
        writer.transport.abort()
        async with asyncio.timeout(5):
            while not ours():  # noqa: ASYNC110 - the log cannot tell us
                await asyncio.sleep(0.01)

    def ours() -> list[logging.LogRecord]:
        return [
            one for one in caplog.records if one.name.startswith("bridge.http") and "went away" in one.getMessage()
        ]

    with caplog.at_level(logging.DEBUG):
        loop.run_until_complete(cut())
        answered(door, request("/assets", CASES[0]))  # what more there is to say has been said by then
    assert [record.levelname for record in ours()] == ["DEBUG"]
    assert "PC-SECRET" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
