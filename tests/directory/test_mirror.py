import asyncio
import datetime as dt
import json

import pytest

from bridge.clock import Moment
from bridge.directory.entries import Client
from bridge.directory.mirror import Freshness, Mirror
from bridge.directory.snapshot import Snapshot
from bridge.errors import NotReady

NOW = dt.datetime.now(dt.UTC)


def test_without_a_snapshot_it_is_not_ready() -> None:
    mirror = Mirror()
    assert not mirror.ready
    with pytest.raises(NotReady, match="itflow-bridge check"):
        _ = mirror.snapshot
    assert mirror.status()["people_age_s"] is None


def test_status_can_be_sent_as_json() -> None:
    snapshot = Snapshot.build(clients=[Client(1, "Acme")])
    now = dt.datetime.now(dt.UTC)
    freshness = Freshness(
        people_at=Moment(now - dt.timedelta(seconds=59)),
        money_at=Moment(now + dt.timedelta(hours=5)),
        doubts={"contacts": "why"},
        rows={"clients": 1},
        payments="dropin",
    )
    status = json.loads(json.dumps(Mirror(snapshot, freshness).status()))
    assert status["people_age_s"] in {59, 60}
    assert status == {
        "ready": True,
        "version": snapshot.version,
        "people_at": (now - dt.timedelta(seconds=59)).isoformat(timespec="seconds"),
        "people_age_s": status["people_age_s"],
        "money_at": (now + dt.timedelta(hours=5)).isoformat(timespec="seconds"),
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
    mirror.swap(None, Freshness(people_at=Moment(NOW)))
    assert mirror.snapshot is snapshot
    assert mirror.freshness.people_at == Moment(NOW)
