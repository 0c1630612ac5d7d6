"""The log as the settings want it: lines or JSON, a line for each caller-ID answer, no full number and no key."""

import asyncio
import json
import re
import sys

import pytest

from tests.commands import environment

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)

HIT, MISS = "/api.php?api_key=all&cid=2125550101", "/api.php?api_key=all&cid=2125559998"
WRONG = "/api.php?api_key=wrong-wrong-wrong&cid=2125550101"


async def asked(bridge):
    for path in (HIT, MISS, WRONG):
        await bridge.ask(path)
    await bridge.until(lambda _: any("came from" in line for line in bridge.log), "/healthz")
    await bridge.stop()


def no_secret(bridge):
    assert not any(secret in line for line in bridge.log for secret in ("5550101", "5559998", "wrong-wrong", "KEYALL"))


async def test_json(serve):
    bridge = await serve(LOG_FORMAT="json", LOG_CALLS="true")
    await bridge.ready()
    await asked(bridge)
    lines = [json.loads(line) for line in bridge.log if line.startswith("{")]
    assert len(lines) >= len(bridge.log) - 1  # the address is told in plain text
    calls = [line for line in lines if line["logger"] == "bridge.callers"]
    assert [(line["result"], line["rule"], line["key"]) for line in calls] == [
        ("hit", "contact", "all"),
        ("miss", "unknown", "all"),
        ("denied", "", ""),
    ]
    for line in calls:
        assert {"at", "level", "message", "number", "interface", "ms"} <= line.keys()
        assert re.fullmatch(r"\D*\d*\D+\d*", line["number"])
        assert 0 < line["ms"] < 1000
    assert any(line["level"] == "WARNING" and "A wrong key came from 127.0.0.1" in line["message"] for line in lines)
    assert any(line["logger"] == "bridge.directory.process" for line in lines)
    no_secret(bridge)


async def test_lines(serve):
    bridge = await serve(LOG_CALLS="true", LOG_LEVEL="WARNING")
    await bridge.until(lambda answer: answer.json["ready"], "/readyz")
    await asked(bridge)
    [hit] = [line for line in bridge.log if "result=hit" in line]
    shown = r" INFO bridge\.callers: caller number=\S+ result=hit rule=contact key=all interface=http ms=[\d.]+$"
    assert re.search(shown, hit)
    no_secret(bridge)


async def test_calls_are_not_told_unasked(serve):
    bridge = await serve()
    await bridge.ready()
    await asked(bridge)
    assert not any("bridge.callers" in line for line in bridge.log)


async def test_an_outage_begins_and_ends_in_the_log(serve, itflow):
    bridge = await serve(SYNC_INTERVAL_S="0.3", SYNC_MAX_WAIT_S="0.5")
    await bridge.ready()
    itflow.faults.add("empty-500", times=None)
    await bridge.until(lambda _: any("cannot be pulled" in line for line in bridge.log), "/healthz")
    itflow.faults.clear()
    await bridge.until(lambda _: any("can be pulled again" in line for line in bridge.log), "/healthz")


async def test_calls_ring_on_where_nobody_reads_the_log(serve, session):
    """A pipe takes 64 KiB; then a writer waits for the reader."""
    first = await serve(LOG_CALLS="true", SYNC_INTERVAL_S="600")
    await first.ready()
    await first.stop()
    settings = {
        "CONFIG": "/dev/null",
        "ITFLOW_URL": "http://127.0.0.1:1",
        "ITFLOW_API_KEY": "KEYALL",
        "STORAGE_PATH": first.path,
        "HTTP_PORT": 0,
        "AGI_PORT": 0,
        "LOG_CALLS": "true",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "serve"),
        env=environment(settings),
        stderr=asyncio.subprocess.PIPE,
        limit=1024,
    )
    assert process.stderr
    url = ""
    while not url:
        url = (await process.stderr.readline()).decode().partition("answers on ")[2].strip()
    # From here on the pipe is read no further than asyncio's buffer of 2 KiB.
    async with asyncio.timeout(60):
        for _ in range(2000):
            async with session.get(f"{url}{HIT}") as answer:
                assert await answer.text() == "Alice O'Neil"
    process.terminate()
    async with asyncio.timeout(20):  # wait() would wait for the end of the pipe too
        while process.returncode is None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    await process.stderr.read()
    assert await process.wait() == 0
