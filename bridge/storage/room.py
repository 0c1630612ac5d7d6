"""Whether the disk under ``bridge.db`` takes more, found out by taking some: quotas and read-only mounts show too."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

# The write-ahead log of a pull with some hundred changes; a large first pull needs more.
ROOM_BYTES = 4 * 1024 * 1024

_WHY = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is full for this user (a quota)",
    errno.EROFS: "is mounted read-only",
    errno.EFBIG: "takes no file of that size for this process (ulimit -f)",
}


def lack_of_room(path: Path, room_bytes: int = ROOM_BYTES) -> str:
    """Why ``bridge.db`` could not grow, in words for the operator; empty where it could.

    Args:
        path: The file; a file beside it takes the room for a moment.
        room_bytes: So much must be had.
    """
    folder = path.absolute().parent
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            os.posix_fallocate(probe.fileno(), 0, room_bytes)
    except OSError as error:
        why = _WHY.get(error.errno or 0, f"cannot be written ({error.strerror or error})")
        return f"The disk of {folder} (setting storage.path) {why}; {room_bytes >> 20} MiB are needed at least."
    return ""


def free_bytes(path: Path) -> int:
    """Bytes that the disk of a file has left for this user; 0 where it cannot be asked."""
    try:
        found = os.statvfs(path.absolute().parent)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
