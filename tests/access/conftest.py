"""A ``bridge.db``, and the keys in it."""

import pytest

from bridge.access.keys import Keys
from bridge.settings import load
from bridge.storage import Database


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "bridge.db")
    yield database
    database.close()


@pytest.fixture
def keys(database):
    return Keys(database, load())
