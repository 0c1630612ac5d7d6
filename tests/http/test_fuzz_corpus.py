"""What fuzzing once found is sent again (``make fuzz`` finds more)."""

from __future__ import annotations

import asyncio
import logging
import random
from pathlib import Path

import pytest
from aiohttp import web

from bridge import service
from bridge.settings import Settings
from tests.fuzz.http import CORPUS, KEY, good, wrong
from tests.http.callerid_desk import ADMIN
from tests.http.whole import whole

FOUND = sorted(CORPUS.glob("*.bin"))


async def test_nothing_of_it_breaks_the_bridge(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert FOUND
    async with whole(tmp_path) as desk, asyncio.TaskGroup() as group:

        async def send(path: Path, request: bytes) -> None:
            answer, _ = await desk.raw(request.replace(KEY, ADMIN.encode()))
            assert not (why := wrong(request, answer)), f"{path.name}: {why}"

        for path in FOUND:
            for request in path.read_bytes().split(b"\0\0"):
                group.create_task(send(path, request))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_every_route_is_fuzzed() -> None:
    rng = random.Random(1)
    lines = [good(rng).partition(b"\r\n")[0].decode() for _ in range(20_000)]
    asked = {(method, target.partition("?")[0]) for method, target, _ in map(str.split, lines)}

    def is_asked(route: web.AbstractRoute) -> bool:
        info = route.resource.get_info() if route.resource else {}
        return any(
            route.method in {method, "*"}
            and (path == info.get("path") or ("pattern" in info and info["pattern"].fullmatch(path)))
            for method, path in asked
        )

    missing = [route for route in service.make_app(Settings()).router.routes() if not is_asked(route)]
    assert not missing
