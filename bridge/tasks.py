"""Tasks and threads that live as long as something else: every one of them is ended and awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")


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
