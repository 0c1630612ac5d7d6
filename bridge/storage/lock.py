"""Who opens ``bridge.db`` and who replaces it do not meet."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path


class Hold(IntEnum):
    """How a file is held."""

    OPENING = fcntl.LOCK_SH
    REPLACING = fcntl.LOCK_EX


@contextmanager
def holding(path: Path, hold: Hold) -> Iterator[None]:
    """Wait until nobody replaces a file, or, to replace it, until nobody opens it.

    The lock is on the folder: opening and closing the file itself would drop SQLite's own locks on it (POSIX). Where
    the file system has no such locks, nothing is held.

    Raises:
        OSError: The folder cannot be opened.
    """
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(folder, hold)
        yield
    finally:
        os.close(folder)
