"""An ITFlow for commands, and commands that serve."""

import asyncio
import queue
import re
import subprocess
from contextlib import contextmanager
from threading import Thread

import pytest

from bridge.embedded import run
from tests.commands import PROGRAM
from tests.embedded.recordings import WIRE


@pytest.fixture
def started():
    """Starts ``itflow-bridge`` with words that serve, and gives what it printed up to a pattern."""

    @contextmanager
    def start(*words, until):
        with subprocess.Popen(
            [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            printed = ""
            try:
                while not re.search(until, printed):
                    line = process.stdout.readline() if process.stdout else ""
                    assert line, printed
                    printed += line
                yield printed
            finally:
                process.terminate()

    return start


@pytest.fixture
def embedded():
    """Starts an embedded ITFlow with the recordings' data set and gives its address; in a thread, since commands wait
    for its answers."""

    @contextmanager
    def start(generation="26.02", data=WIRE / "v26.02-before.json", **more):
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        end, loop = asyncio.Event(), asyncio.new_event_loop()
        served = run(
            port=0, generation=generation, data=str(data), keys={"KEYALL": 0, "KEYONE": 1},
            say=lines.put, until=end, **more,
        )  # fmt: skip
        thread = Thread(target=loop.run_until_complete, args=[served])
        thread.start()
        try:
            yield re.search(r"http://\S+", lines.get(timeout=60))[0]  # type: ignore[index]  # its first line has one
        finally:
            loop.call_soon_threadsafe(end.set)
            thread.join()
            loop.close()

    return start
