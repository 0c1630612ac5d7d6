"""Faults on request, seen from the other end of the socket."""

import asyncio
import json

import aiohttp
import pytest

from bridge.embedded import GENERATIONS, FaultKind
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


async def names(client) -> list[str]:
    async with client.get("/api/v1/assets/read.php?api_key=KEYALL") as response:
        answer = await response.json()
    return [row["asset_name"] for row in answer.get("data", [])]


async def test_writes_hang_at_a_locked_table_and_happen_once_it_is_free(client, itflow) -> None:
    """As MariaDB does with ``LOCK TABLES assets READ``: reads answer, and nothing that was sent is forgotten."""
    arrived = asyncio.Event()
    itflow.on_request = lambda seen: arrived.set() if seen.function == "create" else None
    itflow.faults.lock("assets")
    waits = asyncio.create_task(create(client))
    await arrived.wait()
    arrived.clear()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(create(client), 0.05)  # its caller gives up; PHP goes on waiting
    await arrived.wait()
    assert await names(client) == []
    async with client.post("/api/v1/assets/create.php", json=ASSET | {"api_key": "BAD"}) as response:
        assert response.status == 401
    assert not waits.done()
    itflow.faults.unlock("assets")
    assert json.loads(await waits)["data"] == [{"insert_id": 1}]
    async with asyncio.timeout(10):
        while await names(client) != ["PC", "PC"]:
            pass
    assert json.loads(await create(client))["data"] == [{"insert_id": 3}]


async def test_reads_hang_too_where_the_lock_says_so(client, itflow) -> None:
    arrived = asyncio.Event()
    itflow.on_request = lambda _seen: arrived.set()
    itflow.faults.lock("assets", reads=True)
    waits = asyncio.create_task(names(client))
    await arrived.wait()
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        assert response.status == 200
    assert not waits.done()
    itflow.faults.clear()
    assert await waits == []


async def test_what_hangs_at_a_lock_ends_with_the_server_and_writes_nothing(client, itflow) -> None:
    arrived = asyncio.Event()
    itflow.on_request = lambda _seen: arrived.set()
    itflow.faults.lock("assets")
    waits = asyncio.create_task(create(client))
    await arrived.wait()
    async with asyncio.timeout(10):
        await client.server.close()
    with pytest.raises(aiohttp.ClientError):
        await waits
    assert assets(itflow) == 0


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_an_odd_value_stands_in_its_row_and_column_only(aiohttp_client, generation) -> None:
    itflow = recorded_itflow(generation)
    client = await aiohttp_client(itflow.make_app())

    async def rows() -> list[dict[str, object]]:
        async with client.get("/api/v1/contacts/read.php?api_key=KEYALL") as response:
            found: list[dict[str, object]] = (await response.json())["data"]
            return found

    before = await rows()
    itflow.faults.odd("contacts", 2, "contact_id", 2**70)
    itflow.faults.odd("contacts", 3, "contact_phone", ["no", {"number": None}])
    after = await rows()
    assert after[1]["contact_id"] == 2**70
    assert after[2]["contact_phone"] == ["no", {"number": None}]
    if generation == "25.12":
        assert (after[1]["0"], after[2]["5"]) == (2**70, ["no", {"number": None}])
    assert (after[0], after[3:]) == (before[0], before[3:])
    itflow.faults.clear()
    assert await rows() == before


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_key_can_be_limited_to_one_client_at_any_time(aiohttp_client, generation) -> None:
    itflow = recorded_itflow(generation)
    client = await aiohttp_client(itflow.make_app())

    async def clients() -> list[str]:
        async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
            return [row["client_id"] for row in (await response.json())["data"]]

    assert len(await clients()) == 8
    itflow.limit_key("KEYALL", 3)
    assert await clients() == ["3"]
    itflow.limit_key("KEYALL", 0)
    assert len(await clients()) == 8


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "text"),
    [
        (FaultKind.HTML, 200, "text/html", "Please log in"),
        (FaultKind.REDIRECT, 302, "application/octet-stream", ""),
        (FaultKind.LEGACY, 401, "text/html", "Incorrect or expired API Key."),
    ],
)
async def test_something_else_answers_in_place_of_the_api(client, itflow, kind, status, content_type, text) -> None:
    itflow.faults.add(kind)
    async with client.post("/api/v1/assets/create.php", json=ASSET, allow_redirects=False) as response:
        assert (response.status, response.content_type) == (status, content_type)
        assert text in await response.text()
        assert response.headers.get("Location", "/login.php") == "/login.php"
    assert assets(itflow) == 0


async def test_a_huge_answer_is_good_json_of_its_size(client, itflow) -> None:
    itflow.faults.add(FaultKind.HUGE)
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        text = await response.read()
    assert len(text) == 64 * 2**20
    itflow.faults.add(FaultKind.HUGE, size_bytes=1000)
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        assert len(await response.read()) == 1000
        assert (await response.json())["success"] == "True"


async def test_an_endless_answer_goes_on_until_the_caller_leaves(client, itflow) -> None:
    itflow.faults.add(FaultKind.ENDLESS)
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        got = 0
        async for part in response.content.iter_any():
            got += len(part)
            if got > 2**20:
                break
        response.close()
    assert got > 2**20
    async with client.get("/api/v1/clients/read.php?api_key=KEYALL") as response:
        assert (await response.json())["count"] == 8


async def test_an_answer_may_come_byte_by_byte(client, itflow) -> None:
    itflow.faults.add(FaultKind.TRICKLE, delay_s=0)
    assert json.loads(await create(client))["success"] == "True"
