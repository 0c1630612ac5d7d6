"""How the bridge stands: one verdict for ``/readyz``, ``check``, metrics and the log.

========  ============================================================================================
ok        Everything works; advice may stand beside it, such as a key that expires soon.
doubtful  ITFlow shows something that is not believed, or a key cannot be read; the rest follows ITFlow.
stale     What is answered is older than ``sync.stale_s``.
failing   Somebody has to do something: nothing to answer from, ITFlow refuses its key, the disk is
          full, no key opens anything.
========  ============================================================================================

Names are answered in all of these, as long as there are any: a call must ring.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import NamedTuple

from bridge.access.background import repeated
from bridge.access.keys import WARN_BEFORE, Keys, expiry
from bridge.clock import uptime_s
from bridge.directory.mirror import Freshness, Mirror
from bridge.settings import Settings, SyncSection
from bridge.storage import Watch, lack_of_room

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 5.0
REMIND_S = 3600.0
# A child that ended so often in a row does not come back by itself.
DEATHS = 3

NO_KEY = "There is no key yet, so nobody can ask. Make one: itflow-bridge keys add pbx"

# Failures of a pull that do not pass by themselves, and what to do.
_LASTING = {
    "KeyRefused": (
        "ITFlow refuses the API key: it is wrong, expired or deleted (an update to 26.08 deletes all keys).",
        "Make a key in ITFlow (Admin > API keys), set itflow.api_key, and restart the bridge.",
    ),
    "NotItflow": (
        "What answers at itflow.url is not ITFlow's API: a login page, a redirect or a proxy.",
        "`itflow-bridge check` says what it is. Let /api/v1/ pass without a login, or correct itflow.url.",
    ),
    "StorageError": (
        "What was pulled cannot be stored in bridge.db.",
        "The log says why: look at the disk, and at the rights of the folder.",
    ),
}


class Status(IntEnum):
    """How a thing stands, the worse the higher."""

    OK = 0
    DOUBTFUL = 1
    STALE = 2
    FAILING = 3

    def __str__(self) -> str:
        return self.name.lower()


class Finding(NamedTuple):
    """One thing that is not as it should be, or that somebody should know.

    Attributes:
        status: How bad it is; ok for advice.
        about: What it is about: ``mirror``, ``invoices``, ``itflow``, ``disk``, ``keys``, ``key NAME``, …
        reason: What is known.
        remedy: What to do.
        logged: The log hears of it elsewhere.
    """

    status: Status
    about: str
    reason: str
    remedy: str = ""
    logged: bool = True

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy}".strip()

    def as_json(self) -> dict[str, str]:
        """In words that JSON can carry."""
        return {"status": str(self.status), "about": self.about, "reason": self.reason, "remedy": self.remedy}


def worst(findings: Iterable[Finding]) -> Status:
    """The status of all of them together."""
    return max((finding.status for finding in findings), default=Status.OK)


def of_mirror(freshness: Freshness, section: SyncSection, *, ready: bool) -> Iterator[Finding]:
    """What is stale, doubtful, missing or limited in the mirror."""
    if not ready:
        yield Finding(
            Status.FAILING,
            "mirror",
            "Nothing has been read from ITFlow yet, so nothing can be answered.",
            "`itflow-bridge check` says what is missing, and `itflow-bridge sync` reads it now.",
        )
    for about, what, age_s, interval_s in (
        ("mirror", "Clients and contacts", freshness.people_age_s, section.interval_s),
        ("invoices", "Invoices and payments", freshness.money_age_s, section.money_interval_s),
    ):
        limit_s = max(section.stale_s, 2 * interval_s)
        if age_s is not None and age_s > limit_s:
            yield Finding(
                Status.STALE,
                about,
                f"{what} are {lasting(age_s)} old (setting sync.stale_s: {lasting(limit_s)}).",
                "See whether the bridge runs, and what `itflow-bridge check` says of ITFlow.",
                logged=False,
            )
    for module, doubt in freshness.doubts.items():
        yield Finding(Status.DOUBTFUL, module, doubt)
    for module, fault in freshness.faults.items():
        yield Finding(Status.OK, module, fault, "It is tried again.")
    for module, gap in freshness.unreadable.items():
        yield Finding(Status.OK, module, gap)
    if ready and freshness.rows.get("clients") == 1:
        yield Finding(
            Status.OK,
            "clients",
            "ITFlow shows one client only.",
            "If it has more, its API key is limited: make one for all clients (Admin > API keys).",
        )


def of_pulls(mirror: Mirror) -> Iterator[Finding]:
    """What keeps the bridge from pulling and does not pass by itself."""
    for kind in dict.fromkeys(mirror.puller.failing.values()):
        if kind in _LASTING:
            reason, remedy = _LASTING[kind]
            yield Finding(Status.FAILING, "storage" if kind == "StorageError" else "itflow", reason, remedy)
    if mirror.puller.deaths >= DEATHS:
        yield Finding(
            Status.FAILING, "sync", "The process that pulls ITFlow ends again and again.", "The log says how it ended."
        )


def of_keys(keys: Keys) -> Iterator[Finding]:
    """Whether anybody can ask, and which keys need care."""
    found, now = keys.all(), dt.datetime.now(dt.UTC)
    if not found and not keys.unreadable:
        yield Finding(Status.OK, "keys", NO_KEY)
    elif not any(key.live(now) for key in found):
        yield Finding(
            Status.FAILING,
            "keys",
            "Every key is revoked, expired or unreadable, so nobody can ask.",
            "Make another: itflow-bridge keys add pbx",
            logged=False,
        )
    for name, reason in keys.unreadable.items():
        yield Finding(Status.DOUBTFUL, f"key {name}", f"It opens nothing: {reason}.", "Revoke it, and add it again.")
    for key, left in keys.expiring():
        if left <= WARN_BEFORE:
            yield Finding(Status.OK, f"key {key.name}", f"It expires in {expiry(key, left)}")


def of_disk(lack: str) -> Iterator[Finding]:
    """What ``lack_of_room`` has found."""
    if lack:
        yield Finding(
            Status.FAILING,
            "disk",
            lack,
            "Make room; until then nothing new is stored, and assets are refused.",
            logged=False,
        )


def lasting(seconds: float) -> str:
    """A duration for people: the two largest units."""
    left, parts = int(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= length:
            parts.append(f"{left // length} {unit}")
            left %= length
    return " ".join(parts[:2]) or "0 s"


class Telling:
    """Tells the log what nobody else tells it: when it begins, every hour while it lasts, and when it ends.

    Args:
        clock: Seconds that go evenly.
    """

    def __init__(self, clock: Callable[[], float] = uptime_s) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, str]] = {}

    def tell(self, findings: Iterable[Finding]) -> None:
        """Log what has changed.

        Args:
            findings: All there are now.
        """
        now = self._clock()
        current = {finding.about: finding for finding in findings if not finding.logged}
        for about, finding in current.items():
            if about not in self._told or now - self._told[about][0] >= REMIND_S:
                log.log(logging.ERROR if finding.status is Status.FAILING else logging.WARNING, "%s", finding)
                self._told[about] = now, finding.reason
        for about in self._told.keys() - current.keys():
            log.info("This has ended: %s", self._told.pop(about)[1])


class Health:
    """Looks every few seconds how a running bridge stands, and tells the log what nobody else tells it.

    Args:
        settings: The settings.
        mirror: What is answered from.
        keys: Who may ask.
        watch: What is wrong with the file.

    Attributes:
        lack: Why the disk takes no more; see ``lack_of_room``.
    """

    def __init__(self, settings: Settings, mirror: Mirror, keys: Keys, watch: Watch) -> None:
        self.lack = ""
        self._settings = settings
        self._mirror = mirror
        self._keys = keys
        self._watch = watch
        self._telling = Telling()

    def apply(self, settings: Settings) -> None:
        """Judge by these settings from now on."""
        self._settings = settings

    def findings(self) -> list[Finding]:
        """Everything, the worst first."""
        mirror = self._mirror
        found = [
            *of_pulls(mirror),
            *of_mirror(mirror.freshness, self._settings.sync, ready=mirror.ready),
            *of_disk(self.lack),
            *of_keys(self._keys),
        ]
        if self._watch.fault:
            found.append(Finding(Status.FAILING, "storage", self._watch.fault))
        return sorted(found, key=lambda finding: -finding.status)

    async def look(self) -> None:
        """Look at the disk, and tell what has begun, still lasts after an hour, or has ended."""
        self.lack = await asyncio.to_thread(lack_of_room, self._settings.storage.path)
        self._telling.tell(self.findings())

    @asynccontextmanager
    async def kept_up(self, interval_s: float = LOOK_INTERVAL_S) -> AsyncIterator[None]:
        """Look again and again while the context lasts."""
        async with repeated("Looking how the bridge stands", self.look, interval_s):
            yield
