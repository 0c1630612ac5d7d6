"""A bridge.db that root's commands make is the service's, and one that bars the service is told as such."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.errors import StorageError
from bridge.storage import Database
from bridge.storage.rescue import rescue
from tests.counterparts import lacking

NOBODY = 65534


@pytest.fixture
def folder():
    """A folder of nobody's, that nobody can reach; pytest's own are root's alone."""
    if os.geteuid() != 0:
        lacking("Only root can give files away.")
    with tempfile.TemporaryDirectory() as made:
        os.chown(made, NOBODY, NOBODY)
        yield Path(made)


@contextmanager
def as_nobody():
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_the_file_that_root_makes_belongs_to_who_has_the_folder(folder):
    path = folder / "bridge.db"
    Database(path).close()
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY)
    with as_nobody():
        Database(path).close()


def test_a_file_of_somebody_else_is_told_with_what_to_do(folder):
    path = folder / "bridge.db"
    Database(path).close()
    os.chown(path, 0, 0)
    for opening in (Database, rescue):
        with as_nobody(), pytest.raises(StorageError, match="It belongs to root, and nobody may not") as told:
            opening(path)
        assert f"chown nobody: {path}" in str(told.value)
