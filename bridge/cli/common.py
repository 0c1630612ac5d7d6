"""What the commands share; see ``place`` for the settings and the state."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

from bridge.cli.console import PlainConsole, console, errors
from bridge.cli.place import database, located, pasted, refuse_beside, settings_in_use
from bridge.directory.mirror import Mirror
from bridge.directory.reader import Reader
from bridge.directory.snapshot import Snapshot
from bridge.settings import Settings
from bridge.storage import Database

__all__ = [
    "PlainConsole",
    "console",
    "database",
    "errors",
    "exposed",
    "located",
    "pasted",
    "refuse_beside",
    "settings_in_use",
    "stored_snapshot",
]


def stored_snapshot(opened: Database) -> Snapshot:
    """The snapshot that a sync has stored.

    Raises:
        NotReady: There is none yet.
        StorageError: It cannot be read.
    """
    mirror = Mirror(*Reader(opened).read())
    return mirror.snapshot


def exposed(config: Path | None, settings: Settings) -> Iterator[str]:
    """The files with ITFlow's key that others on this machine can read, each with what to do.

    Args:
        config: The file of settings, or none.
        settings: What came of it; its key file counts too.
    """
    holding, config = [settings.itflow.api_key_file], located(config)
    if config is not None and "api_key" in tomllib.loads(config.read_text(encoding="utf-8")).get("itflow", {}):
        holding.append(config)
    for path in filter(None, holding):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue  # what cannot be read is told where it is needed
        if mode & stat.S_IROTH:
            yield f"{path} holds ITFlow's key, and every user of this machine can read it: chmod o-rwx {path}"
