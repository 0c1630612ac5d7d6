"""The journal's promises, one by one."""

import pytest

from bridge.assets.journal import State
from bridge.assets.request import read
from bridge.errors import NotFound


@pytest.fixture
def entry(journal):
    return journal.accept(1, read({"name": "PC-1"}), "pbx", 600)


def test_only_one_of_two_may_send(journal, entry):
    assert journal.claim(entry, {7})
    assert not journal.claim(entry, {7, 8})
    claimed = journal.get(entry.id)
    assert claimed.known_ids == {7}
    assert claimed.sent_at is not None


def test_what_looked_alike_before_the_first_sending_stays_known(journal, entry):
    journal.claim(entry, {7})
    journal.defer(entry, "lost", 0)
    assert journal.claim(journal.get(entry.id), {7, 8})
    assert journal.get(entry.id).known_ids == {7}


def test_a_request_that_never_left_leaves_no_trace(journal, entry):
    journal.claim(entry, {7})
    journal.not_sent(entry)
    again = journal.get(entry.id)
    assert (again.sent_at, again.known_ids) == (None, frozenset())
    journal.claim(again, {7, 8})
    assert journal.get(entry.id).known_ids == {7, 8}


def test_a_request_that_left_before_stays_sent(journal, entry):
    journal.claim(entry, {7})
    sent = journal.get(entry.id)
    journal.claim(sent, {7, 8})
    journal.not_sent(sent)
    again = journal.get(entry.id)
    assert (again.sent_at, again.known_ids) == (sent.sent_at, {7})


def test_only_the_oldest_pending_of_each_client_may_go(journal, entry):
    journal.accept(1, read({"name": "PC-2"}), "pbx", 600)
    other = journal.accept(2, read({"name": "PC-3"}), "pbx", 600)
    assert [head.id for head in journal.heads()] == [entry.id, other.id]
    journal.added(entry, 5)
    assert [head.name for head in journal.heads()] == ["PC-2", "PC-3"]


@pytest.mark.parametrize(("set_s", "same"), [(-900, False), (-60, True), (60, True), (900, False)])
def test_the_same_request_is_one_within_the_window_whichever_way_the_clock_was_set(journal, entry, set_s, same):
    with journal.database.write() as connection:
        connection.execute("UPDATE journal SET accepted_at = accepted_at - ?", (set_s,))
    assert (journal.accept(1, read({"name": "PC-1"}), "pbx", 600).id == entry.id) == same


def test_a_refused_asset_sent_again_is_a_new_one(journal, entry):
    journal.refused(entry, "no")
    again = journal.accept(1, read({"name": "PC-1"}), "pbx", 600)
    assert (again.id != entry.id, again.state) == (True, State.PENDING)
    assert journal.get(entry.id).reason == "no"


def test_a_dropped_entry_is_gone(journal, entry):
    assert journal.drop([entry.id]) == 1
    assert not journal.claim(entry, ())
    with pytest.raises(NotFound, match="journal list"):
        journal.get(entry.id)
