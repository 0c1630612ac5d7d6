"""Stale, full, refused, expiring: seen in /readyz, check, /metrics, the log and a fired alert; and calls ring on."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
from pathlib import Path

import pytest

from tests.alerts import firing
from tests.counterparts import own_mounts

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)

CALL = "/api.php?api_key=all&cid=2125550101"
FAST = {"SYNC_INTERVAL_S": "0.5", "SYNC_MONEY_INTERVAL_S": "0.5", "SYNC_STALE_S": "2"}


def reasons(answer):
    return {reason["about"]: reason for reason in answer.json["reasons"]}


async def stands(bridge, status, about):
    """Wait until it stands so; a call rings all the same."""
    told = await bridge.until(lambda answer: answer.json["status"] == status and about in reasons(answer), "/readyz")
    assert (told.status, told.json["ready"]) == (200, True)
    assert reasons(told)[about]["remedy"] or reasons(told)[about]["reason"]
    assert (await bridge.ask(CALL)).text == "Alice O'Neil"
    return reasons(told)[about]


async def logged(bridge, *parts):
    async with asyncio.timeout(20):
        while not any(all(part in line for part in parts) for line in bridge.log):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def alerts(bridge, folder, *among):
    return await asyncio.to_thread(firing, folder, (await bridge.ask("/metrics")).text, 20, list(among))


async def test_stale(serve, itflow_server, command, tmp_path):
    bridge = await serve(**FAST)
    await bridge.ready()
    assert (await bridge.ask("/readyz")).json["status"] == "ok"
    assert await alerts(bridge, tmp_path, "ItflowBridgeStale", "ItflowBridgeFailing") == set()
    await itflow_server.cleanup()
    assert "old (setting sync.stale_s" in (await stands(bridge, "stale", "mirror"))["reason"]
    metrics = (await bridge.ask("/metrics")).text
    assert 'itflow_bridge_status{status="stale"} 1.0' in metrics
    assert 'itflow_bridge_findings{about="mirror",status="stale"} 1.0' in metrics
    await logged(bridge, "WARNING bridge.health", "Clients and contacts are", "old")
    assert await alerts(bridge, tmp_path, "ItflowBridgeStale") == {"ItflowBridgeStale"}
    checked = await asyncio.to_thread(
        command, "check", fails=True, ITFLOW_URL="http://127.0.0.1:1", ITFLOW_API_KEY="KEYALL", SYNC_STALE_S="2",
        SYNC_INTERVAL_S="0.5",
    )  # fmt: skip
    assert "stale" in checked


async def test_refused(serve, itflow, itflow_server, command, tmp_path):
    bridge = await serve(**FAST)
    await bridge.ready()
    itflow.keys.clear()
    assert "refuses the API key" in (await stands(bridge, "failing", "itflow"))["reason"]
    assert 'itflow_bridge_findings{about="itflow",status="failing"} 1.0' in (await bridge.ask("/metrics")).text
    await logged(bridge, "ERROR bridge.directory.outages", "cannot be pulled")
    named = ("ItflowBridgeFailing", "ItflowBridgeItflowRefuses")
    assert await alerts(bridge, tmp_path, *named, "ItflowBridgeDiskFull") == set(named)
    url = f"http://127.0.0.1:{itflow_server.addresses[0][1]}"
    checked = await asyncio.to_thread(command, "check", fails=True, ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")
    assert "does not work" in checked
    itflow.add_key("KEYALL")
    # A refused key is tried again after sync.max_wait_s, or at a word of the operator.
    await asyncio.to_thread(command, "sync", ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")


@pytest.mark.parametrize(("fault", "about"), [("html", "contacts"), ("redirect", "itflow"), ("legacy", "itflow")])
async def test_something_else_in_the_place_of_itflow(serve, itflow, itflow_server, command, fault, about):
    bridge = await serve(**FAST)
    await bridge.ready()
    itflow.faults.add(fault, times=None)
    told = await bridge.until(lambda answer: about in reasons(answer), "/readyz")
    assert told.json["status"] in {"doubtful", "failing"}
    assert (await bridge.ask(CALL)).text == "Alice O'Neil"
    url = f"http://127.0.0.1:{itflow_server.addresses[0][1]}"
    checked = await asyncio.to_thread(command, "check", fails=True, ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")
    assert "does not work" in checked


async def test_a_key_of_itflow_that_is_limited_to_a_client_is_seen(serve):
    bridge = await serve(ITFLOW_API_KEY="KEYONE")
    await bridge.ready()
    told = await bridge.until(lambda answer: "clients" in reasons(answer), "/readyz")
    assert told.json["rows"]["clients"] == 1
    assert "make one for all clients" in reasons(told)["clients"]["remedy"]
    assert 'itflow_bridge_mirror_rows{module="clients"} 1.0' in (await bridge.ask("/metrics")).text


async def test_expiring(serve, command, tmp_path, itflow_server):
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=6)
    await asyncio.to_thread(command, "keys", "add", "desk", "--expires", f"{soon:%Y-%m-%d}")
    bridge = await serve()
    await bridge.ready()
    assert "It expires in 6 days" in (await stands(bridge, "ok", "key desk"))["reason"]
    assert 'itflow_bridge_key_expires_seconds{key="desk"}' in (await bridge.ask("/metrics")).text
    await logged(bridge, "WARNING bridge.access.keys", "The key desk expires in 6 days")
    assert await alerts(bridge, tmp_path, "ItflowBridgeKeyExpires") == {"ItflowBridgeKeyExpires"}
    url = f"http://127.0.0.1:{itflow_server.addresses[0][1]}"
    assert "It expires in 6 days" in await asyncio.to_thread(command, "check", ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL")
    for name in ("desk", "all", "one"):
        await asyncio.to_thread(command, "keys", "revoke", name)
    told = await bridge.until(lambda answer: answer.json["status"] == "failing", "/readyz")
    assert "Every key is revoked" in reasons(told)["keys"]["reason"]
    assert await alerts(bridge, tmp_path, "ItflowBridgeNoKey") == {"ItflowBridgeNoKey"}
    assert "Every key is revoked" in await asyncio.to_thread(
        command, "check", fails=True, ITFLOW_URL=url, ITFLOW_API_KEY="KEYALL"
    )


class SmallDisk:
    """A disk of a few megabytes, that a process and those that enter it see; the test looks in from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before = (
            *own_mounts(),
            *("sh", "-c"),
            f'mount -t tmpfs -o size=24m disk {folder} && exec "$@"',
            "sh",
        )

    def file(self, process_id: int, name: str) -> Path:
        return Path(f"/proc/{process_id}/root{self.folder}") / name

    def fill(self, process_id: int) -> Path:
        filler = self.file(process_id, "filler")
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)):
                    pass
            except OSError:
                return filler
        raise AssertionError("the disk is never full")


async def test_full(serve, tmp_path, itflow_server):
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder)
    bridge = await serve(before=disk.before, STORAGE_PATH=str(folder / "bridge.db"), **FAST)
    process_id = bridge.process.pid
    inside = ("nsenter", "--target", str(process_id), "--mount", sys.executable, "-m", "bridge")
    url = f"http://127.0.0.1:{itflow_server.addresses[0][1]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")} | {
        "BRIDGE_CONFIG": "/dev/null",
        "BRIDGE_STORAGE_PATH": str(folder / "bridge.db"),
        "BRIDGE_ITFLOW_URL": url,
        "BRIDGE_ITFLOW_API_KEY": "KEYALL",
        "COLUMNS": "400",
    }

    async def run(*words, given=None):
        process = await asyncio.create_subprocess_exec(
            *inside, *words, env=environment, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate(given)
        return process.returncode, said.decode()

    assert (await run("keys", "add", "all", "--key", "all", "--weak"))[0] == 0
    await bridge.ready()
    filler = await asyncio.to_thread(disk.fill, process_id)
    assert "is full" in (await stands(bridge, "failing", "disk"))["reason"]
    assert 'itflow_bridge_findings{about="disk",status="failing"} 1.0' in (await bridge.ask("/metrics")).text
    await logged(bridge, "ERROR bridge.health", "is full")
    status, said = await run("check")
    assert (status, "is full" in said) == (1, True)
    assert await alerts(bridge, tmp_path, "ItflowBridgeDiskFull") == {"ItflowBridgeDiskFull"}
    filler.unlink()
    await bridge.until(lambda answer: answer.json["status"] == "ok", "/readyz")
    await logged(bridge, "INFO bridge.health", "This has ended")
    assert (await run("check"))[0] == 0
    assert await bridge.stop() == 0
