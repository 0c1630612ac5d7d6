"""When keys were used is kept without holding up an answer."""

import sqlite3
from contextlib import closing

import pytest

from bridge.access.keys import Options
from bridge.errors import StorageError


def test_what_cannot_be_stored_is_stored_later(keys, database):
    keys.add("pbx", Options())
    uses = keys.uses
    uses.note("pbx", "used", "192.0.2.1")
    with closing(sqlite3.connect(database.path)) as other, other:
        other.execute("ALTER TABLE key_uses RENAME TO away")
    with pytest.raises(StorageError):
        uses.flush()
    uses.note("pbx", "used", "192.0.2.2")
    uses.note("pbx", "refused", None)
    with pytest.raises(StorageError):
        uses.flush()
    with closing(sqlite3.connect(database.path)) as other, other:
        other.execute("ALTER TABLE away RENAME TO key_uses")
    other.close()
    uses.flush()
    stored = uses.all()
    assert (stored["pbx", "used"].address, stored["pbx", "used"].times) == ("192.0.2.2", 2)
    assert (stored["pbx", "refused"].address, stored["pbx", "refused"].times) == ("", 1)


def test_uses_of_keys_that_are_gone_are_forgotten(keys):
    keys.add("pbx", Options())
    keys.uses.note("pbx", "used", "192.0.2.1")
    keys.uses.note("gone", "used", "192.0.2.1")
    keys.uses.flush()
    assert set(keys.uses.all()) == {("pbx", "used")}
