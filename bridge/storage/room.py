"""Whether the disk under ``bridge.db`` takes more, found out by asking and by taking a little.

A quota and a read-only mount show only to who takes some.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

# The write-ahead log of a pull with some hundred changes; a large first pull needs more.
ROOM_BYTES = 4 * 1024 * 1024
PROBE_BYTES = 64 * 1024

_WHY = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is full for this user (a quota)",
    errno.EROFS: "is mounted read-only",
    errno.EFBIG: "takes no file of that size for this process (ulimit -f)",
}


def lack_of_room(path: Path) -> str:
    """Why ``bridge.db`` could not grow, in words for the operator; empty where it could.

    Args:
        path: The file; a file without a name beside it takes 64 KiB for a moment.
    """
    folder = path.absolute().parent
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            os.posix_fallocate(probe.fileno(), 0, PROBE_BYTES)
    except OSError as error:
        why = _WHY.get(error.errno or 0, f"cannot be written ({error.strerror or error})")
    else:
        left = free_bytes(path)
        if left is None or left >= ROOM_BYTES:
            return ""
        why = _WHY[errno.ENOSPC]
    return f"The disk of {folder} (setting storage.path) {why}; {ROOM_BYTES >> 20} MiB are needed at least."


def free_bytes(path: Path) -> int | None:
    """Bytes that the disk of a file has left for this user; None where it does not say."""
    try:
        found = os.statvfs(path.absolute().parent)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize if found.f_blocks else None
