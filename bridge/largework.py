"""Large work in a thread that callers do not feel: pauses, sorting in runs, freeing in pieces, no collections."""

from __future__ import annotations

import gc
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

T = TypeVar("T")
_LET_GO = 500  # things at once: less than a millisecond

WORK_S: Final = 0.002
PAUSE_S: Final = 0.0002
RUN: Final = 512  # items that are sorted without a pause
_SAMPLES: Final = 8  # of each run


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


def gently(items: Iterable[T]) -> Iterator[T]:
    """The items of long work in a thread, with a pause every two milliseconds.

    Python's threads change places every 5 ms at best, and not at all within one call of C: whoever answers on the
    event loop would wait that long, each time it wakes up.
    """
    ends = time.monotonic() + WORK_S
    for item in items:
        yield item
        if time.monotonic() > ends:
            time.sleep(PAUSE_S)
            ends = time.monotonic() + WORK_S


def in_order(items: Sequence[T], key: Callable[[T], Any] | None = None) -> list[T]:
    """Sort in a thread as ``sorted`` does, in runs with pauses between them: one call of C sorts one run."""
    if len(items) <= RUN:
        return sorted(items, key=key) if key else sorted(items)  # type: ignore[type-var]  # without a key they compare
    keys: list[Any] = [key(item) for item in gently(items)] if key else list(items)
    sample = sorted(keys[:: RUN // _SAMPLES])
    firsts = sample[_SAMPLES::_SAMPLES]
    runs: list[list[int]] = [[] for _ in range(len(firsts) + 1)]
    for at, one in enumerate(gently(keys)):
        runs[bisect_right(firsts, one)].append(at)
    found: list[T] = []
    for run in gently(runs):
        run.sort(key=keys.__getitem__)
        found.extend(map(items.__getitem__, run))
    let_go(keys)
    return found
