"""Work that is done again and again while the bridge runs, such as storing what gathers in memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from prometheus_client import Counter

from bridge.errors import StorageError
from bridge.tasks import running

log = logging.getLogger(__name__)

_FAILURES = Counter("itflow_bridge_background_failures", "Failures of work that is done again and again", ["work"])


@asynccontextmanager
async def repeated(name: str, work: Callable[[], Awaitable[object]], interval_s: float) -> AsyncIterator[None]:
    """Do some work every ``interval_s`` while the context lasts, and once more at its end.

    No failure ends it: a fault of storage is a warning, once for each outage; any other is an error and its traceback.

    Args:
        name: What it is called in the log and in metrics.
        work: Starts it.
        interval_s: Seconds from one end to the next start.
    """
    failing = False

    async def attempt() -> None:
        nonlocal failing
        try:
            await work()
        except StorageError as error:
            _FAILURES.labels(name).inc()
            log.log(logging.DEBUG if failing else logging.WARNING, "%s: %s", name, error)
            failing = True
        except Exception:
            _FAILURES.labels(name).inc()
            log.exception("%s failed; it is tried again in %g s.", name, interval_s)
        else:
            failing = False

    async def for_ever() -> None:
        while True:
            await asyncio.sleep(interval_s)
            await attempt()

    try:
        async with running(for_ever(), name):
            yield
    finally:
        await attempt()
