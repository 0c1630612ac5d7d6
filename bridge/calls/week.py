"""A week of calls in figures: how many came in each hour, answered, missed, named, and how long they waited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from bridge.calls.event import Direction
from bridge.calls.rows import Logged

DAYS = 7
HOURS = 24


@dataclass(slots=True)
class Count:
    """Calls from outside within some time; those that are neither answered nor missed are up, or their end is lost."""

    calls: int = 0
    answered: int = 0
    missed: int = 0
    named: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """One week.

    Attributes:
        monday: Its first day.
        hours: By day (Monday is 0) and hour, in the time zone of ``week``'s argument.
        total: Of the whole week.
        waited_s: Median time until somebody answered; None where nobody did.
        waited_most_s: Nine of ten callers were answered within this time; None where nobody was.
    """

    monday: dt.date
    hours: tuple[tuple[Count, ...], ...]
    total: Count
    waited_s: float | None
    waited_most_s: float | None

    def day(self, place: int) -> Count:
        """A day's sum; Monday is 0."""
        return _sum(self.hours[place])

    def hour(self, hour: int) -> Count:
        """An hour's sum over all days."""
        return _sum(day[hour] for day in self.hours)


def week(calls: Iterable[Logged], monday: dt.date, zone: dt.tzinfo | None = None) -> Week:
    """Count the calls from outside of a week.

    Args:
        calls: Any; those of other weeks and directions are passed over.
        monday: Its first day.
        zone: Whose days and hours are meant; None for this machine's.
    """
    hours = tuple(tuple(Count() for _ in range(HOURS)) for _ in range(DAYS))
    waits = []
    for logged in calls:
        begun = logged.call.started.astimezone(zone)
        day = (begun.date() - monday).days
        if logged.call.direction is not Direction.IN or not 0 <= day < DAYS:
            continue
        count = hours[day][begun.hour]
        count.calls += 1
        count.answered += logged.call.answered is not None
        count.missed += logged.call.missed
        count.named += bool(logged.party.name)
        if logged.call.answered is not None:
            waits.append((logged.call.answered - logged.call.started).total_seconds())
    waits.sort()
    return Week(
        monday=monday,
        hours=hours,
        total=_sum(count for day in hours for count in day),
        waited_s=median(waits) if waits else None,
        waited_most_s=waits[min(len(waits) - 1, len(waits) * 9 // 10)] if waits else None,
    )


def _sum(counts: Iterable[Count]) -> Count:
    total = Count()
    for count in counts:
        total.calls += count.calls
        total.answered += count.answered
        total.missed += count.missed
        total.named += count.named
    return total
