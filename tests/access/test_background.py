"""Work in the background ends with its context only."""

import asyncio

from prometheus_client import REGISTRY

from bridge.access.background import repeated


def failures():
    return REGISTRY.get_sample_value("itflow_bridge_background_failures_total", {"work": "Counting"}) or 0


async def test_no_failure_ends_it(caplog):
    done, before, enough = 0, failures(), asyncio.Event()

    async def work():
        nonlocal done
        done += 1
        if done < 3:
            raise ValueError("surprise")
        enough.set()

    async with asyncio.timeout(10), repeated("Counting", work, 0.001):
        await enough.wait()
    assert failures() == before + 2
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "Counting failed; it is tried again" in caplog.text
    assert "ValueError: surprise" in caplog.text
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "Counting"]
