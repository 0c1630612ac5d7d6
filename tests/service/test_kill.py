"""kill -9 of the whole bridge loses nothing that was promised, and doubles nothing."""

import asyncio
import signal
from collections import Counter

import aiohttp
import pytest

from bridge.embedded import FaultKind

ASSETS = 24
HASTE = {"ASSETS_DEADLINE_S": "0.5", "ASSETS_SETTLE_S": "2", "ASSETS_MAX_WAIT_S": "1", "ASSETS_ANSWER_S": "1"}


async def promised(bridge, name):
    """Ask for an asset; whether the bridge promised it."""
    try:
        answer = await bridge.ask(f"/api.php?api_key=all&client_id={1 + len(name) % 2}&add_asset={name}")
    except aiohttp.ClientError:
        return False
    return answer.status in {200, 202}


def counted(itflow):
    """How often each asset stands in ITFlow."""
    return Counter(name for (name,) in itflow.connection.execute("SELECT asset_name FROM assets"))


@pytest.mark.parametrize("sent", [1, 5])
async def test_every_promise_is_kept_once(serve, itflow, sent):
    bridge = await serve(**HASTE)
    await bridge.ready()
    for kind in (FaultKind.UNANSWERED, FaultKind.EMPTY_500, FaultKind.CUT, FaultKind.DROPPED):
        itflow.faults.add(kind, "assets", "create", skip=2)
    reached = asyncio.Event()
    seen = []

    def watch(request):
        if request.function == "create":
            seen.append(request)
            if len(seen) == sent:
                reached.set()

    itflow.on_request = watch
    names = [f"PC-{number}" for number in range(ASSETS)]
    asking = [asyncio.create_task(promised(bridge, name)) for name in names]
    await reached.wait()
    await bridge.stop(signal.SIGKILL)
    kept = [name for name, was in zip(names, await asyncio.gather(*asking), strict=True) if was]

    again = await serve(**HASTE)
    await again.ready()
    await again.until(lambda answer: 'itflow_bridge_journal_entries{state="pending"} 0.0' in answer.text, "/metrics")
    standing = counted(itflow)
    assert not {name: count for name, count in standing.items() if count > 1}
    assert set(kept) <= set(standing)
