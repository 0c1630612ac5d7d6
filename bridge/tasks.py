"""Tasks that live as long as something else: every one of them is ended and awaited; and large work beside callers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
_LET_GO = 500  # things at once: less than a millisecond


@asynccontextmanager
async def running(work: Coroutine[Any, Any, object], name: str) -> AsyncIterator[None]:
    """Run some work beside the context; at its end the work is cancelled and awaited.

    Args:
        work: A coroutine that runs until it is cancelled.
        name: The task's, for whoever looks at a program that hangs.

    Raises:
        Exception: (At the end) what the work itself ended with.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def in_thread(function: Callable[[], T]) -> T:
    """Run a function in a thread; whoever is cancelled meanwhile ends when the thread has ended.

    A thread cannot be stopped. If its caller went on at once, what the function works with, such as a connection of
    SQLite, would be closed while it is in use, and the process would crash.

    Args:
        function: What to run; it takes nothing of the event loop.

    Raises:
        Exception: What the function raises.
    """
    work = asyncio.create_task(asyncio.to_thread(function))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        raise


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector.

    A full collection stops every caller for as long as it walks over the tens of thousands of objects of a book,
    none of which are garbage yet. Afterwards what was made counts as old, so that the next collection, which comes at
    once, has nothing to walk over.
    """
    gc.disable()
    try:
        yield
    finally:
        # There and back, from the young ones through those that are never collected to the oldest, walks over nothing.
        gc.freeze()
        gc.unfreeze()
        gc.enable()


def let_go(*lists: list[Any]) -> None:
    """Empty lists a few things at a time, so that other threads have their turns while much is freed.

    Args:
        lists: Those whose things nothing else holds; freed at the end of a function, they would hold everybody up.
    """
    for one in lists:
        while one:
            del one[-_LET_GO:]
