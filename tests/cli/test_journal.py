"""journal list, retry, drop, as an operator uses them."""

import pytest

from bridge.outbox import contact, note, ticket
from bridge.outbox.journal import Journal, State
from bridge.outbox.request import read
from bridge.storage import Database


@pytest.fixture
def journal(tmp_path):
    database = Database(tmp_path / "bridge.db")
    yield Journal(database)
    database.close()


@pytest.fixture
def entries(journal):
    pending, refused, added = (journal.accept(1, read({"name": name}), "pbx", 1) for name in ("one", "two", "three"))
    journal.refused(refused, "ITFlow does not want [red]it[/red]")
    journal.added(added, 77)
    return pending, refused, added


@pytest.mark.usefixtures("entries")
def test_list_shows_what_became_of_each(command):
    listed = command("journal", "list")
    for part in ("one", "pending", "two", "refused", "does not want [red]it[/red]", "three", "added", "77", "pbx"):
        assert part in listed
    assert "one" not in command("journal", "list", "--state", "refused")


def test_list_shows_every_kind(command, journal):
    journal.accept(1, contact.read({"name": "Ann", "email": "ann@x.example"}, asked_in="US"), "pbx", 1)
    journal.accept(1, ticket.read({"subject": "Printer"}), "pbx", 1)
    journal.accept(1, note.read({"ticket_id": 7, "text": "Called"}), "pbx", 1)
    listed = command("journal", "list")
    for part in ("contact", "Ann", "ticket", "Printer", "note on ticket 7"):
        assert part in listed


def test_refused_ones_are_tried_again(command, journal, entries):
    assert "1 to be tried again" in command("journal", "retry", "--all")
    assert journal.get(entries[1].id).state is State.PENDING


def test_what_is_added_can_neither_be_tried_again_nor_dropped(command, journal, entries):
    ids = [str(entry.id) for entry in entries]
    assert "2 to be tried again" in command("journal", "retry", *ids)
    assert "2 dropped" in command("journal", "drop", *ids)
    assert [entry.name for entry in journal.entries()] == ["three"]


def test_ids_or_all_must_be_named(command):
    assert "--all" in command("journal", "drop", fails=True)
