"""Tasks and threads: what a thread uses is not taken from it."""

import asyncio
import threading

import pytest

from bridge.tasks import in_thread

DEADLINE_S = 30


class Work:
    """Runs in a thread until it may end."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.ended = False

    def __call__(self) -> str:
        self.began.set()
        assert self.may_end.wait(DEADLINE_S)
        self.ended = True
        return "done"


async def test_what_the_function_returns_or_raises():
    work = Work()
    work.may_end.set()
    assert await in_thread(work) == "done"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


@pytest.mark.parametrize("cancels", [1, 3])
async def test_who_is_cancelled_ends_after_the_thread(cancels):
    """A SIGTERM cancels a sync that stores rows; their connection was closed while SQLite worked with it (SIGSEGV)."""
    work = Work()
    caller = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(work.began.wait, DEADLINE_S)
    for _ in range(cancels):
        caller.cancel()
        done, _ = await asyncio.wait([caller], timeout=0.05)
        assert not done
    work.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert work.ended


async def test_a_failure_of_cancelled_work_is_not_in_the_way():
    began, may_end = threading.Event(), threading.Event()

    def fails() -> None:
        began.set()
        may_end.wait(DEADLINE_S)
        raise OSError

    caller = asyncio.create_task(in_thread(fails))
    await asyncio.to_thread(began.wait, DEADLINE_S)
    caller.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
