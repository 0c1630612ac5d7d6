"""What ``/metrics`` says of the state, put together when it is asked for."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterator, Mapping

from aiohttp import web
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from bridge import version
from bridge.access.keys import Keys
from bridge.directory.mirror import Mirror
from bridge.health import Health, Status, worst
from bridge.http.state import HEALTH, KEYS, MIRROR, SETTINGS
from bridge.settings import Settings
from bridge.storage import free_bytes


def figures(app: web.Application) -> Iterator[Metric]:
    """Every metric of the state."""
    yield InfoMetricFamily(
        "itflow_bridge_build",
        "The release that runs",
        value={"version": version(), "python_version": platform.python_version()},
    )
    yield from _health(app[HEALTH])
    yield from _mirror(app[MIRROR])
    yield from _keys(app[KEYS])
    yield from _storage(app[SETTINGS])


def _health(health: Health) -> Iterator[Metric]:
    found = health.findings()
    standing = worst(found)
    yield _gauge(
        "status", "How the bridge stands: 1 for the one that holds", "status",
        {str(status): float(status is standing) for status in Status},
    )  # fmt: skip
    findings = GaugeMetricFamily(
        "itflow_bridge_findings",
        "What is not as it should be; see /readyz for the reasons",
        labels=["about", "status"],
    )
    for about, status in dict.fromkeys((finding.about, str(finding.status)) for finding in found):
        findings.add_metric([about, status], 1)
    yield findings


def _mirror(mirror: Mirror) -> Iterator[Metric]:
    freshness = mirror.freshness
    yield GaugeMetricFamily("itflow_bridge_mirror_ready", "Whether there is a mirror to answer from", mirror.ready)
    ages = {"people": freshness.people_age_s, "money": freshness.money_age_s}
    yield _gauge(
        "mirror_age_seconds", "Age of what is answered", "kind",
        {kind: float(age) for kind, age in ages.items() if age is not None},
    )  # fmt: skip
    yield _gauge("mirror_rows", "Known rows, archived ones too", "module", dict(freshness.rows))
    for name, what, found in (
        ("doubts", "Modules of which ITFlow shows what is not believed", freshness.doubts),
        ("faults", "Modules whose last pull failed", freshness.faults),
        ("gaps", "Modules that ITFlow's key may not read", freshness.unreadable),
    ):
        yield _gauge(f"mirror_{name}", what, "module", dict.fromkeys(found, 1.0))
    yield InfoMetricFamily(
        "itflow_bridge_mirror",
        "What the mirror holds",
        value={
            "version": mirror.current.version if mirror.current else "",
            "generation": freshness.generation,
            "payments": freshness.payments,
        },
    )
    yield CounterMetricFamily(
        "itflow_bridge_sync_deaths", "How often the process that pulls has ended", mirror.puller.ended
    )


def _keys(keys: Keys) -> Iterator[Metric]:
    now = dt.datetime.now(dt.UTC)
    states = dict.fromkeys(("live", "expired", "revoked"), 0.0) | {"unreadable": float(len(keys.unreadable))}
    for key in keys.all():
        live = key.live(now)
        states["live" if live else "revoked" if key.revoked_at else "expired"] += 1
    yield _gauge("keys", "The bridge's own keys", "state", states)


def _storage(settings: Settings) -> Iterator[Metric]:
    path = settings.storage.path
    left = free_bytes(path)
    if left is not None:
        yield GaugeMetricFamily("itflow_bridge_storage_free_bytes", "What the disk of bridge.db has left", left)
    sizes = {}
    for part in ("", "-wal"):
        file = path.with_name(path.name + part)
        sizes[part.removeprefix("-") or "db"] = float(file.stat().st_size) if file.exists() else 0.0
    yield _gauge("storage_bytes", "Size of bridge.db and of its log", "file", sizes)


def _gauge(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"itflow_bridge_{name}", what, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
