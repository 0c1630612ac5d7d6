"""Ages hold whatever the wall clock does."""

import datetime as dt

import pytest

from bridge.clock import Moment, boot_id, uptime_s

NOW = dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("wall", [dt.timedelta(hours=-3), dt.timedelta(0), dt.timedelta(days=400)])
def test_within_one_start_of_the_machine_the_wall_clock_does_not_count(wall: dt.timedelta) -> None:
    moment = Moment(NOW + wall, uptime_s() - 5, boot_id())
    assert 5 <= moment.age_s < 60


def test_a_moment_before_the_machine_started_is_at_least_as_old_as_that() -> None:
    assert Moment(NOW + dt.timedelta(days=9), 5, "another start").age_s >= uptime_s() - 5
    assert Moment(NOW - dt.timedelta(days=9), 5, "another start").age_s >= 9 * 86400


def test_a_wall_clock_that_was_set_back_makes_nothing_younger_than_now() -> None:
    assert Moment(NOW + dt.timedelta(days=9)).age_s == 0


def test_what_is_written_is_read_again() -> None:
    moment = Moment.now()
    assert Moment.read(str(moment)).at == moment.at
    assert Moment.read(str(moment)).uptime_s == pytest.approx(moment.uptime_s, abs=0.001)
    assert Moment.read(str(moment)).boot == moment.boot
    assert Moment.read("2026-11-27T18:16:13.236892+00:00").boot == ""
