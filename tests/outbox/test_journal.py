"""The journal's promises, one by one."""

import datetime as dt
from dataclasses import replace

import pytest

from bridge.clock import Moment
from bridge.errors import NotFound
from bridge.outbox.journal import LOOKS, Journal, State
from bridge.outbox.request import read


class Clock:
    """Goes only when told."""

    def __init__(self):
        self.now = Moment(dt.datetime(2026, 11, 27, tzinfo=dt.UTC), 1000.0, "boot-1")

    def __call__(self):
        return self.now

    def goes(self, seconds, *, wall_s=None, boot=None):
        at = self.now.at + dt.timedelta(seconds=seconds if wall_s is None else wall_s)
        if boot:
            self.now = Moment(at, seconds, boot)
        else:
            self.now = replace(self.now, at=at, uptime_s=self.now.uptime_s + seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(database, clock):
    return Journal(database, clock)


@pytest.fixture
def entry(journal):
    return journal.accept(1, read({"name": "PC-1"}), "pbx", 600)


def test_only_one_of_two_may_send(journal, entry):
    assert journal.claim(entry, 60) == 1
    assert journal.claim(entry, 60) is None
    claimed = journal.get(entry.id)
    assert (claimed.sends, claimed.lost, claimed.repeat_in_s) == (1, {1}, 60)


def test_each_sending_has_its_number_until_it_is_accounted_for(journal, entry):
    journal.claim(entry, 60)
    assert journal.claim(journal.get(entry.id), 60) == 2
    journal.account(entry.id, {1})
    assert journal.get(entry.id).lost == {2}
    journal.account(entry.id, {2})
    assert journal.claim(journal.get(entry.id), 60) == 3


@pytest.mark.parametrize("wall_s", [-86400, 0, 3600, 400 * 86400])
def test_waits_end_by_the_time_since_the_start_whatever_the_clock_does(journal, clock, entry, wall_s):
    journal.claim(entry, 60)
    journal.defer(journal.get(entry.id), "lost", 5, 30)
    clock.goes(4, wall_s=wall_s)
    assert (journal.get(entry.id).due_in_s, journal.get(entry.id).repeat_in_s) == (1, 26)
    clock.goes(26, wall_s=wall_s)
    assert (journal.get(entry.id).due_in_s, journal.get(entry.id).repeat_in_s) == (0, 0)


def test_after_another_start_of_the_machine_all_is_looked_at_and_the_wait_of_a_sending_begins_again(
    journal, clock, entry
):
    journal.claim(entry, 3000)
    clock.goes(3, boot="boot-2")
    assert (journal.get(entry.id).due_in_s, journal.get(entry.id).repeat_in_s) == (0, None)
    for later in (
        lambda: journal.defer(journal.get(entry.id), "ITFlow cannot be reached", 5),
        lambda: journal.refused(journal.get(entry.id), "given up"),
        lambda: journal.looked(journal.get(entry.id)),
        lambda: journal.retry([entry.id]),
    ):
        later()  # which knows nothing of that sending
        assert journal.get(entry.id).repeat_in_s is None
    journal.defer(journal.get(entry.id), "lost", 5, 30)
    assert (journal.get(entry.id).due_in_s, journal.get(entry.id).repeat_in_s) == (5, 30)


def test_what_is_given_up_and_tried_again_waits_as_long_as_before(journal, clock, entry):
    """A note was sent again at once, while ITFlow still held the first."""
    journal.claim(entry, 3000)
    journal.refused(journal.get(entry.id), "given up")
    journal.looked(journal.get(entry.id))
    clock.goes(10)
    journal.retry([entry.id])
    assert journal.get(entry.id).repeat_in_s == 2990


def test_a_delay_leaves_the_wait_of_a_sending_as_it_is(journal, entry):
    journal.claim(entry, 60)
    journal.defer(entry, "ITFlow is down", 5)
    assert journal.get(entry.id).repeat_in_s == 60


def test_only_the_oldest_pending_of_each_client_may_go(journal, entry):
    journal.accept(1, read({"name": "PC-2"}), "pbx", 600)
    other = journal.accept(2, read({"name": "PC-3"}), "pbx", 600)
    assert [head.id for head in journal.heads()] == [entry.id, other.id]
    journal.added(entry, 5)
    assert [head.name for head in journal.heads()] == ["PC-2", "PC-3"]


@pytest.mark.parametrize("wall_s", [-900, 0, 900, 400 * 86400])
@pytest.mark.parametrize(("seconds", "same"), [(0, True), (599, True), (600, False)])
def test_the_same_request_is_one_within_the_window_whatever_the_clock_does(
    journal, clock, entry, seconds, same, wall_s
):
    journal.added(entry, 5)
    clock.goes(seconds, wall_s=wall_s)
    assert (journal.accept(1, read({"name": "PC-1"}), "pbx", 600).id == entry.id) == same


def test_what_is_still_pending_is_the_same_however_long_ago_it_was_asked_for(journal, clock, entry):
    clock.goes(86400)
    assert journal.accept(1, read({"name": "PC-1"}), "pbx", 600).id == entry.id


def test_a_refused_asset_sent_again_is_a_new_one(journal, entry):
    journal.refused(entry, "no")
    again = journal.accept(1, read({"name": "PC-1"}), "pbx", 600)
    assert (again.id != entry.id, again.state) == (True, State.PENDING)
    assert journal.get(entry.id).reason == "no"


def test_one_that_was_given_up_and_may_still_arrive_is_taken_up_again(journal, entry):
    journal.claim(entry, 60)
    journal.refused(entry, "Given up")
    again = journal.accept(1, read({"name": "PC-1"}), "pbx", 600)
    assert (again.id, again.state, again.lost) == (entry.id, State.PENDING, {1})


def test_what_was_added_stays_added_under_its_first_id(journal, entry):
    journal.claim(entry, 60)
    journal.added(entry, 5)
    journal.added(entry, 6, 1)
    journal.refused(entry, "no")
    settled = journal.get(entry.id)
    assert (settled.state, settled.itflow_id, settled.lost) == (State.ADDED, 5, {1})


def test_a_lost_sending_is_watched_ever_more_seldom_and_then_let_go(journal, entry):
    journal.claim(entry, 60)
    journal.added(entry, 5)
    waits_s = []
    while journal.watched():
        (watched,) = journal.watched()
        waits_s.append(watched.due_in_s)
        journal.looked(watched)
    assert waits_s[:4] == [0, 1, 2, 4]
    assert (len(waits_s), max(waits_s)) == (LOOKS, 3600)
    assert sum(waits_s) > 7 * 86400


def test_a_dropped_entry_is_gone(journal, entry):
    assert journal.drop([entry.id]) == 1
    assert journal.claim(entry, 60) is None
    with pytest.raises(NotFound, match="journal list"):
        journal.get(entry.id)
