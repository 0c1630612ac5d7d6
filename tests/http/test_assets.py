"""The doors for assets, on a real server in front of an embedded ITFlow."""

import asyncio

import pytest
from aiohttp import web

from bridge.access.keys import Keys, Options
from bridge.clock import Moment
from bridge.directory.entries import Client, Entry, Kind
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.embedded import FaultKind
from bridge.http import assets, legacy
from bridge.http.errors import rendered
from bridge.http.state import DELIVERER, KEYS
from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.outbox.delivery import Deliverer, delivering
from bridge.outbox.journal import Journal
from bridge.settings import AssetsSection, Settings
from bridge.storage import Database
from tests.outbox.conftest import Itflow, until

MIRROR = Mirror(
    Snapshot.build(
        clients=[Client(1, "Client 1"), Client(2, "Client 2")],
        entries=[
            Entry(kind, tens + place, client, "Row")
            for client, tens in ((1, 10), (2, 20), (0, 70))
            for place, kind in enumerate(Kind)
        ],
    ),
    Freshness(people_at=Moment.now()),
)


@pytest.fixture
async def itflow():
    itflow = Itflow("26.08")
    await itflow.start()
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


@pytest.fixture
async def door(aiohttp_client, itflow, tmp_path):
    database = Database(tmp_path / "bridge.db", durable=True)
    app = web.Application(middlewares=[rendered])
    app[KEYS] = Keys(database, Settings())
    app[KEYS].add("all", Options(), secret="ALL")
    app[KEYS].add("one", Options(clients=frozenset({1})), secret="ONE")
    app.add_routes(assets.routes)
    app.add_routes(legacy.routes)
    section = AssetsSection(deadline_s=1, answer_s=0.5, settle_s=0.1, max_wait_s=0.1)
    async with open_session() as session:
        client = ItflowClient(session, itflow.url, "ITFLOW-KEY", timeout_s=0.5, attempts=1)
        app[DELIVERER] = Deliverer(Journal(database), client, MIRROR, section)
        async with delivering(app[DELIVERER]):
            yield await aiohttp_client(app)
    database.close()


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET", "params": {"add_asset": "PC 1", "client_id": "1", "os": "Linux"}},
        {"method": "POST", "params": {"add_asset": "PC 1"}, "data": {"client_id": "1", "os": "Linux"}},
        {"method": "POST", "json": {"add_asset": "PC 1", "client_id": 1, "os": "Linux"}},
    ],
)
async def test_the_old_script_s_answer(door, itflow, request_):
    params = {**request_.pop("params", {}), "api_key": "ONE"}
    response = await door.request(request_.pop("method"), "/api.php", params=params, **request_)
    assert (response.status, await response.text()) == (200, "Asset added!")
    assert response.headers["X-Asset-Id"] == "1"
    body = dict(itflow.creates()[0].body)
    assert body.pop("asset_notes").startswith("[itflow-bridge ")
    assert body == {"client_id": 1, "asset_name": "PC 1", "asset_os": "Linux"}


async def test_a_promise_is_a_202_with_the_words_of_it(door, itflow):
    await itflow.stop()
    response = await door.get("/api.php?add_asset=PC-1&client_id=1&api_key=ONE")
    assert (response.status, await response.text()) == (
        202,
        "Asset accepted; it will be added when ITFlow answers.",
    )
    assert "X-Asset-Id" not in response.headers
    await itflow.start()
    await until(lambda: itflow.assets() == [(1, "PC-1")])


@pytest.mark.parametrize("form", ["json", "data"])
async def test_an_asset_in_json_and_what_became_of_it(door, form):
    body = {"client_id": 1, "name": "PC-1", "serial": "S1"}
    response = await door.post("/assets", **{form: body}, headers={"Authorization": "Bearer ONE"})
    found = await response.json()
    assert (response.status, found["status"], found["asset_id"]) == (201, "added", 1)
    shown = await door.get(response.headers["Location"], params={"api_key": "ONE"})
    assert await shown.json() == found


async def test_an_asset_that_waits_can_be_asked_for(door, itflow):
    itflow.faults.add(FaultKind.HANG, "assets", "create", times=None)
    response = await door.post("/assets?api_key=ALL", json={"client_id": 2, "name": "PC-1"})
    assert (response.status, (await response.json())["status"]) == (202, "pending")
    hidden = await door.get(response.headers["Location"], params={"api_key": "ONE"})
    assert hidden.status == 404


@pytest.mark.parametrize(
    "octets",
    [
        "client_id=1&name=Büro+PC".encode(),
        "client_id=1&name=Büro+PC".encode("latin-1"),
        b"client_id=1&name=B%FCro%20PC",
        b"client_id=1&name=B%C3%BCro+PC",
    ],
)
async def test_a_form_as_scripts_write_it(door, itflow, octets):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await door.post("/assets?api_key=ONE", data=octets, headers=kind)).status == 201
    assert itflow.creates()[0].body["asset_name"] == "Büro PC"


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        ("application/json", b"{"),
        ("application/json; charset=none", b"\xff{"),
        ("application/json", b"[" * 60_000),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--y"),
    ],
)
async def test_a_garbled_body_is_told(door, kind, octets):
    response = await door.post("/assets?api_key=ONE", data=octets, headers={"Content-Type": kind})
    assert response.status == 400
    assert (await response.json())["detail"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"name": "PC-1"}, 400, "client_id"),
        ({"client_id": 2, "name": "PC-1"}, 404, "does not cover"),
        ({"client_id": 1}, 400, "name"),
        ({"client_id": 1, "name": "PC-1", "colour": "red"}, 400, "colour"),
        ({"client_id": 1, "name": ["PC-1"]}, 400, "name must be a text"),
        (["PC-1"], 400, "JSON object"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_promised(door, itflow, body, status, told):
    response = await door.post("/assets?api_key=ONE", json=body)
    assert response.status == status
    assert told in (await response.json())["detail"]
    assert (await door.get("/assets/1?api_key=ALL")).status == 404
    assert not itflow.creates()


@pytest.mark.parametrize(
    ("field", "own", "foreign"), [("contact_id", 10, 20), ("location_id", 11, 21), ("vendor_id", 12, 22)]
)
async def test_a_limited_key_refers_to_its_own_client_s_rows_only(door, itflow, field, own, foreign):
    told = set()
    for row_id in (foreign, 999, foreign + 50):  # another client's, nobody's, one of no client
        for ask in (
            door.post("/assets?api_key=ONE", json={"client_id": 1, "name": "PC-1", field: row_id}),
            door.post("/api.php?api_key=ONE", data={"client_id": 1, "add_asset": "PC-1", field: row_id}),
            door.get(f"/api.php?api_key=ONE&client_id=1&add_asset=PC-1&{field}={row_id}"),
        ):
            response = await ask
            assert response.status == 404
            told.add((await response.text()).replace(str(row_id), "N"))
    assert len(told) == 2  # JSON at the new door and text at the old one: alike for all rows
    assert not itflow.creates()
    good = await door.post("/assets?api_key=ONE", json={"client_id": 1, "name": "PC-2", field: own})
    assert good.status == 201
    every = await door.post("/assets?api_key=ALL", json={"client_id": 1, "name": "PC-3", field: foreign})
    assert every.status == 201


async def test_a_limited_key_names_no_network(door, itflow):
    response = await door.post("/assets?api_key=ONE", json={"client_id": 1, "name": "PC-1", "network_id": 5})
    assert response.status == 400
    assert not itflow.creates()


@pytest.mark.parametrize("path", ["/assets", "/api.php"])
async def test_no_body_is_read_before_the_key_is_found(door, path):
    async def endless():
        yield b'{"client_id": 1, '
        await asyncio.get_running_loop().create_future()

    async with asyncio.timeout(10):
        response = await door.post(
            f"{path}?api_key=WRONG", data=endless(), headers={"Content-Type": "application/json"}
        )
        assert response.status == 401


async def test_keys_that_differ_between_query_and_body_are_refused(door, itflow):
    for body in (
        {"json": {"client_id": 1, "name": "PC-1", "api_key": "ALL"}},
        {"data": {"client_id": 1, "api_key": "ALL"}},
    ):
        response = await door.post("/assets?api_key=ONE", **body)
        assert response.status == 401
        assert "different keys" in (await response.json())["detail"]
    same = await door.post("/assets?api_key=ONE", json={"client_id": 1, "name": "PC-1", "api_key": "ONE"})
    assert same.status == 201
    assert len(itflow.creates()) == 1
