"""Faults on request, seen from the other end of the socket."""

import asyncio
import json

import aiohttp
import pytest

from bridge.embedded import FaultKind
from tests.embedded.recordings import recorded_itflow

ASSET = {"api_key": "KEYALL", "client_id": 1, "asset_name": "PC"}


@pytest.fixture
def itflow():
    return recorded_itflow("26.02")


@pytest.fixture
async def client(aiohttp_client, itflow):
    return await aiohttp_client(itflow.make_app())


def assets(itflow) -> int:
    count: int = itflow.connection.execute("SELECT count(*) FROM assets").fetchone()[0]
    return count


async def create(client) -> bytes:
    async with client.post("/api/v1/assets/create.php", json=ASSET) as response:
        found: bytes = await response.read()
        return found


@pytest.mark.parametrize(
    ("kind", "written"),
    [(FaultKind.DROPPED, 0), (FaultKind.UNANSWERED, 1), (FaultKind.CUT, 1)],
)
async def test_a_connection_is_cut_before_or_after_the_write(client, itflow, kind, written) -> None:
    itflow.faults.add(kind, "assets", "create")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
        await create(client)
    assert assets(itflow) == written


async def test_an_empty_500_does_nothing(client, itflow) -> None:
    itflow.faults.add("empty-500")
    assert await create(client) == b""
    assert assets(itflow) == 0
    assert json.loads(await create(client))["success"] == "True"


async def test_html_in_place_of_the_api(client, itflow) -> None:
    itflow.faults.add(FaultKind.HTML, status=502)
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        assert (response.status, response.content_type) == (502, "text/html")
        assert "<h1>" in await response.text()


async def test_html_before_the_json(client, itflow) -> None:
    itflow.faults.add(FaultKind.HTML_FIRST)
    text = (await create(client)).decode()
    assert text.startswith("<br />\n<b>Warning</b>")
    assert json.loads(text[text.index("{") :])["success"] == "True"
    assert assets(itflow) == 1


async def test_a_hung_request_is_let_go_when_the_server_ends(client, itflow) -> None:
    itflow.faults.add(FaultKind.HANG)
    arrived = asyncio.Event()
    itflow.on_request = lambda _seen: arrived.set()
    asked = asyncio.create_task(create(client))
    await arrived.wait()
    assert not asked.done()
    await client.server.close()
    with pytest.raises(aiohttp.ClientError):
        await asked
    assert assets(itflow) == 0


async def test_a_slow_answer_is_a_whole_one(client, itflow) -> None:
    itflow.faults.add(FaultKind.SLOW, delay_s=0.01)
    assert json.loads(await create(client))["success"] == "True"


async def test_a_fault_meets_its_module_and_function_so_often_and_so_late(client, itflow) -> None:
    itflow.faults.add(FaultKind.EMPTY_500, "clients", "read", times=2, skip=1)

    async def status(path: str) -> int:
        async with client.get(f"/api/v1/{path}.php?api_key=KEYALL") as response:
            found: int = response.status
            return found

    assert await status("contacts/read") == 200
    assert [await status("clients/read") for _ in range(5)] == [200, 500, 500, 200, 200]
    itflow.faults.add(FaultKind.EMPTY_500, times=None)
    assert [await status("clients/read") for _ in range(3)] == [500, 500, 500]
    itflow.faults.clear()
    assert await status("clients/read") == 200


async def test_requests_are_remembered_without_their_key(client, itflow) -> None:
    itflow.on_request = lambda _seen: itflow.connection.execute("DELETE FROM contacts WHERE contact_id = 1")
    async with client.get("/api/v1/contacts/read.php?api_key=KEYALL&limit=1") as response:
        assert (await response.json())["data"][0]["contact_id"] == "2"
    await create(client)
    first, second = itflow.requests
    assert (first.method, first.module, first.function, first.query) == (
        "GET",
        "contacts",
        "read",
        {"limit": "1"},
    )
    assert second.body == {"client_id": 1, "asset_name": "PC"}
