"""ITFlow's key in a file: whoever changes the file changes the key, and nothing is restarted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bridge.errors import SettingsError
from bridge.settings import ItflowSection
from bridge.tasks import running

log = logging.getLogger(__name__)

LOOK_S = 5.0


@asynccontextmanager
async def followed(
    section: ItflowSection, changed: Callable[[str], Awaitable[None]], every_s: float = LOOK_S
) -> AsyncIterator[None]:
    """Look at the key file again and again; without one, nothing happens.

    A file that cannot be read, or that is empty, is told once, and the key of before stays.

    Args:
        section: Names the file.
        changed: Told another key.
        every_s: How often to look.
    """
    if section.api_key_file is None:
        yield
        return

    async def look() -> None:
        known, fault = section.key(), ""
        while True:
            await asyncio.sleep(every_s)
            try:
                found = await asyncio.to_thread(section.key)
            except SettingsError as error:
                if str(error) != fault:
                    log.warning("%s ITFlow's key of before stays in use.", error)
                fault = str(error)
                continue
            fault = ""
            if found != known:
                known = found
                log.info("ITFlow's key was changed in %s and is used from now on.", section.api_key_file)
                await changed(found)

    async with running(look(), "key file"):
        yield
