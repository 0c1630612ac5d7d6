"""The embedded ITFlow as a server of its own."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from bridge.embedded import GENERATIONS, FaultKind, run


async def read(url: str, key: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v1/clients/read.php?api_key={key}") as r:
        found: dict[str, Any] = await r.json()
        return found


async def serve(*keys_asked: str, **options) -> list[dict[str, Any]]:
    """Run a server, ask it with each key, and end it."""
    lines: list[str] = []
    ready, until = asyncio.Event(), asyncio.Event()

    def say(line: str) -> None:
        lines.append(line)
        ready.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(run(port=0, say=say, until=until, **options))
        await ready.wait()
        url = lines[0].split()[-1]
        answers = [await read(url, key) for key in keys_asked]
        until.set()
    assert options.get("generation", "26.02") in lines[0]
    return answers


async def test_it_serves_sample_data_to_the_key_demo() -> None:
    (answer,) = await serve("demo")
    assert answer["data"][0]["client_name"] == "Bluebird Dental Group"


async def test_it_accepts_the_keys_it_is_given() -> None:
    answers = await serve("all", "two", "demo", keys={"all": 0, "two": 2}, generation="26.08")
    assert [answer.get("count") for answer in answers] == [41, 1, None]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_each_generation_serves_the_sample_data(generation) -> None:
    (answer,) = await serve("demo", generation=generation)
    assert answer["count"] == 41
    assert ("0" in answer["data"][0]) is (generation == "25.12")


async def test_a_fault_lasts_as_long_as_it_runs() -> None:
    answers = await serve("demo", "demo", faults=[(FaultKind.HUGE, "clients"), (FaultKind.EMPTY_500, "contacts")])
    assert all(len(answer["data"][0]["client_name"]) > 60 * 2**20 for answer in answers)


async def test_writes_to_a_locked_table_hang() -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    until = asyncio.Event()
    asset = {"api_key": "demo", "client_id": 1, "asset_name": "PC"}
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as session:
        group.create_task(run(port=0, say=lines.put_nowait, until=until, locked=["assets"]))
        url = (await lines.get()).split()[-1]
        with pytest.raises(TimeoutError):
            await session.post(f"{url}/api/v1/assets/create.php", json=asset, timeout=aiohttp.ClientTimeout(0.3))
        until.set()


async def test_a_file_keeps_its_rows_and_gets_no_sample_twice(tmp_path) -> None:
    database = tmp_path / "itflow.db"
    for _ in range(2):
        (answer,) = await serve("demo", database=database)
        assert answer["count"] == 41


async def test_it_serves_rows_of_a_file(tmp_path) -> None:
    data = tmp_path / "rows.json"
    data.write_text(json.dumps({"clients": [{"client_name": "Only"}]}), encoding="utf-8")
    (answer,) = await serve("demo", data=str(data))
    assert [row["client_name"] for row in answer["data"]] == ["Only"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"clients": 1}', '{"people": [{}]}', '{"clients": [{"shoe": 1}]}', '{"clients": [3]}']
)
async def test_a_file_of_something_else_is_refused(tmp_path, text) -> None:
    data = tmp_path / "rows.json"
    data.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="rows by ITFlow's tables"):
        await run(port=0, data=str(data))
