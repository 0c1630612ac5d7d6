"""Who opens ``bridge.db`` and who replaces it do not meet; nobody waits for another for ever, or without a word."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from bridge.errors import StorageError

log = logging.getLogger(__name__)

# Another process may be upgrading a large mirror.
WAIT_S = 120.0
# Shorter waits are not worth a word.
QUIET_S = 2.0
POLL_S = 0.05


class Hold(IntEnum):
    """How a file is held."""

    OPENING = fcntl.LOCK_SH
    REPLACING = fcntl.LOCK_EX


class Patience:
    """How long another program is waited for that has a file locked; it is told, once, that this happens.

    Args:
        path: The file.
        wait_s: The longest wait.
    """

    def __init__(self, path: Path, wait_s: float = WAIT_S) -> None:
        self._path = path
        self._wait_s = wait_s
        self._begun = time.monotonic()
        self._told = False

    def spend(self) -> None:
        """Say that it is still locked.

        Raises:
            StorageError: That has been so for too long.
        """
        passed_s = time.monotonic() - self._begun
        if passed_s >= self._wait_s:
            raise StorageError(
                f"{self._path} (setting storage.path) has been locked by another program for {passed_s:.0f} s. End "
                f"that one and try again; `fuser -v {self._path}` names it."
            )
        if passed_s >= QUIET_S and not self._told:
            self._told = True
            log.warning("%s is locked by another program; it is waited for, %.0f s at most.", self._path, self._wait_s)


@contextmanager
def holding(path: Path, hold: Hold, wait_s: float = WAIT_S) -> Iterator[None]:
    """Wait until nobody replaces a file, or, to replace it, until nobody opens it.

    The lock is on the folder: opening and closing the file itself would drop SQLite's own locks on it (POSIX). Where
    the file system has no such locks, nothing is held.

    Raises:
        OSError: The folder cannot be opened.
        StorageError: Another holds it for too long.
    """
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        patience = Patience(path, wait_s)
        while not _held(folder, hold):
            patience.spend()
            time.sleep(POLL_S)
        yield
    finally:
        os.close(folder)


def _held(folder: int, hold: Hold) -> bool:
    try:
        fcntl.flock(folder, hold | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # there are no such locks here
    return True


def copied(source: sqlite3.Connection, target: sqlite3.Connection, path: Path, wait_s: float = WAIT_S) -> None:
    """Copy a whole file as it is at one moment.

    Args:
        source: A connection to it.
        target: An empty one.
        path: The file, for the words.
        wait_s: How long others may have it locked.

    Raises:
        sqlite3.Error: It cannot be read, or the copy not written.
        StorageError: Others have it locked for too long.
    """
    patience = Patience(path, wait_s)

    def told(status: int, _remaining: int, _pages: int) -> None:
        if status != sqlite3.SQLITE_DONE:
            patience.spend()

    source.backup(target, progress=told)
