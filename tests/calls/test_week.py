"""A week of calls in figures."""

import datetime as dt

from bridge.calls.call import call_of
from bridge.calls.event import Cause, Direction, Event, What
from bridge.calls.party import Party
from bridge.calls.rows import Logged
from bridge.calls.week import Count, week

MONDAY = dt.date(2026, 11, 23)
ZONE = dt.timezone(dt.timedelta(hours=1))


def logged(begun: str, *, waits_s: float | None = 5, name: str = "", direction: Direction = Direction.IN) -> Logged:
    """A call that is answered after a time, or by nobody."""
    at = dt.datetime.fromisoformat(begun)

    def event(what: What, after_s: float, cause: Cause | None = None) -> Event:
        when = at + dt.timedelta(seconds=after_s)
        return Event(source="x", call_id=begun, what=what, at=when, direction=direction, extension="1", cause=cause)

    events = [event(What.BEGAN, 0), event(What.RUNG, 0)]
    if waits_s is None:
        events.append(event(What.ENDED, 30, Cause.CANCELLED))
    else:
        events += [event(What.ANSWERED, waits_s), event(What.ENDED, 90, Cause.NORMAL)]
    return Logged(1, 1, call_of(events), Party(name=name))


def test_days_and_hours_are_those_of_the_zone() -> None:
    made = week([logged("2026-11-23T00:30:00+01:00"), logged("2026-11-29T22:59:59+00:00")], MONDAY, ZONE)
    assert made.hours[0][0].calls == 1
    assert made.hours[6][23].calls == 1
    assert made.total.calls == 2


def test_other_weeks_and_directions_do_not_count() -> None:
    calls = [
        logged("2026-11-22T22:59:59+00:00"),
        logged("2026-11-29T23:00:00+00:00"),
        logged("2026-11-24T10:00:00+00:00", direction=Direction.OUT),
        logged("2026-11-24T10:00:00+00:00", direction=Direction.INTERNAL),
    ]
    made = week(calls, MONDAY, ZONE)
    assert made.total == Count()
    assert made.waited_s is None
    assert made.waited_most_s is None


def test_what_became_of_calls() -> None:
    calls = [
        logged("2026-11-24T09:00:00+00:00", waits_s=4, name="Ann"),
        logged("2026-11-24T09:10:00+00:00", waits_s=8),
        logged("2026-11-24T09:20:00+00:00", waits_s=60),
        logged("2026-11-24T09:30:00+00:00", waits_s=None, name="Bob"),
    ]
    made = week(calls, MONDAY, ZONE)
    assert made.hours[1][10] == Count(calls=4, answered=3, missed=1, named=2)
    assert made.day(1) == made.hour(10) == made.total == made.hours[1][10]
    assert (made.waited_s, made.waited_most_s) == (8, 60)
