"""What the commands share."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bridge import controls
from bridge.directory.mirror import Mirror
from bridge.directory.reader import Reader
from bridge.directory.snapshot import Snapshot
from bridge.settings import Settings
from bridge.storage import Database

Config = Annotated[Path | None, typer.Option("--config", "-c", help="TOML file of settings.", show_default=False)]


class PlainConsole(Console):
    """Shows other people's text as it is: ``[b]`` and ``:key:`` are no markup, and control characters are left out."""

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Everything that is printed, in pieces; rich's own cursor movements are marked as such and stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=controls.without(segment.text))


# Answers go to standard output; what is about them goes to standard error.
console = PlainConsole()
errors = PlainConsole(stderr=True, soft_wrap=True)


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


def exposed(config: Path | None, settings: Settings) -> Iterator[str]:
    """The files with ITFlow's key that others on this machine can read, each with what to do.

    Args:
        config: The file of settings, or none.
        settings: What came of it; its key file counts too.
    """
    holding = [settings.itflow.api_key_file]
    if config is not None and "api_key" in tomllib.loads(config.read_text(encoding="utf-8")).get("itflow", {}):
        holding.append(config)
    for path in filter(None, holding):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue  # what cannot be read is told where it is needed
        if mode & stat.S_IROTH:
            yield f"{path} holds ITFlow's key, and every user of this machine can read it: chmod o-rwx {path}"
