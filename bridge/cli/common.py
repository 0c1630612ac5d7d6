"""What the commands share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bridge.itflow.client import ItflowClient
from bridge.itflow.transport import open_session
from bridge.settings import ItflowSection, Settings
from bridge.storage import Database

Config = Annotated[Path | None, typer.Option("--config", "-c", help="TOML file of settings.", show_default=False)]

# Answers go to standard output; what is about them goes to standard error.
console = Console()
errors = Console(stderr=True)


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


@asynccontextmanager
async def open_itflow(section: ItflowSection) -> AsyncIterator[ItflowClient]:
    """A client for the ITFlow of these settings.

    Raises:
        SettingsError: Its address or key is not set.
    """
    url, api_key = section.require()
    async with open_session() as session:
        yield ItflowClient(session, url, api_key, timeout_s=section.timeout_s, page_size=section.page_size)
