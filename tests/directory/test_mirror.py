import asyncio
import datetime as dt
import json

import pytest

from bridge.directory.entries import Client
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotReady

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def test_without_a_snapshot_it_is_not_ready() -> None:
    mirror = Mirror()
    assert not mirror.ready
    with pytest.raises(NotReady, match="itflow-bridge check"):
        _ = mirror.snapshot
    assert mirror.status(NOW)["people_age_s"] is None


def test_status_can_be_sent_as_json() -> None:
    snapshot = Snapshot.build(clients=[Client(1, "Acme")])
    freshness = Freshness(
        people_at=NOW - dt.timedelta(seconds=59.9),
        money_at=NOW + dt.timedelta(seconds=5),
        doubts={"contacts": "why"},
        rows={"clients": 1},
        payments="dropin",
    )
    status = json.loads(json.dumps(Mirror(snapshot, freshness).status(NOW)))
    assert status == {
        "ready": True,
        "version": snapshot.version,
        "people_at": "2026-11-22T11:59:00+00:00",
        "people_age_s": 59,
        "money_at": "2026-11-22T12:00:05+00:00",
        "money_age_s": 0,  # a clock that was set back makes nothing younger than now
        "doubts": {"contacts": "why"},
        "unreadable": {},
        "faults": {},
        "rows": {"clients": 1},
        "payments": "dropin",
        "generation": None,
    }


async def test_everybody_who_waits_is_told_of_a_swap() -> None:
    mirror = Mirror()
    waiting = [asyncio.create_task(mirror.wait_for(lambda mirror: mirror.ready)) for _ in range(3)]
    await asyncio.sleep(0)
    mirror.swap(None, Freshness())
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    snapshot = Snapshot.build()
    mirror.swap(snapshot, Freshness())
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    mirror.swap(None, Freshness(people_at=NOW))
    assert mirror.snapshot is snapshot
    assert mirror.freshness.people_at == NOW
