"""bridge.db is damaged, removed or replaced: callers are answered, writes refused, and the operator told why."""

import sqlite3
from contextlib import closing

import pytest

from tests.storage.test_rescue import asides, overwrite, root_of

pytestmark = pytest.mark.parametrize("generation", ["26.02"], indirect=True)

CALL = "/api.php?api_key=all&cid=2125550101"
ASSET = {"client_id": 1, "name": "PC-1", "type": "Laptop"}


async def add_asset(bridge):
    return await bridge.ask("/assets", "POST", json=ASSET, headers={"Authorization": "Bearer all"})


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_removed_or_replaced_while_it_runs(serve, replaced):
    bridge = await serve()
    await bridge.ready()
    moved = bridge.path.with_name("moved.db")
    bridge.path.rename(moved)
    if replaced:
        with closing(sqlite3.connect(bridge.path)) as other:  # another program; the bridge's own make none then
            other.execute("CREATE TABLE other (one)")
    refused = await add_asset(bridge)
    assert refused.status == 503
    assert "removed or replaced" in refused.text
    ready = await bridge.until(lambda answer: bool(answer.json["storage"]), "/readyz")
    assert ready.status == 200
    assert "Put the file back" in ready.json["storage"]
    assert (await bridge.ask(CALL)).text == "Alice O'Neil"
    assert sum("ERROR bridge.storage" in line and "removed or replaced" in line for line in bridge.log) == 1
    moved.replace(bridge.path)
    if replaced:  # whoever opened the other one took the write-ahead log away
        assert "removed or replaced" in (await add_asset(bridge)).text
        assert await bridge.stop() == 0
        bridge = await serve()
        await bridge.ready()
    await bridge.until(lambda answer: not answer.json["storage"], "/readyz")
    assert (await add_asset(bridge)).status < 300
    assert await bridge.stop() == 0


async def test_a_damaged_file_is_set_aside_at_the_start(serve, itflow_server):
    bridge = await serve()
    await bridge.ready()
    await add_asset(bridge)
    await bridge.stop()
    overwrite(bridge.path, (root_of(bridge.path, "entry") - 1) * 4096, bytes(4096))
    again = await serve()
    assert len(asides(bridge.path)) == 1
    assert any(
        "ERROR" in line and "was damaged" in line and "entry" in line and "2 of keys" in line for line in again.log
    )
    await again.until(lambda answer: answer.text == "Alice O'Neil", CALL)  # pulled anew
    await again.ready()
    assert (await add_asset(again)).status < 300
    assert await again.stop() == 0
    await itflow_server.cleanup()
    third = await serve()
    assert (await third.ask(CALL)).text == "Alice O'Neil"
    assert len(asides(bridge.path)) == 1


async def test_a_file_that_is_damaged_while_it_runs(serve):
    bridge = await serve(SYNC_INTERVAL_S="1", SYNC_MONEY_INTERVAL_S="1")
    await bridge.ready()
    size = bridge.path.stat().st_size
    overwrite(bridge.path, 4096, bytes(size - 4096))
    await bridge.until(
        lambda _: any("ERROR" in line and "Restart the bridge" in line for line in bridge.log), "/readyz"
    )
    assert (await bridge.ask(CALL)).text == "Alice O'Neil"
    assert (await add_asset(bridge)).status == 503
    assert (await bridge.ask("/healthz")).status == 200
    assert not any("Traceback" in line for line in bridge.log)
    await bridge.stop()
    again = await serve()
    assert len(asides(bridge.path)) == 1
    await again.ready()
    assert await again.stop() == 0
