"""Answers of absurd size or shape: each is refused in words, and the process that asked lives and stays small."""

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.itflow.wire_server import WireServer

MIB = 1 << 20
# What asking costs at the very most, Python with all of the bridge's imports included.
PEAK_MIB = 600

ASK = """
import asyncio, json, re, sys
from pathlib import Path
from bridge.errors import ItflowError
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session

async def main():
    async with open_session() as session:
        client = ItflowClient(session, sys.argv[1], "KEY", attempts=1)
        try:
            answer = await client.call("contacts", "read")
        except ItflowError as error:
            said = [type(error).__name__, str(error)]
        else:
            said = ["rows", str(len(answer.rows))]
        peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
        print(json.dumps([*said, int(peak[1]) >> 10]))

asyncio.run(main())
"""


def envelope(rows: bytes, count: int) -> bytes:
    return b'{"success":"True","count":' + str(count).encode() + b',"data":[' + rows + b"]}"


def row(column: str, value: str) -> bytes:
    return f'{{"contact_id":"1","{column}":{value}}}'.encode()


# The body; what becomes of it; a part of the text.
BODIES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "64 MiB of rows": (lambda: envelope(b",".join([row("a", '"b"')] * 2_800_000), 2_800_000), "Unfinished", "16 MiB"),
    "64 MiB of one name": (lambda: envelope(row("a", json.dumps("x" * 64 * MIB)), 1), "Unfinished", "16 MiB"),
    "16 MiB of empty rows": (lambda: envelope(b",".join([b"{}"] * 5_500_000), 5_500_000), "rows", "5500000"),
    "16 MiB of nesting": (lambda: envelope(b"[" * 15 * MIB, 1), "NotItflow", "login"),
    "15 MiB of nested rows": (lambda: envelope(b'{"a":' * 3 * MIB, 1), "NotItflow", "login"),
    "15 MiB of braces that say success": (lambda: b'{"success"' * (3 * MIB // 2), "NotItflow", "login"),
    "a number of a million digits": (lambda: envelope(row("a", "9" * MIB), 1), "rows", "1"),
    "an id of a million digits": (
        lambda: b'{"success":"True","count":1,"data":[{"contact_id":' + b"9" * MIB + b"}]}",
        "rows",
        "1",
    ),
    "a count of a million digits": (lambda: envelope(b"", int("9" * 4000)), "WireGarbled", "counts"),
    "an amount beyond all bounds": (lambda: envelope(row("a", "1E+99999999"), 1), "rows", "1"),
    "HTML for ever": (lambda: b"<p>" * 4 * MIB, "NotItflow", "login"),
}


async def ask(server: TestServer) -> tuple[str, str, int]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, str(server.make_url("/")), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    assert child.returncode == 0
    kind, text, peak_mib = json.loads(output)
    return kind, text, peak_mib


def answer(body: bytes, encoding: str = "") -> Callable[[web.Request, int], Awaitable[web.Response]]:
    headers = {"Content-Encoding": encoding} if encoding else {}

    async def send(_request: web.Request, _number: int) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers=headers)

    return send


@pytest.mark.parametrize(("body", "kind", "part"), BODIES.values(), ids=BODIES)
async def test_an_absurd_answer_costs_neither_the_process_nor_its_memory(
    wire: WireServer, server: TestServer, body: Callable[[], bytes], kind: str, part: str
) -> None:
    wire.misbehave = answer(body())
    found, text, peak_mib = await ask(server)
    assert (found, part in text) == (kind, True), text
    assert len(text) < 1_000
    assert peak_mib < PEAK_MIB


async def test_a_gigabyte_of_nothing_in_a_small_packet(wire: WireServer, server: TestServer) -> None:
    packed = b"".join(gzip.compress(bytes(64 * MIB)) for _ in range(16))
    wire.misbehave = answer(packed, "gzip")
    found, text, peak_mib = await ask(server)
    assert (found, "16 MiB" in text) == ("Unfinished", True), text
    assert peak_mib < PEAK_MIB
