"""How the bridge stands: what makes it stale, doubtful or failing, and what the log hears of it."""

import datetime as dt
import logging

import pytest

from bridge.clock import Moment
from bridge.directory.mirror import Freshness, Mirror
from bridge.health import REMIND_S, Finding, Status, Telling, lasting, of_mirror, of_pulls, worst
from bridge.settings import SyncSection


def ago(seconds: float) -> Moment:
    return Moment(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds))


def fresh(people_s: float = 5, money_s: float | None = 5, **more: object) -> Freshness:
    money_at = None if money_s is None else ago(money_s)
    return Freshness(people_at=ago(people_s), money_at=money_at, **more)  # type: ignore[arg-type]  # Freshness' own fields


CASES = [
    (fresh, SyncSection(), True, Status.OK, set()),
    (Freshness, SyncSection(), False, Status.FAILING, {"mirror"}),
    (lambda: fresh(3595), SyncSection(), True, Status.OK, set()),
    (lambda: fresh(3605), SyncSection(), True, Status.STALE, {"mirror"}),
    (lambda: fresh(5, 3605), SyncSection(), True, Status.STALE, {"invoices"}),
    (lambda: fresh(5, None), SyncSection(), True, Status.OK, set()),
    (lambda: fresh(3605), SyncSection(interval_s=3600), True, Status.OK, set()),  # two intervals at least
    (lambda: fresh(7205), SyncSection(interval_s=3600), True, Status.STALE, {"mirror"}),
    (lambda: fresh(65), SyncSection(stale_s=60, interval_s=1), True, Status.STALE, {"mirror"}),
    (lambda: fresh(doubts={"contacts": "Half is gone."}), SyncSection(), True, Status.DOUBTFUL, {"contacts"}),
    (lambda: fresh(faults={"contacts": "It timed out."}), SyncSection(), True, Status.OK, {"contacts"}),
    (lambda: fresh(unreadable={"payments": "no such page"}), SyncSection(), True, Status.OK, {"payments"}),
    (lambda: fresh(rows={"clients": 1}), SyncSection(), True, Status.OK, {"clients"}),
    (lambda: fresh(rows={"clients": 2}), SyncSection(), True, Status.OK, set()),
]


@pytest.mark.parametrize(("freshness", "section", "ready", "status", "about"), CASES)
def test_the_mirror(freshness, section, ready, status, about):
    found = list(of_mirror(freshness(), section, ready=ready))
    assert (worst(found), {finding.about for finding in found}) == (status, about)


@pytest.mark.parametrize(
    ("kinds", "deaths", "about"),
    [
        ({}, 0, []),
        ({"people": "ItflowUnreachable", "money": "ItflowFailing"}, 2, []),  # these pass by themselves
        ({"people": "KeyRefused", "money": "KeyRefused"}, 0, ["itflow"]),
        ({"money": "NotItflow"}, 0, ["itflow"]),
        ({"people": "StorageError"}, 0, ["storage"]),
        ({}, 3, ["sync"]),
    ],
)
def test_the_pulls(kinds, deaths, about):
    mirror = Mirror()
    mirror.puller.failing, mirror.puller.deaths = kinds, deaths
    found = list(of_pulls(mirror))
    assert [finding.about for finding in found] == about
    assert all(finding.status is Status.FAILING and finding.remedy for finding in found)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_061, "1 d 1 h")]
)
def test_a_duration(seconds, text):
    assert lasting(seconds) == text


def test_what_lasts_is_told_at_once_hourly_and_at_its_end(caplog):
    now = 0.0
    telling = Telling(lambda: now)
    full = Finding(Status.FAILING, "disk", "The disk is full.", "Make room.", logged=False)
    old = Finding(Status.STALE, "mirror", "It is old.", logged=False)
    caplog.set_level(logging.INFO)

    def told(*findings: Finding) -> list[tuple[str, str]]:
        caplog.clear()
        telling.tell(findings)
        return [(record.levelname, record.getMessage()) for record in caplog.records]

    assert told(Finding(Status.DOUBTFUL, "contacts", "Told elsewhere.")) == []
    assert told(full) == [("ERROR", "The disk is full. Make room.")]
    assert told(full, old) == [("WARNING", "It is old.")]
    now = REMIND_S - 1
    assert told(full, old) == []
    now = REMIND_S
    assert told(full) == [("ERROR", "The disk is full. Make room."), ("INFO", "This has ended: It is old.")]
    assert told() == [("INFO", "This has ended: The disk is full.")]
