"""The FastAGI door of a bridge in a process of its own: the PIN comes from ITFlow while the call waits."""

import re

from tests.agi.wire import talk

ALICE, PIN = "+12125550101", "4711"


async def test_a_balance_is_spoken_for_the_pin_in_itflow(serve, generation):
    bridge = await serve(LOG_LEVEL="DEBUG")
    await bridge.ready()
    port = next(int(found[1]) for line in bridge.log if (found := re.search(r"FastAGI is answered on .*:(\d+)", line)))
    for typed, said in ((PIN, "balance-is" if generation == "26.02" else "uncertain"), ("1", "wrong-pin")):
        call = await talk(port, "balance", ALICE, key="all", keys={"enter-pin": [typed]})
        assert any(sentence.startswith(said) for sentence in call.said)
    assert (await talk(port, "callerid", ALICE, key="one")).variables["__ITFLOW_CLIENT_ID"] == "1"
    assert not any(text in line for line in bridge.log for text in (PIN, ALICE, "KEYALL"))
