"""What fuzzing once found is sent again (``make fuzz`` finds more)."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from tests.fuzz.http import CORPUS, KEY, wrong
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
