"""The whole bridge before an embedded ITFlow: a missed call becomes a ticket, an unknown caller a named contact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from bridge.access.keys import Feature, Keys, Options
from bridge.service import make_app, serving
from bridge.settings import load
from bridge.storage import Database
from tests.outbox.conftest import Itflow

SECRET = "a secret that opens everything 4711"
ANN, STRANGER = "+12125550101", "+12125550177"
NAMED_WITHIN_S = 10


@pytest.fixture(params=["26.02", "26.08"])
async def itflow(request: pytest.FixtureRequest) -> AsyncIterator[Itflow]:
    itflow = Itflow(request.param)
    await itflow.start()
    contact = {"contact_id": 11, "contact_name": "Ann", "contact_phone": ANN, "contact_client_id": 1}
    ticket = {"ticket_id": 5, "ticket_subject": "Old", "ticket_client_id": 1, "ticket_contact_id": 11}
    itflow.embedded.load({"contacts": [contact], "tickets": [ticket | {"ticket_status": 1}]})
    yield itflow
    await itflow.stop()
    itflow.embedded.close()


@pytest.fixture
async def bridge(itflow: Itflow, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the bridge, its mirror read."""
    path = tmp_path / "bridge.db"
    settings = load(
        overrides={
            "itflow": {"url": itflow.url, "api_key": "ITFLOW-KEY"},
            "http": {"host": "127.0.0.1", "port": 0},
            "agi": {"enabled": False},
            "storage": {"path": path},
            "tickets": {"note": "on", "missed": "ticket", "choose_s": 0},
        }
    )
    database = Database(path)
    Keys(database, settings).add("all", Options(frozenset(Feature)), secret=SECRET)
    database.close()
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with serving(make_app(settings)) as url, aiohttp.ClientSession(url, headers=headers) as session:
        await becomes(lambda: followed(session), within_s=60)
        yield session


async def becomes(condition: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Wait until something is so that another process brings about."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - that process sets no event here
            await asyncio.sleep(0.05)


async def followed(session: aiohttp.ClientSession) -> bool:
    """Whether tickets were pulled, and it is known what this ITFlow can do."""
    async with session.get("/readyz") as response:
        status = await response.json()
    return "tickets" in status.get("rows", {}) and bool(status.get("generation"))


async def facts(session: aiohttp.ClientSession, number: str) -> dict[str, object]:
    async with session.get("/callerid", params={"format": "json", "number": number}) as response:
        return dict(await response.json())


async def test_an_unknown_caller_becomes_a_contact_and_the_next_call_has_the_name(
    bridge: aiohttp.ClientSession,
) -> None:
    assert (await facts(bridge, STRANGER))["result"] == "miss"
    body = {"client_id": 2, "name": "New Ned", "email": "ned@new.example", "phone": STRANGER}
    async with bridge.post("/contacts", json=body) as response:
        assert response.status == 201, await response.text()

    async def named() -> bool:
        return (await facts(bridge, STRANGER))["name"] == "New Ned"

    await becomes(named, NAMED_WITHIN_S)
    assert (await facts(bridge, STRANGER))["client_id"] == 2


async def test_calls_that_are_told_over_http_leave_a_ticket_and_on_26_08_a_note(
    bridge: aiohttp.ClientSession, itflow: Itflow
) -> None:
    for call_id, answer in (("one", True), ("two", False), ("three", False)):
        told = {"callId": call_id, "from": ANN.removeprefix("+"), "to": "12125550199", "direction": "in"}
        events = (
            [{"event": "newCall", "user[]": "101"}, {"event": "answer", "user": "101"}]
            if answer
            else [{"event": "newCall", "user[]": "101"}]
        )
        for event in (*events, {"event": "hangup", "cause": "normalClearing" if answer else "noAnswer"}):
            if event["event"] == "hangup" and answer:
                await asyncio.sleep(1.1)  # the push tells no times: this is how long the call is
            async with bridge.post("/calls/events", data={**told, **event}) as response:
                assert response.status == 200, await response.text()
    connection = itflow.embedded.connection
    notes = "SELECT ticket_reply_ticket_id, ticket_reply_time_worked FROM ticket_replies"
    tickets = "SELECT ticket_client_id, ticket_contact_id FROM tickets WHERE ticket_id > 5"
    wanted = [("5", "00:00:01")] if itflow.embedded.generation == "26.08" else []

    async def written() -> bool:
        return list(connection.execute(notes)) == wanted and bool(list(connection.execute(tickets)))

    await becomes(written, within_s=20)
    assert list(connection.execute(tickets)) == [("1", "11")]
