"""What the commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bridge.directory.mirror import Mirror
from bridge.directory.snapshot import Snapshot
from bridge.directory.store import Reader
from bridge.settings import Settings
from bridge.storage import Database

Config = Annotated[Path | None, typer.Option("--config", "-c", help="TOML file of settings.", show_default=False)]

# Answers go to standard output; what is about them goes to standard error. Names are shown as they are: "[b]" and
# ":key:" in one of them are no markup.
console = Console(markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False)


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """``bridge.db`` of these settings, closed at the end.

    Raises:
        StorageError: It cannot be opened.
    """
    opened = Database(settings.storage.path)
    try:
        yield opened
    finally:
        opened.close()


def stored_snapshot(opened: Database) -> Snapshot:
    """The snapshot that a sync has stored.

    Raises:
        NotReady: There is none yet.
        StorageError: It cannot be read.
    """
    mirror = Mirror(*Reader(opened).read())
    return mirror.snapshot
