"""The bridge answers while ITFlow is down, says how old its answers are, and ends in order."""

import asyncio

import pytest

QUESTIONS = [
    ("cid=2125550101", 200),
    ("phonebook", 200),
    ("client_emails", 200),
    ("primary_contact_numbers", 200),
    ("account_balance=2", 200),
    ("incoming_call", 200),
    ("add_asset=PC&client_id=1", 202),
]


async def test_a_restart_without_itflow_answers_everything(serve, itflow_server):
    bridge = await serve()
    await bridge.ready()
    assert await bridge.stop() == 0
    await itflow_server.cleanup()
    again = await serve(ASSETS_DEADLINE_S="0.2")
    assert (await again.ask("/readyz")).status == 200
    for query, status in QUESTIONS:
        answer = await again.ask(f"/api.php?api_key=all&{query}")
        assert answer.status == status, query
    answer = await again.ask("/api.php?api_key=all&cid=2125550101")
    assert answer.text == "Alice O'Neil"
    assert int(answer.headers["Age"]) >= 0
    assert (await again.ask("/readyz")).json["people_age_s"] >= 0


@pytest.mark.parametrize("generation", ["26.02"], indirect=True)
async def test_without_itflow_and_without_a_mirror_it_is_not_ready(serve, itflow_server):
    await itflow_server.cleanup()
    bridge = await serve()
    ready = await bridge.ask("/readyz")
    assert (ready.status, ready.json["ready"]) == (503, False)
    assert (await bridge.ask("/healthz")).status == 200
    answer = await bridge.ask("/api.php?api_key=all&phonebook")
    assert answer.status == 503
    assert "itflow-bridge check" in answer.text
    answer = await bridge.ask("/api.php?api_key=all&cid=2125550101&name=Trunk")
    assert (answer.status, answer.text) == (200, "Trunk")


@pytest.mark.parametrize("generation", ["26.02"], indirect=True)
async def test_requests_finish_at_the_end(serve, itflow):
    bridge = await serve(ASSETS_DEADLINE_S="3")
    await bridge.ready()
    itflow.faults.add("slow", "assets", "create", delay_s=0.5)
    asked = asyncio.Event()
    itflow.on_request = lambda seen: asked.set() if seen.function == "create" else None
    answering = asyncio.create_task(bridge.ask("/api.php?api_key=all&add_asset=LAST&client_id=1"))
    await asked.wait()
    assert await bridge.stop() == 0
    assert (await answering).text == "Asset added!"


@pytest.mark.parametrize("generation", ["26.02"], indirect=True)
async def test_keys_made_meanwhile_open_and_close(serve, command):
    bridge = await serve()
    await bridge.ready()
    secret = command("keys", "add", "late").strip()
    await bridge.until(lambda answer: answer.status == 200, f"/api.php?api_key={secret}&cid=2125550101")
    command("keys", "revoke", "late")
    await bridge.until(lambda answer: answer.status == 401, f"/api.php?api_key={secret}&cid=2125550101")
