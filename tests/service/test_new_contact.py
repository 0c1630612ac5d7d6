"""A contact who is typed in while the phone rings is known at the next call, however long the interval is."""

import asyncio

import pytest


@pytest.mark.parametrize("generation", ["26.02"], indirect=True)
async def test_who_is_typed_in_while_the_phone_rings_is_known_at_the_next_call(serve, itflow):
    bridge = await serve(SYNC_INTERVAL_S="86400", SYNC_MONEY_INTERVAL_S="86400")
    await bridge.ready()
    known = (await bridge.ask("/readyz")).json["version"]
    call = "/api.php?api_key=all&cid=2065550142"
    looked = asyncio.Event()
    itflow.on_request = lambda seen: looked.set() if seen.module == "vendors" else None  # they are looked at last
    assert (await bridge.ask(call)).text == ""
    await looked.wait()
    row = {"contact_id": 9001, "contact_name": "Nora New", "contact_phone": "206-555-0142", "contact_client_id": 1}
    itflow.load({"contacts": [row]})
    await bridge.until(lambda answer: answer.json["version"] != known, "/readyz")
    assert (await bridge.ask(call)).text == "Nora New"
