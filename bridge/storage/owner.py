"""Whose ``bridge.db`` is: the service's, whoever runs the command that makes it."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def give(made: int | Path, like: Path) -> None:
    """As root, give a new file to the user and the group of another file or folder; as anybody else, do nothing.

    A file that root makes for the service, and keeps, would bar the service from its own state.

    Args:
        made: The new file, or its descriptor.
        like: Whose user and group it gets.

    Raises:
        OSError: They cannot be read or given.
    """
    if os.geteuid() == 0:
        found = like.stat()
        os.chown(made, found.st_uid, found.st_gid)


def barred(path: Path) -> str:
    """Why this user cannot use a file that is there, and what to do; empty where the user may, or there is none.

    Args:
        path: The file.
    """
    try:
        owner = path.stat().st_uid
    except OSError:
        return ""
    if os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return ""
    user = _name(os.geteuid())
    if owner == os.geteuid():
        return f"{user} owns it and may not read and write it: chmod u+rw {path}*"
    return f"It belongs to {_name(owner)}, and {user} may not read and write it. As root: chown {user}: {path}"


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
