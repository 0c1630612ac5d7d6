"""What of an outage is told, and how often."""

import logging

import pytest

from bridge.directory.outages import REMIND_S, Outages
from bridge.errors import ItflowFailing, ItflowUnreachable, KeyRefused

UNREACHABLE, FAILING, REFUSED = ItflowUnreachable("no route"), ItflowFailing("500"), KeyRefused("401")

# Each step: seconds later, whose pull, its failure or None, and what is told: a level and whom it names, or nothing.
CASES = [
    pytest.param(
        [
            (0, "money", UNREACHABLE, "WARNING Invoices"),
            (1, "people", UNREACHABLE, "WARNING Clients"),
            (1, "people", UNREACHABLE, ""),
            (1, "money", UNREACHABLE, ""),
            (1, "people", None, "INFO Clients"),
            (1, "money", None, "INFO Invoices"),
        ],
        id="names are not hidden behind money",
    ),
    pytest.param(
        [
            (0, "people", UNREACHABLE, "WARNING Clients"),
            (1, "money", UNREACHABLE, ""),
            (1, "people", None, "INFO Clients"),
            (1, "money", UNREACHABLE, "WARNING Invoices"),
            (1, "money", None, "INFO Invoices"),
        ],
        id="money is told once it fails alone",
    ),
    pytest.param(
        [
            (0, "people", UNREACHABLE, "WARNING Clients"),
            (1, "money", REFUSED, "ERROR Invoices"),
            (1, "money", UNREACHABLE, ""),
            (1, "money", REFUSED, ""),
        ],
        id="money that fails otherwise is told",
    ),
    pytest.param(
        [
            (0, "people", UNREACHABLE, "WARNING Clients"),
            (1, "people", FAILING, "WARNING Clients"),
            (1, "people", UNREACHABLE, ""),
            (1, "people", FAILING, ""),
        ],
        id="a failure that changes to and fro is told once each",
    ),
    pytest.param(
        [
            (0, "people", REFUSED, "ERROR Clients"),
            (REMIND_S - 1, "people", REFUSED, ""),
            (1, "people", REFUSED, "ERROR Clients"),
            (1, "people", REFUSED, ""),
            (REMIND_S, "people", REFUSED, "ERROR Clients"),
        ],
        id="a reminder every hour",
    ),
    pytest.param(
        [
            (0, "people", UNREACHABLE, "WARNING Clients"),
            (1, "people", None, "INFO Clients"),
            (1, "people", UNREACHABLE, "WARNING Clients"),
        ],
        id="a new outage is told anew",
    ),
    pytest.param([(0, "people", None, ""), (0, "money", None, "")], id="what works is not told"),
]


@pytest.mark.parametrize("steps", CASES)
def test_what_is_told(steps: list[tuple[float, str, Exception | None, str]], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.directory.outages")
    now = 1_000.0
    outages = Outages(lambda: now)
    failing: dict[str, bool] = {}
    for later_s, kind, failure, told in steps:
        now += later_s
        failing[kind] = failure is not None
        if failure is None:
            outages.worked(kind)
        else:
            outages.failed(kind, failure)
        said = [f"{record.levelname} {record.message}" for record in caplog.records]
        assert len(said) == bool(told), said
        assert not told or said[0].startswith(told)
        assert bool(outages) is any(failing.values())
        caplog.clear()
