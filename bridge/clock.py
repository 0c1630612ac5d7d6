"""Moments whose age does not depend on the wall clock going evenly.

A wall clock is set, steps and drifts; a small appliance begins in 1970 until its time server answers. So a moment
carries the time since the machine's start too (Linux' CLOCK_BOOTTIME, which goes on while the machine sleeps), and
which start that was. Within one start of the machine an age is exact, whatever the wall clock did.
"""

from __future__ import annotations

import datetime as dt
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str:
    """Names this start of the machine; empty where the system has no such name."""
    with suppress(OSError):
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return ""


def uptime_s() -> float:
    """Seconds since the machine started, sleep included where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time that another process, or this one after a restart, can tell the age of.

    Attributes:
        at: The wall clock's time (UTC), for people.
        uptime_s: Seconds since the machine's start.
        boot: Which start; empty where that is not known.
    """

    at: dt.datetime
    uptime_s: float = 0.0
    boot: str = ""

    @classmethod
    def now(cls) -> Self:
        """This moment."""
        return cls(dt.datetime.now(dt.UTC), uptime_s(), boot_id())

    @classmethod
    def read(cls, text: str) -> Self:
        """What ``str`` made; a time without the rest counts by the wall clock."""
        at, _, rest = text.partition(" ")
        seconds, _, boot = rest.partition(" ")
        return cls(dt.datetime.fromisoformat(at), float(seconds or 0), boot)

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.uptime_s:.3f} {self.boot}".rstrip()

    @property
    def age_s(self) -> float:
        """Seconds since then, never negative."""
        return self.age_at(type(self).now())

    def age_at(self, now: Self) -> float:
        """Seconds between this moment and a later one, never negative.

        After a restart of the machine only the wall clock can tell; but the moment is at least as old as this start.
        """
        if self.boot and self.boot == now.boot:
            return max(0.0, now.uptime_s - self.uptime_s)
        least_s = now.uptime_s if self.boot and now.boot else 0.0
        return max(least_s, (now.at - self.at).total_seconds())
