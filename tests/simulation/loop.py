"""An event loop with a virtual clock, shuffled callbacks, and processes that can be killed at any await.

Only public parts of asyncio are overridden. A process is whatever runs in a context that names it; once it is killed
none of its callbacks runs any more, not even a ``finally``, as with kill -9.
"""

import asyncio
import contextvars
import selectors
from dataclasses import dataclass


@dataclass(eq=False)
class Process:
    """Something that can be killed."""

    name: str
    alive: bool = True


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class _Clock(selectors.DefaultSelector):
    """Instead of waiting for files, time goes on."""

    def __init__(self):
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("Nothing will ever happen again: everybody waits.")
        self.now_s += max(0.0, timeout)
        return []


class Loop(asyncio.SelectorEventLoop):
    """See the module.

    Args:
        rng: Chooses which callback is next.

    Attributes:
        after_step: Called after each callback.
        steps: Callbacks so far.
    """

    def __init__(self, rng):
        self._clock = _Clock()
        self._rng = rng
        self._waiting = []
        self._dropped = []  # kept, for a coroutine that is collected runs its finally
        self._started = []
        self.after_step = lambda: None
        self.steps = 0
        super().__init__(self._clock)

    def time(self):
        return self._clock.now_s

    def call_soon(self, callback, *args, context=None):  # type: ignore[override]  # asyncio's types name every callback
        handle = asyncio.Handle(callback, args, self, context)
        self._enqueue(handle, callback, args, context or contextvars.copy_context())
        return handle

    def call_at(self, when, callback, *args, context=None):  # type: ignore[override]  # asyncio's types name every callback
        context = context or contextvars.copy_context()
        handle: asyncio.TimerHandle = super().call_at(when, lambda: self._enqueue(handle, callback, args, context))
        return handle

    def call_later(self, delay, callback, *args, context=None):  # type: ignore[override]  # asyncio's types name every callback
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def run_in_executor(self, executor, func, *args):  # type: ignore[override]  # noqa: ARG002 - as above
        """What would run in a thread runs some time later; a kill comes before it or after it."""
        future = self.create_future()

        def work():
            if future.cancelled():
                return
            try:
                future.set_result(func(*args))
            except Exception as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)

        self.call_later(self._rng.choice((0, 0.001, 0.02)), work)
        return future

    def start(self, process, coroutine):
        """Run a coroutine as part of a process, or of the world outside for None."""
        context = contextvars.Context()
        context.run(PROCESS.set, process)
        task = self.create_task(coroutine, context=context)
        self._started.append(task)
        return task

    def run_what_was_dropped(self):
        """At the very end, when it does no harm any more: what was killed comes to an end too."""
        dropped, self._dropped = self._dropped, []
        for item in dropped:
            self._enqueue(*item)

    def _enqueue(self, handle, callback, args, context):
        self._waiting.append((handle, callback, args, context))
        super().call_soon(self._step)

    def _step(self):
        index = self._rng.randrange(len(self._waiting))
        self._waiting[index], self._waiting[-1] = self._waiting[-1], self._waiting[index]
        handle, callback, args, context = self._waiting.pop()
        process = context.get(PROCESS)
        if process is not None and not process.alive:
            self._dropped.append((handle, callback, args, context))
            return
        if handle.cancelled():
            return
        context.run(callback, *args)
        self.steps += 1
        self.after_step()
